// SPDX-License-Identifier: GPL-3.0-or-later
// Gives every file of the corpus folders named on the command line to a fuzz target: what was found stays
// mended.
#include "fuzz.h"
#include <glib.h>

static void
replay_file (const char *path)
{
  g_autofree char *bytes = NULL;
  g_autofree guint8 *exact = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  // Without the zero byte that GLib adds, so that reading past the end shows.
  exact = g_memdup2 (bytes, length);
  g_assert_cmpint (LLVMFuzzerTestOneInput (exact ? exact : (const guint8 *)"", length), ==, 0);
}

static void
test_replay (gconstpointer folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint count = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
        continue;
      replay_file (path);
      count++;
    }
  g_assert_cmpuint (count, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i < argc; i++)
    {
      g_autofree char *name = g_path_get_basename (argv[i]);
      g_autofree char *path = g_strdup_printf ("/replay/%s", name);

      g_test_add_data_func (path, argv[i], test_replay);
    }
  return g_test_run ();
}
