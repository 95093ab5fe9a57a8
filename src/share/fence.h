// SPDX-License-Identifier: GPL-3.0-or-later
// A fence around one folder: the kernel keeps this process inside, whatever a path or a symbolic link says.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// From here on this process, and every thread that it starts later, opens and lists nothing outside of the
// folder, and changes nothing in it unless it is `writable`. To be called before the first thread. `folder`:
// a descriptor of it, which stays the caller's. FALSE with a G_FILE_ERROR where the kernel cannot do that (it
// needs Landlock, Linux 5.13).
gboolean ast_fence_close (int folder, gboolean writable, GError **error);

// Does the path stay below the folder, all links on the way resolved by the kernel? It may be missing, as
// long as the folder in which it would be stays below. `path`: as a request names it, slashes in front are
// dropped.
gboolean ast_fence_holds (int folder, const char *path);

G_END_DECLS
