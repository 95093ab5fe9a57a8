// SPDX-License-Identifier: GPL-3.0-or-later
// What the header of a qcow2 file says, read without QEMU. Layout: QEMU's docs/interop/qcow2.txt.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 virtual_size; // bytes, as the guest sees the disk
  char *backing;        // name of the file below, as it is written in the header; NULL = none
  char *backing_format; // QEMU's word for that file's format; NULL = not written
} AstQcow2;

// Do these first bytes of a file begin a qcow2 image of version 2 or later?
gboolean ast_qcow2_has_magic (const guint8 *bytes, gsize length);
// Reads the header from an open file of `file_size` bytes; `name` is what the error's sentence calls it.
// Fails with IMAGE_FORMAT for what a guest of ours cannot use (encrypted, data in another file, of a newer
// QEMU), with IMAGE_CORRUPT for nonsense, a file that was cut short and one that QEMU marked as damaged, and
// with IMAGE_UNREADABLE when reading fails.
AstQcow2 *ast_qcow2_read (int fd, guint64 file_size, const char *name, GError **error);
void ast_qcow2_free (AstQcow2 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstQcow2, ast_qcow2_free)

G_END_DECLS
