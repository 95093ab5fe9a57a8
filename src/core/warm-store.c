// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "warm-store.h"
#include "error.h"
#include "image.h"
#include "key-file.h"
#include "overlay-bound.h"
#include "overlay-names.h"
#include "reading.h"
#include "text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#define MIB           ((guint64)1024 * 1024)
#define CHUNK_BYTES   (1024 * 1024)
#define PAGE_BYTES    4096
#define INFO_SUFFIX   ".warm"       // after ID
#define SEED_SUFFIX   ".seed.qcow2" // after ID-RANDOM
#define MEMORY_SUFFIX ".memory"     // after ID-RANDOM
#define RAM_SUFFIX    ".ram"        // after ID-RANDOM
// What a seed is expected to take, and what else libvirt writes into a memory image.
#define SEED_MIB 256

// No disk is as large: whatever an info says, their sum does not run over.
#define MAX_TAKEN ((guint64)1 << 50)
// Characters of a problem.
#define MAX_PROBLEM 500

// Groups and keys of the info file.
#define PAIR    "pair"
#define DEPENDS "depends"
#define PROBLEM "problem"

struct _AstWarmStore
{
  GObject parent_instance;

  char *folder; // absolute
  guint reserve_mib;
  guint quota_mib;
  AstOverlayStore *seeds;
};

G_DEFINE_FINAL_TYPE (AstWarmStore, ast_warm_store, G_TYPE_OBJECT)

static void
ast_warm_store_finalize (GObject *object)
{
  AstWarmStore *self = AST_WARM_STORE (object);

  g_free (self->folder);
  g_object_unref (self->seeds);
  G_OBJECT_CLASS (ast_warm_store_parent_class)->finalize (object);
}

static void
ast_warm_store_class_init (AstWarmStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_warm_store_finalize;
}

static void
ast_warm_store_init (AstWarmStore *self)
{
}

AstWarmStore *
ast_warm_store_new (const char *folder, guint reserve_mib, guint overlay_mib, guint quota_mib)
{
  AstWarmStore *self = g_object_new (AST_TYPE_WARM_STORE, NULL);

  self->folder = g_canonicalize_filename (folder, NULL);
  self->reserve_mib = reserve_mib;
  self->quota_mib = quota_mib;
  self->seeds = ast_overlay_store_new (folder, reserve_mib, overlay_mib);
  return self;
}

AstWarmStore *
ast_warm_store_new_of (const AstConfig *config)
{
  return ast_warm_store_new (config->warm, config->reserve_mib, config->overlay_mib, config->quota_mib);
}

AstOverlayStore *
ast_warm_store_get_seeds (AstWarmStore *self)
{
  return self->seeds;
}

const char *
ast_warmth_word (AstWarmth warmth)
{
  static const char *const words[] = { [AST_WARMTH_NONE] = "none",
                                       [AST_WARMTH_FRESH] = "fresh",
                                       [AST_WARMTH_STALE] = "stale",
                                       [AST_WARMTH_DAMAGED] = "damaged" };

  return words[warmth];
}

static gboolean
fail_errno (AstWarmStore *self, int code, GError **error)
{
  g_autofree char *folder = g_filename_display_name (self->folder);

  g_set_error (error, AST_ERROR, ast_error_of_errno (code), _ ("A warm start cannot be prepared in %s: %s"),
               folder, g_strerror (code));
  return FALSE;
}

// ---------------------------------------------------------------------------------------------------------------
// A pair

AstWarmPair *
ast_warm_pair_ref (AstWarmPair *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
warm_pair_clear (AstWarmPair *self)
{
  g_free (self->seed);
  g_free (self->memory);
  g_free (self->ram);
}

void
ast_warm_pair_unref (AstWarmPair *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify)warm_pair_clear);
}

