// SPDX-License-Identifier: GPL-3.0-or-later
// What can be said of one image file: format, size, damage, digest.
#pragma once
#include <gio/gio.h>
#include "appliance.h"

G_BEGIN_DECLS

typedef enum
{
  AST_IMAGE_QCOW2,
  AST_IMAGE_RAW, // only by name: *.raw, *.img; never guessed from content
  AST_IMAGE_ISO, // ISO 9660 or UDF volume, used as a CD
} AstImageFormat;

// QEMU's word for it: "qcow2" or "raw".
const char *ast_image_format_word (AstImageFormat format);

// Opens the file and reads its first kilobytes: regular file, readable, of a format that fits its use
// (`cdrom`: an ISO, else qcow2 or, by name, raw). No child process; microseconds; never hangs on a pipe or
// device. `format` may be NULL. Fails with IMAGE_MISSING, IMAGE_UNREADABLE, IMAGE_FORMAT or IMAGE_CORRUPT (a
// header that makes no sense, a file that was cut short), each in a sentence that names the path.
gboolean ast_image_probe (const char *path, gboolean cdrom, AstImageFormat *format, GError **error);

// The topmost image of a disk and its layers: what an overlay is made on.
typedef struct
{
  const char *path; // borrowed from the appliance
  AstImageFormat format;
  guint64 virtual_size; // bytes, as the guest sees the disk; a multiple of 512
} AstImageTop;

// Probes disk and layers, that the disk stands alone and that each layer was made on the one below it. As
// cheap as the probes. Fails as a probe, or with IMAGE_FORMAT. Not for appliances without a disk.
gboolean ast_image_probe_chain (const AstAppliance *appliance, AstImageTop *top, GError **error);

// Probes one qcow2 image that stands on others, which are not looked at. `path` is borrowed by `top`. Fails
// as a probe.
gboolean ast_image_probe_top (const char *path, AstImageTop *top, GError **error);

// Calls for each AstImage of an appliance: disk, layers, CDs.
void ast_image_for_each (const AstAppliance *appliance, GFunc function, gpointer data);

// All images of an appliance by number, size, time and path, a text each: another one when a file has
// changed.
GStrv ast_image_describe_all (const AstAppliance *appliance);
// Was one of them written into, since `then`? A file that somebody has put in an image's place does not
// count: whoever has the former one open, keeps it.
gboolean ast_image_was_written (const char *const *then, const char *const *now);

// The SHA-256 of a whole file, 64 lower-case hexadecimal digits; blocking, seconds. NULL with IMAGE_MISSING,
// IMAGE_UNREADABLE, IMAGE_FORMAT (not an ordinary file) or G_IO_ERROR_CANCELLED. The caller frees it.
char *ast_image_digest (const char *path, GCancellable *cancellable, GError **error);

// Everything `asteroidectl check` may say of an appliance's images: probe of each, qemu-img check of disk and
// layers (IMAGE_CORRUPT), that each layer was made on the one below it (IMAGE_FORMAT), and, if `digest`, the
// SHA-256 of those that name one (IMAGE_DIGEST; reads the whole file). Blocking: seconds to minutes; call in
// a thread. Appends AstProblem* to `problems`, with the image's path as file. Cancelled: returns early, with
// what it has found.
void ast_image_check_all (const AstAppliance *appliance, gboolean digest, GCancellable *cancellable,
                          GPtrArray *problems);

G_END_DECLS
