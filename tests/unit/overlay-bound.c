// SPDX-License-Identifier: GPL-3.0-or-later
#include "overlay-bound.h"
#include "error.h"
#include "image-tools.h"
#include <fcntl.h>
#include <unistd.h>

#define KIB ((guint64)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

typedef struct
{
  const char *name;
  AstOverlaySituation situation;
  guint64 bound;
  gboolean holes_fit;
} Case;

static const Case cases[] = {
  { "free-space", { 256 * KIB, 192 * KIB, 10 * GIB, GIB, 0, 100 * GIB }, 9 * GIB + 256 * KIB, TRUE },
  { "limit", { 256 * KIB, 192 * KIB, 10 * GIB, GIB, 64 * MIB, 100 * GIB }, 64 * MIB, TRUE },
  { "limit-beyond-free", { 256 * KIB, 192 * KIB, 2 * GIB, GIB, 8 * GIB, 100 * GIB }, GIB + 256 * KIB, TRUE },
  { "small-disk", { 256 * KIB, 192 * KIB, 10 * GIB, GIB, 0, 64 * MIB }, 64 * MIB + 4 * MIB + 64 * KIB, TRUE },
  // What is there stays usable, and nothing comes to it.
  { "no-more-room", { 3 * GIB, 3 * GIB, GIB, GIB, 0, 100 * GIB }, 3 * GIB, TRUE },
  { "already-beyond-limit", { 3 * GIB, 3 * GIB, 9 * GIB, GIB, GIB, 100 * GIB }, 3 * GIB, TRUE },
  { "rounding", { 100 * KIB, 100 * KIB, GIB, GIB, 0, GIB }, 128 * KIB, TRUE },
  { "holes", { GIB, 3 * GIB, 4 * GIB, GIB, 0, 100 * GIB }, 4 * GIB, TRUE },
  { "holes-too-large", { GIB, 3 * GIB, 2 * GIB, GIB, 0, 100 * GIB }, 3 * GIB, FALSE },
  { "reserve-is-gone", { GIB, GIB, GIB / 2, GIB, 0, 100 * GIB }, GIB, FALSE },
};

static void
test_bound (gconstpointer data)
{
  const Case *self = data;

  g_assert_cmpuint (ast_overlay_bound (&self->situation), ==, self->bound);
  g_assert_cmpint (ast_overlay_holes_fit (&self->situation), ==, self->holes_fit);
}

// However long the file is made: the image ends where its last cluster does.
static void
test_end (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "a.qcow2", NULL);
  g_autoptr (GError) error = NULL;
  guint64 before = 0, longer = 0, written = 0;
  int fd;

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", path, "64M", NULL));
  fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_true (ast_overlay_read_end (fd, NULL, &before, &error));
  g_assert_cmpint (ftruncate (fd, 32 * MIB), ==, 0);
  g_assert_true (ast_overlay_read_end (fd, NULL, &longer, &error));
  g_assert_cmpuint (longer, ==, before);
  g_assert_true (run_tool ("qemu-io -f qcow2 -c", "write 0 2M", path, NULL));
  g_assert_true (ast_overlay_read_end (fd, NULL, &written, &error));
  g_assert_cmpuint (written, >=, before + 2 * MIB);
  g_assert_cmpuint (written, <, before + 3 * MIB);
  g_assert_no_error (error);
  // The table of the first level.
  g_assert_cmpint (pwrite (fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 192 * 1024), ==, 8);
  g_assert_false (ast_overlay_read_end (fd, NULL, &written, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/overlay-bound/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_bound);
    }
  g_test_add_func ("/overlay-bound/end", test_end);
  return g_test_run ();
}
