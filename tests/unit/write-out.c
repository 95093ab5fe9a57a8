// SPDX-License-Identifier: GPL-3.0-or-later
// What a guest's agent is to run, and what its exit status says. The program itself runs here, too, on this
// machine's devices, none of which is the one that it looks for; that it works in a guest is shown by
// tests/guest/devices.py.
#include "write-out.h"

static AstUsbDevice *
make_device (const char *serial)
{
  AstUsbDevice *device = g_atomic_rc_box_new0 (AstUsbDevice);

  device->functions = g_array_new (FALSE, FALSE, sizeof (AstUsbFunction));
  device->vendor = 0x0951;
  device->product = 0x1a6;
  device->serial = g_strdup (serial);
  return device;
}

static void
check_words (const char *serial, const char *words)
{
  g_autoptr (AstUsbDevice) device = make_device (serial);
  g_auto (GStrv) command = ast_write_out_command (device, FALSE);

  g_assert_cmpuint (g_strv_length (command), ==, 5);
  g_assert_cmpstr (command[4], ==, words);
}

// Nothing of what a device says of itself is a part of the program.
static void
test_linux (void)
{
  g_autoptr (AstUsbDevice) device = make_device ("\"; rm -rf / #$(x)");
  g_auto (GStrv) command = ast_write_out_command (device, FALSE);

  g_assert_cmpstr (command[0], ==, "/bin/sh");
  g_assert_cmpstr (command[1], ==, "-c");
  g_assert_null (g_strrstr (command[2], "rm -rf"));
  g_assert_cmpstr (command[4], ==, "0951\n01a6\n\"; rm -rf / #$(x)");
  check_words ("60A44C3F", "0951\n01a6\n60A44C3F");
  check_words ("", "0951\n01a6");
  check_words ("\xff\xfe", "0951\n01a6"); // no text, which is all that an agent can be told
}

// A shell understands it, and finds no such device.
static void
test_runs (void)
{
  g_autoptr (AstUsbDevice) device = make_device ("there is none");
  g_auto (GStrv) command = ast_write_out_command (device, FALSE);
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  // The machine of a test need not be written out.
  char *words[] = { command[0], command[1], g_strconcat ("sync () { :; }\n", command[2], NULL),
                    command[3], command[4], NULL };

  g_assert_true (g_spawn_sync (NULL, words, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &said, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (said, ==, "");
  g_assert_cmpint (status, ==, 0);
  g_free (words[2]);
}

static void
test_windows (void)
{
  g_autoptr (AstUsbDevice) device = make_device ("1");
  g_auto (GStrv) command = ast_write_out_command (device, TRUE);

  g_assert_cmpstr (command[0], ==, "powershell.exe");
  g_assert_nonnull (g_strrstr (command[g_strv_length (command) - 1], "Write-VolumeCache"));
}

static void
test_status (void)
{
  g_assert_cmpint (ast_write_out_read_status (0, FALSE), ==, AST_WRITTEN_ALL);
  g_assert_cmpint (ast_write_out_read_status (1, FALSE), ==, AST_WRITTEN_OPEN);
  g_assert_cmpint (ast_write_out_read_status (2, FALSE), ==, AST_WRITTEN_NOT);
  g_assert_cmpint (ast_write_out_read_status (127, FALSE), ==, AST_WRITTEN_NOT);
  g_assert_cmpint (ast_write_out_read_status (-1, FALSE), ==, AST_WRITTEN_NOT);
  g_assert_cmpint (ast_write_out_read_status (0, TRUE), ==, AST_WRITTEN_ALL);
  g_assert_cmpint (ast_write_out_read_status (1, TRUE), ==, AST_WRITTEN_NOT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/write-out/linux", test_linux);
  g_test_add_func ("/write-out/runs", test_runs);
  g_test_add_func ("/write-out/windows", test_windows);
  g_test_add_func ("/write-out/status", test_status);
  return g_test_run ();
}
