// SPDX-License-Identifier: GPL-3.0-or-later
// A loudspeaker that shows how loud it is, or that it is silent; in the colour of the text around it.
#pragma once
#include "volume.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_SPEAKER_ICON (ast_speaker_icon_get_type ())
G_DECLARE_FINAL_TYPE (AstSpeakerIcon, ast_speaker_icon, AST, SPEAKER_ICON, GtkDrawingArea)

GtkWidget *ast_speaker_icon_new (void);
void ast_speaker_icon_set_volume (AstSpeakerIcon *self, AstVolume volume);

G_END_DECLS
