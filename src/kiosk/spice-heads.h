// SPDX-License-Identifier: GPL-3.0-or-later
// The heads of a guest that has several: a widget for each further one, and what the guest is told of its
// monitors.
#pragma once
#include "screen.h"
#include <spice-client-gtk.h>

G_BEGIN_DECLS

typedef struct _AstSpiceHeads AstSpiceHeads;

// `screen`: of the session, and longer there than its heads; it emits "heads-changed". `n_heads`: as many as
// the guest may have. With one the widget of the first head tells the guest its size, and nothing is done
// here. The session is referenced.
AstSpiceHeads *ast_spice_heads_new (AstScreen *screen, SpiceSession *session, guint n_heads);
// Its widgets go, too, wherever they stand.
void ast_spice_heads_free (AstSpiceHeads *self);
// The session's main channel is there.
void ast_spice_heads_set_main (AstSpiceHeads *self, SpiceChannel *main);
// How many the guest may have.
guint ast_spice_heads_get_most (AstSpiceHeads *self);
// As in AstScreen.
guint ast_spice_heads_get_number (AstSpiceHeads *self);
GtkWidget *ast_spice_heads_get (AstSpiceHeads *self, guint head);
void ast_spice_heads_place (AstSpiceHeads *self, const AstHeadPlace *places, guint n_places);

G_END_DECLS
