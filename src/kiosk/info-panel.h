// SPDX-License-Identifier: GPL-3.0-or-later
// F1: what an admin on the telephone asks for: host name, addresses, version.
#pragma once
#include "config.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_INFO_PANEL (ast_info_panel_get_type ())
G_DECLARE_FINAL_TYPE (AstInfoPanel, ast_info_panel, AST, INFO_PANEL, GtkBox)

// Hidden at first. The configuration is borrowed for life.
GtkWidget *ast_info_panel_new (const AstConfig *config);
// Reads the addresses anew and shows itself, or hides. `guests`: how they run here, translated.
void ast_info_panel_toggle (AstInfoPanel *self, const char *guests);

G_END_DECLS
