// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal.h"
#include "entries.h"
#include <gio/gio.h>

static void
test_with_appliance (void)
{
  g_autoptr (GError) error = g_error_new (AST_ERROR, AST_ERROR_NO_SPACE, "It is full.");

  ast_journal_tell ("b12-07", AST_STATE_PREPARING, "netlab", error);
  assert_entry ("no-space", "b12-07", "preparing", "netlab");
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "MESSAGE"), ==, "netlab (no-space): It is full.");
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "GLIB_DOMAIN"), ==, "asteroide");
}

static void
test_without_appliance (void)
{
  g_autoptr (GError) error = g_error_new (AST_ERROR, AST_ERROR_CONFIGURATION, "a.conf:3: No.");
  g_autoptr (GError) other = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "Why not.");

  ast_journal_tell ("b12-07", AST_STATE_IDLE, NULL, error);
  assert_entry ("bad-configuration", "b12-07", "idle", NULL);
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "MESSAGE"), ==, "bad-configuration: a.conf:3: No.");
  ast_journal_tell ("b12-07", AST_STATE_READY, NULL, other);
  assert_entry ("internal", "b12-07", "ready", NULL);
}

static void
test_find_field (void)
{
  const GLogField fields[] = { { "MESSAGE", "hello", -1 }, { "PRIORITY", "5", -1 } };

  g_assert_cmpstr (ast_journal_find_field (fields, G_N_ELEMENTS (fields), "PRIORITY"), ==, "5");
  g_assert_null (ast_journal_find_field (fields, G_N_ELEMENTS (fields), "ASTEROIDE_CODE"));
}

// Where standard error is no journal (with one: tests/cli/journal.py).
static void
test_plain_line (void)
{
  const GLogField fields[] = { { "MESSAGE", "netlab (busy): Something runs.", -1 } };

  if (g_test_subprocess ())
    {
      ast_journal_write (G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS (fields), (gpointer) "asteroide");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("asteroide: netlab (busy): Something runs.\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_entry, NULL, NULL);
  g_test_add_func ("/journal/with-appliance", test_with_appliance);
  g_test_add_func ("/journal/without-appliance", test_without_appliance);
  g_test_add_func ("/journal/find-field", test_find_field);
  g_test_add_func ("/journal/plain-line", test_plain_line);
  return g_test_run ();
}
