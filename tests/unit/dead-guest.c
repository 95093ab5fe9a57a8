// SPDX-License-Identifier: GPL-3.0-or-later
#include "dead-guest.h"
#include "image-tools.h"
#include <fcntl.h>
#include <unistd.h>

// As libvirt's daemons and QEMUs hold it.
static int
hold (const char *path)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &whole), ==, 0);
  return fd;
}

static void
test_forget (void)
{
  static const char *const keepers[]
      = { "libvirt/libvirtd.pid", "libvirt/virtqemud.pid", "libvirt/qemu/run/asteroide.pid" };
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *guests = g_build_filename (folder, "libvirt", "qemu", "run", NULL);
  g_autofree char *note = g_build_filename (guests, "asteroide.xml", NULL);
  g_autofree char *another = g_build_filename (guests, "another.xml", NULL);

  ast_dead_guest_forget (folder);
  g_assert_cmpint (g_mkdir_with_parents (guests, 0700), ==, 0);
  g_assert_true (g_file_set_contents (another, "<domstatus/>", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (keepers); i++)
    {
      g_autofree char *path = g_build_filename (folder, keepers[i], NULL);
      int fd = hold (path);

      g_assert_true (g_file_set_contents (note, "<domstatus/>", -1, NULL));
      ast_dead_guest_forget (folder);
      g_assert_true (g_file_test (note, G_FILE_TEST_EXISTS));
      // What a killed one leaves is not locked.
      close (fd);
      ast_dead_guest_forget (folder);
      g_assert_false (g_file_test (note, G_FILE_TEST_EXISTS));
    }
  g_assert_true (g_file_test (another, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dead-guest/forget", test_forget);
  return g_test_run ();
}
