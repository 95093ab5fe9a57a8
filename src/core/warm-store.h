// SPDX-License-Identifier: GPL-3.0-or-later
// The warm pairs: of an appliance that was booted on this station, the seed (its overlay at that moment) and
// the memory: an image, and beside it the RAM where that is mapped (memory-image.h). They belong together and
// never change; a start makes a new overlay on the seed and restores the memory.
#pragma once
#include <gio/gio.h>
#include "appliance.h"
#include "config.h"
#include "overlay-store.h"

G_BEGIN_DECLS

#define AST_TYPE_WARM_STORE (ast_warm_store_get_type ())
G_DECLARE_FINAL_TYPE (AstWarmStore, ast_warm_store, AST, WARM_STORE, GObject)

typedef struct
{
  char *seed;          // absolute path, qcow2; NULL for an appliance without a disk
  char *memory;        // absolute path, as libvirt saved it
  char *ram;           // absolute path, what is to be mapped; NULL: it is in the memory
  guint64 seed_sum[2]; // XXH3, 128 bits, of what is in the files, and where
  guint64 memory_sum[2];
  guint64 ram_sum[2];
  guint64 ram_bytes; // the length of `ram`
  gint64 made;       // seconds since the epoch
  guint64 bytes;     // that all take on the disk
} AstWarmPair;

AstWarmPair *ast_warm_pair_ref (AstWarmPair *self);
void ast_warm_pair_unref (AstWarmPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstWarmPair, ast_warm_pair_unref)

// Reads all files whole and compares their sums; blocking, for a thread. FALSE with AST_ERROR_WARM and a
// sentence for the admin, or G_IO_ERROR_CANCELLED.
gboolean ast_warm_pair_verify (const AstWarmPair *self, GCancellable *cancellable, GError **error);

// A start from it is likely: has the memory read into the station's. Returns at once.
void ast_warm_pair_expect (AstWarmPair *self);

typedef enum
{
  AST_WARMTH_NONE,    // nothing is prepared
  AST_WARMTH_FRESH,   // the pair will be used
  AST_WARMTH_STALE,   // something of it has changed: the pair is of no use any more
  AST_WARMTH_DAMAGED, // it was found broken
} AstWarmth;

// The stable word: "none", "fresh", "stale", "damaged". Static.
const char *ast_warmth_word (AstWarmth warmth);

// `folder`: made (0700) when first needed. `reserve_mib`: MiB that stay free on its disk. `quota_mib`: most
// that all pairs may take, MiB. `overlay_mib`: as of an overlay store.
AstWarmStore *ast_warm_store_new (const char *folder, guint reserve_mib, guint overlay_mib, guint quota_mib);

// The one of this station.
AstWarmStore *ast_warm_store_new_of (const AstConfig *config);

// Where seeds are made, as overlays on the appliance's own images; borrowed. What it creates and nobody
// publishes is discarded there.
AstOverlayStore *ast_warm_store_get_seeds (AstWarmStore *self);

// The pair of this appliance, a full reference; NULL where a cold start is due, and why as `*why` (a
// translated sentence, NULL where nothing was prepared; may be NULL; the caller frees it). `host`: what the
// host says a memory image depends on (ast_host_describe_finish). Looks at a few files' metadata:
// microseconds.
AstWarmPair *ast_warm_store_find (AstWarmStore *self, const AstAppliance *appliance, const char *host,
                                  AstWarmth *warmth, char **why);

// Blocking, in a thread, and reads the images whole. TRUE: there is a fresh pair, or one of which only the
// times of the images had changed, which it is told. FALSE without error: there is none.
gboolean ast_warm_store_confirm (AstWarmStore *self, const AstAppliance *appliance, const char *host,
                                 GCancellable *cancellable, GError **error);

// Is there room for one more pair of this appliance? Drops its own former pair, and then the oldest pairs of
// other appliances, until there is. FALSE with AST_ERROR_NO_SPACE. Blocking, fast.
gboolean ast_warm_store_make_room (AstWarmStore *self, const AstAppliance *appliance, GError **error);

// Descriptor and images as they are now, by their metadata: what a pair that is begun now must still be made
// of when it is published. The caller frees it.
char *ast_warm_store_note (const AstAppliance *appliance);

// A name for the memory image that belongs to this seed (NULL: of an appliance without a disk). The caller
// frees it.
char *ast_warm_store_name_memory (AstWarmStore *self, const AstAppliance *appliance, const char *seed);

// And for the RAM that is taken out of this image. The caller frees it.
char *ast_warm_store_name_ram (const char *memory);

// Makes a pair of files that nobody writes any more, the RAM's if it is there: sums, flushed to the disk,
// read-only (but the RAM's: QEMU maps no file that it may not write to), and then found. Takes the place of
// the appliance's former pair at one stroke: whenever the power goes, one of the two is found. `note`: of the
// moment before the appliance was booted. Blocking, reads all files and the images. The files stay the
// caller's to remove when it fails: STORE, NO_SPACE, IMAGE_UNREADABLE, WARM (something has changed since the
// note), or G_IO_ERROR_CANCELLED.
gboolean ast_warm_store_publish (AstWarmStore *self, const AstAppliance *appliance, const char *host,
                                 const char *note, const char *seed, const char *memory,
                                 GCancellable *cancellable, GError **error);

// The pair turned out to be broken: its files go, and `reason`, a sentence, is remembered for the admin until
// the next one is published.
void ast_warm_store_condemn (AstWarmStore *self, const AstAppliance *appliance, const char *reason);

// Drops the pair of an appliance (`id` NULL: all of them), and what is remembered. How many pairs there were.
guint ast_warm_store_drop (AstWarmStore *self, const char *id);

// Removes what belongs to no pair. The caller holds the one-guest lock.
void ast_warm_store_sweep (AstWarmStore *self);

// Bytes that all pairs take, or all but this appliance's (`but` may be NULL).
guint64 ast_warm_store_get_bytes (AstWarmStore *self, const char *but);
// Drops all pairs but this appliance's. Blocking: a big file's blocks are freed meanwhile.
void ast_warm_store_drop_but (AstWarmStore *self, const char *but);
// Are the pairs on the disk that this file is on?
gboolean ast_warm_store_is_beside (AstWarmStore *self, const char *path);

G_END_DECLS
