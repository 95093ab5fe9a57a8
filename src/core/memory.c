// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"
#include <string.h>

// The number behind a word that begins a line; 0 where there is none.
static guint64
read_number (const char *text, const char *word)
{
  const char *found = text;

  while ((found = strstr (found, word)) && found != text && found[-1] != '\n')
    found++;
  return found ? g_ascii_strtoull (found + strlen (word), NULL, 10) : 0;
}

static guint64
read_number_of (const char *path, guint64 (*read) (const char *text))
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? read (text) : 0;
}

guint64
ast_memory_read_available (const char *meminfo)
{
  return read_number (meminfo, "MemAvailable:") * 1024;
}

guint64
ast_memory_get_available (void)
{
  return read_number_of ("/proc/meminfo", ast_memory_read_available);
}

guint64
ast_memory_read_oom_kills (const char *vmstat)
{
  return read_number (vmstat, "oom_kill ");
}

guint64
ast_memory_count_oom_kills (void)
{
  return read_number_of ("/proc/vmstat", ast_memory_read_oom_kills);
}
