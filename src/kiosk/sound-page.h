// SPDX-License-Identifier: GPL-3.0-or-later
// The station's volume for the host bar: how it stands, and buttons that turn it.
#pragma once
#include "volume.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_SOUND_PAGE (ast_sound_page_get_type ())
// Signals: "turn", with an AstVolumeTurn; "done": back to work.
G_DECLARE_FINAL_TYPE (AstSoundPage, ast_sound_page, AST, SOUND_PAGE, GtkBox)

GtkWidget *ast_sound_page_new (void);
void ast_sound_page_set_volume (AstSoundPage *self, AstVolume volume);
// Where the focus goes when the page is opened. Borrowed.
GtkWidget *ast_sound_page_get_focus (AstSoundPage *self);

// “Sound 70 %”, or “Sound off”, in the person's language.
char *ast_sound_describe (AstVolume volume);
// What a key of the keyboard asks for; FALSE if it is none of the volume keys.
gboolean ast_sound_read_key (guint key, AstVolumeTurn *turn);

G_END_DECLS
