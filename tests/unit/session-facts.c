// SPDX-License-Identifier: GPL-3.0-or-later
#include "session-facts.h"
#include "folder.h"
#include <string.h>

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"
#define HOUR (60 * 60 * 1000)
#define DESCRIPTOR                                                                                           \
  "<appliance xmlns=\"urn:asteroide:appliance:1\" id=\"lab\"><name>%s</name>"                                \
  "<memory unit=\"MiB\">64</memory><cdrom href=\"live.iso\"/></appliance>"

static AstSessionFacts *
make_facts (void)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("lab", "/srv/lab");
  AstSessionFacts *facts = ast_session_facts_new (appliance);

  g_free (facts->boot);
  facts->boot = g_strdup (BOOT);
  facts->seen = facts->touched = HOUR;
  return facts;
}

static AstRescue
judge (const AstSessionFacts *facts, gint64 clock, guint idle_seconds)
{
  const AstSessionNow now = { .boot = BOOT, .clock = clock, .idle_seconds = idle_seconds };

  return ast_session_facts_judge (facts, &now);
}

static void
test_judge (void)
{
  g_autoptr (AstSessionFacts) facts = make_facts ();
  AstSessionNow now = { .boot = "another", .clock = HOUR };

  g_assert_cmpint (judge (NULL, HOUR, 0), ==, AST_RESCUE_NONE);
  g_assert_cmpint (judge (facts, HOUR, 0), ==, AST_RESCUE_GO_ON);
  g_assert_cmpint (judge (facts, HOUR + AST_SESSION_AWAY_LIMIT, 0), ==, AST_RESCUE_GO_ON);
  g_assert_cmpint (judge (facts, HOUR + AST_SESSION_AWAY_LIMIT + 1, 0), ==, AST_RESCUE_OTHER_PERSON);
  // A clock that stands before what was seen is not that of this start.
  g_assert_cmpint (judge (facts, HOUR - 1, 0), ==, AST_RESCUE_OTHER_PERSON);
  g_assert_cmpint (ast_session_facts_judge (facts, &now), ==, AST_RESCUE_OTHER_BOOT);
  now.boot = "";
  g_assert_cmpint (ast_session_facts_judge (facts, &now), ==, AST_RESCUE_OTHER_BOOT);
  now.boot = BOOT;
  now.exam = TRUE;
  g_assert_cmpint (ast_session_facts_judge (facts, &now), ==, AST_RESCUE_OTHER_RULES);
  facts->exam = TRUE;
  g_assert_cmpint (ast_session_facts_judge (facts, &now), ==, AST_RESCUE_GO_ON);
  g_assert_cmpint (judge (facts, HOUR, 0), ==, AST_RESCUE_OTHER_RULES);
  facts->ending = TRUE;
  g_assert_cmpint (ast_session_facts_judge (facts, &now), ==, AST_RESCUE_ENDED);
}

static void
test_judge_idle (void)
{
  g_autoptr (AstSessionFacts) facts = make_facts ();

  facts->touched = HOUR - 60 * 1000;
  g_assert_cmpint (judge (facts, HOUR, 60), ==, AST_RESCUE_GO_ON);
  g_assert_cmpint (judge (facts, HOUR + 1, 60), ==, AST_RESCUE_OTHER_PERSON);
  g_assert_cmpint (judge (facts, HOUR + 1, 0), ==, AST_RESCUE_GO_ON);
}

// One word for each verdict, and none twice.
static void
test_reasons (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (AstRescue rescue = AST_RESCUE_GO_ON; rescue <= AST_RESCUE_OTHER_RULES; rescue++)
    g_assert_true (g_hash_table_add (seen, (gpointer)ast_rescue_reason (rescue)));
}

static void
assert_same (const AstSessionFacts *one, const AstSessionFacts *other)
{
  g_autofree char *first = ast_session_facts_print (one);
  g_autofree char *second = ast_session_facts_print (other);

  g_assert_cmpstr (first, ==, second);
}

static void
test_round_trip (void)
{
  g_autoptr (AstSessionFacts) facts = make_facts ();
  g_autoptr (AstSessionFacts) bare = NULL, full = NULL;
  g_autofree char *text = ast_session_facts_print (facts);
  g_autofree char *fuller = NULL;

  bare = ast_session_facts_parse (text, strlen (text));
  assert_same (bare, facts);
  facts->overlay = g_strdup ("/over lays/lab-0123456789ab.volatile.qcow2");
  facts->seed = g_strdup ("/warm/lab-0123456789ab.seed.qcow2");
  facts->failure_code = g_strdup ("guest-lost");
  facts->failure_message = g_strdup ("“Läb”\nstopped; \\ [session]");
  facts->exam = facts->ending = TRUE;
  facts->seen++;
  fuller = ast_session_facts_print (facts);
  full = ast_session_facts_parse (fuller, strlen (fuller));
  assert_same (full, facts);
  g_assert_cmpstr (full->failure_message, ==, facts->failure_message);
}

static void
test_new_each_time (void)
{
  g_autoptr (AstSessionFacts) one = make_facts ();
  g_autoptr (AstSessionFacts) other = make_facts ();

  g_assert_cmpstr (one->token, !=, other->token);
}

