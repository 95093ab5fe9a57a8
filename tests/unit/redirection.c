// SPDX-License-Identifier: GPL-3.0-or-later
#include "redirection.h"
#include "json-print.h"
#include <locale.h>

static GPtrArray *
make_list (void)
{
  GPtrArray *list = ast_redirection_list_new ();
  AstRedirection *stick = ast_redirection_new ("usb:1-2.3", AST_REDIRECTION_USB, "<b>“Stick”</b>");
  AstRedirection *drive = ast_redirection_new ("drive:/dev/sr0", AST_REDIRECTION_DRIVE, "CD drive");

  stick->state = AST_REDIRECTION_FAILED;
  stick->note = g_strdup ("It did not.");
  drive->is_present = FALSE;
  g_ptr_array_add (list, stick);
  g_ptr_array_add (list, drive);
  return list;
}

static void
assert_same (const AstRedirection *a, const AstRedirection *b)
{
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpint (a->state, ==, b->state);
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpstr (a->note, ==, b->note);
  g_assert_cmpint (a->is_present, ==, b->is_present);
}

static void
test_words (void)
{
  AstRedirectionState state = AST_REDIRECTION_IN;
  AstRedirectionKind kind = AST_REDIRECTION_DISC;

  for (guint i = AST_REDIRECTION_OUT; i <= AST_REDIRECTION_FAILED; i++)
    {
      g_assert_true (ast_redirection_state_from_word (ast_redirection_state_word (i), &state));
      g_assert_cmpint (state, ==, i);
    }
  for (guint i = AST_REDIRECTION_USB; i <= AST_REDIRECTION_DISC; i++)
    {
      g_assert_true (ast_redirection_kind_from_word (ast_redirection_kind_word (i), &kind));
      g_assert_cmpint (kind, ==, i);
    }
  g_assert_false (ast_redirection_state_from_word ("nowhere", &state));
  g_assert_false (ast_redirection_kind_from_word (NULL, &kind));
  g_assert_cmpint (state, ==, AST_REDIRECTION_FAILED);
  g_assert_cmpint (kind, ==, AST_REDIRECTION_DISC);
}

static void
test_owner (void)
{
  g_autoptr (AstRedirection) drive
      = ast_redirection_new ("drive:/dev/sr0", AST_REDIRECTION_DRIVE, "CD drive");

  drive->state = AST_REDIRECTION_IN;
  g_assert_cmpstr (ast_redirection_owner_text (drive), ==, "in this machine");
  drive->is_present = FALSE;
  g_assert_cmpstr (ast_redirection_owner_text (drive), ==, "no disc in it");
}

static void
test_fit_to_be_shown (void)
{
  g_autoptr (GPtrArray) list = ast_redirection_list_new ();
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GPtrArray) back = NULL;

  g_ptr_array_add (list, ast_redirection_new ("usb:1-2", AST_REDIRECTION_USB, "A\033[31m stick\n"));
  variant = g_variant_ref_sink (ast_redirection_list_to_variant (list));
  back = ast_redirection_list_from_variant (variant);
  g_assert_cmpstr (((const AstRedirection *)back->pdata[0])->name, ==, "A[31m stick");
}

static void
test_over_the_bus (void)
{
  g_autoptr (GPtrArray) list = make_list ();
  g_autoptr (GVariant) variant = g_variant_ref_sink (ast_redirection_list_to_variant (list));
  g_autoptr (GPtrArray) back = ast_redirection_list_from_variant (variant);

  g_assert_cmpuint (back->len, ==, list->len);
  for (guint i = 0; i < list->len; i++)
    {
      g_autoptr (AstRedirection) copy = ast_redirection_copy (list->pdata[i]);

      assert_same (back->pdata[i], list->pdata[i]);
      assert_same (copy, list->pdata[i]);
    }
}

// Of a kiosk that is newer than this program.
static void
test_unknown_words (void)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (
      g_variant_new_parsed ("[('a', 'usb', 'sideways', 'A', '', true), ('b', 'floppy', 'in', 'B', '', true), "
                            "('c', 'disc', 'in', 'C', 'note', true)]"));
  g_autoptr (GPtrArray) list = ast_redirection_list_from_variant (variant);

  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpstr (((const AstRedirection *)list->pdata[0])->id, ==, "c");
}

static void
test_json (void)
{
  g_autoptr (GPtrArray) list = make_list ();
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *stick, *drive;

  ast_redirection_list_add_to_json (list, builder);
  text = ast_json_to_text (builder);
  root = json_from_string (text, NULL);
  stick = json_array_get_object_element (json_node_get_array (root), 0);
  drive = json_array_get_object_element (json_node_get_array (root), 1);
  g_assert_cmpstr (json_object_get_string_member (stick, "name"), ==, "<b>“Stick”</b>");
  g_assert_cmpstr (json_object_get_string_member (stick, "state"), ==, "failed");
  g_assert_cmpstr (json_object_get_string_member (stick, "note"), ==, "It did not.");
  g_assert_true (json_object_get_null_member (drive, "note"));
  g_assert_false (json_object_get_boolean_member (drive, "present"));
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redirection/words", test_words);
  g_test_add_func ("/redirection/owner", test_owner);
  g_test_add_func ("/redirection/fit-to-be-shown", test_fit_to_be_shown);
  g_test_add_func ("/redirection/over-the-bus", test_over_the_bus);
  g_test_add_func ("/redirection/unknown-words", test_unknown_words);
  g_test_add_func ("/redirection/json", test_json);
  return g_test_run ();
}
