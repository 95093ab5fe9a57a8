// SPDX-License-Identifier: GPL-3.0-or-later
#include "doubles.h"

void
test_note (GString *trail, const char *word)
{
  g_string_append_printf (trail, "%s%s", trail->len ? " " : "", word);
}

// ---------------------------------------------------------------------------------------------------------------
// The machine

#define TEST_TYPE_MACHINE (test_machine_get_type ())
G_DECLARE_FINAL_TYPE (TestMachine, test_machine, TEST, MACHINE, GObject)

struct _TestMachine
{
  GObject parent;

  TestHost *host;
};

static void test_machine_iface_init (AstMachineInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestMachine, test_machine, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AST_TYPE_MACHINE, test_machine_iface_init))

static void
test_machine_finalize (GObject *object)
{
  g_clear_object (&TEST_MACHINE (object)->host);
  G_OBJECT_CLASS (test_machine_parent_class)->finalize (object);
}

static void
test_machine_class_init (TestMachineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_machine_finalize;
}

static void
test_machine_init (TestMachine *self)
{
}

static AstMachine *
test_machine_new (TestHost *host)
{
  TestMachine *self = g_object_new (TEST_TYPE_MACHINE, NULL);

  self->host = g_object_ref (host);
  g_set_weak_pointer (&host->machine, AST_MACHINE (self));
  return AST_MACHINE (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Answers

static AstLeftover *
make_leftover (TestHost *host)
{
  AstLeftover *leftover = g_new0 (AstLeftover, 1);

  leftover->machine = test_machine_new (host);
  leftover->token = g_strdup (host->token);
  leftover->paused = host->paused;
  return leftover;
}

static void
finish (TestHost *host, DoubleCall call, GTask *task, GError *error)
{
  if (error)
    g_task_return_error (task, error);
  else if (call == CALL_WRITE_OUT)
    g_task_return_int (task, (gssize)host->written);
  else if (call == CALL_DESCRIBE)
    g_task_return_pointer (task, g_strdup (host->depends), g_free);
  else if (call != CALL_FIND)
    g_task_return_boolean (task, TRUE);
  else if (host->leftover)
    g_task_return_pointer (task, make_leftover (host), (GDestroyNotify)ast_leftover_free);
  else
    g_task_return_pointer (task, NULL, NULL);
}

static void
take_call (TestHost *host, DoubleCall call, const char *word, GTask *task)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (GError) error = NULL;

  host->counts[call]++;
  test_note (host->trail, word);
  if (host->manners[call] == DOUBLE_WAITS)
    {
      g_assert_null (host->waiting[call]);
      host->waiting[call] = g_steal_pointer (&owned);
      return;
    }
  if (host->manners[call] == DOUBLE_FAILS)
    error = g_error_new (AST_ERROR, (int)host->errors[call], "The double was told to fail.");
  finish (host, call, task, g_steal_pointer (&error));
}

void
test_host_answer (TestHost *self, DoubleCall call, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->waiting[call]);

  g_assert_nonnull (task);
  finish (self, call, task, error);
}

static void
test_machine_start_async (AstMachine *machine, const AstStart *how, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  const char *word = how->to_be_saved          ? "(start to be saved)"
                     : how->pair && how->ahead ? "(restore ahead)"
                     : how->pair               ? "(restore)"
                                               : "(start)";

  g_free (TEST_MACHINE (machine)->host->started_token);
  g_free (TEST_MACHINE (machine)->host->started_seed);
  TEST_MACHINE (machine)->host->started_token = g_strdup (how->token);
  TEST_MACHINE (machine)->host->started_seed = g_strdup (how->seed);
  take_call (TEST_MACHINE (machine)->host, how->pair ? CALL_RESTORE : CALL_START, word,
             g_task_new (machine, NULL, callback, data));
}

static void
answer_cancelled (TestHost *host, DoubleCall call)
{
  if (host->waiting[call])
    test_host_answer (host, call, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, ""));
}

// The desktop is there when the test says so, or somebody gives up.
static void
on_wait_cancelled (GCancellable *cancellable, TestHost *host)
{
  answer_cancelled (host, CALL_DESKTOP);
}

