// SPDX-License-Identifier: GPL-3.0-or-later
// The screen of guests, loaded when the launcher is on the monitor already.
#pragma once
#include "module.h"
#include "screen.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef GtkWidget *(*AstModuleMakeScreen) (void);

// A widget that is an AstScreen, floating. NULL with AST_ERROR_SCREEN.
GtkWidget *ast_screen_module_make (GError **error);

G_END_DECLS
