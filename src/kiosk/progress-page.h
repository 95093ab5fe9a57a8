// SPDX-License-Identifier: GPL-3.0-or-later
// What the station is doing between the click and the guest's first picture, and after its last: stage by
// stage.
#pragma once
#include "policy.h"
#include "state.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_PROGRESS_PAGE (ast_progress_page_get_type ())
// Signal "cancel": the person does not want to wait.
G_DECLARE_FINAL_TYPE (AstProgressPage, ast_progress_page, AST, PROGRESS_PAGE, GtkBox)

GtkWidget *ast_progress_page_new (void);
// A new start: whose name and icon is shown, and whether it is under exam.
void ast_progress_page_begin (AstProgressPage *self, const AstAppliance *appliance, const AstPolicy *policy);
// Which stage is on now. `seconds_to_force` as in ast_runner_get_seconds_to_force.
void ast_progress_page_set_state (AstProgressPage *self, AstState state, guint seconds_to_force);

G_END_DECLS
