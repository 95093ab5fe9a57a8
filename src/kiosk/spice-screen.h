// SPDX-License-Identifier: GPL-3.0-or-later
// The screen of a guest over SPICE: passed sockets, no port; nothing of the host is handed to the guest that
// its appliance does not allow.
#pragma once
#include "screen.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_SPICE_SCREEN (ast_spice_screen_get_type ())
G_DECLARE_FINAL_TYPE (AstSpiceScreen, ast_spice_screen, AST, SPICE_SCREEN, GtkBin)

GtkWidget *ast_spice_screen_new (void);

G_END_DECLS
