// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen-module.h"

#define SCREEN_MODULE "asteroide-spice"

GtkWidget *
ast_screen_module_make (GError **error)
{
  AstModuleMakeScreen make = ast_module_load (SCREEN_MODULE, AST_ERROR_SCREEN, error);

  return make ? make () : NULL;
}
