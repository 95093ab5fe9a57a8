// SPDX-License-Identifier: GPL-3.0-or-later
// The overlays: a new copy-on-write file for each volatile start, one kept file for each appliance that keeps
// its state.
#pragma once
#include <gio/gio.h>
#include "appliance.h"
#include "state.h"

G_BEGIN_DECLS

#define AST_TYPE_OVERLAY_STORE (ast_overlay_store_get_type ())
G_DECLARE_FINAL_TYPE (AstOverlayStore, ast_overlay_store, AST, OVERLAY_STORE, GObject)

// `folder`: made (0700) when first needed. `reserve_mib`: free space, MiB, below which no overlay is created,
// and which none takes. `overlay_mib`: most that one overlay may take, MiB; 0 = no such limit.
AstOverlayStore *ast_overlay_store_new (const char *folder, guint reserve_mib, guint overlay_mib);

// Creates a volatile appliance's overlay (a fresh random name, mode 0600, O_EXCL semantics: never an existing
// file) or finds or creates the kept one. The backing file is the topmost layer, or the disk; with `seed` (an
// absolute path, NULL = none) that image instead, which stands on them; images are
// never opened for writing. Returns the overlay's absolute path, or NULL with error. Not for appliances
// without a disk. Fails with NO_SPACE, STORE, BUSY (kept, and in use), NO_QEMU, IMAGE_MISSING,
// IMAGE_UNREADABLE, IMAGE_FORMAT, IMAGE_CORRUPT, WARM (the seed), or G_IO_ERROR_CANCELLED; then nothing new
// is left behind. A cancellation that comes too late changes nothing: the overlay is returned, and is the
// caller's to discard. A kept overlay whose images were replaced since it was made is refused (STORE) and
// left as it is. The file is as long as the overlay may become (sparse); who runs the guest must see to it
// that it grows no longer.
void ast_overlay_store_create_async (AstOverlayStore *self, const AstAppliance *appliance, const char *seed,
                                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
char *ast_overlay_store_create_finish (AstOverlayStore *self, GAsyncResult *result, GError **error);

// An appliance with a disk is likely to be started next, on this seed (NULL = none): gets ready what the
// creation of its overlay would wait for. Returns at once; leaves nothing in the folder; a failure is told by
// the creation.
void ast_overlay_store_expect (AstOverlayStore *self, const AstAppliance *appliance, const char *seed);

// Removes a volatile overlay; a kept one is left. Refuses (BUSY) while a process holds the file open through
// QEMU's image lock. Constant time, whatever the image's size. A file that is already gone is no error. A
// path that is no overlay of this store is refused (STORE).
void ast_overlay_store_discard_async (AstOverlayStore *self, const char *overlay, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer data);
gboolean ast_overlay_store_discard_finish (AstOverlayStore *self, GAsyncResult *result, GError **error);

// Is QEMU's image lock (open-file-description byte locks) held on the file? FALSE also when the file is gone;
// TRUE when it cannot be told.
gboolean ast_overlay_store_in_use (const char *overlay);

// How full an overlay is. FALSE if it is gone.
gboolean ast_overlay_store_get_room (AstOverlayStore *self, const char *overlay, AstRoom *room);

// Is this path one of the store's overlays, and there?
gboolean ast_overlay_store_has (AstOverlayStore *self, const char *overlay);

// Removes every volatile overlay but one (`but`: its path, or NULL), and what a crash left half made, that is
// not in use; blocking, fast. The caller holds the one-guest lock. Returns how many were removed, or -1 with
// error.
int ast_overlay_store_sweep (AstOverlayStore *self, const char *but, GError **error);

// Removes the kept overlay of an appliance (`id` NULL: all of them). Caller holds the one-guest lock. Returns
// how many, or -1 with BUSY (one is in use: none is removed) or STORE.
int ast_overlay_store_reset (AstOverlayStore *self, const char *id, GError **error);
// Has it a kept overlay?
gboolean ast_overlay_store_has_kept (AstOverlayStore *self, const char *id);

// When each appliance was last started, seconds since the epoch, 0 = never; kept in the folder as
// `last-used`. A mark holds at once for this object and is written in a thread; a file that is damaged counts
// as empty.
gint64 ast_overlay_store_last_used (AstOverlayStore *self, const char *id);
// How often it was started, as far as that is remembered.
guint ast_overlay_store_count_uses (AstOverlayStore *self, const char *id);
void ast_overlay_store_mark_used (AstOverlayStore *self, const char *id);

G_END_DECLS
