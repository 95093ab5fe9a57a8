// SPDX-License-Identifier: GPL-3.0-or-later
// A folder of a test's own, and what a file holds.
#pragma once
#include <ftw.h>
#include <glib/gstdio.h>

static inline char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("asteroide-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static inline int
remove_entry (const char *path, const struct stat *found, int kind, struct FTW *walk)
{
  return remove (path);
}

static inline void
remove_folder (char *folder)
{
  g_assert_cmpint (nftw (folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free (folder);
}

typedef char TestFolder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestFolder, remove_folder)

static inline void
assert_holds (const char *path, const void *bytes, gsize length)
{
  g_autofree char *text = NULL;
  gsize found = 0;

  g_assert_true (g_file_get_contents (path, &text, &found, NULL));
  g_assert_cmpmem (text, found, bytes, length);
}
