// SPDX-License-Identifier: GPL-3.0-or-later
// What commands share that run a guest, here or on a kiosk.
#pragma once
#include "bus.h"
#include "command.h"
#include "runner.h"

G_BEGIN_DECLS

// A runner of our own, without a screen; NULL with error where the part that runs guests cannot be loaded.
// `host`: the one it uses, a full reference; may be NULL.
AstRunner *ast_session_make_runner (const AstConfig *config, AstHost **host, GError **error);
// Runs the main loop, and prints each state, until the runner has settled; SIGINT and SIGTERM end what runs.
// Borrowed from the runner.
const AstStatus *ast_session_run_here (AstRunner *runner);
// Waits until the kiosk's state is over, or the kiosk is: a session without a screen goes away when it ends.
// The caller frees the status; NULL if the kiosk went away in the middle.
AstStatus *ast_session_wait_for_kiosk (AstBusKiosk1 *kiosk, gboolean (*is_over) (const AstStatus *status));
// Prints why it failed (NULL: the kiosk went away).
AstExit ast_session_fail_status (const AstStatus *status);

G_END_DECLS
