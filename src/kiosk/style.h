// SPDX-License-Identifier: GPL-3.0-or-later
// The look: our style sheet, and the station's branding over it.
#pragma once
#include "config.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

// For every window on the widget's screen. Colours or pictures of the branding that cannot be used are told
// in the log and left out.
void ast_style_apply (const AstConfig *config, GtkWidget *widget);

G_END_DECLS
