// SPDX-License-Identifier: GPL-3.0-or-later
#include "host.h"

G_DEFINE_INTERFACE (AstMachine, ast_machine, G_TYPE_OBJECT)
G_DEFINE_INTERFACE (AstHost, ast_host, G_TYPE_OBJECT)

enum
{
  SIGNAL_ENDED,
  SIGNAL_DESKTOP_READY,
  SIGNAL_PAUSED,
  SIGNAL_RESUMED,
  SIGNAL_REBOOTED,
  SIGNAL_FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
ast_machine_default_init (AstMachineInterface *iface)
{
  signals[SIGNAL_ENDED] = g_signal_new ("ended", AST_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SIGNAL_DESKTOP_READY] = g_signal_new ("desktop-ready", AST_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL,
                                                NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_PAUSED] = g_signal_new ("paused", AST_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);
  signals[SIGNAL_RESUMED]
      = g_signal_new ("resumed", AST_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_REBOOTED]
      = g_signal_new ("rebooted", AST_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", AST_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_ERROR);
}

void
ast_machine_emit_ended (AstMachine *self, AstEnd end)
{
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, end);
}

void
ast_machine_emit_desktop_ready (AstMachine *self)
{
  g_signal_emit (self, signals[SIGNAL_DESKTOP_READY], 0);
}

void
ast_machine_emit_paused (AstMachine *self, AstPause pause)
{
  g_signal_emit (self, signals[SIGNAL_PAUSED], 0, pause);
}

void
ast_machine_emit_resumed (AstMachine *self)
{
  g_signal_emit (self, signals[SIGNAL_RESUMED], 0);
}

void
ast_machine_emit_rebooted (AstMachine *self)
{
  g_signal_emit (self, signals[SIGNAL_REBOOTED], 0);
}

void
ast_machine_emit_failed (AstMachine *self, const GError *error)
{
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

void
ast_machine_start_async (AstMachine *self, const AstStart *how, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->start_async (self, how, cancellable, callback, data);
}

gboolean
ast_machine_start_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_ask_to_stop_async (AstMachine *self, GAsyncReadyCallback callback, gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->ask_to_stop_async (self, callback, data);
}

gboolean
ast_machine_ask_to_stop_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_destroy_async (AstMachine *self, GAsyncReadyCallback callback, gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->destroy_async (self, callback, data);
}

gboolean
ast_machine_destroy_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_open_screen_async (AstMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->open_screen_async (self, cancellable, callback, data);
}

int
ast_machine_open_screen_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

void
ast_machine_stand_async (AstMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->stand_async (self, cancellable, callback, data);
}

gboolean
ast_machine_stand_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_resume_async (AstMachine *self, GAsyncReadyCallback callback, gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->resume_async (self, callback, data);
}

gboolean
ast_machine_resume_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_wait_for_desktop_async (AstMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->wait_for_desktop_async (self, cancellable, callback, data);
}

gboolean
ast_machine_wait_for_desktop_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_save_async (AstMachine *self, const char *memory, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->save_async (self, memory, cancellable, callback, data);
}

gboolean
ast_machine_save_finish (AstMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ast_machine_write_out_async (AstMachine *self, AstUsbDevice *device, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  AST_MACHINE_GET_IFACE (self)->write_out_async (self, device, cancellable, callback, data);
}

AstWritten
ast_machine_write_out_finish (AstMachine *self, GAsyncResult *result)
{
  gssize written = g_task_propagate_int (G_TASK (result), NULL);

  return written < 0 ? AST_WRITTEN_NOT : (AstWritten)written;
}

void
ast_machine_take_on (AstMachine *self, AstAppliance *appliance, const char *overlay)
{
  AST_MACHINE_GET_IFACE (self)->take_on (self, appliance, overlay);
}

void
ast_leftover_free (AstLeftover *self)
{
  g_object_unref (self->machine);
  g_free (self->token);
  g_free (self);
}

static void
ast_host_default_init (AstHostInterface *iface)
{
}

AstMachine *
ast_host_make_machine (AstHost *self, AstAppliance *appliance, const char *overlay)
{
  return AST_HOST_GET_IFACE (self)->make_machine (self, appliance, overlay);
}

void
ast_host_find_leftover_async (AstHost *self, GAsyncReadyCallback callback, gpointer data)
{
  AST_HOST_GET_IFACE (self)->find_leftover_async (self, callback, data);
}

AstLeftover *
ast_host_find_leftover_finish (AstHost *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ast_host_warm_up_async (AstHost *self, GAsyncReadyCallback callback, gpointer data)
{
  AST_HOST_GET_IFACE (self)->warm_up_async (self, callback, data);
}

gboolean
ast_host_warm_up_finish (AstHost *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

char *
ast_host_get_emulation_reason (AstHost *self)
{
  return AST_HOST_GET_IFACE (self)->get_emulation_reason (self);
}

void
ast_host_describe_async (AstHost *self, AstAppliance *appliance, GAsyncReadyCallback callback, gpointer data)
{
  AST_HOST_GET_IFACE (self)->describe_async (self, appliance, callback, data);
}

char *
ast_host_describe_finish (AstHost *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
