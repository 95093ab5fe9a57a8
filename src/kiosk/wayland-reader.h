// SPDX-License-Identifier: GPL-3.0-or-later
// Takes a Wayland compositor's events off the connection also while the main loop is busy.
#pragma once
#include <gdk/gdk.h>

G_BEGIN_DECLS

// Starts a thread that does so for as long as the program runs; nothing on another kind of display. What it
// has read waits, without limit, until the main loop handles it as ever. Without it a compositor that uses
// libwayland before 1.23 ends the connection, and GDK the program, when some three hundred events have not
// been read: a mouse that tells its place a thousand times a second sends so many in a third of a second.
void ast_wayland_reader_start (GdkDisplay *display);

G_END_DECLS