// The pages of a part of a file, each with its place. Empty ones are as good as a hole.
static void
sum_pages (XXH3_state_t *state, const guint8 *chunk, gsize length, guint64 place)
{
  static const guint8 empty[PAGE_BYTES];

  for (gsize done = 0; done < length; done += PAGE_BYTES, place += PAGE_BYTES)
    {
      gsize bytes = MIN (length - done, PAGE_BYTES);
      guint64 told = GUINT64_TO_LE (place);

      if (memcmp (chunk + done, empty, bytes) == 0)
        continue;
      XXH3_128bits_update (state, &told, sizeof told);
      XXH3_128bits_update (state, chunk + done, bytes);
    }
}

// What comes next in the file from `place` on, which moves over a hole to it. The number of bytes, 0 at the
// end, or -1 with errno.
static gssize
read_chunk (int fd, guint8 *chunk, off_t *place)
{
  off_t data = lseek (fd, *place, SEEK_DATA);
  gsize got = 0;
  gssize length = 1;

  // Nothing but a hole up to the end; whoever knows no holes has data everywhere.
  if (data < 0 && errno == ENXIO)
    return 0;
  if (data >= 0)
    *place = data / PAGE_BYTES * PAGE_BYTES;
  while (got < CHUNK_BYTES && length > 0)
    {
      length = pread (fd, chunk + got, CHUNK_BYTES - got, *place + (off_t)got);
      got += length > 0 ? (gsize)length : 0;
    }
  return length < 0 ? -1 : (gssize)got;
}

static gboolean
sum_fd (int fd, guint64 sum[2], GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK_BYTES);
  XXH3_state_t *state = XXH3_createState ();
  gssize length = 1;
  off_t place = 0;
  XXH128_hash_t hash;

  XXH3_128bits_reset (state);
  posix_fadvise (fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  while (length > 0 && !g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      length = read_chunk (fd, chunk, &place);
      if (length > 0)
        sum_pages (state, chunk, (gsize)length, (guint64)place);
      place += length;
    }
  hash = XXH3_128bits_digest (state);
  XXH3_freeState (state);
  sum[0] = hash.high64;
  sum[1] = hash.low64;
  if (length < 0)
    g_set_error (error, AST_ERROR, AST_ERROR_WARM, "%s", g_strerror (errno));
  return length == 0;
}

static gboolean
sum_file (const char *path, guint64 sum[2], GCancellable *cancellable, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  gboolean summed;

  if (fd < 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_WARM, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  summed = sum_fd (fd, sum, cancellable, error);
  close (fd);
  return summed;
}

static gboolean
verify_file (const char *path, const guint64 wanted[2], GCancellable *cancellable, GError **error)
{
  guint64 sum[2];
  g_autofree char *name = NULL;

  if (!sum_file (path, sum, cancellable, error))
    return FALSE;
  if (sum[0] == wanted[0] && sum[1] == wanted[1])
    return TRUE;
  name = g_filename_display_basename (path);
  g_set_error (error, AST_ERROR, AST_ERROR_WARM, _ ("%s is not what was written."), name);
  return FALSE;
}

gboolean
ast_warm_pair_verify (const AstWarmPair *self, GCancellable *cancellable, GError **error)
{
  return verify_file (self->memory, self->memory_sum, cancellable, error)
         && (self->ram == NULL || verify_file (self->ram, self->ram_sum, cancellable, error))
         && (self->seed == NULL || verify_file (self->seed, self->seed_sum, cancellable, error));
}

// But for its holes: read, each of them would take as much memory as what is in the file.
static void
expect_file (const char *path)
{
  int fd = path ? open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  off_t data, end = 0;

  if (fd < 0)
    return;
  while ((data = lseek (fd, end, SEEK_DATA)) >= 0 && (end = lseek (fd, data, SEEK_HOLE)) > data)
    posix_fadvise (fd, data, end - data, POSIX_FADV_WILLNEED);
  close (fd);
}

static void
expect_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstWarmPair *pair = data;

  expect_file (pair->memory);
  expect_file (pair->ram);
}

void
ast_warm_pair_expect (AstWarmPair *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, ast_warm_pair_ref (self), (GDestroyNotify)ast_warm_pair_unref);
  g_task_run_in_thread (task, expect_thread);
}

