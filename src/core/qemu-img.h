// SPDX-License-Identifier: GPL-3.0-or-later
// Runs qemu-img, the tool that makes and checks images.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// Runs it with `arguments` (NULL-terminated, without the program's name), with no input and in English;
// blocking, call in a thread. `fd` (or -1) stays the caller's and is number 3 in the child. `output` and
// `complaint` (standard error, trimmed, UTF-8) may be NULL; the caller frees them; they are set whenever an
// exit status is returned. Returns the exit status, or -1 with NO_QEMU (not installed, killed) or
// G_IO_ERROR_CANCELLED; then the child is gone, and has not written anything after the return.
int ast_qemu_img_run (const char *const *arguments, int fd, GCancellable *cancellable, char **output,
                      char **complaint, GError **error);

G_END_DECLS
