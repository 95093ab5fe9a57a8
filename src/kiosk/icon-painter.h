// SPDX-License-Identifier: GPL-3.0-or-later
// The kiosk's side of asteroide-icons, the process that draws pictures.
#pragma once
#include <cairo.h>
#include <glib.h>

G_BEGIN_DECLS

// Starts the process, so that it gets ready meanwhile. On the main thread. Not needed.
void ast_icon_painter_start (void);
// The picture (SVG or PNG; a path, or resource:///…; NULL = none) fitted into so many device pixels. NULL if
// it cannot be drawn; the caller destroys it. In a thread: blocks for as long as drawing takes, seconds at
// worst, and for other pictures before it.
cairo_surface_t *ast_icon_painter_draw (const char *path, int width, int height);
// Nothing is to be drawn for long: ends the process. Blocks nobody; the next picture starts it again.
void ast_icon_painter_rest (void);

G_END_DECLS
