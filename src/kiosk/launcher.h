// SPDX-License-Identifier: GPL-3.0-or-later
// The boot menu: tiles, categories, search, and the countdown to the default appliance.
#pragma once
#include "config.h"
#include "overlay-store.h"
#include "warm-table.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_LAUNCHER (ast_launcher_get_type ())
// Signals, each with const char *id: "chosen": somebody, or the countdown, picked an appliance; "likely": the
// pointer or the focus rests on one that can be started.
G_DECLARE_FINAL_TYPE (AstLauncher, ast_launcher, AST, LAUNCHER, GtkBox)

// The configuration is borrowed for life. `store` tells which appliance was used last.
GtkWidget *ast_launcher_new (const AstConfig *config, AstOverlayStore *store);
// Shows these (AstAppliance*, sorted by name). Tiles of appliances that are still the same value stay as they
// are.
void ast_launcher_set_appliances (AstLauncher *self, GPtrArray *appliances);
// Tells on the tiles which of them start warm as things stand.
void ast_launcher_show_warmth (AstLauncher *self, AstWarmTable *table);
// The first frame is on the monitor: makes what it could do without, the search and the tiles below the first
// screenful.
void ast_launcher_complete (AstLauncher *self);
// Begins the countdown to the configured default, if there is one and it can be started.
void ast_launcher_start_countdown (AstLauncher *self);
void ast_launcher_stop_countdown (AstLauncher *self);
// One line at the foot, such as that guests are emulated; NULL = none.
void ast_launcher_set_notice (AstLauncher *self, const char *text);
// Back from a session: empty search, all categories, first tile focused.
void ast_launcher_reset (AstLauncher *self);
// A key that nobody else took: search by typing, Escape, arrows. TRUE if it was used.
gboolean ast_launcher_handle_key (AstLauncher *self, GdkEventKey *event);

G_END_DECLS
