// SPDX-License-Identifier: GPL-3.0-or-later
// The clipboard between a guest and the display of the kiosk, in the directions that a session's policy has
// open: spice-gtk knows only both or none.
#pragma once
#include "appliance.h"
#include <spice-client-gtk.h>

G_BEGIN_DECLS

// `devices`: those of the policy. To be called before anybody else asks for the SpiceGtkSession of `session`,
// so that what is closed is stopped before that hears of it.
void ast_spice_clipboard_open (SpiceSession *session, AstDevices devices);
// Empties clipboard and primary selection where the kiosk itself holds them, be it for a guest or for its own
// search: nothing of one session is there in the next. What another program of a desk holds stays.
void ast_spice_clipboard_forget (void);

G_END_DECLS