// What no kiosk writes is not believed.
static void
test_refused (void)
{
  static const char *const changes[][2] = {
    { "boot=" BOOT, "boot=" },
    { "token=", "token=x" },
    { "appliance=lab", "appliance=../lab" },
    { "folder=/srv/lab", "folder=srv/lab" },
    { "folder=/srv/lab", "folder=/srv/../lab" },
    { "folder=/srv/lab", "folder=/srv/other" },
    { "seen=3600000", "seen=-1" },
    { "touched=3600000", "touched=3600001" },
    { "exam=false", "overlay=lab.qcow2" },
    { "exam=false", "seed=/without/an/overlay" },
    { "exam=false", "failure-code=lost" },
    { "[session]", "[sessions]" },
    { "[session]", "" },
  };
  g_autoptr (AstSessionFacts) facts = make_facts ();
  g_autofree char *text = ast_session_facts_print (facts);
  g_autofree char *filling = g_strnfill (32 * 1024, 'x');
  g_autofree char *long_one = g_strconcat (text, "x=", filling, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_auto (GStrv) parts = g_strsplit (text, changes[i][0], 2);
      g_autofree char *changed = g_strjoinv (changes[i][1], parts);

      g_assert_cmpuint (g_strv_length (parts), ==, 2);
      g_test_message ("%s", changes[i][1]);
      g_assert_null (ast_session_facts_parse (changed, strlen (changed)));
    }
  g_assert_null (ast_session_facts_parse ("", 0));
  g_assert_null (ast_session_facts_parse (long_one, strlen (long_one)));
}

static void
test_files (void)
{
  TestFolder *folder = make_folder ();
  g_autoptr (AstSessionFacts) facts = make_facts ();
  g_autoptr (AstSessionFacts) loaded = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (ast_session_facts_load (folder));
  g_assert_true (ast_session_facts_save (facts, folder, &error));
  g_assert_no_error (error);
  loaded = ast_session_facts_load (folder);
  assert_same (loaded, facts);
  ast_session_facts_remove (folder);
  g_assert_null (ast_session_facts_load (folder));
  ast_session_facts_remove (folder);
  remove_folder (folder);
}

static void
write_descriptor (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, "appliance.xml", NULL);
  g_autofree char *text = g_strdup_printf (DESCRIPTOR, name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

// The session goes on as it began; where nothing was kept, it says so and does no harm.
static void
test_descriptor (void)
{
  TestFolder *folder = make_folder ();
  g_autofree char *lab = g_build_filename (folder, "lab", NULL);
  g_autofree char *image = g_build_filename (lab, "live.iso", NULL);
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("lab", lab);
  g_autoptr (AstSessionFacts) facts = NULL;
  g_autoptr (AstAppliance) as_it_was = NULL, lost = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (lab, 0755), ==, 0);
  write_descriptor (lab, "Before");
  g_assert_true (g_file_set_contents (image, "image", -1, NULL));
  facts = ast_session_facts_new (appliance);
  g_assert_true (ast_session_facts_keep_descriptor (appliance, folder, &error));
  g_assert_no_error (error);
  write_descriptor (lab, "After");
  as_it_was = ast_session_facts_read_appliance (facts, folder, NULL);
  g_assert_cmpstr (as_it_was->name, ==, "Before");
  g_assert_cmpstr (as_it_was->id, ==, "lab");
  g_assert_cmpstr (((AstImage *)as_it_was->cdroms->pdata[0])->path, ==, image);
  ast_session_facts_remove (folder);
  lost = ast_session_facts_read_appliance (facts, folder, NULL);
  g_assert_cmpstr (lost->id, ==, "lab");
  g_assert_false (ast_appliance_is_usable (lost));
  remove_folder (folder);
}

static void
test_now (void)
{
  g_autofree char *boot = NULL;
  g_autofree char *again = NULL;
  g_autofree char *login = NULL;
  g_autofree char *next_login = NULL;
  gint64 before = ast_session_clock ();

  g_unsetenv ("XDG_SESSION_ID");
  boot = ast_session_boot ();
  again = ast_session_boot ();
  g_assert_true (g_uuid_string_is_valid (boot));
  g_assert_cmpstr (boot, ==, again);
  // What ended one login has ended its guest.
  g_setenv ("XDG_SESSION_ID", "3", TRUE);
  login = ast_session_boot ();
  g_setenv ("XDG_SESSION_ID", "4", TRUE);
  next_login = ast_session_boot ();
  g_assert_true (g_str_has_prefix (login, boot) && g_str_has_prefix (next_login, boot));
  g_assert_cmpstr (login, !=, boot);
  g_assert_cmpstr (login, !=, next_login);
  g_assert_cmpint (before, >, 0);
  g_assert_cmpint (ast_session_clock (), >=, before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session-facts/judge", test_judge);
  g_test_add_func ("/session-facts/judge-idle", test_judge_idle);
  g_test_add_func ("/session-facts/reasons", test_reasons);
  g_test_add_func ("/session-facts/round-trip", test_round_trip);
  g_test_add_func ("/session-facts/new-each-time", test_new_each_time);
  g_test_add_func ("/session-facts/refused", test_refused);
  g_test_add_func ("/session-facts/files", test_files);
  g_test_add_func ("/session-facts/descriptor", test_descriptor);
  g_test_add_func ("/session-facts/now", test_now);
  return g_test_run ();
}