static void
on_stand_cancelled (GCancellable *cancellable, TestHost *host)
{
  answer_cancelled (host, CALL_STAND);
}

static void
test_machine_stand_async (AstMachine *machine, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer data)
{
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_stand_cancelled), TEST_MACHINE (machine)->host);
  take_call (TEST_MACHINE (machine)->host, CALL_STAND, "(stand)",
             g_task_new (machine, cancellable, callback, data));
}

static void
test_machine_wait_for_desktop_async (AstMachine *machine, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer data)
{
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_wait_cancelled), TEST_MACHINE (machine)->host);
  take_call (TEST_MACHINE (machine)->host, CALL_DESKTOP, "(desktop?)",
             g_task_new (machine, NULL, callback, data));
}

static void
test_machine_save_async (AstMachine *machine, const char *memory, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *ram = ast_warm_store_name_ram (memory);

  g_file_set_contents (memory, "a guest's memory", -1, NULL);
  g_file_set_contents (ram, "its RAM", -1, NULL);
  take_call (TEST_MACHINE (machine)->host, CALL_SAVE, "(save)", g_task_new (machine, NULL, callback, data));
}

static void
test_machine_ask_to_stop_async (AstMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  take_call (TEST_MACHINE (machine)->host, CALL_ASK, "(ask)", g_task_new (machine, NULL, callback, data));
}

static void
test_machine_destroy_async (AstMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  take_call (TEST_MACHINE (machine)->host, CALL_DESTROY, "(destroy)",
             g_task_new (machine, NULL, callback, data));
}

static void
test_machine_open_screen_async (AstMachine *machine, GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer data)
{
  g_assert_not_reached ();
}

static void
test_machine_resume_async (AstMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  take_call (TEST_MACHINE (machine)->host, CALL_RESUME, "(resume)",
             g_task_new (machine, NULL, callback, data));
}

static void
on_write_out_cancelled (GCancellable *cancellable, TestHost *host)
{
  if (host->waiting[CALL_WRITE_OUT])
    test_host_answer (host, CALL_WRITE_OUT, NULL);
}

// A cancellation comes back at once.
static void
test_machine_write_out_async (AstMachine *machine, AstUsbDevice *device, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_write_out_cancelled),
                    TEST_MACHINE (machine)->host);
  take_call (TEST_MACHINE (machine)->host, CALL_WRITE_OUT, "(write-out)",
             g_task_new (machine, cancellable, callback, data));
}

static void
test_machine_take_on (AstMachine *machine, AstAppliance *appliance, const char *overlay)
{
  TestHost *host = TEST_MACHINE (machine)->host;

  test_note (host->trail, "(take on)");
  g_free (host->overlay);
  host->overlay = g_strdup (overlay);
}

static void
test_machine_iface_init (AstMachineInterface *iface)
{
  iface->start_async = test_machine_start_async;
  iface->ask_to_stop_async = test_machine_ask_to_stop_async;
  iface->destroy_async = test_machine_destroy_async;
  iface->open_screen_async = test_machine_open_screen_async;
  iface->stand_async = test_machine_stand_async;
  iface->resume_async = test_machine_resume_async;
  iface->write_out_async = test_machine_write_out_async;
  iface->wait_for_desktop_async = test_machine_wait_for_desktop_async;
  iface->save_async = test_machine_save_async;
  iface->take_on = test_machine_take_on;
}

// ---------------------------------------------------------------------------------------------------------------
// The host

static void test_host_iface_init (AstHostInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestHost, test_host, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AST_TYPE_HOST, test_host_iface_init))

static AstMachine *
test_host_make_machine (AstHost *host, AstAppliance *appliance, const char *overlay)
{
  TestHost *self = TEST_HOST (host);

  test_note (self->trail, "(make)");
  g_free (self->overlay);
  self->overlay = g_strdup (overlay);
  return test_machine_new (self);
}

static void
test_host_find_leftover_async (AstHost *host, GAsyncReadyCallback callback, gpointer data)
{
  take_call (TEST_HOST (host), CALL_FIND, "(find)", g_task_new (host, NULL, callback, data));
}