// ---------------------------------------------------------------------------------------------------------------
// The info file

static char *
build_info_path (AstWarmStore *self, const char *id)
{
  g_autofree char *name = g_strconcat (id, INFO_SUFFIX, NULL);

  return g_build_filename (self->folder, name, NULL);
}

// What is missing or damaged is empty.
static GKeyFile *
load_info (AstWarmStore *self, const char *id)
{
  g_autofree char *path = build_info_path (self, id);
  GKeyFile *info = ast_key_file_load (path);

  return info ? info : g_key_file_new ();
}

static gboolean
save_info (AstWarmStore *self, const char *id, GKeyFile *info, GError **error)
{
  g_autofree char *path = build_info_path (self, id);

  return ast_key_file_save (info, path, error);
}

static void
set_sum (GKeyFile *info, const char *key, const guint64 sum[2])
{
  g_autofree char *text
      = g_strdup_printf ("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", sum[0], sum[1]);

  g_key_file_set_string (info, PAIR, key, text);
}

static gboolean
get_sum (GKeyFile *info, const char *key, guint64 sum[2])
{
  g_autofree char *text = g_key_file_get_string (info, PAIR, key, NULL);

  if (text == NULL || strlen (text) != 32 || strspn (text, "0123456789abcdef") != 32)
    return FALSE;
  sum[1] = g_ascii_strtoull (text + 16, NULL, 16);
  text[16] = '\0';
  sum[0] = g_ascii_strtoull (text, NULL, 16);
  return TRUE;
}

// The name in the info, as a file of the folder; NULL where it is none of this appliance's.
static char *
get_file (AstWarmStore *self, const char *id, GKeyFile *info, const char *key, const char *suffix)
{
  g_autofree char *name = g_key_file_get_string (info, PAIR, key, NULL);

  if (name == NULL || !ast_overlay_is_name_of (name, id, suffix))
    return NULL;
  return g_build_filename (self->folder, name, NULL);
}

static AstWarmPair *
read_pair (AstWarmStore *self, const char *id, GKeyFile *info)
{
  g_autoptr (AstWarmPair) pair = g_atomic_rc_box_new0 (AstWarmPair);

  pair->memory = get_file (self, id, info, "memory", MEMORY_SUFFIX);
  pair->ram = get_file (self, id, info, "ram", RAM_SUFFIX);
  pair->ram_bytes = g_key_file_get_uint64 (info, PAIR, "ram-size", NULL);
  pair->seed = get_file (self, id, info, "seed", SEED_SUFFIX);
  pair->made = g_key_file_get_int64 (info, PAIR, "made", NULL);
  pair->bytes = g_key_file_get_uint64 (info, PAIR, "bytes", NULL);
  if (pair->memory == NULL || !get_sum (info, "memory-sum", pair->memory_sum)
      || (pair->ram == NULL ? g_key_file_has_key (info, PAIR, "ram", NULL)
                            : !get_sum (info, "ram-sum", pair->ram_sum))
      || (pair->seed && !get_sum (info, "seed-sum", pair->seed_sum)))
    return NULL;
  return g_steal_pointer (&pair);
}

static gboolean
has_size (const char *path, guint64 size)
{
  struct stat found;

  return lstat (path, &found) == 0 && S_ISREG (found.st_mode) && (guint64)found.st_size == size;
}

static gboolean
is_whole (const AstWarmPair *pair, GKeyFile *info)
{
  return has_size (pair->memory, g_key_file_get_uint64 (info, PAIR, "memory-size", NULL))
         && (pair->ram == NULL || has_size (pair->ram, pair->ram_bytes))
         && (pair->seed == NULL
             || has_size (pair->seed, g_key_file_get_uint64 (info, PAIR, "seed-size", NULL)));
}

// ---------------------------------------------------------------------------------------------------------------
// What a pair depends on

typedef struct
{
  GStrvBuilder *sums;
  GCancellable *cancellable;
  GError *error;
} Digests;

