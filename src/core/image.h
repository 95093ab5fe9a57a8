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

// Opens the file and reads its first kilobytes: regular file, readable, of a format that fits its use (`cdrom`:
// an ISO, else qcow2 or, by name, raw). No child process; microseconds. Fails with IMAGE_MISSING, IMAGE_UNREADABLE
// or IMAGE_FORMAT, each in a sentence that names the path.
gboolean ast_image_probe (const char *path, gboolean cdrom, AstImageFormat *format, GError **error);

// Everything `asteroidectl check` may say of an appliance's images: probe of each, qemu-img check of disk and layers
// (IMAGE_CORRUPT), that each layer was made on the one below it (IMAGE_FORMAT), and, if `digest`, the SHA-256
// of those that name one (IMAGE_DIGEST; reads the whole file). Blocking: seconds to minutes; call in a thread.
// Appends AstProblem* to `problems`, with the image's path as file.
void ast_image_check_all (const AstAppliance *appliance, gboolean digest, GCancellable *cancellable,
                          GPtrArray *problems);

G_END_DECLS
