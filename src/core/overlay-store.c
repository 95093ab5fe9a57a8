// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "overlay-store.h"
#include "blank-overlay.h"
#include "error.h"
#include "image.h"
#include "kept-info.h"
#include "overlay-bound.h"
#include "overlay-names.h"
#include "qcow2.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAX_TRIES 16
#define MIB       ((guint64)1024 * 1024)

// QEMU's file-posix.c locks one byte for each permission from 100 and for each that it does not share from
// 200 on.
#define QEMU_LOCK_FIRST 100
#define QEMU_LOCK_BYTES 200

// The group of the file of last uses in which they are counted.
#define USES "uses"

struct _AstOverlayStore
{
  GObject parent_instance;

  char *folder; // absolute
  guint reserve_mib;
  guint overlay_mib;
  AstBlankOverlay *blank;

  GKeyFile *used;    // what `last-used` said at first asking, and what was marked since; main thread only
  GMutex used_mutex; // one writer of `last-used` at a time
};

G_DEFINE_TYPE (AstOverlayStore, ast_overlay_store, G_TYPE_OBJECT)

static void
ast_overlay_store_finalize (GObject *object)
{
  AstOverlayStore *self = AST_OVERLAY_STORE (object);

  g_free (self->folder);
  ast_blank_overlay_free (self->blank);
  g_clear_pointer (&self->used, g_key_file_unref);
  g_mutex_clear (&self->used_mutex);
  G_OBJECT_CLASS (ast_overlay_store_parent_class)->finalize (object);
}

static void
ast_overlay_store_class_init (AstOverlayStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_overlay_store_finalize;
}

static void
ast_overlay_store_init (AstOverlayStore *self)
{
  self->blank = ast_blank_overlay_new ();
  g_mutex_init (&self->used_mutex);
}

AstOverlayStore *
ast_overlay_store_new (const char *folder, guint reserve_mib, guint overlay_mib)
{
  AstOverlayStore *self = g_object_new (AST_TYPE_OVERLAY_STORE, NULL);

  self->folder = g_canonicalize_filename (folder, NULL);
  self->reserve_mib = reserve_mib;
  self->overlay_mib = overlay_mib;
  return self;
}

/* The folder */

static char *
build_kept_path (AstOverlayStore *self, const char *id, const char *suffix)
{
  g_autofree char *name = g_strconcat (id, suffix, NULL);

  return g_build_filename (self->folder, name, NULL);
}

static gboolean
fail_store (AstOverlayStore *self, const char *sentence, int code, GError **error)
{
  g_autofree char *folder = g_filename_display_name (self->folder);

  g_set_error (error, AST_ERROR, ast_error_of_errno (code), "%s (%s): %s", sentence, folder,
               g_strerror (code));
  return FALSE;
}

static gboolean
check_owner (AstOverlayStore *self, const struct stat *found, GError **error)
{
  g_autofree char *folder = g_filename_display_name (self->folder);

  if (found->st_uid != geteuid ())
    g_set_error (error, AST_ERROR, AST_ERROR_STORE,
                 _ ("The overlay folder %s belongs to another user (number %u)"), folder,
                 (guint)found->st_uid);
  else if (found->st_mode & (S_IWGRP | S_IWOTH))
    g_set_error (error, AST_ERROR, AST_ERROR_STORE, _ ("Other users can write to the overlay folder %s"),
                 folder);
  else
    return TRUE;
  return FALSE;
}

static gboolean
ensure_folder (AstOverlayStore *self, GError **error)
{
  struct stat found;

  if (g_mkdir_with_parents (self->folder, 0700) != 0)
    return fail_store (self, _ ("The overlay folder cannot be made"), errno, error);
  if (stat (self->folder, &found) != 0)
    return fail_store (self, _ ("The overlay folder cannot be used"), errno, error);
  return check_owner (self, &found, error);
}

