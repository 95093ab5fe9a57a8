// SPDX-License-Identifier: GPL-3.0-or-later
// Programs of ours that others of ours run.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// In a build folder the one in src/FOLDER, else where it is installed; never from the environment. `folder`:
// beside that of the running program. Returns a path, whether or not it is there; the caller frees it.
char *ast_program_find (const char *name, const char *folder);

G_END_DECLS
