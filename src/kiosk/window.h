// SPDX-License-Identifier: GPL-3.0-or-later
// The kiosk's one window on a monitor: no decoration, no menu, no accelerator, and no way to close it.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_WINDOW (ast_window_get_type ())
G_DECLARE_FINAL_TYPE (AstWindow, ast_window, AST, WINDOW, GtkWindow)

// `windowed`: a plain window of a desk's size instead of the whole primary monitor, which it else follows,
// and to which it comes back when another program closes, moves, covers or hides it or takes the focus. The
// other monitors of an X server are covered, too.
// `grab`: it also gets every key, wherever focus and pointer are, and takes that back when it was lost; never
// on a desk.
GtkWidget *ast_window_new (gboolean windowed, gboolean grab);
// Signal "monitors-changed": another number of monitors, or one of them stands elsewhere or has another size;
// its windows have followed already.

// How many monitors it covers, its own one among them: one on a desk and on Wayland. 0 where there is none.
guint ast_window_get_n_monitors (AstWindow *self);
// 0 is its own. Borrowed until "monitors-changed".
GdkMonitor *ast_window_get_monitor (AstWindow *self, guint number);
// A monitor beside its own shows this widget over all of it; with NULL it is dark. The widget stays there
// until the monitor goes.
void ast_window_show_head (AstWindow *self, guint number, GtkWidget *head);
// Paints what has changed at once. GTK would do it up to a frame's time (17 ms) later.
void ast_window_paint_now (AstWindow *self);

G_END_DECLS