static gboolean
fail_space (AstOverlayStore *self, guint64 free, guint64 needed, GError **error)
{
  g_autofree char *folder = g_filename_display_name (self->folder);
  g_autofree char *free_text = g_format_size_full (free, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *needed_text = g_format_size_full (needed, G_FORMAT_SIZE_IEC_UNITS);

  g_set_error (error, AST_ERROR, AST_ERROR_NO_SPACE, _ ("Only %s is free in %s, a start needs %s"), free_text,
               folder, needed_text);
  return FALSE;
}

static gboolean
read_free (AstOverlayStore *self, guint64 *free, GError **error)
{
  struct statvfs space;

  if (statvfs (self->folder, &space) != 0)
    return fail_store (self, _ ("The overlay folder cannot be used"), errno, error);
  *free = (guint64)space.f_bavail * space.f_frsize;
  return TRUE;
}

static gboolean
check_space (AstOverlayStore *self, GError **error)
{
  guint64 needed = self->reserve_mib * MIB;
  guint64 free;

  if (!read_free (self, &free, error))
    return FALSE;
  return free >= needed || fail_space (self, free, needed, error);
}

static guint64
count_taken (const struct stat *file)
{
  return (guint64)file->st_blocks * 512; // POSIX's unit, whatever the file system's
}

gboolean
ast_overlay_store_get_room (AstOverlayStore *self, const char *overlay, AstRoom *room)
{
  struct stat found;

  if (lstat (overlay, &found) != 0 || !read_free (self, &room->left, NULL))
    return FALSE;
  room->used = count_taken (&found);
  room->bound = (guint64)found.st_size;
  return TRUE;
}

/* In use? */

gboolean
ast_overlay_store_in_use (const char *overlay)
{
  int fd = open (overlay, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  struct flock lock
      = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = QEMU_LOCK_FIRST, .l_len = QEMU_LOCK_BYTES };
  gboolean free_of_locks;

  // What cannot be asked counts as in use.
  if (fd < 0)
    return errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
  free_of_locks = fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
  close (fd);
  return !free_of_locks;
}

static gboolean
check_unused (const char *overlay, GError **error)
{
  g_autofree char *name = NULL;

  if (!ast_overlay_store_in_use (overlay))
    return TRUE;
  name = g_filename_display_name (overlay);
  g_set_error (error, AST_ERROR, AST_ERROR_BUSY, _ ("%s is in use by a running guest"), name);
  return FALSE;
}

/* The bound */

// A new overlay ends where its file does. A kept one's file is as long as it might have become.
static gboolean
read_situation (AstOverlayStore *self, int fd, gboolean kept, GCancellable *cancellable,
                AstOverlaySituation *situation, GError **error)
{
  struct stat found;

  if (fstat (fd, &found) != 0)
    return fail_store (self, _ ("The overlay cannot be given its size"), errno, error);
  situation->taken = count_taken (&found);
  situation->end = (guint64)found.st_size;
  return read_free (self, &situation->free, error)
         && (!kept || ast_overlay_read_end (fd, cancellable, &situation->end, error));
}

static gboolean
lengthen (AstOverlayStore *self, int fd, gboolean kept, const AstImageTop *top, GCancellable *cancellable,
          GError **error)
{
  AstOverlaySituation situation = { .reserve = self->reserve_mib * MIB,
                                    .limit = self->overlay_mib * MIB,
                                    .virtual_size = top->virtual_size };

  if (!read_situation (self, fd, kept, cancellable, &situation, error))
    return FALSE;
  // A new overlay's few kilobytes are no reason to refuse what check_space has let through.
  if (kept && !ast_overlay_holes_fit (&situation))
    return fail_space (self, situation.free, situation.reserve + situation.end - situation.taken, error);
  if (ftruncate (fd, (off_t)ast_overlay_bound (&situation)) == 0)
    return TRUE;
  return fail_store (self, _ ("The overlay cannot be given its size"), errno, error);
}

static gboolean
give_bound (AstOverlayStore *self, const char *overlay, gboolean kept, const AstImageTop *top,
            GCancellable *cancellable, GError **error)
{
  int fd = open (overlay, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  gboolean given;

  if (fd < 0)
    return fail_store (self, _ ("The overlay cannot be given its size"), errno, error);
  given = lengthen (self, fd, kept, top, cancellable, error);
  close (fd);
  return given;
}

/* Create */

// O_EXCL: neither a file nor a symbolic link that is there already.
static int
open_new_file (AstOverlayStore *self, const char *id, const char *suffix, char **path, GError **error)
{
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      g_autofree char *name = ast_overlay_make_name (id, suffix);
      g_autofree char *full = g_build_filename (self->folder, name, NULL);
      int fd = open (full, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

      if (fd >= 0)
        {
          *path = g_steal_pointer (&full);
          return fd;
        }
      if (errno != EEXIST)
        break;
    }
  fail_store (self, _ ("No overlay can be made in the overlay folder"), errno, error);
  return -1;
}

static gboolean
copy_file (int from, int to)
{
  struct stat found;
  off_t at = 0;

  if (fstat (from, &found) != 0)
    return FALSE;
  while (at < found.st_size)
    if (sendfile (to, from, &at, (size_t)(found.st_size - at)) < 0 && errno != EINTR)
      return FALSE;
  return TRUE;
}

static char *
copy_blank (AstOverlayStore *self, int blank, const char *id, const char *suffix, GError **error)
{
  g_autofree char *path = NULL;
  int fd = open_new_file (self, id, suffix, &path, error);
  gboolean copied;

  if (fd < 0)
    return NULL;
  copied = copy_file (blank, fd);
  if (!copied)
    {
      fail_store (self, _ ("No overlay can be made in the overlay folder"), errno, error);
      unlink (path);
    }
  close (fd);
  return copied ? g_steal_pointer (&path) : NULL;
}

static char *
make_overlay (AstOverlayStore *self, const char *id, const char *suffix, const AstImageTop *top,
              GCancellable *cancellable, GError **error)
{
  int blank = ast_blank_overlay_open (self->blank, top, cancellable, error);
  g_autofree char *path = NULL;

  if (blank < 0)
    return NULL;
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    path = copy_blank (self, blank, id, suffix, error);
  close (blank);
  if (path == NULL || give_bound (self, path, FALSE, top, NULL, error))
    return g_steal_pointer (&path);
  unlink (path);
  return NULL;
}

/* The kept ones */

static AstQcow2 *
read_kept (AstOverlayStore *self, const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autoptr (AstQcow2) header = NULL;
  struct stat found;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    {
      fail_store (self, _ ("The kept state cannot be read"), errno, error);
      return NULL;
    }
  if (fstat (fd, &found) != 0 || !S_ISREG (found.st_mode))
    g_set_error (error, AST_ERROR, AST_ERROR_STORE, _ ("%s is not an ordinary file"), name);
  else
    header = ast_qcow2_read (fd, (guint64)found.st_size, name, error);
  close (fd);
  return g_steal_pointer (&header);
}

static gboolean
is_on_same_images (AstOverlayStore *self, const AstAppliance *appliance, const AstQcow2 *header,
                   const AstImageTop *top)
{
  g_autofree char *info = build_kept_path (self, appliance->id, AST_OVERLAY_INFO_SUFFIX);

  return g_strcmp0 (header->backing, top->path) == 0
         && g_strcmp0 (header->backing_format, ast_image_format_word (top->format)) == 0
         && ast_kept_info_matches (info, appliance);
}

// The image's own complaint asks for a fresh copy, which nobody has of a kept state.
static gboolean
fail_kept_damaged (const AstAppliance *appliance, GError **error)
{
  g_set_error (error, AST_ERROR, AST_ERROR_STORE,
               _ ("The kept state of %s is damaged. Reset it (asteroidectl reset %s) to start anew"),
               appliance->name ? appliance->name : appliance->id, appliance->id);
  return FALSE;
}

static gboolean
check_kept (AstOverlayStore *self, const AstAppliance *appliance, const char *path, const AstImageTop *top,
            GError **error)
{
  const char *name = appliance->name ? appliance->name : appliance->id;
  g_autoptr (GError) problem = NULL;
  g_autoptr (AstQcow2) header = read_kept (self, path, &problem);

  if (header == NULL && g_error_matches (problem, AST_ERROR, AST_ERROR_STORE))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (header == NULL)
    return fail_kept_damaged (appliance, error);
  if (!check_unused (path, error))
    return FALSE;
  if (is_on_same_images (self, appliance, header, top))
    return TRUE;
  g_set_error (
      error, AST_ERROR, AST_ERROR_STORE,
      _ ("The kept state of %s was made on another image. Reset it (asteroidectl reset %s) to start anew"),
      name, appliance->id);
  return FALSE;
}

static gboolean
sync_file (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  gboolean synced = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return synced;
}

// A kept overlay appears under its name only when it is whole.
static gboolean
publish_kept (AstOverlayStore *self, const AstAppliance *appliance, const char *made, const char *path,
              GError **error)
{
  g_autofree char *info = build_kept_path (self, appliance->id, AST_OVERLAY_INFO_SUFFIX);

  if (!ast_kept_info_write (info, appliance, error))
    return FALSE;
  if (sync_file (made) && renameat2 (AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
    return TRUE;
  return fail_store (self, _ ("The kept state cannot be put in its place"), errno, error);
}

static char *
make_kept (AstOverlayStore *self, const AstAppliance *appliance, const AstImageTop *top,
           GCancellable *cancellable, GError **error)
{
  g_autofree char *path = build_kept_path (self, appliance->id, AST_OVERLAY_KEPT_SUFFIX);
  g_autofree char *made
      = make_overlay (self, appliance->id, AST_OVERLAY_HALF_MADE_SUFFIX, top, cancellable, error);

  if (made == NULL)
    return NULL;
  if (publish_kept (self, appliance, made, path, error))
    return g_steal_pointer (&path);
  unlink (made);
  return NULL;
}

static gboolean
bound_kept (AstOverlayStore *self, const AstAppliance *appliance, const char *path, const AstImageTop *top,
            GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (give_bound (self, path, TRUE, top, cancellable, &problem))
    return TRUE;
  if (g_error_matches (problem, AST_ERROR, AST_ERROR_IMAGE_CORRUPT))
    return fail_kept_damaged (appliance, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static char *
find_or_make_kept (AstOverlayStore *self, const AstAppliance *appliance, const AstImageTop *top,
                   GCancellable *cancellable, GError **error)
{
  g_autofree char *path = build_kept_path (self, appliance->id, AST_OVERLAY_KEPT_SUFFIX);
  struct stat found;

  if (lstat (path, &found) != 0 && errno == ENOENT)
    return make_kept (self, appliance, top, cancellable, error);
  if (!check_kept (self, appliance, path, top, error)
      || !bound_kept (self, appliance, path, top, cancellable, error))
    return NULL;
  return g_steal_pointer (&path);
}

// What an overlay is made for.
typedef struct
{
  AstAppliance *appliance;
  char *seed;
} Wish;

static Wish *
wish_new (const AstAppliance *appliance, const char *seed)
{
  Wish *wish = g_new (Wish, 1);

  wish->appliance = ast_appliance_ref ((AstAppliance *)appliance);
  wish->seed = g_strdup (seed);
  return wish;
}

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  ast_appliance_unref (wish->appliance);
  g_free (wish->seed);
  g_free (wish);
}

// The images below are looked at in any case: a student is told of one that is missing.
static gboolean
probe_base (const Wish *wish, AstImageTop *top, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (!ast_image_probe_chain (wish->appliance, top, error))
    return FALSE;
  if (wish->seed == NULL || ast_image_probe_top (wish->seed, top, &problem))
    return TRUE;
  g_set_error_literal (error, AST_ERROR, AST_ERROR_WARM, problem->message);
  return FALSE;
}

static char *
create (AstOverlayStore *self, const Wish *wish, GCancellable *cancellable, GError **error)
{
  const AstAppliance *appliance = wish->appliance;
  AstImageTop top;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (!probe_base (wish, &top, error) || !ensure_folder (self, error) || !check_space (self, error))
    return NULL;
  if (appliance->keeping == AST_KEEPING_KEPT)
    return find_or_make_kept (self, appliance, &top, cancellable, error);
  return make_overlay (self, appliance->id, AST_OVERLAY_VOLATILE_SUFFIX, &top, cancellable, error);
}

static void
create_in_thread (GTask *task, gpointer source, gpointer wish, GCancellable *cancellable)
{
  GError *error = NULL;
  char *path = create (source, wish, cancellable, &error);

  if (path != NULL)
    g_task_return_pointer (task, path, g_free);
  else
    g_task_return_error (task, error);
}

void
ast_overlay_store_create_async (AstOverlayStore *self, const AstAppliance *appliance, const char *seed,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_return_if_fail (appliance->disk != NULL && ast_overlay_is_id (appliance->id));
  g_task_set_source_tag (task, ast_overlay_store_create_async);
  // The thread looks itself: an overlay that is already made must not get lost behind a late cancellation.
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, wish_new (appliance, seed), wish_free);
  g_task_run_in_thread (task, create_in_thread);
}

char *
ast_overlay_store_create_finish (AstOverlayStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
expect_in_thread (GTask *task, gpointer source, gpointer wish, GCancellable *cancellable)
{
  AstOverlayStore *self = source;
  g_autoptr (GError) error = NULL;
  AstImageTop top;
  int blank = probe_base (wish, &top, &error) ? ast_blank_overlay_open (self->blank, &top, NULL, &error) : -1;

  if (blank >= 0)
    close (blank);
  else
    g_debug ("%s", error->message);
}

void
ast_overlay_store_expect (AstOverlayStore *self, const AstAppliance *appliance, const char *seed)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, NULL, NULL);

  g_task_set_source_tag (task, ast_overlay_store_expect);
  g_task_set_task_data (task, wish_new (appliance, seed), wish_free);
  g_task_run_in_thread (task, expect_in_thread);
}

/* Discard */

static gboolean
check_ours (AstOverlayStore *self, const char *overlay, AstOverlayKind *kind, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (overlay, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *shown = NULL;

  *kind = ast_overlay_classify (name);
  if (strcmp (folder, self->folder) == 0 && (*kind == AST_OVERLAY_VOLATILE || *kind == AST_OVERLAY_KEPT))
    return TRUE;
  shown = g_filename_display_name (overlay);
  g_set_error (error, AST_ERROR, AST_ERROR_STORE, _ ("%s is not an overlay of this station"), shown);
  return FALSE;
}

gboolean
ast_overlay_store_has (AstOverlayStore *self, const char *overlay)
{
  AstOverlayKind kind;
  struct stat found;

  return check_ours (self, overlay, &kind, NULL) && lstat (overlay, &found) == 0 && S_ISREG (found.st_mode);
}

static gboolean
remove_file (AstOverlayStore *self, const char *path, GError **error)
{
  if (unlink (path) == 0 || errno == ENOENT || errno == ENOTDIR)
    return TRUE;
  return fail_store (self, _ ("An overlay cannot be removed from the overlay folder"), errno, error);
}

static gboolean
discard (AstOverlayStore *self, const char *overlay, GError **error)
{
  AstOverlayKind kind;

  if (!check_ours (self, overlay, &kind, error))
    return FALSE;
  if (kind == AST_OVERLAY_KEPT)
    return TRUE;
  return check_unused (overlay, error) && remove_file (self, overlay, error);
}

// A file system frees a big file's blocks when its last opener goes: held open, the name is gone at once and
// the caller does not wait for the rest.
static void
discard_in_thread (GTask *task, gpointer source, gpointer overlay, GCancellable *cancellable)
{
  GError *error = NULL;
  int fd = open (overlay, O_PATH | O_CLOEXEC | O_NOFOLLOW);

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    g_task_return_error (task, error);
  else if (discard (source, overlay, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  if (fd >= 0)
    close (fd);
}

void
ast_overlay_store_discard_async (AstOverlayStore *self, const char *overlay, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, ast_overlay_store_discard_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_strdup (overlay), g_free);
  g_task_run_in_thread (task, discard_in_thread);
}

gboolean
ast_overlay_store_discard_finish (AstOverlayStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Sweep and reset */

// The store's regular files of these kinds, absolute paths. An overlay folder that is not there yet has none.
static GPtrArray *
list_files (AstOverlayStore *self, gboolean kept, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  DIR *folder = opendir (self->folder);

  if (folder == NULL && errno == ENOENT)
    return g_steal_pointer (&files);
  if (folder == NULL)
    {
      fail_store (self, _ ("The overlay folder cannot be used"), errno, error);
      return NULL;
    }
  for (struct dirent *entry = readdir (folder); entry != NULL; entry = readdir (folder))
    {
      AstOverlayKind kind = ast_overlay_classify (entry->d_name);
      struct stat found;

      if (kind == AST_OVERLAY_NONE || (kind == AST_OVERLAY_KEPT) != kept)
        continue;
      if (fstatat (dirfd (folder), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0
          && S_ISREG (found.st_mode))
        g_ptr_array_add (files, g_build_filename (self->folder, entry->d_name, NULL));
    }
  closedir (folder);
  return g_steal_pointer (&files);
}

int
ast_overlay_store_sweep (AstOverlayStore *self, const char *but, GError **error)
{
  g_autoptr (GPtrArray) files = list_files (self, FALSE, error);
  g_autoptr (GError) problem = NULL;
  int removed = 0;

  if (files == NULL)
    return -1;
  // One file that cannot be removed does not spare the others.
  for (guint i = 0; i < files->len; i++)
    {
      const char *path = g_ptr_array_index (files, i);

      if (g_strcmp0 (path, but) == 0 || ast_overlay_store_in_use (path))
        continue;
      if (remove_file (self, path, problem == NULL ? &problem : NULL))
        removed++;
    }
  if (problem == NULL)
    return removed;
  g_propagate_error (error, g_steal_pointer (&problem));
  return -1;
}

static GPtrArray *
list_kept (AstOverlayStore *self, const char *id, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;

  if (id == NULL)
    return list_files (self, TRUE, error);
  files = g_ptr_array_new_with_free_func (g_free);
  if (ast_overlay_store_has_kept (self, id))
    g_ptr_array_add (files, build_kept_path (self, id, AST_OVERLAY_KEPT_SUFFIX));
  return g_steal_pointer (&files);
}

static gboolean
remove_kept (AstOverlayStore *self, const char *path, GError **error)
{
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen (AST_OVERLAY_KEPT_SUFFIX));
  g_autofree char *info = g_strconcat (stem, AST_OVERLAY_INFO_SUFFIX, NULL);

  return remove_file (self, path, error) && remove_file (self, info, error);
}

int
ast_overlay_store_reset (AstOverlayStore *self, const char *id, GError **error)
{
  g_autoptr (GPtrArray) files = list_kept (self, id, error);

  if (files == NULL)
    return -1;
  for (guint i = 0; i < files->len; i++)
    if (!check_unused (g_ptr_array_index (files, i), error))
      return -1;
  for (guint i = 0; i < files->len; i++)
    if (!remove_kept (self, g_ptr_array_index (files, i), error))
      return -1;
  return (int)files->len;
}

gboolean
ast_overlay_store_has_kept (AstOverlayStore *self, const char *id)
{
  g_autofree char *path = NULL;
  struct stat found;

  if (!ast_overlay_is_id (id))
    return FALSE;
  path = build_kept_path (self, id, AST_OVERLAY_KEPT_SUFFIX);
  return lstat (path, &found) == 0 && S_ISREG (found.st_mode);
}

/* Last used */

// A file that is missing or damaged is an empty one.
static GKeyFile *
load_used (AstOverlayStore *self)
{
  g_autoptr (GKeyFile) used = g_key_file_new ();
  g_autofree char *path = g_build_filename (self->folder, AST_OVERLAY_LAST_USED, NULL);

  if (g_key_file_load_from_file (used, path, G_KEY_FILE_NONE, NULL))
    return g_steal_pointer (&used);
  return g_key_file_new ();
}

static void
ensure_used (AstOverlayStore *self)
{
  if (self->used == NULL)
    self->used = load_used (self);
}

gint64
ast_overlay_store_last_used (AstOverlayStore *self, const char *id)
{
  gint64 seconds;

  ensure_used (self);
  seconds = g_key_file_get_int64 (self->used, AST_OVERLAY_LAST_USED, id, NULL);
  return MAX (seconds, 0);
}

guint
ast_overlay_store_count_uses (AstOverlayStore *self, const char *id)
{
  ensure_used (self);
  return (guint)MAX (g_key_file_get_integer (self->used, USES, id, NULL), 0);
}

static void
mark (GKeyFile *used, const char *id)
{
  g_key_file_set_int64 (used, AST_OVERLAY_LAST_USED, id, g_get_real_time () / G_USEC_PER_SEC);
  g_key_file_set_integer (used, USES, id, g_key_file_get_integer (used, USES, id, NULL) + 1);
}

static gboolean
save_used (AstOverlayStore *self, const char *id, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->used_mutex);
  g_autoptr (GKeyFile) used = load_used (self);
  g_autofree char *path = g_build_filename (self->folder, AST_OVERLAY_LAST_USED, NULL);
  g_autofree char *data = NULL;
  gsize length;

  if (!ensure_folder (self, error))
    return FALSE;
  mark (used, id);
  data = g_key_file_to_data (used, &length, NULL);
  return g_file_set_contents_full (path, data, (gssize)length, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static void
save_used_in_thread (GTask *task, gpointer source, gpointer id, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;

  if (!save_used (source, id, &error))
    g_message ("%s", error->message);
  g_task_return_boolean (task, TRUE);
}

void
ast_overlay_store_mark_used (AstOverlayStore *self, const char *id)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, NULL, NULL);

  g_return_if_fail (ast_overlay_is_id (id));
  ensure_used (self);
  mark (self->used, id);
  g_task_set_source_tag (task, ast_overlay_store_mark_used);
  g_task_set_task_data (task, g_strdup (id), g_free);
  g_task_run_in_thread (task, save_used_in_thread);
}