static void
add_digest (gpointer image, gpointer data)
{
  Digests *digests = data;
  g_autofree char *sum = digests->error ? NULL
                                        : ast_image_digest (((const AstImage *)image)->path,
                                                            digests->cancellable, &digests->error);

  if (sum)
    g_strv_builder_add (digests->sums, sum);
}

static GStrv
digest_images (const AstAppliance *appliance, GCancellable *cancellable, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  Digests digests = { builder, cancellable, NULL };

  ast_image_for_each (appliance, add_digest, &digests);
  if (digests.error == NULL)
    return g_strv_builder_end (builder);
  g_propagate_error (error, digests.error);
  return NULL;
}

static char *
digest_descriptor (const AstAppliance *appliance)
{
  g_autofree char *path = g_build_filename (appliance->folder, AST_DESCRIPTOR_FILE, NULL);
  g_autofree char *text = NULL;
  gsize length = 0;

  g_file_get_contents (path, &text, &length, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)(text ? text : ""), length);
}

static void
set_strings (GKeyFile *info, const char *key, char **strings)
{
  g_key_file_set_string_list (info, DEPENDS, key, (const char *const *)strings, g_strv_length (strings));
}

static gboolean
same_strings (GKeyFile *info, const char *key, char **now)
{
  g_auto (GStrv) then = g_key_file_get_string_list (info, DEPENDS, key, NULL, NULL);

  return then && g_strv_equal ((const char *const *)then, (const char *const *)now);
}

static gboolean
same_string (GKeyFile *info, const char *key, const char *now)
{
  g_autofree char *then = g_key_file_get_string (info, DEPENDS, key, NULL);

  return g_strcmp0 (then, now) == 0;
}

// The lines "name value" of the host's text, in what the pair was made with and what is now.
static const char *
find_host_change (GKeyFile *info, const char *host)
{
  static const struct
  {
    const char *word;
    const char *text;
  } causes[] = {
    { "qemu ", N_ ("QEMU was updated") },
    { "processor ", N_ ("the processor is another one") },
    { "domain ", N_ ("its virtual hardware has changed") },
    { "memory ", N_ ("its memory is kept in another way now") },
  };
  g_autofree char *then = g_key_file_get_string (info, DEPENDS, "host", NULL);
  g_auto (GStrv) before = g_strsplit (then ? then : "", "\n", -1);
  g_auto (GStrv) now = g_strsplit (host, "\n", -1);

  for (guint i = 0; now[i]; i++)
    for (guint c = 0; c < G_N_ELEMENTS (causes); c++)
      if (g_str_has_prefix (now[i], causes[c].word) && !g_strv_contains ((const char *const *)before, now[i]))
        return _ (causes[c].text);
  return _ ("the station has changed");
}

// Why the pair is stale, translated; NULL = it is not. `images`: do they count?
static const char *
find_change (GKeyFile *info, const AstAppliance *appliance, const char *host, gboolean images)
{
  g_autofree char *descriptor = digest_descriptor (appliance);
  g_auto (GStrv) now = ast_image_describe_all (appliance);

  if (images && !same_strings (info, "images", now))
    return _ ("an image has changed");
  if (!same_string (info, "descriptor", descriptor))
    return _ ("its descriptor has changed");
  return same_string (info, "host", host) ? NULL : find_host_change (info, host);
}

// ---------------------------------------------------------------------------------------------------------------
// Find

static void
say_why (char **why, const char *text)
{
  if (why)
    *why = g_strdup (text);
}

// NULL where there is none. It may hold libvirt's words, line breaks and all.
static char *
get_problem (GKeyFile *info)
{
  g_autofree char *text = g_key_file_get_string (info, PROBLEM, "text", NULL);
  g_autofree char *line = text ? ast_text_label (text, MAX_PROBLEM) : NULL;

  return line && line[0] ? g_steal_pointer (&line) : NULL;
}

