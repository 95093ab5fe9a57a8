// SPDX-License-Identifier: GPL-3.0-or-later
// The kiosk's window on a monitor beside its first one: plain and dark, so that nobody takes it for a broken
// one and nothing that was painted there before is to be seen; or with one more head of a guest in it.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_CURTAIN (ast_curtain_get_type ())
G_DECLARE_FINAL_TYPE (AstCurtain, ast_curtain, AST, CURTAIN, GtkWindow)

// Not shown before it covers something. To be destroyed by the caller. Needs an X server: a Wayland
// compositor places windows itself.
GtkWidget *ast_curtain_new (void);
// Covers the area (pixels of the whole screen). `comes_back`: it does so again whatever another program does
// to it; else it gives way to whatever is above it.
void ast_curtain_cover (AstCurtain *self, const GdkRectangle *area, gboolean comes_back);
// What it shows, and gives back unharmed when it is destroyed; NULL: it is dark.
void ast_curtain_show_head (AstCurtain *self, GtkWidget *head);

G_END_DECLS
