// SPDX-License-Identifier: GPL-3.0-or-later
// The kiosk as a whole: the only object that both sees widgets and talks to the runner.
#pragma once
#include "config.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_APPLICATION (ast_application_get_type ())
G_DECLARE_FINAL_TYPE (AstApplication, ast_application, AST, APPLICATION, GObject)

// Borrows the configuration for life. `trouble`: why the configuration could not be used (may be NULL): then
// that is shown, and nothing else can be done.
AstApplication *ast_application_new (const AstConfig *config, const GError *trouble, gboolean windowed);
// Shows the window and runs until it is told to end (a signal, or the window closed on a desk); a running
// guest is ended first.
void ast_application_run (AstApplication *self);

G_END_DECLS