AstWarmPair *
ast_warm_store_find (AstWarmStore *self, const AstAppliance *appliance, const char *host, AstWarmth *warmth,
                     char **why)
{
  g_autoptr (GKeyFile) info = load_info (self, appliance->id);
  g_autofree char *problem = get_problem (info);
  g_autoptr (AstWarmPair) pair = NULL;
  const char *change;

  say_why (why, NULL);
  *warmth = AST_WARMTH_NONE;
  if (problem)
    {
      *warmth = AST_WARMTH_DAMAGED;
      say_why (why, problem);
      return NULL;
    }
  if (!g_key_file_has_group (info, PAIR))
    return NULL;
  pair = read_pair (self, appliance->id, info);
  if (pair == NULL || !is_whole (pair, info) || (pair->seed != NULL) != (appliance->disk != NULL))
    {
      *warmth = AST_WARMTH_DAMAGED;
      say_why (why, _ ("a file of what was prepared is missing, or not as long as it was"));
      return NULL;
    }
  change = find_change (info, appliance, host, TRUE);
  *warmth = change ? AST_WARMTH_STALE : AST_WARMTH_FRESH;
  say_why (why, change);
  return change ? NULL : g_steal_pointer (&pair);
}

gboolean
ast_warm_store_confirm (AstWarmStore *self, const AstAppliance *appliance, const char *host,
                        GCancellable *cancellable, GError **error)
{
  g_autoptr (GKeyFile) info = load_info (self, appliance->id);
  g_autoptr (AstWarmPair) pair
      = g_key_file_has_group (info, PROBLEM) ? NULL : read_pair (self, appliance->id, info);
  g_auto (GStrv) identities = ast_image_describe_all (appliance);
  g_auto (GStrv) digests = NULL;

  if (pair == NULL || !is_whole (pair, info) || (pair->seed != NULL) != (appliance->disk != NULL)
      || find_change (info, appliance, host, FALSE))
    return FALSE;
  if (same_strings (info, "images", identities))
    return TRUE;
  digests = digest_images (appliance, cancellable, error);
  if (digests == NULL || !same_strings (info, "digests", digests))
    return FALSE;
  set_strings (info, "images", identities);
  return save_info (self, appliance->id, info, error);
}

// ---------------------------------------------------------------------------------------------------------------
// What is there

// The ids of all infos. The caller frees them.
static GPtrArray *
list_ids (AstWarmStore *self)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  DIR *folder = opendir (self->folder);

  if (folder == NULL)
    return ids;
  for (struct dirent *entry = readdir (folder); entry != NULL; entry = readdir (folder))
    {
      g_autofree char *id = g_str_has_suffix (entry->d_name, INFO_SUFFIX)
                                ? g_strndup (entry->d_name, strlen (entry->d_name) - strlen (INFO_SUFFIX))
                                : NULL;

      if (id && ast_overlay_is_id (id))
        g_ptr_array_add (ids, g_steal_pointer (&id));
    }
  closedir (folder);
  return ids;
}

static void
remove_files (const AstWarmPair *pair)
{
  unlink (pair->memory);
  if (pair->ram)
    unlink (pair->ram);
  if (pair->seed)
    unlink (pair->seed);
}

static gboolean
drop_pair (AstWarmStore *self, const char *id)
{
  g_autoptr (GKeyFile) info = load_info (self, id);
  g_autoptr (AstWarmPair) pair = read_pair (self, id, info);
  g_autofree char *path = build_info_path (self, id);

  // The info first: without it, nobody finds what is left.
  unlink (path);
  if (pair == NULL)
    return FALSE;
  remove_files (pair);
  return TRUE;
}

guint
ast_warm_store_drop (AstWarmStore *self, const char *id)
{
  g_autoptr (GPtrArray) ids = NULL;
  guint dropped = 0;

  if (id)
    return ast_overlay_is_id (id) && drop_pair (self, id) ? 1 : 0;
  ids = list_ids (self);
  for (guint i = 0; i < ids->len; i++)
    if (drop_pair (self, ids->pdata[i]))
      dropped++;
  return dropped;
}

