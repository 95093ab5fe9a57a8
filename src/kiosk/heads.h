// SPDX-License-Identifier: GPL-3.0-or-later
// Which monitor shows which head of the guest: the kiosk's own window the first one, the curtains the others,
// as long as there are both.
#pragma once
#include "screen.h"
#include "window.h"

G_BEGIN_DECLS

#define AST_TYPE_HEADS (ast_heads_get_type ())
G_DECLARE_FINAL_TYPE (AstHeads, ast_heads, AST, HEADS, GObject)

// Both borrowed: they live longer.
AstHeads *ast_heads_new (AstWindow *window, AstScreen *screen);
// Is the guest on the screen? Without one all further monitors are dark.
void ast_heads_set_shown (AstHeads *self, gboolean is_shown);

G_END_DECLS
