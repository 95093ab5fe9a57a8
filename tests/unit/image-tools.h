// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of images and overlays share: QEMU's tools at work in a folder of their own.
#pragma once
#include "appliance.h"
#include "folder.h"
#include <sys/stat.h>

// "qemu-img create -f qcow2", then paths that may hold blanks: the words of `command`, then the others up to
// NULL.
G_GNUC_NULL_TERMINATED static inline gboolean
run_tool (const char *command, ...)
{
  g_auto (GStrv) words = g_strsplit (command, " ", -1);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  int status;
  va_list more;

  for (gsize i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, words[i]);
  va_start (more, command);
  for (char *word = va_arg (more, char *); word != NULL; word = va_arg (more, char *))
    g_ptr_array_add (argv, word);
  va_end (more);
  g_ptr_array_add (argv, NULL);
  g_spawn_sync (NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  return g_spawn_check_wait_status (status, NULL);
}

static inline void
write_file (const char *path, const void *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, bytes, (gssize)length, &error);
  g_assert_no_error (error);
}

static inline char *
compute_sha256 (const char *path)
{
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (path, &bytes, &length, &error);
  g_assert_no_error (error);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)bytes, length);
}

static inline AstImage *
make_part (const char *path, const char *sha256)
{
  g_autofree char *href = g_path_get_basename (path);
  AstImage *part = ast_image_new (href, sha256);

  part->path = g_strdup (path);
  return part;
}

// An appliance on `disk` (or NULL) and a layer (or NULL).
static inline AstAppliance *
make_appliance (const char *folder, const char *disk, const char *layer)
{
  AstAppliance *appliance = ast_appliance_new ("lab", folder);

  if (disk != NULL)
    appliance->disk = make_part (disk, NULL);
  if (layer != NULL)
    g_ptr_array_add (appliance->layers, make_part (layer, NULL));
  return appliance;
}
