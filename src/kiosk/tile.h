// SPDX-License-Identifier: GPL-3.0-or-later
// One appliance in the launcher: icon, name, one line; greyed with its reason where it cannot be started.
#pragma once
#include "appliance.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_TILE (ast_tile_get_type ())
G_DECLARE_FINAL_TYPE (AstTile, ast_tile, AST, TILE, GtkFlowBoxChild)

// `exam`: a session of it would be under exam. `soon`: it is about to be seen, so its icon is rendered at
// once.
GtkWidget *ast_tile_new (AstAppliance *appliance, gboolean exam, gboolean soon);
// Borrowed.
AstAppliance *ast_tile_get_appliance (AstTile *self);
// How it starts, where it may start warm: one line (copied) that is good news or not; NULL = not known yet.
void ast_tile_set_hint (AstTile *self, const char *hint, gboolean good);
// The place among the tiles; smaller is further in front.
void ast_tile_set_rank (AstTile *self, guint rank);
guint ast_tile_get_rank (AstTile *self);

G_END_DECLS