static void
test_host_describe_async (AstHost *host, AstAppliance *appliance, GAsyncReadyCallback callback, gpointer data)
{
  take_call (TEST_HOST (host), CALL_DESCRIBE, "(describe)", g_task_new (host, NULL, callback, data));
}

static void
test_host_iface_init (AstHostInterface *iface)
{
  iface->describe_async = test_host_describe_async;
  iface->make_machine = test_host_make_machine;
  iface->find_leftover_async = test_host_find_leftover_async;
}

static void
test_host_finalize (GObject *object)
{
  TestHost *self = TEST_HOST (object);

  g_clear_weak_pointer (&self->machine);
  for (guint i = 0; i < N_CALLS; i++)
    g_assert_null (self->waiting[i]);
  g_free (self->overlay);
  g_free (self->started_token);
  g_free (self->started_seed);
  G_OBJECT_CLASS (test_host_parent_class)->finalize (object);
}

static void
test_host_class_init (TestHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_host_finalize;
}

static void
test_host_init (TestHost *self)
{
  for (guint i = 0; i < N_CALLS; i++)
    self->errors[i] = AST_ERROR_START;
  self->depends = "domain 1\nqemu 1\nprocessor 1";
}

TestHost *
test_host_new (GString *trail)
{
  TestHost *self = g_object_new (TEST_TYPE_HOST, NULL);

  self->trail = trail;
  return self;
}

// ---------------------------------------------------------------------------------------------------------------
// The screen

static void test_screen_iface_init (AstScreenInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestScreen, test_screen, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AST_TYPE_SCREEN, test_screen_iface_init))

static void
test_screen_prepare (AstScreen *screen, const AstConfig *config, AstAppliance *appliance,
                     const AstPolicy *policy)
{
  TEST_SCREEN (screen)->policy = *policy;
  test_note (TEST_SCREEN (screen)->trail, "(prepare)");
}

static void
test_screen_await (AstScreen *screen, AstMachine *machine)
{
  test_note (TEST_SCREEN (screen)->trail, "(await)");
}

static void
test_screen_attach (AstScreen *screen, AstMachine *machine)
{
  TEST_SCREEN (screen)->attached++;
  test_note (TEST_SCREEN (screen)->trail, "(attach)");
}

static void
test_screen_detach (AstScreen *screen)
{
  TEST_SCREEN (screen)->detached++;
  test_note (TEST_SCREEN (screen)->trail, "(detach)");
}

// One stick, which goes where it is told to.
static GPtrArray *
test_screen_list_redirections (AstScreen *screen)
{
  GPtrArray *list = ast_redirection_list_new ();
  AstRedirection *stick = ast_redirection_new ("usb:1-2", AST_REDIRECTION_USB, "A <b>stick</b>");

  stick->state = TEST_SCREEN (screen)->has_stick ? AST_REDIRECTION_IN : AST_REDIRECTION_OUT;
  stick->note = TEST_SCREEN (screen)->has_stick ? g_strdup ("Mind it.") : NULL;
  g_ptr_array_add (list, stick);
  return list;
}

static gboolean
test_screen_redirect (AstScreen *screen, const char *id, gboolean in, GError **error)
{
  if (g_str_equal (id, "usb:1-2"))
    {
      TEST_SCREEN (screen)->has_stick = in;
      return TRUE;
    }
  g_set_error_literal (error, AST_ERROR, AST_ERROR_NO_SUCH_DEVICE, "There is none.");
  return FALSE;
}

static void
test_screen_iface_init (AstScreenInterface *iface)
{
  iface->prepare = test_screen_prepare;
  iface->await = test_screen_await;
  iface->attach = test_screen_attach;
  iface->detach = test_screen_detach;
  iface->list_redirections = test_screen_list_redirections;
  iface->redirect = test_screen_redirect;
}

static void
test_screen_class_init (TestScreenClass *klass)
{
}

static void
test_screen_init (TestScreen *self)
{
}

TestScreen *
test_screen_new (GString *trail)
{
  TestScreen *self = g_object_new (TEST_TYPE_SCREEN, NULL);

  self->trail = trail;
  return self;
}
