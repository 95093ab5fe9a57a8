// SPDX-License-Identifier: GPL-3.0-or-later
#include "failure-note.h"
#include <string.h>

#define HELP_URL "https://help.example.org/new?subject={station}+{code}&time={time}&appliance={appliance}#top"

static GDateTime *
make_time (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (3600);

  return g_date_time_new (zone, 2026, 3, 9, 10, 24, 51);
}

static void
test_text (void)
{
  g_autoptr (GDateTime) when = make_time ();
  AstFailureNote note = { "b12-07", "no-space", when, "netlab" };
  g_autofree char *whole = ast_failure_note_to_text (&note);
  g_autofree char *without = NULL;

  g_assert_cmpstr (whole, ==,
                   "ASTEROIDE\nstation b12-07\ncode no-space\ntime 2026-03-09T10:24:51+01:00\n"
                   "appliance netlab");
  note.appliance = NULL;
  without = ast_failure_note_to_text (&note);
  g_assert_cmpstr (without, ==, "ASTEROIDE\nstation b12-07\ncode no-space\ntime 2026-03-09T10:24:51+01:00");
}

static void
test_url (void)
{
  g_autoptr (GDateTime) when = make_time ();
  AstFailureNote note = { "Salle 2 & «é»", "no-space", when, "netlab" };
  g_autofree char *whole = ast_failure_note_to_url (&note, HELP_URL);
  g_autofree char *without = NULL;

  g_assert_cmpstr (whole, ==,
                   "https://help.example.org/new?subject=Salle%202%20%26%20%C2%AB%C3%A9%C2%BB+no-space"
                   "&time=2026-03-09T10%3A24%3A51%2B01%3A00&appliance=netlab#top");
  note.appliance = NULL;
  without = ast_failure_note_to_url (&note, "http://h/{appliance}{appliance}x{code}");
  g_assert_cmpstr (without, ==, "http://h/xno-space");
}

static void
test_faults (void)
{
  static const char *const good[] = { HELP_URL, "http://help/", "https://{station}.example.org/" };
  static const char *const bad[] = { "help.example.org/{code}",
                                     "ftp://help.example.org/",
                                     "https:///new",
                                     "https://h/{room}",
                                     "https://h/{code",
                                     "https://h/code}",
                                     "https://h/{{code}}",
                                     "https://h/{}",
                                     "javascript:alert(1)",
                                     "mailto:a@example.org",
                                     "https://h/a b/{code}",
                                     "https://h/%zz",
                                     "{station}",
                                     "file:///etc/passwd",
                                     "https://h/{code station}" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_null (ast_failure_note_find_fault (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *fault = ast_failure_note_find_fault (bad[i]);

      g_test_message ("%s: %s", bad[i], fault);
      g_assert_nonnull (fault);
    }
}

static void
test_length (void)
{
  g_autofree char *most = g_strdup_printf ("https://h/%0290d", 0);
  g_autofree char *more = g_strdup_printf ("https://h/%0291d", 0);
  g_autofree char *fault = ast_failure_note_find_fault (more);

  g_assert_null (ast_failure_note_find_fault (most));
  g_assert_nonnull (strstr (fault, "longer than 300 bytes"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/failure-note/text", test_text);
  g_test_add_func ("/failure-note/url", test_url);
  g_test_add_func ("/failure-note/faults", test_faults);
  g_test_add_func ("/failure-note/length", test_length);
  return g_test_run ();
}
