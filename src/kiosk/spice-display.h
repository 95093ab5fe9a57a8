// SPDX-License-Identifier: GPL-3.0-or-later
// One head of a guest as a widget: spice-gtk's own, without what leads out of the guest, and sharp where the
// picture has to be larger than the guest paints it.
#pragma once
#include <spice-client-gtk.h>

G_BEGIN_DECLS

// `head`: 0 for the first one. `resizes_guest`: the widget tells the guest its own size, in device pixels;
// else somebody else tells it. `holds_keyboard`: while the pointer is in it; else the window has the
// keyboard. Floating.
SpiceDisplay *ast_spice_display_new (SpiceSession *session, guint head, gboolean resizes_guest,
                                     gboolean holds_keyboard);
// Borrowed from the session; NULL where it has none with this id.
SpiceChannel *ast_spice_find_display_channel (SpiceSession *session, guint id);
// Takes it out of its container, and lets go of it.
void ast_spice_display_drop (SpiceDisplay *display);

G_END_DECLS
