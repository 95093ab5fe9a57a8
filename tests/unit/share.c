// SPDX-License-Identifier: GPL-3.0-or-later
#include "share.h"
#include <glib/gstdio.h>

static const char *
find (GHashTable *shares, const char *name, AstDevices devices)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("x", "/x");
  const AstPolicy policy = { .devices = devices };

  appliance->share = g_strdup (name);
  return ast_share_find (shares, appliance, &policy);
}

// The station's folder for the descriptor's name, where the policy leaves it.
static void
test_find (void)
{
  g_autoptr (GHashTable) shares = g_hash_table_new (g_str_hash, g_str_equal);

  g_hash_table_insert (shares, (gpointer) "course", (gpointer) "/srv/course");
  g_assert_cmpstr (find (shares, "course", AST_DEVICE_SHARE), ==, "/srv/course");
  g_assert_cmpstr (find (shares, "course", AST_DEVICE_SHARE | AST_DEVICE_SHARE_WRITE), ==, "/srv/course");
  g_assert_null (find (shares, "course", AST_DEVICE_SMARTCARD));
  g_assert_null (find (shares, "other", AST_DEVICE_SHARE));
  g_assert_null (find (shares, NULL, AST_DEVICE_SHARE));
}

// Nobody is left, also of a process that never came to life, and the socket goes.
static void
test_end (void)
{
  g_autofree char *folder = g_dir_make_tmp ("asteroide-share-XXXXXX", NULL);
  g_autofree char *socket = ast_share_socket (folder);

  g_assert_true (g_file_set_contents (socket, "", 0, NULL));
  ast_share_end (ast_share_start (folder, "/nonexistent", FALSE));
  g_assert_false (g_file_test (socket, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/find", test_find);
  g_test_add_func ("/share/end", test_end);
  return g_test_run ();
}