void
ast_warm_store_condemn (AstWarmStore *self, const AstAppliance *appliance, const char *reason)
{
  g_autoptr (GKeyFile) former = load_info (self, appliance->id);
  g_autoptr (GKeyFile) info = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  // It is remembered already.
  if (g_key_file_has_group (former, PROBLEM))
    return;
  ast_warm_store_drop (self, appliance->id);
  g_key_file_set_string (info, PROBLEM, "text", reason);
  g_key_file_set_int64 (info, PROBLEM, "time", g_get_real_time () / G_USEC_PER_SEC);
  if (!save_info (self, appliance->id, info, &error))
    g_message ("%s", error->message);
}

// Every file that a pair is made of, absolute.
static GHashTable *
list_wanted (AstWarmStore *self)
{
  GHashTable *wanted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) ids = list_ids (self);

  for (guint i = 0; i < ids->len; i++)
    {
      g_autoptr (GKeyFile) info = load_info (self, ids->pdata[i]);
      g_autoptr (AstWarmPair) pair = read_pair (self, ids->pdata[i], info);

      if (pair == NULL)
        continue;
      g_hash_table_add (wanted, g_strdup (pair->memory));
      if (pair->ram)
        g_hash_table_add (wanted, g_strdup (pair->ram));
      if (pair->seed)
        g_hash_table_add (wanted, g_strdup (pair->seed));
    }
  return wanted;
}

void
ast_warm_store_sweep (AstWarmStore *self)
{
  g_autoptr (GHashTable) wanted = list_wanted (self);
  g_autoptr (GError) error = NULL;
  DIR *folder = opendir (self->folder);

  if (folder == NULL)
    return;
  for (struct dirent *entry = readdir (folder); entry != NULL; entry = readdir (folder))
    {
      g_autofree char *path = g_build_filename (self->folder, entry->d_name, NULL);
      gboolean is_part = g_str_has_suffix (entry->d_name, SEED_SUFFIX)
                         || g_str_has_suffix (entry->d_name, MEMORY_SUFFIX)
                         || g_str_has_suffix (entry->d_name, RAM_SUFFIX);

      if (is_part && !g_hash_table_contains (wanted, path) && !ast_overlay_store_in_use (path))
        unlink (path);
    }
  closedir (folder);
  if (ast_overlay_store_sweep (self->seeds, NULL, &error) < 0)
    g_message ("%s", error->message);
}

static guint64
get_taken (AstWarmStore *self, const char *id)
{
  g_autoptr (GKeyFile) info = load_info (self, id);

  return MIN (g_key_file_get_uint64 (info, PAIR, "bytes", NULL), MAX_TAKEN);
}

guint64
ast_warm_store_get_bytes (AstWarmStore *self, const char *but)
{
  g_autoptr (GPtrArray) ids = list_ids (self);
  guint64 bytes = 0;

  for (guint i = 0; i < ids->len; i++)
    if (g_strcmp0 (ids->pdata[i], but) != 0)
      bytes += get_taken (self, ids->pdata[i]);
  return bytes;
}

void
ast_warm_store_drop_but (AstWarmStore *self, const char *but)
{
  g_autoptr (GPtrArray) ids = list_ids (self);

  for (guint i = 0; i < ids->len; i++)
    if (g_strcmp0 (ids->pdata[i], but) != 0 && drop_pair (self, ids->pdata[i]))
      g_message ("%s is cold again: a running guest needs the room", (const char *)ids->pdata[i]);
}

gboolean
ast_warm_store_is_beside (AstWarmStore *self, const char *path)
{
  struct stat folder, file;

  return stat (self->folder, &folder) == 0 && stat (path, &file) == 0 && folder.st_dev == file.st_dev;
}

// ---------------------------------------------------------------------------------------------------------------
// Room

// The oldest pair but this appliance's; the caller frees it, NULL = there is none.
static char *
find_oldest (AstWarmStore *self, const char *but)
{
  g_autoptr (GPtrArray) ids = list_ids (self);
  const char *oldest = NULL;
  gint64 oldest_made = G_MAXINT64;

  for (guint i = 0; i < ids->len; i++)
    {
      g_autoptr (GKeyFile) info = load_info (self, ids->pdata[i]);
      gint64 made = g_key_file_get_int64 (info, PAIR, "made", NULL);

      if (made > 0 && made < oldest_made && g_strcmp0 (ids->pdata[i], but) != 0)
        {
          oldest = ids->pdata[i];
          oldest_made = made;
        }
    }
  return g_strdup (oldest);
}

