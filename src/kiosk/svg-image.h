// SPDX-License-Identifier: GPL-3.0-or-later
// A picture drawn from an SVG or PNG at exactly the size and scale it is shown.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_SVG_IMAGE (ast_svg_image_get_type ())
G_DECLARE_FINAL_TYPE (AstSvgImage, ast_svg_image, AST, SVG_IMAGE, GtkDrawingArea)

// `path`: of a file, or resource:///…; NULL or unreadable: `fallback` (likewise, may be NULL) is drawn.
// `width`, `height`: logical pixels; the picture is fitted into them. It is rendered in a thread, from when
// it is first to be drawn: a picture that takes long holds nobody up, and what is scrolled away costs
// nothing.
GtkWidget *ast_svg_image_new (const char *path, const char *fallback, int width, int height);
// Begins to render at once: for what is about to be seen.
void ast_svg_image_render (AstSvgImage *self);

G_END_DECLS
