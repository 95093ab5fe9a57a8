// SPDX-License-Identifier: GPL-3.0-or-later
#include "kvm-probe.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static void
expect_refusal (const char *device, const char *words)
{
  g_autofree char *reason = NULL;

  g_assert_false (ast_kvm_probe (device, &reason));
  g_assert_nonnull (strstr (reason, words));
}

static void
test_absent (void)
{
  expect_refusal ("/nonexistent/kvm", "offers no KVM");
}

static void
test_not_kvm (void)
{
  expect_refusal ("/dev/null", "does not answer");
}

// Opening a pipe for nobody must not wait for somebody.
static void
test_pipe (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kvm-probe-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "kvm", NULL);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  expect_refusal (path, "does not answer");
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_folder (void)
{
  expect_refusal ("/dev", "cannot be opened");
}

// Whatever this machine's KVM does, the probe ends in time and says one thing only.
static void
test_real (void)
{
  g_autofree char *reason = NULL;
  gint64 begin = g_get_monotonic_time ();
  gboolean works = ast_kvm_probe (AST_KVM_DEVICE, &reason);

  g_test_message ("KVM: %s", works ? "works" : reason);
  g_assert_cmpint (works, ==, reason == NULL);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kvm-probe/absent", test_absent);
  g_test_add_func ("/kvm-probe/not-kvm", test_not_kvm);
  g_test_add_func ("/kvm-probe/pipe", test_pipe);
  g_test_add_func ("/kvm-probe/folder", test_folder);
  g_test_add_func ("/kvm-probe/real", test_real);
  return g_test_run ();
}
