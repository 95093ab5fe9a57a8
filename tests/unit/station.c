// SPDX-License-Identifier: GPL-3.0-or-later
#include "station.h"
#include "error.h"
#include <glib/gstdio.h>
#include <string.h>

static char *
read_id (const char *content)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("machine-id-XXXXXX", &path, NULL);
  char *id;

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  id = ast_station_read_machine_id (path);
  g_unlink (path);
  return id;
}

static void
test_machine_id (void)
{
  g_autofree char *id = read_id ("0123456789abcdef0123456789abcdef\n");

  g_assert_cmpstr (id, ==, "0123456789abcdef0123456789abcdef");
}

static void
test_no_machine_id (void)
{
  const char *const contents[] = { "uninitialized\n", "", "00000000000000000000000000000000\n",
                                   "0123456789ABCDEF0123456789ABCDEF\n", "0123\n" };
  g_autofree char *missing = ast_station_read_machine_id ("/nonexistent/machine-id");

  g_assert_cmpuint (strspn (missing, "0123456789abcdef"), ==, 32);
  g_assert_cmpuint (strlen (missing), ==, 32);
  for (guint i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autofree char *id = read_id (contents[i]);

      g_assert_cmpstr (id, ==, missing);
    }
}

static void
test_no_emulator (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = ast_station_find_emulator ("qemu-system-nonesuch", &error);

  g_assert_null (path);
  g_assert_error (error, AST_ERROR, AST_ERROR_NO_QEMU);
  g_assert_nonnull (strstr (error->message, "qemu-system-nonesuch"));
}

static void
test_emulator_outside_path (void)
{
  g_autofree char *path = g_strdup (g_getenv ("PATH"));
  g_autofree char *found = NULL;

  g_setenv ("PATH", "/nonexistent", TRUE);
  found = ast_station_find_emulator ("env", NULL);
  g_setenv ("PATH", path, TRUE);
  g_assert_cmpstr (found, ==, "/usr/bin/env");
}

static AstStationFacts *
find_facts (AstAccel accel, GError **error)
{
  AstConfig config = { .accel = accel };

  return ast_station_facts_new (&config, error);
}

static void
test_emulation_by_configuration (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstStationFacts) facts = find_facts (AST_ACCEL_TCG, &error);

  g_assert_no_error (error);
  g_assert_false (facts->domain.kvm);
  g_assert_nonnull (facts->emulation_reason);
  g_assert_cmpstr (facts->domain.machine, ==, AST_STATION_MACHINE);
  g_assert_true (g_path_is_absolute (facts->domain.emulator));
  g_assert_cmpuint (strlen (facts->domain.machine_id), ==, 32);
}

// Holds with and without KVM: what differs is which of the two branches a machine can show.
static void
test_kvm_demanded (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstStationFacts) automatic = find_facts (AST_ACCEL_AUTO, NULL);
  g_autoptr (AstStationFacts) demanded = find_facts (AST_ACCEL_KVM, &error);

  g_assert_nonnull (automatic);
  g_assert_cmpint (automatic->domain.kvm, ==, automatic->emulation_reason == NULL);
  if (automatic->domain.kvm)
    {
      g_assert_no_error (error);
      g_assert_true (demanded->domain.kvm);
      return;
    }
  g_assert_null (demanded);
  g_assert_error (error, AST_ERROR, AST_ERROR_CONFIGURATION);
  g_assert_true (g_str_has_suffix (error->message, automatic->emulation_reason));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/station/machine-id", test_machine_id);
  g_test_add_func ("/station/no-machine-id", test_no_machine_id);
  g_test_add_func ("/station/no-emulator", test_no_emulator);
  g_test_add_func ("/station/emulator-outside-path", test_emulator_outside_path);
  g_test_add_func ("/station/emulation-by-configuration", test_emulation_by_configuration);
  g_test_add_func ("/station/kvm-demanded", test_kvm_demanded);
  return g_test_run ();
}
