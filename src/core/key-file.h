// SPDX-License-Identifier: GPL-3.0-or-later
// Small files of ours that must survive a power cut.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Does each backslash of a value, as it stands in the file, mean something? GKeyFile takes a wrong one as it
// is, and warns of itself where one more ends the value. `list`: of strings, in which one may stand before
// the separator.
gboolean ast_key_file_has_good_escapes (const char *raw, gboolean list);
// Bytes of such a file, a full reference; NULL where they are not such a file, or have a wrong escape.
GKeyFile *ast_key_file_parse (const char *bytes, gsize length);
// What ast_key_file_save has written, a full reference; NULL where it is missing or damaged.
GKeyFile *ast_key_file_load (const char *path);
// Written whole or not at all, for this user alone (0600), and on the disk when it returns. Fails with
// NO_SPACE or STORE, in the system's words.
gboolean ast_key_file_save (GKeyFile *file, const char *path, GError **error);

G_END_DECLS
