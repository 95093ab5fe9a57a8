// SPDX-License-Identifier: GPL-3.0-or-later
// Blank overlays: qemu-img makes the one for an image, in memory, and every overlay on that image begins as a
// copy of it. What starting qemu-img takes is so not between a click and the guest.
#pragma once
#include <gio/gio.h>
#include "image.h"

G_BEGIN_DECLS

typedef struct _AstBlankOverlay AstBlankOverlay;

AstBlankOverlay *ast_blank_overlay_new (void);
void ast_blank_overlay_free (AstBlankOverlay *self);

// The blank overlay on this image, as an open file that the caller closes and only reads, at positions of its
// own; or -1 with STORE, NO_QEMU or G_IO_ERROR_CANCELLED. The last one made is kept; another image's has
// qemu-img run, blocking. From any thread.
int ast_blank_overlay_open (AstBlankOverlay *self, const AstImageTop *top, GCancellable *cancellable,
                            GError **error);

G_END_DECLS
