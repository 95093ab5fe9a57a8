// SPDX-License-Identifier: GPL-3.0-or-later
// Switches on what monitors are plugged into an X server, and off what is pulled out: a desktop would do so,
// and on a station there is none.
#pragma once
#include <gdk/gdk.h>

G_BEGIN_DECLS

typedef struct _AstOutputs AstOutputs;

// From the main loop's first quiet moment on, until it is freed: a monitor that is there and dark, or that
// comes, shows the mode that it prefers, right of all others; one that has been there before shows what it
// did, where it stood. One that somebody switches off meanwhile stays dark. One that goes is switched off,
// unless it is the last one. NULL where the display is not an X server's that can change its monitors.
AstOutputs *ast_outputs_new (GdkDisplay *display);

void ast_outputs_free (AstOutputs *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstOutputs, ast_outputs_free)

G_END_DECLS
