// SPDX-License-Identifier: GPL-3.0-or-later
// A folder of the station that a guest is offered: a process of its own serves it, to the socket at which
// QEMU leads to the guest's port. SPICE would offer one, too (SpiceSession:shared-dir), but in the kiosk's
// main loop, which a slow folder would stop, and it follows every symbolic link out of the folder.
#pragma once
#include "policy.h"
#include <glib.h>

G_BEGIN_DECLS

typedef struct _AstShare AstShare;

// The socket, in the run-time folder. The caller frees it.
char *ast_share_socket (const char *runtime);
// The station's folder that a session offers: NULL where it offers none, or where the station does not know
// the name that the descriptor asks for. `shares`: name → absolute path; the result belongs to it.
const char *ast_share_find (GHashTable *shares, const AstAppliance *appliance, const AstPolicy *policy);
// The guest runs: serve it. What fails is in the journal, and the guest finds nobody at its port. It ends
// with the guest.
AstShare *ast_share_start (const char *runtime, const char *folder, gboolean writable);
// Ends it now, and removes the socket.
void ast_share_end (AstShare *self);

G_END_DECLS
