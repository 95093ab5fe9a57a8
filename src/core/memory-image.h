// SPDX-License-Identifier: GPL-3.0-or-later
// The memory image into which libvirt saves a guest, and the guest's RAM apart from it: a file that holds
// each page at its address can be mapped by QEMU, privately and in no time, where the image has to be read
// whole. What stays in the image is what else QEMU's stream holds. All of it is blocking, for a thread.
//
// Read are libvirt's header (version 2, uncompressed; its qemu_saveimage.h) and QEMU's stream (version 3) as
// far as the records of its section "ram" (version 4; QEMU's docs/devel/migration.rst and migration/ram.c).
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// The block that is the guest's RAM, in the stream of a guest whose memory libvirt made, and in an image
// without it. As long as each other, for the image is changed in its place.
#define AST_MEMORY_BLOCK        "pc.ram"
#define AST_MEMORY_BLOCK_MAPPED "mapped"

// Can the RAM be taken out? Reads the whole image, and changes nothing. FALSE with AST_ERROR_WARM: it is
// written in another way than is known here, or ends within the RAM, or cannot be read; or with
// G_IO_ERROR_CANCELLED.
gboolean ast_memory_image_check (const char *memory, GCancellable *cancellable, GError **error);

// Takes the RAM out of an image that was checked: `ram`, a new file (0600), is as long as the guest's RAM and
// has holes where that is empty. The image becomes shorter meanwhile, so that the two never take much more
// than it did. FALSE with AST_ERROR_NO_SPACE, AST_ERROR_STORE, or AST_ERROR_WARM where it can be read no
// more, or G_IO_ERROR_CANCELLED: both files are of no use then, and the caller's to remove.
gboolean ast_memory_image_split (const char *memory, const char *ram, GCancellable *cancellable,
                                 GError **error);

G_END_DECLS
