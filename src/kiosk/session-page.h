// SPDX-License-Identifier: GPL-3.0-or-later
// The guest's screen over the whole monitor, and the host bar above it.
#pragma once
#include "host-bar.h"
#include "screen.h"

G_BEGIN_DECLS

#define AST_TYPE_SESSION_PAGE (ast_session_page_get_type ())
G_DECLARE_FINAL_TYPE (AstSessionPage, ast_session_page, AST, SESSION_PAGE, GtkOverlay)

// `screen`: a widget that is an AstScreen. `bar_chord`: the accelerator that opens and closes the bar; it
// never reaches the guest.
GtkWidget *ast_session_page_new (GtkWidget *screen, const char *bar_chord);
// Both borrowed.
AstScreen *ast_session_page_get_screen (AstSessionPage *self);
// Words at the foot of the session that take neither keys nor clicks from the guest; NULL = none.
void ast_session_page_tell (AstSessionPage *self, const char *text);
AstHostBar *ast_session_page_get_bar (AstSessionPage *self);
// A key of the window: the chord, or one for the open bar, or the guest's. TRUE when it must go no further.
gboolean ast_session_page_handle_key (AstSessionPage *self, GdkEventKey *event);

G_END_DECLS