static gboolean
drop_oldest (AstWarmStore *self, const char *but)
{
  g_autofree char *oldest = find_oldest (self, but);

  if (oldest == NULL)
    return FALSE;
  g_message ("%s is cold again: there is no more room for warm starts", oldest);
  drop_pair (self, oldest);
  return TRUE;
}

static guint64
count_free (AstWarmStore *self)
{
  struct statvfs space;

  return statvfs (self->folder, &space) == 0 ? (guint64)space.f_bavail * space.f_frsize : 0;
}

static gboolean
is_room (AstWarmStore *self, guint64 needed)
{
  return ast_warm_store_get_bytes (self, NULL) + needed <= self->quota_mib * MIB
         && count_free (self) >= needed + self->reserve_mib * MIB;
}

gboolean
ast_warm_store_make_room (AstWarmStore *self, const AstAppliance *appliance, GError **error)
{
  guint64 needed = (appliance->memory_mib + SEED_MIB) * MIB;
  g_autofree char *text = NULL;
  g_autofree char *folder = NULL;

  if (g_mkdir_with_parents (self->folder, 0700) != 0)
    return fail_errno (self, errno, error);
  ast_warm_store_sweep (self);
  while (!is_room (self, needed))
    if (!drop_pair (self, appliance->id) && !drop_oldest (self, appliance->id))
      {
        text = g_format_size_full (needed, G_FORMAT_SIZE_IEC_UNITS);
        folder = g_filename_display_name (self->folder);
        g_set_error (
            error, AST_ERROR, AST_ERROR_NO_SPACE,
            _ ("A warm start of “%s” needs up to %s in %s, which is more than is free, or than quota-mib "
               "allows."),
            appliance->id, text, folder);
        return FALSE;
      }
  return TRUE;
}

// ---------------------------------------------------------------------------------------------------------------
// Publish

// The folder and the name's part before `suffix`.
static char *
replace_suffix (const char *path, const char *suffix, const char *with)
{
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen (suffix));

  return g_strconcat (stem, with, NULL);
}

char *
ast_warm_store_name_memory (AstWarmStore *self, const AstAppliance *appliance, const char *seed)
{
  g_autofree char *name = NULL;

  if (seed)
    return replace_suffix (seed, AST_OVERLAY_VOLATILE_SUFFIX, MEMORY_SUFFIX);
  name = ast_overlay_make_name (appliance->id, MEMORY_SUFFIX);
  return g_build_filename (self->folder, name, NULL);
}

char *
ast_warm_store_name_ram (const char *memory)
{
  return replace_suffix (memory, MEMORY_SUFFIX, RAM_SUFFIX);
}

