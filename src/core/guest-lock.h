// SPDX-License-Identifier: GPL-3.0-or-later
// The one-guest lock of the station: held by a runner from preparing to discarded, freed by the kernel if it
// dies.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _AstGuestLock AstGuestLock;

// Never waits. Makes the run-time folder where it is missing. NULL with AST_ERROR_BUSY while another process
// (or another lock of this one) holds it, with AST_ERROR_CONFIGURATION where the run-time folder cannot be
// used.
AstGuestLock *ast_guest_lock_acquire (const char *runtime, GError **error);
// Releases it and removes its file.
void ast_guest_lock_release (AstGuestLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstGuestLock, ast_guest_lock_release)
// Does anyone hold it now?
gboolean ast_guest_lock_is_held (const char *runtime);
// The same of any file, of another program's lock on the whole of it: 1 = held, 0 = not, -1 = it cannot be
// told, with errno.
int ast_guest_lock_ask (const char *path);

G_END_DECLS
