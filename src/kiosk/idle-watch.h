// SPDX-License-Identifier: GPL-3.0-or-later
// Sees every key, click and movement that comes to the program, and tells when there have been none for long.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_IDLE_WATCH (ast_idle_watch_get_type ())
// Signals: "touched": somebody is there, at most once a second; "leaving" (guint): so many seconds until
// "left", each second of the last minute, and 0 when somebody came back; "left": nobody has been there for
// the limit.
G_DECLARE_FINAL_TYPE (AstIdleWatch, ast_idle_watch, AST, IDLE_WATCH, GObject)

// There may be one in a program: it stands before all of GDK's events.
AstIdleWatch *ast_idle_watch_new (void);
// Begins to count, from now. `seconds`: the limit; 0 = nobody leaves.
void ast_idle_watch_set_limit (AstIdleWatch *self, guint seconds);

G_END_DECLS
