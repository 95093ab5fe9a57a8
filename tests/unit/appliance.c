// SPDX-License-Identifier: GPL-3.0-or-later
#include "appliance.h"
#include <string.h>

static void
test_id (void)
{
  g_autofree char *longest = g_strnfill (64, 'a');
  g_autofree char *too_long = g_strnfill (65, 'a');

  g_assert_true (ast_appliance_id_is_valid ("a"));
  g_assert_true (ast_appliance_id_is_valid ("0.a_b-c"));
  g_assert_true (ast_appliance_id_is_valid (longest));
  g_assert_false (ast_appliance_id_is_valid (too_long));
  g_assert_false (ast_appliance_id_is_valid (""));
  g_assert_false (ast_appliance_id_is_valid ("A"));
  g_assert_false (ast_appliance_id_is_valid (".a"));
  g_assert_false (ast_appliance_id_is_valid ("-a"));
  g_assert_false (ast_appliance_id_is_valid ("a/b"));
  g_assert_false (ast_appliance_id_is_valid ("a b"));
  g_assert_false (ast_appliance_id_is_valid ("a\n"));
  g_assert_false (ast_appliance_id_is_valid ("é"));
}

static void
test_new (void)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("netlab", "/lab/netlab");
  g_autoptr (AstAppliance) again = ast_appliance_ref (appliance);

  g_assert_true (again == appliance);
  g_assert_cmpstr (appliance->name, ==, "netlab");
  g_assert_cmpuint (appliance->networks->len, ==, 0);
  g_assert_true (ast_appliance_is_usable (appliance));
  g_ptr_array_add (appliance->warnings, ast_problem_new ("f", 1, 1, "Minor."));
  g_assert_true (ast_appliance_is_usable (appliance));
  g_ptr_array_add (appliance->problems, ast_problem_new ("f", 1, 1, "Major."));
  g_assert_false (ast_appliance_is_usable (appliance));
}

static void
assert_problem (guint line, guint column, const char *expected)
{
  g_autoptr (AstProblem) problem = ast_problem_new ("/lab/x.xml", line, column, "%s is %d", "it", 3);
  g_autofree char *text = ast_problem_to_string (problem);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_problem (void)
{
  assert_problem (4, 7, "/lab/x.xml:4:7: it is 3");
  assert_problem (4, 0, "/lab/x.xml:4: it is 3");
  assert_problem (0, 0, "/lab/x.xml: it is 3");
}

// A name from the disk may be in any encoding; a sentence goes to screens and JSON.
static void
test_problem_is_utf8 (void)
{
  g_autoptr (AstProblem) problem = ast_problem_new ("x", 0, 0, "caf%s", "\xe9");

  g_assert_true (g_utf8_validate (problem->text, -1, NULL));
}

static void
test_matches (void)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("tp-3", "/lab");

  g_free (appliance->name);
  appliance->name = g_strdup ("TP Réseau ﬁnal");
  appliance->category = g_strdup ("Ingénierie");
  appliance->summary = g_strdup ("Straße, Ελλάδα und 日本語");
  g_assert_true (ast_appliance_matches (appliance, ""));
  g_assert_true (ast_appliance_matches (appliance, "  "));
  g_assert_true (ast_appliance_matches (appliance, "reseau"));
  g_assert_true (ast_appliance_matches (appliance, "RÉS"));
  g_assert_true (ast_appliance_matches (appliance, "rèseau"));
  g_assert_true (ast_appliance_matches (appliance, "tp res"));
  g_assert_true (ast_appliance_matches (appliance, "res tp"));
  g_assert_true (ast_appliance_matches (appliance, "ingenierie 3"));
  g_assert_true (ast_appliance_matches (appliance, "tp-3"));
  g_assert_true (ast_appliance_matches (appliance, "final"));
  g_assert_true (ast_appliance_matches (appliance, "STRASSE"));
  g_assert_true (ast_appliance_matches (appliance, "ελλαδα"));
  g_assert_true (ast_appliance_matches (appliance, "日本"));
  g_assert_false (ast_appliance_matches (appliance, "seau"));
  g_assert_false (ast_appliance_matches (appliance, "reseau windows"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/appliance/id", test_id);
  g_test_add_func ("/appliance/new", test_new);
  g_test_add_func ("/appliance/problem", test_problem);
  g_test_add_func ("/appliance/problem/utf8", test_problem_is_utf8);
  g_test_add_func ("/appliance/matches", test_matches);
  return g_test_run ();
}
