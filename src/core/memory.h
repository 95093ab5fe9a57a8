// SPDX-License-Identifier: GPL-3.0-or-later
// How much of the station's memory is to be had.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Bytes that programs could still take without others being swapped out, as the kernel reckons
// (MemAvailable); 0 where it does not say.
guint64 ast_memory_get_available (void);
// The same of the text of /proc/meminfo.
guint64 ast_memory_read_available (const char *meminfo);

// How many processes the kernel has killed for want of memory since the station started; 0 where it does not
// say. Cgroups count, too.
guint64 ast_memory_count_oom_kills (void);
// The same of the text of /proc/vmstat.
guint64 ast_memory_read_oom_kills (const char *vmstat);

G_END_DECLS
