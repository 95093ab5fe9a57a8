// SPDX-License-Identifier: GPL-3.0-or-later
// A graphics card that goes and comes again, as after a reset of its driver: the display server goes on
// without it, and does not take it up again by itself.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _AstCardWatch AstCardWatch;

// Calls `back`, from the main loop, each time that there is a card again after one has gone. The caller frees
// it.
AstCardWatch *ast_card_watch_new (void (*back) (void));

void ast_card_watch_free (AstCardWatch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstCardWatch, ast_card_watch_free)

G_END_DECLS
