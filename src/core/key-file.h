// SPDX-License-Identifier: GPL-3.0-or-later
// Small files of ours that must survive a power cut.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Written whole or not at all, for this user alone (0600), and on the disk when it returns. Fails with NO_SPACE or STORE, in
// the system's words.
gboolean ast_key_file_save (GKeyFile *file, const char *path, GError **error);

G_END_DECLS
