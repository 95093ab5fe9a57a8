// SPDX-License-Identifier: GPL-3.0-or-later
// When is a guest that nobody looks at at its desktop? Blocking: for threads.
#pragma once
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <libvirt/libvirt.h>

G_BEGIN_DECLS

// Waits until the guest stands at its desktop. `probe`: a command line for the guest's shell, run there by
// its agent until it ends with 0; NULL = the guest is there when its SPICE agent is connected and its screen
// has been still for 3 s; with QEMU's agent alone, for 10 s; without any, for 30 s. A screen of one colour
// counts as none, and what fewer than 1 in 500 pixels change (a cursor, a clock), as still. FALSE with
// AST_ERROR_WARM after 20 minutes or when the guest is gone, or G_IO_ERROR_CANCELLED.
gboolean ast_desktop_wait (virDomainPtr domain, const char *probe, gboolean windows,
                           GCancellable *cancellable, GError **error);

// Has the guest's picture drawn, and forgets it. FALSE where there is none.
gboolean ast_desktop_look (virDomainPtr domain);

// A picture of a screen, in one of the formats that hypervisors give it in (PNG, PPM). Full reference; NULL
// when the bytes are none.
GdkPixbuf *ast_picture_read (GBytes *bytes);
// Do so few pixels differ that the guest stands still?
gboolean ast_picture_is_like (const GdkPixbuf *one, const GdkPixbuf *other);
gboolean ast_picture_is_blank (const GdkPixbuf *picture);

G_END_DECLS
