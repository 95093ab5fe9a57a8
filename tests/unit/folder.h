// SPDX-License-Identifier: GPL-3.0-or-later
// A folder of a test's own.
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
