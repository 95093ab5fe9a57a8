// SPDX-License-Identifier: GPL-3.0-or-later
// The devices that the guest has or could have, a line each: what it is, who has it, and a switch.
#pragma once
#include "redirection.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_DEVICE_TRAY (ast_device_tray_get_type ())
// Signal "redirect" (const char *id, gboolean in): the person wants it there.
G_DECLARE_FINAL_TYPE (AstDeviceTray, ast_device_tray, AST, DEVICE_TRAY, GtkScrolledWindow)

GtkWidget *ast_device_tray_new (void);
// Shows these, AstRedirection*. Lines of devices that stay keep their place and the focus.
void ast_device_tray_show (AstDeviceTray *self, const GPtrArray *list);

G_END_DECLS
