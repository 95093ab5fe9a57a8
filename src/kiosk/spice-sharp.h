// SPDX-License-Identifier: GPL-3.0-or-later
// A guest's picture that is enlarged keeps its edges: spice-gtk's widget alone would blur them.
#pragma once
#include <spice-client-gtk.h>

G_BEGIN_DECLS

// Draws the widget's picture sharply whenever it has to be larger than it is: by whole pixels where a whole
// factor fills the widget; else by the next whole factor, and smoothly down from there. A picture that fits,
// or is too large, is drawn by the library.
void ast_spice_sharpen (SpiceDisplay *display);

G_END_DECLS
