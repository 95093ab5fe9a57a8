// SPDX-License-Identifier: GPL-3.0-or-later
// A plain dark window over a monitor that is not the kiosk's: nobody takes it for a broken one, and nothing
// that was painted there before is to be seen.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

// As large as the area (pixels of the whole screen), shown, below all other windows; it has no use for a key
// or a button. To be destroyed by the caller. Needs an X server: a Wayland compositor places windows itself.
GtkWidget *ast_curtain_new (const GdkRectangle *area);

G_END_DECLS
