// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"
#include <string.h>

#define LINE "MemAvailable:"

guint64
ast_memory_read_available (const char *meminfo)
{
  const char *line = strstr (meminfo, LINE);

  return line ? g_ascii_strtoull (line + strlen (LINE), NULL, 10) * 1024 : 0;
}

guint64
ast_memory_get_available (void)
{
  g_autofree char *text = NULL;

  return g_file_get_contents ("/proc/meminfo", &text, NULL, NULL) ? ast_memory_read_available (text) : 0;
}
