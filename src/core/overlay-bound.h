// SPDX-License-Identifier: GPL-3.0-or-later
// How long the file of an overlay may become. QEMU is given the file in just this length and writes nothing
// beyond it, so that no guest takes the room that the station keeps for itself.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// All in bytes.
typedef struct
{
  guint64 taken;        // on the disk, by the overlay as it is
  guint64 end;          // of the image in its file: nothing of it lies behind
  guint64 free;         // on the overlay's file system, for its owner
  guint64 reserve;      // to be left free there
  guint64 limit;        // the station's own limit for each overlay; 0 = none
  guint64 virtual_size; // of the guest's disk
} AstOverlaySituation;

// Pure. The length, a multiple of qcow2's clusters, never less than the image has now. It takes no more than
// what is free beyond the reserve as long as ast_overlay_holes_fit.
guint64 ast_overlay_bound (const AstOverlaySituation *situation);
// Pure. A guest that gave blocks back left holes before the image's end, and may fill them again: is there
// room for that beside the reserve?
gboolean ast_overlay_holes_fit (const AstOverlaySituation *situation);

// Where the qcow2 image in the open file ends, bytes, by qemu-img's own figure; blocking. Fails with
// IMAGE_CORRUPT where the image is damaged (clusters that were allocated and are not used are no damage),
// with NO_QEMU, or with G_IO_ERROR_CANCELLED.
gboolean ast_overlay_read_end (int fd, GCancellable *cancellable, guint64 *end, GError **error);

G_END_DECLS
