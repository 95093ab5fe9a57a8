// SPDX-License-Identifier: GPL-3.0-or-later
// What happened, what the student can do, and what to tell the admin.
#pragma once
#include "config.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_FAILURE_PAGE (ast_failure_page_get_type ())
// Signals "back" (to the launcher), "again" (the same appliance once more) and "go-on" (with what was written
// before its guest died).
G_DECLARE_FINAL_TYPE (AstFailurePage, ast_failure_page, AST, FAILURE_PAGE, GtkBox)

// The configuration is borrowed: its name and its help-url are for the admin's box.
GtkWidget *ast_failure_page_new (const AstConfig *config);
// `id` and `name`: the appliance's, NULL where none is concerned: then there is no way back, the screen
// stays. `error`: what happened; its code gives the advice. `is_resumable`: the person chooses whether to go
// on, or to have what was written forgotten.
void ast_failure_page_show (AstFailurePage *self, const char *id, const char *name, const GError *error,
                            gboolean is_resumable);

G_END_DECLS
