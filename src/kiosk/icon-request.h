// SPDX-License-Identifier: GPL-3.0-or-later
// What the kiosk asks of asteroide-icons, through a pipe each way: this head and the path behind it. The
// answer is one byte, 1 for yes, and then the pixels: rows of `width` × 4 bytes, as cairo's ARGB32 has them.
#pragma once
#include <glib.h>

typedef struct
{
  guint32 width, height; // device pixels
  guint32 path_bytes;    // of a path, or resource:///…; not terminated
} AstIconRequest;

// Larger than any monitor.
#define AST_ICON_MAX_SIZE 4096
