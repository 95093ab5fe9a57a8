// SPDX-License-Identifier: GPL-3.0-or-later
// What comes before a device is taken from a guest: the guest writes out what it still holds back of it.
#pragma once
#include "host.h"

G_BEGIN_DECLS

// Can a guest hold back anything of this device? Of memory sticks and disks alone (class 0x08).
gboolean ast_release_is_needed (const AstUsbDevice *device);
// Asks the machine, and comes back when the device may be taken: when the guest has done it, cannot do it, or
// has had a minute.
void ast_release_async (AstMachine *machine, AstUsbDevice *device, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
// The same with another bound, milliseconds.
void ast_release_within_async (AstMachine *machine, AstUsbDevice *device, guint msec,
                               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
// FALSE only if it was cancelled: whoever cancelled wants no device any more. Whatever else has happened, the
// device may be taken, and `written` says what is safe on it.
gboolean ast_release_finish (GAsyncResult *result, AstWritten *written);
// What to tell whoever has taken it; translated, static.
const char *ast_release_note (AstWritten written);

G_END_DECLS
