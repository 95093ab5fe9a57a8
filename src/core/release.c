// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "release.h"
#include "usb-class.h"
#include <glib/gi18n.h>

// A slow stick writes some hundred megabytes in it. An agent that is not there, or does not answer, has
// failed long before.
#define BOUND_MSEC (60 * 1000)

typedef struct
{
  GCancellable *call;  // of what is asked of the machine
  GCancellable *outer; // the caller's, or NULL
  gulong handler;
  guint timer;
} Release;

static void
release_free (Release *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  // Not by g_cancellable_disconnect, which would wait for ever for a cancellation that has led here.
  g_clear_signal_handler (&self->handler, self->outer);
  g_clear_object (&self->outer);
  g_object_unref (self->call);
  g_free (self);
}

gboolean
ast_release_is_needed (const AstUsbDevice *device)
{
  for (guint i = 0; i < device->functions->len; i++)
    if (g_array_index (device->functions, AstUsbFunction, i).class == AST_USB_CLASS_STORAGE)
      return TRUE;
  return FALSE;
}

static void
on_written_out (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  AstWritten written = ast_machine_write_out_finish (AST_MACHINE (source), result);

  g_clear_handle_id (&((Release *)g_task_get_task_data (task))->timer, g_source_remove);
  g_task_return_int (task, (gssize)written);
}

static gboolean
on_time_is_up (gpointer data)
{
  Release *self = data;

  self->timer = 0;
  g_cancellable_cancel (self->call);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *outer, GCancellable *call)
{
  g_cancellable_cancel (call);
}

void
ast_release_within_async (AstMachine *machine, AstUsbDevice *device, guint msec, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, cancellable, callback, data);
  Release *release = g_new0 (Release, 1);

  release->call = g_cancellable_new ();
  release->timer = g_timeout_add (msec, on_time_is_up, release);
  g_set_object (&release->outer, cancellable);
  g_task_set_task_data (task, release, (GDestroyNotify)release_free);
  if (cancellable)
    release->handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                              g_object_ref (release->call), g_object_unref);
  ast_machine_write_out_async (machine, device, release->call, on_written_out, g_steal_pointer (&task));
}

void
ast_release_async (AstMachine *machine, AstUsbDevice *device, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  ast_release_within_async (machine, device, BOUND_MSEC, cancellable, callback, data);
}

gboolean
ast_release_finish (GAsyncResult *result, AstWritten *written)
{
  gssize value = g_task_propagate_int (G_TASK (result), NULL);

  if (value < 0)
    return FALSE;
  *written = (AstWritten)value;
  return TRUE;
}

const char *
ast_release_note (AstWritten written)
{
  static const char *const notes[] = {
    [AST_WRITTEN_NOT] = N_ ("This machine could not be asked to write everything to it first: look whether "
                            "your files are on it."),
    [AST_WRITTEN_OPEN]
    = N_ ("Everything is written to it, although something in this machine still used it."),
    [AST_WRITTEN_ALL] = N_ ("Everything is written to it: you can pull it out."),
  };

  return _ (notes[written]);
}
