// SPDX-License-Identifier: GPL-3.0-or-later
// A QR code: black on white whatever the theme is, squares of whole pixels, and the margin without which no
// phone finds it.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_QR_CODE (ast_qr_code_get_type ())
G_DECLARE_FINAL_TYPE (AstQrCode, ast_qr_code, AST, QR_CODE, GtkDrawingArea)

// `name`: what a screen reader says that it is. Shows nothing yet.
GtkWidget *ast_qr_code_new (const char *name);
// Shows the text. FALSE where it is so long that the squares would be too small for a phone: then nothing is
// shown.
gboolean ast_qr_code_set_text (AstQrCode *self, const char *text);

G_END_DECLS
