// SPDX-License-Identifier: GPL-3.0-or-later
#include "watcher.h"
#include <string.h>

struct _AstWatcher
{
  AstWatcherFunc touched;
  gpointer data;
  GHashTable *folders;  // path → Folder
  GHashTable *subjects; // subject → GPtrArray of the paths under which it is entered
};

// One folder of interest, and who wants to know of what in it.
typedef struct
{
  AstWatcher *watcher;
  char *path;
  GFileMonitor *monitor; // NULL: the folder was lost since
  GHashTable *interests; // path of a child, or "path/" for any → set of subjects
} Folder;

static void
folder_stop (Folder *self)
{
  if (!self->monitor)
    return;
  g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_file_monitor_cancel (self->monitor);
  g_clear_object (&self->monitor);
}

static void
folder_free (Folder *self)
{
  folder_stop (self);
  g_hash_table_unref (self->interests);
  g_free (self->path);
  g_free (self);
}

AstWatcher *
ast_watcher_new (AstWatcherFunc touched, gpointer data)
{
  AstWatcher *self = g_new0 (AstWatcher, 1);

  self->touched = touched;
  self->data = data;
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)folder_free);
  self->subjects = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
  return self;
}

void
ast_watcher_free (AstWatcher *self)
{
  g_hash_table_unref (self->folders);
  g_hash_table_unref (self->subjects);
  g_free (self);
}

static void
tell_set (AstWatcher *self, GHashTable *subjects)
{
  GHashTableIter iter;
  gpointer subject;

  if (!subjects)
    return;
  g_hash_table_iter_init (&iter, subjects);
  while (g_hash_table_iter_next (&iter, &subject, NULL))
    self->touched (self->data, subject);
}

static void
tell_all (Folder *folder)
{
  GHashTableIter iter;
  gpointer subjects;

  g_hash_table_iter_init (&iter, folder->interests);
  while (g_hash_table_iter_next (&iter, NULL, &subjects))
    tell_set (folder->watcher, subjects);
}

static void
tell_of (Folder *folder, GFile *file)
{
  g_autofree char *path = file ? g_file_get_path (file) : NULL;

  if (path)
    tell_set (folder->watcher, g_hash_table_lookup (folder->interests, path));
}

// A monitor stays with the folder that it was made for, also when that is moved away and another takes its
// name.
static void
lose (AstWatcher *self, const char *path)
{
  gsize length = strlen (path);
  GHashTableIter iter;
  Folder *folder;

  g_hash_table_iter_init (&iter, self->folders);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&folder))
    {
      if (strncmp (folder->path, path, length) != 0 || (folder->path[length] && folder->path[length] != '/'))
        continue;
      folder_stop (folder);
      tell_all (folder);
    }
}

static void
lose_file (AstWatcher *self, GFile *file)
{
  g_autofree char *path = g_file_get_path (file);

  lose (self, path);
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
  Folder *folder = data;
  AstWatcher *self = folder->watcher;
  g_autofree char *any = g_strconcat (folder->path, "/", NULL);

  // While a file is written, nothing can be said of it: CHANGES_DONE_HINT follows.
  if (event == G_FILE_MONITOR_EVENT_CHANGED)
    return;
  tell_set (self, g_hash_table_lookup (folder->interests, any));
  tell_of (folder, file);
  tell_of (folder, other);
  if (event == G_FILE_MONITOR_EVENT_DELETED || event == G_FILE_MONITOR_EVENT_MOVED_OUT
      || event == G_FILE_MONITOR_EVENT_RENAMED || event == G_FILE_MONITOR_EVENT_UNMOUNTED)
    lose_file (self, file);
}

// The path itself, or its first parent whose folder exists.
static char *
reachable (const char *path)
{
  char *at = g_strdup (path);

  for (;;)
    {
      g_autofree char *folder = g_path_get_dirname (at);

      if (g_file_test (folder, G_FILE_TEST_IS_DIR) || g_str_equal (folder, "/"))
        return at;
      g_free (at);
      at = g_steal_pointer (&folder);
    }
}

static Folder *
find_folder (AstWatcher *self, const char *path)
{
  Folder *folder = g_hash_table_lookup (self->folders, path);

  if (folder)
    return folder;
  folder = g_new0 (Folder, 1);
  folder->watcher = self;
  folder->path = g_strdup (path);
  folder->interests
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  g_hash_table_insert (self->folders, folder->path, folder);
  return folder;
}

// TRUE when a monitor had to be made.
static gboolean
folder_start (Folder *self)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->path);

  if (self->monitor)
    return FALSE;
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (!self->monitor)
    return FALSE;
  g_signal_connect (self->monitor, "changed", G_CALLBACK (on_changed), self);
  return TRUE;
}

static gboolean
enter (AstWatcher *self, gpointer subject, const char *path, GPtrArray *entered)
{
  g_autofree char *key = reachable (path);
  g_autofree char *path_of_folder = g_path_get_dirname (key);
  Folder *folder = find_folder (self, path_of_folder);
  GHashTable *subjects = g_hash_table_lookup (folder->interests, key);

  if (!subjects)
    {
      subjects = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (folder->interests, g_strdup (key), subjects);
    }
  if (g_hash_table_add (subjects, subject))
    g_ptr_array_add (entered, g_steal_pointer (&key));
  return folder_start (folder);
}

static void
leave (AstWatcher *self, gpointer subject, const char *key)
{
  g_autofree char *path = g_path_get_dirname (key);
  Folder *folder = g_hash_table_lookup (self->folders, path);
  GHashTable *subjects = g_hash_table_lookup (folder->interests, key);

  g_hash_table_remove (subjects, subject);
  if (g_hash_table_size (subjects) == 0)
    g_hash_table_remove (folder->interests, key);
}

static void
drop_if_idle (AstWatcher *self, const char *key)
{
  g_autofree char *path = g_path_get_dirname (key);
  Folder *folder = g_hash_table_lookup (self->folders, path);

  if (folder && g_hash_table_size (folder->interests) == 0)
    g_hash_table_remove (self->folders, path);
}

gboolean
ast_watcher_set (AstWatcher *self, gpointer subject, const GPtrArray *paths)
{
  g_autoptr (GPtrArray) entered = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) before = NULL;
  gboolean fresh = FALSE;

  g_hash_table_steal_extended (self->subjects, subject, NULL, (gpointer *)&before);
  for (guint i = 0; before && i < before->len; i++)
    leave (self, subject, g_ptr_array_index (before, i));
  for (guint i = 0; paths && i < paths->len; i++)
    fresh |= enter (self, subject, g_ptr_array_index (paths, i), entered);
  // Only now: a folder that is wanted again keeps its monitor.
  for (guint i = 0; before && i < before->len; i++)
    drop_if_idle (self, g_ptr_array_index (before, i));
  if (entered->len)
    g_hash_table_insert (self->subjects, subject, g_steal_pointer (&entered));
  return fresh;
}