// A seed's file is as long as the overlay might have become; behind the image's end there is nothing to read.
static gboolean
cut_seed (AstWarmStore *self, const char *seed, GCancellable *cancellable, GError **error)
{
  int fd = open (seed, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  guint64 end;
  gboolean cut;

  if (fd < 0)
    return fail_errno (self, errno, error);
  cut = ast_overlay_read_end (fd, cancellable, &end, error)
        && (ftruncate (fd, (off_t)end) == 0 || fail_errno (self, errno, error));
  close (fd);
  return cut;
}

// Sums a file, and has it on the disk, and its mode set.
static gboolean
seal (AstWarmStore *self, GKeyFile *info, const char *key, const char *path, mode_t mode, guint64 *bytes,
      GCancellable *cancellable, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_autofree char *sum_key = g_strconcat (key, "-sum", NULL);
  g_autofree char *size_key = g_strconcat (key, "-size", NULL);
  struct stat found;
  guint64 sum[2];
  gboolean sealed;

  if (fd < 0)
    return fail_errno (self, errno, error);
  sealed = (fchmod (fd, mode) == 0 && fsync (fd) == 0 && fstat (fd, &found) == 0)
           || fail_errno (self, errno, error);
  sealed = sealed && sum_fd (fd, sum, cancellable, error);
  close (fd);
  if (!sealed)
    return FALSE;
  set_sum (info, sum_key, sum);
  g_key_file_set_uint64 (info, PAIR, size_key, (guint64)found.st_size);
  *bytes += (guint64)found.st_blocks * 512; // POSIX's unit, whatever the file system's
  return TRUE;
}

static gboolean
set_name (AstWarmStore *self, GKeyFile *info, const char *key, const char *path, const char *name,
          GError **error)
{
  g_autofree char *base = g_path_get_basename (name);

  g_key_file_set_string (info, PAIR, key, base);
  return g_str_equal (path, name) || rename (path, name) == 0 || fail_errno (self, errno, error);
}

static gboolean
describe_pair (AstWarmStore *self, GKeyFile *info, const AstAppliance *appliance, const char *host,
               GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) images = ast_image_describe_all (appliance);
  g_auto (GStrv) digests = digest_images (appliance, cancellable, error);
  g_autofree char *descriptor = digest_descriptor (appliance);

  if (digests == NULL)
    return FALSE;
  set_strings (info, "images", images);
  set_strings (info, "digests", digests);
  g_key_file_set_string (info, DEPENDS, "descriptor", descriptor);
  g_key_file_set_string (info, DEPENDS, "host", host);
  return TRUE;
}

char *
ast_warm_store_note (const AstAppliance *appliance)
{
  g_auto (GStrv) images = ast_image_describe_all (appliance);
  g_autofree char *text = g_strjoinv ("\n", images);
  g_autofree char *descriptor = digest_descriptor (appliance);

  return g_strdup_printf ("%s\n%s", descriptor, text);
}

static gboolean
check_note (const AstAppliance *appliance, const char *note, GError **error)
{
  g_autofree char *now = ast_warm_store_note (appliance);

  if (g_str_equal (note, now))
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_WARM,
               _ ("“%s” was changed while its warm start was prepared: prepare it again."), appliance->id);
  return FALSE;
}

gboolean
ast_warm_store_publish (AstWarmStore *self, const AstAppliance *appliance, const char *host, const char *note,
                        const char *seed, const char *memory, GCancellable *cancellable, GError **error)
{
  g_autoptr (GKeyFile) info = g_key_file_new ();
  g_autoptr (GKeyFile) former_info = load_info (self, appliance->id);
  g_autoptr (AstWarmPair) former = read_pair (self, appliance->id, former_info);
  g_autofree char *published = seed ? replace_suffix (seed, AST_OVERLAY_VOLATILE_SUFFIX, SEED_SUFFIX) : NULL;
  g_autofree char *ram = ast_warm_store_name_ram (memory);
  gboolean is_mapped = access (ram, F_OK) == 0;
  guint64 bytes = 0;

  if (!describe_pair (self, info, appliance, host, cancellable, error) || !check_note (appliance, note, error)
      || !seal (self, info, "memory", memory, 0400, &bytes, cancellable, error)
      || (is_mapped && !seal (self, info, "ram", ram, 0600, &bytes, cancellable, error))
      || (seed && !cut_seed (self, seed, cancellable, error))
      || (seed && !seal (self, info, "seed", seed, 0400, &bytes, cancellable, error)))
    return FALSE;
  g_key_file_set_int64 (info, PAIR, "made", g_get_real_time () / G_USEC_PER_SEC);
  g_key_file_set_uint64 (info, PAIR, "bytes", bytes);
  if (!set_name (self, info, "memory", memory, memory, error)
      || (is_mapped && !set_name (self, info, "ram", ram, ram, error))
      || (seed && !set_name (self, info, "seed", seed, published, error)))
    return FALSE;
  if (!save_info (self, appliance->id, info, error))
    {
      if (seed)
        rename (published, seed);
      return FALSE;
    }
  if (former)
    remove_files (former);
  return TRUE;
}
