// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest-script.h"
#include "host-resources.h"

#define FOLDER "/org/asteroide/host/"

char **
ast_guest_script_command (const char *name, const char *first, const char *second)
{
  g_autofree char *path = g_strconcat (FOLDER, name, NULL);
  g_autoptr (GBytes) bytes = g_resource_lookup_data (ast_host_files_get_resource (), path, 0, NULL);
  g_autofree char *script = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  const char *words[] = { "/bin/sh", "-c", script, name, first, first ? second : NULL, NULL };

  return g_strdupv ((char **)words);
}
