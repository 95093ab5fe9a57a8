// SPDX-License-Identifier: GPL-3.0-or-later
// What GLib leaves of a file that it was writing when the process died.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Bytes of NAME in “NAME.XXXXXX”, as g_file_set_contents_full calls a file that it has not finished; 0 = this
// is not such a name.
gsize ast_half_written_stem (const char *name);
// Removes all such files of a folder in which only the caller writes.
void ast_half_written_sweep (const char *folder);

G_END_DECLS
