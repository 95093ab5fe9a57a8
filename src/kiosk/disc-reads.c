// SPDX-License-Identifier: GPL-3.0-or-later
#include "disc-reads.h"
#include <gio/gfiledescriptorbased.h>
#include <string.h>

typedef struct
{
  struct stat file;
  void *buffer; // the library's, which goes when it calls off the read
  void *bytes;
  gsize count;
  GCancellable *cancellable; // weak: NULL when the library has done away with the drive
  gulong handler;
  gboolean is_called_off;
  GAsyncReadyCallback callback;
  gpointer data;
} Read;

static GInputStreamClass inherited;
static const AstDiscReads *owner;
static gpointer owner_data;

static void
forget_cancellable (Read *self)
{
  if (self->cancellable)
    g_clear_signal_handler (&self->handler, self->cancellable);
  g_clear_weak_pointer (&self->cancellable);
}

static void
read_free (Read *self)
{
  forget_cancellable (self);
  g_free (self->bytes);
  g_free (self);
}

static gboolean
tell_called_off (gpointer data)
{
  if (owner)
    owner->called_off (data, owner_data);
  return G_SOURCE_REMOVE;
}

// In the middle of what the library does: the owner is told afterwards.
static void
on_cancelled (GCancellable *cancellable, Read *self)
{
  self->is_called_off = TRUE;
  g_idle_add_full (G_PRIORITY_DEFAULT, tell_called_off, g_memdup2 (&self->file, sizeof self->file), g_free);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Read *self = data;
  GError *error = NULL;
  gssize count = inherited.read_fn (source, self->bytes, self->count, NULL, &error);

  if (count < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, count);
}

// GIO holds the stream and calls it busy until it hears of the end.
static void
end_unheard (GInputStream *stream)
{
  g_input_stream_clear_pending (stream);
  g_object_unref (stream);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer unused)
{
  Read *self = g_task_get_task_data (G_TASK (result));

  if (self->is_called_off || self->cancellable == NULL)
    return end_unheard (G_INPUT_STREAM (source));
  forget_cancellable (self);
  self->callback (source, result, self->data);
}

static gboolean
find_disc (GInputStream *stream, struct stat *file)
{
  return owner && fstat (g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream)), file) == 0
         && owner->is_disc (file, owner_data);
}

static void
read_async (GInputStream *stream, void *buffer, gsize count, int priority, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  struct stat file;
  Read *self;

  if (cancellable == NULL || !find_disc (stream, &file))
    return inherited.read_async (stream, buffer, count, priority, cancellable, callback, data);
  // What the library would do when it is cancelled: it connects this for each read, and lets go of none.
  g_signal_handlers_disconnect_matched (cancellable, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, data);
  self = g_new0 (Read, 1);
  self->file = file;
  self->buffer = buffer;
  self->bytes = g_malloc (count);
  self->count = count;
  g_set_weak_pointer (&self->cancellable, cancellable);
  self->handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), self);
  self->callback = callback;
  self->data = data;
  task = g_task_new (stream, NULL, on_read, NULL);
  g_task_set_source_tag (task, read_async);
  g_task_set_task_data (task, self, (GDestroyNotify)read_free);
  g_task_set_priority (task, priority);
  g_task_run_in_thread (task, read_in_thread);
}

static gssize
read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  g_autoptr (GError) trouble = NULL;
  gssize count;
  Read *self;

  if (!g_async_result_is_tagged (result, read_async))
    return inherited.read_finish (stream, result, error);
  self = g_task_get_task_data (G_TASK (result));
  count = g_task_propagate_int (G_TASK (result), &trouble);
  if (count > 0)
    memcpy (self->buffer, self->bytes, (gsize)count);
  if (trouble && owner)
    owner->failed (&self->file, trouble, owner_data);
  return MAX (count, 0);
}

// The library opens its discs itself, and GIO has no public type for what it reads them with.
static void
change_files (void)
{
  g_autoptr (GFile) any = g_file_new_for_path ("/proc/self/exe");
  g_autoptr (GFileInputStream) stream = g_file_read (any, NULL, NULL);
  GInputStreamClass *klass;

  if (stream == NULL || !G_IS_FILE_DESCRIPTOR_BASED (stream))
    return;
  klass = g_type_class_ref (G_OBJECT_TYPE (stream)); // for good
  inherited = *klass;
  klass->read_async = read_async;
  klass->read_finish = read_finish;
}

void
ast_disc_reads_mind (const AstDiscReads *new_owner, gpointer data)
{
  if (inherited.read_finish == NULL)
    change_files ();
  owner = new_owner;
  owner_data = data;
}

void
ast_disc_reads_forget (gpointer data)
{
  if (owner_data == data)
    owner = NULL;
}
