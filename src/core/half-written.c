// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "half-written.h"
#include <glib/gstdio.h>
#include <string.h>

#define TAIL 7 // a dot, and six capitals and digits

gsize
ast_half_written_stem (const char *name)
{
  gsize length = strlen (name);

  if (length <= TAIL || name[length - TAIL] != '.')
    return 0;
  for (const char *at = name + length - TAIL + 1; *at; at++)
    if (!g_ascii_isupper (*at) && !g_ascii_isdigit (*at))
      return 0;
  return length - TAIL;
}

void
ast_half_written_sweep (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (ast_half_written_stem (name) != 0)
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        g_unlink (path);
      }
}
