// SPDX-License-Identifier: GPL-3.0-or-later
// The order of a session, with doubles for the host and the screen, and real overlays.
#include "runner.h"
#include "doubles.h"
#include "entries.h"
#include "guest-lock.h"
#include "image-tools.h"
#include "overlay-names.h"
#include "session-facts.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// What must come comes in a moment, even with sanitizers on a busy machine.
#define PATIENCE_SECONDS 60
// QEMU's lock on its image: one of the bytes from 100 on (see overlay-store.c).
#define QEMU_LOCK_BYTE 100

static guint64 memory = G_MAXUINT64;

static guint64
get_memory (void)
{
  return memory;
}

static const AstRunnerTimes never = { .silent_guest = 3600 * 1000,
                                      .ask_again = 3600 * 1000,
                                      .screen_grace = 3600 * 1000,
                                      .discard_wait = 1,
                                      .memory_look = 3600 * 1000,
                                      .beat = 3600 * 1000,
                                      .room_look = 3600 * 1000,
                                      .get_memory = get_memory };

typedef struct
{
  TestFolder *folder;
  char *overlays;
  AstConfig *config;
  AstAppliance *appliance;
  AstOverlayStore *store;
  AstWarmStore *warm;
  TestHost *host;
  TestScreen *screen; // NULL: unseen
  AstRunner *runner;
  GString *trail; // states, and (calls)
  AstState told;
  AstState stop_at; // ends the session from within "changed"; AST_STATE_IDLE = never
} Fixture;

static void
assert_file_follows (Fixture *self, const AstStatus *status)
{
  g_autoptr (AstStatus) saved = ast_status_load (self->config->runtime);
  g_autofree char *said = ast_status_to_json (status);
  g_autofree char *written = ast_status_to_json (saved);

  g_assert_cmpstr (written, ==, said);
}

static void
on_changed (AstRunner *runner, Fixture *self)
{
  const AstStatus *status = ast_runner_get_status (runner);

  assert_file_follows (self, status);
  if (status->state == self->told)
    return;
  self->told = status->state;
  test_note (self->trail, ast_state_word (status->state));
  if (status->state == self->stop_at)
    ast_runner_stop (runner, TRUE);
}

static AstRunner *
make_runner (Fixture *self, const AstRunnerTimes *times)
{
  return ast_runner_new_with_times (self->config, AST_HOST (self->host), self->store, self->warm,
                                    self->screen ? AST_SCREEN (self->screen) : NULL, times);
}

static AstWarmStore *
make_warm_store (const char *folder)
{
  g_autofree char *warm = g_build_filename (folder, "warm", NULL);

  return ast_warm_store_new (warm, 0, 0, 4096);
}

static Fixture *
make_fixture (const AstRunnerTimes *times, gboolean seen)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autofree char *disk = NULL;

  self->folder = make_folder ();
  self->overlays = g_build_filename (self->folder, "overlays", NULL);
  disk = g_build_filename (self->folder, "disk.qcow2", NULL);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", disk, "1M", NULL));
  self->config = ast_config_new_default ();
  g_free (self->config->runtime);
  self->config->runtime = g_build_filename (self->folder, "run", NULL);
  self->config->stop_seconds = 2;
  self->appliance = make_appliance (self->folder, disk, NULL);
  // An appliance's folder has its name.
  g_free (self->appliance->folder);
  self->appliance->folder = g_build_filename (self->folder, "lab", NULL);
  g_assert_cmpint (g_mkdir (self->appliance->folder, 0755), ==, 0);
  self->store = ast_overlay_store_new (self->overlays, 0, 0);
  self->warm = make_warm_store (self->folder);
  self->trail = g_string_new (NULL);
  self->host = test_host_new (self->trail);
  self->screen = seen ? test_screen_new (self->trail) : NULL;
  self->runner = make_runner (self, times);
  g_signal_connect (self->runner, "changed", G_CALLBACK (on_changed), self);
  return self;
}

// What a thread does for it is done by then.
static void
wait_for_threads (gpointer object)
{
  while (g_atomic_int_get (&G_OBJECT (object)->ref_count) > 1)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (100);
    }
}

static void
free_fixture (Fixture *self)
{
  g_signal_handlers_disconnect_by_data (self->runner, self);
  wait_for_threads (self->runner);
  g_assert_finalize_object (self->runner);
  wait_for_threads (self->store);
  g_assert_finalize_object (self->store);
  g_assert_finalize_object (self->warm);
  g_assert_finalize_object (self->host);
  if (self->screen)
    g_assert_finalize_object (self->screen);
  ast_appliance_unref (self->appliance);
  ast_config_free (self->config);
  remove_folder (self->folder);
  g_free (self->overlays);
  g_string_free (self->trail, TRUE);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static gboolean
on_time_is_up (gpointer data)
{
  g_error ("Waited in vain; so far: %s", ((Fixture *)data)->trail->str);
  return G_SOURCE_REMOVE;
}

#define WAIT_UNTIL(fixture, condition)                                                                       \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint watchdog = g_timeout_add_seconds (PATIENCE_SECONDS, on_time_is_up, fixture);                       \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (watchdog);                                                                              \
  }                                                                                                          \
  G_STMT_END

static AstState
state_of (Fixture *self)
{
  return ast_runner_get_status (self->runner)->state;
}

static void
wait_for_state (Fixture *self, AstState state)
{
  WAIT_UNTIL (self, state_of (self) == state);
}

static void
spin (guint msec)
{
  gint64 end = g_get_monotonic_time () + msec * 1000;

  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

// `last-used` is written by a thread, under a name of its own until it is whole.
static guint
count_overlays (Fixture *self)
{
  g_autoptr (GDir) folder = g_dir_open (self->overlays, 0, NULL);
  guint count = 0;

  for (const char *name = folder ? g_dir_read_name (folder) : NULL; name; name = g_dir_read_name (folder))
    count
        += ast_overlay_classify (name) != AST_OVERLAY_NONE && !g_str_has_prefix (name, AST_OVERLAY_LAST_USED);
  return count;
}

static gboolean
is_locked (Fixture *self)
{
  return ast_guest_lock_is_held (self->config->runtime);
}

// Nothing is left of a session.
static void
assert_clean (Fixture *self)
{
  g_assert_cmpuint (count_overlays (self), ==, 0);
  g_assert_false (is_locked (self));
  g_assert_null (self->host->machine);
  g_assert_true (ast_runner_is_settled (self->runner));
  g_assert_cmpuint (ast_runner_get_seconds_to_force (self->runner), ==, 0);
}

static void
assert_idle (Fixture *self)
{
  const AstStatus *status = ast_runner_get_status (self->runner);

  g_assert_cmpstr (ast_state_word (status->state), ==, "idle");
  g_assert_null (status->appliance);
  g_assert_null (status->failure_code);
  assert_clean (self);
}

static void
assert_failed (Fixture *self, const char *code)
{
  const AstStatus *status = ast_runner_get_status (self->runner);

  g_assert_cmpstr (ast_state_word (status->state), ==, "failed");
  g_assert_cmpstr (status->failure_code, ==, code);
  g_assert_cmpstr (status->appliance, ==, "lab");
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "ASTEROIDE_CODE"), ==, code);
  g_test_message ("%s", status->failure_message);
}

static void
start (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (ast_runner_start (self->runner, self->appliance, &error));
  g_assert_no_error (error);
}

static void
start_refused (Fixture *self, AstError code)
{
  g_autoptr (AstStatus) before = ast_status_copy (ast_runner_get_status (self->runner));
  g_autoptr (GError) error = NULL;
  g_autofree char *then = ast_status_to_json (before);
  g_autofree char *now = NULL;

  g_assert_false (ast_runner_start (self->runner, self->appliance, &error));
  g_assert_error (error, AST_ERROR, (int)code);
  g_test_message ("%s", error->message);
  now = ast_status_to_json (ast_runner_get_status (self->runner));
  g_assert_cmpstr (now, ==, then);
}

// Up to a state on the way up.
static void
bring_to (Fixture *self, AstState state)
{
  start (self);
  wait_for_state (self, state);
  if (state != AST_STATE_BOOTING || self->screen == NULL)
    return;
  ast_screen_emit_shown (AST_SCREEN (self->screen));
}

static void
bring_to_ready (Fixture *self)
{
  bring_to (self, AST_STATE_BOOTING);
  if (self->screen)
    ast_screen_emit_desktop_ready (AST_SCREEN (self->screen));
  else
    ast_machine_emit_desktop_ready (self->host->machine);
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
}

// ---------------------------------------------------------------------------------------------------------------
// The whole way

static void
test_whole_session (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  gint64 began = g_get_real_time ();

  bring_to_ready (self);
  g_assert_cmpstr (ast_runner_get_status (self->runner)->appliance, ==, "lab");
  g_assert_cmpint (ast_runner_get_status (self->runner)->since, >=, began);
  g_assert_true (is_locked (self));
  g_assert_cmpuint (count_overlays (self), ==, 1);
  g_assert_true (g_file_test (self->host->overlay, G_FILE_TEST_IS_REGULAR));
  g_assert_cmpint (ast_overlay_store_last_used (self->store, "lab"), >=, began / G_USEC_PER_SEC);
  ast_runner_stop (self->runner, FALSE);
  g_assert_false (ast_runner_is_settled (self->runner));
  ast_machine_emit_ended (self->host->machine, AST_END_POWERED_OFF);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==,
                   "preparing (prepare) (make) (start) starting (attach) booting ready (ask) stopping "
                   "(destroy) (detach) discarding idle");
}

static void
test_two_sessions (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *first = NULL;

  bring_to_ready (self);
  first = g_strdup (self->host->overlay);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  bring_to_ready (self);
  g_assert_cmpstr (self->host->overlay, !=, first);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_unseen (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, FALSE);

  bring_to_ready (self);
  ast_machine_emit_ended (self->host->machine, AST_END_POWERED_OFF);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==,
                   "preparing (make) (start) starting booting ready stopping (destroy) discarding idle");
}

// The screen is told what the session may use: by the descriptor, and less when the station is under exam.
static void
test_policy (gconstpointer data)
{
  gboolean exam = GPOINTER_TO_INT (data);
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->config->exam = exam;
  self->appliance->devices = AST_DEVICE_SOUND | AST_DEVICE_CLIPBOARD;
  bring_to_ready (self);
  g_assert_cmpint (self->screen->policy.exam, ==, exam);
  g_assert_cmpuint (self->screen->policy.devices, ==, exam ? AST_DEVICE_SOUND : self->appliance->devices);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

static void
test_without_disk (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  g_clear_pointer (&self->appliance->disk, ast_image_free);
  bring_to_ready (self);
  g_assert_null (self->host->overlay);
  g_assert_cmpuint (count_overlays (self), ==, 0);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_kept (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->appliance->keeping = AST_KEEPING_KEPT;
  bring_to (self, AST_STATE_BOOTING);
  // What is kept may be half written: it is asked first, also while it boots.
  ast_runner_stop (self->runner, FALSE);
  g_assert_cmpuint (self->host->counts[CALL_ASK], ==, 1);
  ast_machine_emit_ended (self->host->machine, AST_END_POWERED_OFF);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_true (ast_overlay_store_has_kept (self->store, "lab"));
  g_assert_false (is_locked (self));
}

static void
test_silent_guest (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;

  times.silent_guest = 50;
  self = make_fixture (&times, TRUE);
  start (self);
  wait_for_state (self, AST_STATE_BOOTING);
  // Silence counts from the first picture on.
  spin (150);
  g_assert_cmpint (state_of (self), ==, AST_STATE_BOOTING);
  ast_screen_emit_shown (AST_SCREEN (self->screen));
  wait_for_state (self, AST_STATE_READY);
  ast_screen_emit_desktop_ready (AST_SCREEN (self->screen));
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

static void
test_silent_guest_unseen (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;

  times.silent_guest = 10;
  self = make_fixture (&times, FALSE);
  start (self);
  wait_for_state (self, AST_STATE_READY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// ---------------------------------------------------------------------------------------------------------------
// Refusals

static void
test_refused_while_running (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  start (self);
  start_refused (self, AST_ERROR_BUSY);
  wait_for_state (self, AST_STATE_BOOTING);
  start_refused (self, AST_ERROR_BUSY);
  ast_runner_stop (self->runner, FALSE);
  start_refused (self, AST_ERROR_BUSY);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_cmpuint (self->host->counts[CALL_START], ==, 1);
  assert_idle (self);
}

static void
test_refused_when_broken (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  g_ptr_array_add (self->appliance->problems,
                   ast_problem_new ("/x/lab/appliance.xml", 3, 4, "%s", "Nothing to start."));
  start_refused (self, AST_ERROR_DESCRIPTOR);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==, "");
}

static void
test_refused_by_lock (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  AstGuestLock *lock = ast_guest_lock_acquire (self->config->runtime, NULL);

  g_assert_nonnull (lock);
  start_refused (self, AST_ERROR_BUSY);
  g_assert_cmpuint (count_overlays (self), ==, 0);
  ast_guest_lock_release (lock);
  bring_to_ready (self);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_refused_without_runtime (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  // A file is where the folder should be: that stops root as well.
  write_file (self->config->runtime, "", 0);
  start_refused (self, AST_ERROR_CONFIGURATION);
  g_assert_cmpstr (self->trail->str, ==, "");
}

// ---------------------------------------------------------------------------------------------------------------
// The end, at every stage

static void
test_cancel_in_recovery (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_FIND] = DOUBLE_WAITS;
  ast_runner_recover (self->runner);
  start (self);
  ast_runner_stop (self->runner, FALSE);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STOPPING);
  test_host_answer (self->host, CALL_FIND, NULL);
  wait_for_state (self, AST_STATE_IDLE);
  spin (50);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==, "(find) preparing stopping (detach) discarding idle");
}

static void
test_cancel_while_preparing (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  // Sooner or later in the making of the overlay: every time clean.
  for (guint i = 0; i < 20; i++)
    {
      start (self);
      g_usleep (i * 1000);
      g_assert_cmpint (state_of (self), ==, AST_STATE_PREPARING);
      ast_runner_stop (self->runner, FALSE);
      wait_for_state (self, AST_STATE_IDLE);
      spin (1);
      assert_idle (self);
    }
  g_assert_cmpuint (self->host->counts[CALL_START], ==, 0);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 0);
}

static void
cancel_start (gboolean start_fails)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_START] = DOUBLE_WAITS;
  bring_to (self, AST_STATE_STARTING);
  ast_runner_stop (self->runner, FALSE);
  ast_runner_stop (self->runner, TRUE);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STOPPING);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 0);
  g_assert_cmpuint (count_overlays (self), ==, 1);
  test_host_answer (self->host, CALL_START,
                    start_fails ? g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "late") : NULL);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, start_fails ? 0 : 1);
  g_assert_cmpuint (self->screen->attached, ==, 0);
}

static void
test_cancel_while_starting (void)
{
  cancel_start (FALSE);
  cancel_start (TRUE);
}

static void
test_cancel_while_booting (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to (self, AST_STATE_BOOTING);
  ast_runner_stop (self->runner, FALSE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_ASK], ==, 0);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
}

static void
test_restart (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->stop_at = AST_STATE_FAILED;
  bring_to_ready (self);
  ast_runner_restart (self->runner, TRUE);
  g_assert_true (ast_runner_is_restarting (self->runner));
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_true (ast_runner_is_restarting (self->runner));
  start (self);
  g_assert_false (ast_runner_is_restarting (self->runner));
  // Somebody else's stop means that there shall be no guest.
  wait_for_state (self, AST_STATE_BOOTING);
  ast_runner_restart (self->runner, FALSE);
  ast_runner_stop (self->runner, FALSE);
  g_assert_false (ast_runner_is_restarting (self->runner));
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_force_when_ready (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_runner_stop (self->runner, TRUE);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_ASK], ==, 0);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
}

static void
on_countdown_over (AstRunner *runner, gboolean *told)
{
  *told = *told || ast_runner_get_seconds_to_force (runner) == 0;
}

static void
test_force_in_grace (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  gboolean told = FALSE;

  bring_to_ready (self);
  self->host->manners[CALL_DESTROY] = DOUBLE_WAITS;
  ast_runner_stop (self->runner, FALSE);
  g_assert_cmpuint (ast_runner_get_seconds_to_force (self->runner), ==, 2);
  g_signal_connect (self->runner, "changed", G_CALLBACK (on_countdown_over), &told);
  ast_runner_stop (self->runner, TRUE);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STOPPING);
  // Whoever shows the countdown hears that there is none any more.
  g_assert_true (told);
  g_signal_handlers_disconnect_by_data (self->runner, &told);
  test_host_answer (self->host, CALL_DESTROY, NULL);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
}

static void
test_stop_while_discarding (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_DISCARDING);
  ast_runner_stop (self->runner, TRUE);
  ast_runner_stop (self->runner, FALSE);
  wait_for_state (self, AST_STATE_IDLE);
  spin (20);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
}

static void
test_stop_when_idle (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  ast_runner_stop (self->runner, FALSE);
  ast_runner_stop (self->runner, TRUE);
  ast_runner_dismiss_failure (self->runner);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==, "");
}

static void
test_cancel_from_within (void)
{
  const AstState states[] = { AST_STATE_PREPARING, AST_STATE_STARTING, AST_STATE_BOOTING,
                              AST_STATE_READY,     AST_STATE_STOPPING, AST_STATE_DISCARDING };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (Fixture) self = make_fixture (&never, TRUE);

      self->stop_at = states[i];
      start (self);
      WAIT_UNTIL (self, state_of (self) == AST_STATE_BOOTING || state_of (self) == AST_STATE_IDLE);
      if (state_of (self) == AST_STATE_BOOTING)
        ast_screen_emit_desktop_ready (AST_SCREEN (self->screen));
      if (state_of (self) == AST_STATE_READY)
        ast_runner_stop (self->runner, TRUE);
      wait_for_state (self, AST_STATE_IDLE);
      spin (5);
      assert_idle (self);
      g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, self->host->counts[CALL_START]);
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Failures on the way up

static void
test_start_fails (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_START] = DOUBLE_FAILS;
  self->host->errors[CALL_START] = AST_ERROR_NO_LIBVIRT;
  start (self);
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "no-libvirt");
  assert_entry ("no-libvirt", self->config->name, "starting", "lab");
  assert_clean (self);
  // Nothing was started, so nothing of that name is ended: it would be somebody else's.
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 0);
  g_assert_cmpstr (self->trail->str, ==,
                   "preparing (prepare) (make) (start) starting stopping (detach) discarding failed");
  ast_runner_dismiss_failure (self->runner);
  assert_idle (self);
}

static void
test_again_after_failure (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_START] = DOUBLE_FAILS;
  start (self);
  wait_for_state (self, AST_STATE_FAILED);
  self->host->manners[CALL_START] = DOUBLE_SUCCEEDS;
  bring_to_ready (self);
  g_assert_null (ast_runner_get_status (self->runner)->failure_code);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_image_missing (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  g_assert_cmpint (g_unlink (self->appliance->disk->path), ==, 0);
  start (self);
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "image-missing");
  assert_clean (self);
  g_assert_cmpuint (self->host->counts[CALL_START], ==, 0);
}

static void
test_no_space (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  // The runner's own reference holds the first one.
  g_set_object (&self->store, ast_overlay_store_new (self->overlays, G_MAXUINT, 0));
  g_object_unref (self->store);
  g_signal_handlers_disconnect_by_data (self->runner, self);
  g_object_unref (self->runner);
  self->runner = make_runner (self, &never);
  g_signal_connect (self->runner, "changed", G_CALLBACK (on_changed), self);
  start (self);
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "no-space");
  assert_clean (self);
}

// ---------------------------------------------------------------------------------------------------------------
// The guest's own end

// The guest is gone, and what was written in it is there until the person has chosen.
static void
assert_choice (Fixture *self, const char *code)
{
  assert_failed (self, code);
  g_assert_true (ast_runner_get_status (self->runner)->resumable);
  g_assert_true (ast_runner_can_continue (self->runner));
  g_assert_true (is_locked (self));
  g_assert_cmpuint (count_overlays (self), ==, 1);
  g_assert_null (self->host->machine);
  start_refused (self, AST_ERROR_BUSY);
}

static void
guest_ends (AstEnd end, const char *code)
{
  for (guint ready = 0; ready < 2; ready++)
    {
      g_autoptr (Fixture) self = make_fixture (&never, TRUE);

      ready ? bring_to_ready (self) : bring_to (self, AST_STATE_BOOTING);
      ast_machine_emit_ended (self->host->machine, end);
      wait_for_state (self, code ? AST_STATE_FAILED : AST_STATE_IDLE);
      if (code)
        {
          assert_choice (self, code);
          assert_entry (code, self->config->name, ready ? "ready" : "booting", "lab");
        }
      ast_runner_dismiss_failure (self->runner);
      wait_for_state (self, AST_STATE_IDLE);
      assert_clean (self);
      // The end is verified all the same.
      g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
    }
}

static void
test_guest_powers_off (void)
{
  guest_ends (AST_END_POWERED_OFF, NULL);
}

static void
test_guest_is_ended_outside (void)
{
  guest_ends (AST_END_DESTROYED, NULL);
}

static void
test_guest_is_lost (void)
{
  guest_ends (AST_END_LOST, "guest-lost");
  guest_ends (AST_END_PANICKED, "guest-crashed");
}

// What was written before the guest died is what the next one boots from; as often as it takes.
static void
test_goes_on_from_disk (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *overlay = NULL;

  bring_to_ready (self);
  overlay = g_strdup (self->host->overlay);
  ast_machine_emit_ended (self->host->machine, AST_END_LOST);
  wait_for_state (self, AST_STATE_FAILED);
  self->host->manners[CALL_START] = DOUBLE_FAILS;
  ast_runner_continue (self->runner);
  wait_for_state (self, AST_STATE_FAILED);
  assert_choice (self, "start-failed");
  self->host->manners[CALL_START] = DOUBLE_SUCCEEDS;
  g_string_truncate (self->trail, 0);
  ast_runner_continue (self->runner);
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_cmpstr (self->trail->str, ==, "preparing (prepare) (make) (start) starting (attach) booting");
  g_assert_cmpstr (self->host->overlay, ==, overlay);
  g_assert_false (ast_runner_get_status (self->runner)->resumable);
  ast_screen_emit_desktop_ready (AST_SCREEN (self->screen));
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  ast_runner_continue (self->runner);
  assert_idle (self);
}

static void
test_choice_is_ended_outside (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_machine_emit_ended (self->host->machine, AST_END_LOST);
  wait_for_state (self, AST_STATE_FAILED);
  ast_runner_stop (self->runner, FALSE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// A kept state is not lost with the guest, and a live CD has nothing to lose.
static void
test_no_choice (void)
{
  for (guint kept = 0; kept < 2; kept++)
    {
      g_autoptr (Fixture) self = make_fixture (&never, TRUE);

      if (kept)
        self->appliance->keeping = AST_KEEPING_KEPT;
      else
        g_clear_pointer (&self->appliance->disk, ast_image_free);
      bring_to_ready (self);
      ast_machine_emit_ended (self->host->machine, AST_END_LOST);
      wait_for_state (self, AST_STATE_FAILED);
      assert_failed (self, "guest-lost");
      g_assert_false (ast_runner_can_continue (self->runner));
      g_assert_false (is_locked (self));
      ast_runner_dismiss_failure (self->runner);
      wait_for_state (self, AST_STATE_IDLE);
    }
}

static void
test_guest_is_lost_in_grace (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_runner_stop (self->runner, FALSE);
  ast_machine_emit_ended (self->host->machine, AST_END_LOST);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_guest_ends_while_starting (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_START] = DOUBLE_WAITS;
  bring_to (self, AST_STATE_STARTING);
  ast_machine_emit_ended (self->host->machine, AST_END_LOST);
  test_host_answer (self->host, CALL_START, NULL);
  wait_for_state (self, AST_STATE_FAILED);
  assert_choice (self, "guest-lost");
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
  ast_runner_dismiss_failure (self->runner);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// ---------------------------------------------------------------------------------------------------------------
// The graceful stop

static void
on_count (AstRunner *runner, guint *least)
{
  guint left = ast_runner_get_seconds_to_force (runner);

  if (left > 0)
    *least = MIN (*least, left);
}

static void
test_deaf_guest (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;
  guint least = G_MAXUINT;

  times.ask_again = 300;
  self = make_fixture (&times, TRUE);
  self->host->manners[CALL_ASK] = DOUBLE_FAILS;
  bring_to_ready (self);
  ast_runner_stop (self->runner, FALSE);
  g_assert_cmpuint (ast_runner_get_seconds_to_force (self->runner), ==, 2);
  g_signal_connect (self->runner, "changed", G_CALLBACK (on_count), &least);
  // Asked once more by a person: the countdown does not begin anew.
  WAIT_UNTIL (self, ast_runner_get_seconds_to_force (self->runner) == 1);
  ast_runner_stop (self->runner, FALSE);
  g_assert_cmpuint (ast_runner_get_seconds_to_force (self->runner), ==, 1);
  wait_for_state (self, AST_STATE_IDLE);
  g_signal_handlers_disconnect_by_data (self->runner, &least);
  g_assert_cmpuint (least, ==, 1);
  g_assert_cmpuint (self->host->counts[CALL_ASK], >=, 3);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
  assert_idle (self);
}

static void
test_answer_after_the_end (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_ASK] = DOUBLE_WAITS;
  bring_to_ready (self);
  ast_runner_stop (self->runner, FALSE);
  ast_machine_emit_ended (self->host->machine, AST_END_POWERED_OFF);
  wait_for_state (self, AST_STATE_IDLE);
  test_host_answer (self->host, CALL_ASK, g_error_new (AST_ERROR, AST_ERROR_STOP, "gone"));
  spin (5);
  assert_idle (self);
}

// ---------------------------------------------------------------------------------------------------------------
// A guest that does not go

static void
assert_held (Fixture *self)
{
  assert_failed (self, "stop-failed");
  g_assert_true (is_locked (self));
  g_assert_cmpuint (count_overlays (self), ==, 1);
  start_refused (self, AST_ERROR_BUSY);
}

static void
test_destroy_fails (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->host->manners[CALL_DESTROY] = DOUBLE_FAILS;
  bring_to_ready (self);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_FAILED);
  assert_held (self);
  g_assert_cmpuint (self->screen->detached, ==, 1);
  ast_runner_dismiss_failure (self->runner);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STOPPING);
  wait_for_state (self, AST_STATE_FAILED);
  assert_held (self);
  self->host->manners[CALL_DESTROY] = DOUBLE_SUCCEEDS;
  ast_runner_stop (self->runner, FALSE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 3);
}

// A process that still has the image open. Returns what is to be closed.
static int
use_overlay (const char *overlay)
{
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = QEMU_LOCK_BYTE, .l_len = 1 };
  int fd = open (overlay, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (fcntl (fd, F_OFD_SETLK, &lock), ==, 0);
  return fd;
}

static void
test_overlay_stays_in_use (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  int fd;

  bring_to_ready (self);
  fd = use_overlay (self->host->overlay);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_FAILED);
  assert_held (self);
  ast_runner_dismiss_failure (self->runner);
  wait_for_state (self, AST_STATE_FAILED);
  assert_held (self);
  close (fd);
  ast_runner_dismiss_failure (self->runner);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_overlay_is_in_use_for_a_moment (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;
  int fd;

  times.discard_wait = 20;
  self = make_fixture (&times, TRUE);
  bring_to_ready (self);
  fd = use_overlay (self->host->overlay);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_DISCARDING);
  spin (60);
  g_assert_cmpint (state_of (self), ==, AST_STATE_DISCARDING);
  close (fd);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// ---------------------------------------------------------------------------------------------------------------
// The screen

static Fixture *
make_impatient_fixture (void)
{
  AstRunnerTimes times = never;

  times.screen_grace = 20;
  return make_fixture (&times, TRUE);
}

static void
test_screen_is_lost (void)
{
  g_autoptr (Fixture) self = make_impatient_fixture ();
  AstScreen *screen = AST_SCREEN (self->screen);

  bring_to_ready (self);
  for (guint tries = 1; tries <= 3; tries++)
    {
      ast_screen_emit_lost (screen);
      ast_screen_emit_lost (screen);
      WAIT_UNTIL (self, self->screen->attached == 1 + tries);
      g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
    }
  ast_screen_emit_lost (screen);
  wait_for_state (self, AST_STATE_FAILED);
  assert_choice (self, "screen-lost");
  g_assert_cmpuint (self->screen->attached, ==, 4);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
  ast_runner_dismiss_failure (self->runner);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_screen_comes_back (void)
{
  g_autoptr (Fixture) self = make_impatient_fixture ();

  bring_to_ready (self);
  for (guint i = 1; i <= 10; i++)
    {
      ast_screen_emit_lost (AST_SCREEN (self->screen));
      WAIT_UNTIL (self, self->screen->attached == 1 + i);
      ast_screen_emit_shown (AST_SCREEN (self->screen));
    }
  spin (50);
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// The screen goes first, the word of the guest's end follows.
static void
test_screen_goes_with_guest (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_screen_emit_lost (AST_SCREEN (self->screen));
  ast_machine_emit_ended (self->host->machine, AST_END_POWERED_OFF);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpuint (self->screen->attached, ==, 1);
}

static void
test_screen_is_lost_in_grace (void)
{
  g_autoptr (Fixture) self = make_impatient_fixture ();

  bring_to_ready (self);
  ast_runner_stop (self->runner, FALSE);
  ast_screen_emit_lost (AST_SCREEN (self->screen));
  spin (100);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STOPPING);
  g_assert_cmpuint (self->screen->attached, ==, 1);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Recovery

static char *
leave_overlay (Fixture *self, const char *name)
{
  char *path = g_build_filename (self->overlays, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (self->overlays, 0700), ==, 0);
  write_file (path, "x", 1);
  return path;
}

static void
recover (Fixture *self)
{
  ast_runner_recover (self->runner);
  WAIT_UNTIL (self, ast_runner_is_settled (self->runner));
}

static void
test_recovery (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *left = leave_overlay (self, "lab-0123456789ab" AST_OVERLAY_VOLATILE_SUFFIX);
  g_autofree char *kept = leave_overlay (self, "lab" AST_OVERLAY_KEPT_SUFFIX);
  g_autoptr (AstStatus) dead = ast_status_new (AST_STATE_READY, "lab", 1);

  g_assert_cmpint (g_mkdir_with_parents (self->config->runtime, 0755), ==, 0);
  g_assert_true (ast_status_save (dead, self->config->runtime, NULL));
  self->host->leftover = TRUE;
  self->host->manners[CALL_DESTROY] = DOUBLE_WAITS;
  ast_runner_recover (self->runner);
  WAIT_UNTIL (self, self->host->counts[CALL_DESTROY] == 1);
  // Nothing is swept below a guest that still runs.
  g_assert_true (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (is_locked (self));
  g_assert_false (ast_runner_is_settled (self->runner));
  test_host_answer (self->host, CALL_DESTROY, NULL);
  WAIT_UNTIL (self, ast_runner_is_settled (self->runner));
  g_assert_null (ast_runner_get_recovery_failure (self->runner));
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  g_assert_false (is_locked (self));
  assert_file_follows (self, ast_runner_get_status (self->runner));
  g_assert_cmpstr (self->trail->str, ==, "(find) (destroy)");
}

static void
test_recovery_beside_another (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *left = leave_overlay (self, "lab-0123456789ab" AST_OVERLAY_VOLATILE_SUFFIX);
  g_autoptr (AstGuestLock) lock = ast_guest_lock_acquire (self->config->runtime, NULL);
  g_autoptr (AstStatus) other = ast_status_new (AST_STATE_READY, "other", 1);

  self->host->leftover = TRUE;
  g_assert_true (ast_status_save (other, self->config->runtime, NULL));
  recover (self);
  g_assert_error (ast_runner_get_recovery_failure (self->runner), AST_ERROR, AST_ERROR_BUSY);
  g_assert_true (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_cmpstr (self->trail->str, ==, "");
  assert_file_follows (self, other);
}

static void
test_recovery_without_host (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *left = leave_overlay (self, "lab-0123456789ab" AST_OVERLAY_VOLATILE_SUFFIX);

  self->host->manners[CALL_FIND] = DOUBLE_FAILS;
  self->host->errors[CALL_FIND] = AST_ERROR_NO_LIBVIRT;
  recover (self);
  g_assert_error (ast_runner_get_recovery_failure (self->runner), AST_ERROR, AST_ERROR_NO_LIBVIRT);
  assert_entry ("no-libvirt", self->config->name, "idle", NULL);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  assert_idle (self);
}

static void
test_recovery_in_vain (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *left = leave_overlay (self, "lab-0123456789ab" AST_OVERLAY_VOLATILE_SUFFIX);
  int fd = use_overlay (left);

  self->host->leftover = TRUE;
  self->host->manners[CALL_DESTROY] = DOUBLE_FAILS;
  self->host->errors[CALL_DESTROY] = AST_ERROR_STOP;
  recover (self);
  g_assert_error (ast_runner_get_recovery_failure (self->runner), AST_ERROR, AST_ERROR_STOP);
  g_assert_true (g_file_test (left, G_FILE_TEST_EXISTS));
  close (fd);
}

static void
test_start_waits_for_recovery (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *left = leave_overlay (self, "lab-0123456789ab" AST_OVERLAY_VOLATILE_SUFFIX);

  self->host->leftover = TRUE;
  ast_runner_recover (self->runner);
  bring_to_ready (self);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==,
                   "(find) preparing (destroy) (prepare) (make) (start) starting (attach) booting ready "
                   "stopping (destroy) (detach) discarding idle");
}

// ---------------------------------------------------------------------------------------------------------------
// The station's disks while a guest runs

static Fixture *
make_watching_fixture (void)
{
  AstRunnerTimes times = never;

  times.room_look = 10;
  return make_fixture (&times, TRUE);
}

// So much of the overlay's bound is taken.
static void
fill_overlay (Fixture *self, guint percent)
{
  int fd = open (self->host->overlay, O_RDWR);
  gint64 size = lseek (fd, 0, SEEK_END);

  g_assert_cmpint (fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size), ==, 0);
  g_assert_cmpint (fallocate (fd, FALLOC_FL_KEEP_SIZE, 0, size * percent / 100), ==, 0);
  close (fd);
}

static void
test_filled (void)
{
  static const guint steps[][2] = { { 50, 0 },  { 82, 80 }, { 76, 80 }, { 97, 95 }, { 92, 95 },
                                    { 88, 80 }, { 70, 0 },  { 78, 0 },  { 99, 95 } };
  g_autoptr (Fixture) self = make_watching_fixture ();

  bring_to_ready (self);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      fill_overlay (self, steps[i][0]);
      spin (50);
      WAIT_UNTIL (self, ast_runner_get_status (self->runner)->filled == steps[i][1]);
    }
  g_assert_false (ast_runner_get_status (self->runner)->tampered);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_cmpuint (ast_runner_get_status (self->runner)->filled, ==, 0);
  bring_to_ready (self);
  spin (50);
  g_assert_cmpuint (ast_runner_get_status (self->runner)->filled, ==, 0);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// An image that is replaced is the former one for the guest; one that is written into is not.
static void
test_tampered (void)
{
  g_autoptr (Fixture) self = make_watching_fixture ();
  g_autofree char *other = g_build_filename (self->folder, "other.qcow2", NULL);

  bring_to_ready (self);
  spin (50);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", other, "2M", NULL));
  g_assert_cmpint (rename (other, self->appliance->disk->path), ==, 0);
  spin (50);
  g_assert_false (ast_runner_get_status (self->runner)->tampered);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  bring_to_ready (self);
  // Once it tells how full the overlay is it knows the image.
  fill_overlay (self, 82);
  WAIT_UNTIL (self, ast_runner_get_status (self->runner)->filled == 80);
  g_assert_false (ast_runner_get_status (self->runner)->tampered);
  g_assert_cmpint (truncate (self->appliance->disk->path, 4 * 1024 * 1024), ==, 0);
  WAIT_UNTIL (self, ast_runner_get_status (self->runner)->tampered);
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_false (ast_runner_get_status (self->runner)->tampered);
}

// ---------------------------------------------------------------------------------------------------------------
// A session outlives its runner

// The runner dies as it is; its guest does not. The next one has not been told to recover yet.
static void
die (Fixture *self, const AstRunnerTimes *times)
{
  g_signal_handlers_disconnect_by_data (self->runner, self);
  wait_for_threads (self->runner);
  g_assert_finalize_object (self->runner);
  self->runner = make_runner (self, times);
  self->told = AST_STATE_IDLE;
  g_signal_connect (self->runner, "changed", G_CALLBACK (on_changed), self);
  g_string_truncate (self->trail, 0);
  self->host->leftover = TRUE;
  self->host->token = self->host->started_token;
}

static void
change_facts (Fixture *self, void (*change) (AstSessionFacts *facts))
{
  g_autoptr (AstSessionFacts) facts = ast_session_facts_load (self->config->runtime);

  g_assert_nonnull (facts);
  change (facts);
  g_assert_true (ast_session_facts_save (facts, self->config->runtime, NULL));
}

static void
assert_no_facts (Fixture *self)
{
  g_autoptr (AstSessionFacts) facts = ast_session_facts_load (self->config->runtime);

  g_assert_null (facts);
}

static void
write_descriptor (Fixture *self)
{
  g_autofree char *path = g_build_filename (self->appliance->folder, "appliance.xml", NULL);
  static const char text[] = "<appliance xmlns=\"urn:asteroide:appliance:1\" id=\"lab\"><name>Lab</name>"
                             "<disk href=\"disk.qcow2\"/></appliance>";

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_rescue (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autofree char *overlay = NULL;

  write_descriptor (self);
  bring_to_ready (self);
  overlay = g_strdup (self->host->overlay);
  die (self, &never);
  ast_runner_recover (self->runner);
  // From the first moment on it is a session like any other.
  g_assert_cmpint (state_of (self), ==, AST_STATE_PREPARING);
  start_refused (self, AST_ERROR_BUSY);
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_cmpstr (self->trail->str, ==, "preparing (prepare) (find) (take on) (attach) booting");
  g_assert_cmpstr (self->host->overlay, ==, overlay);
  g_assert_true (g_file_test (overlay, G_FILE_TEST_EXISTS));
  g_assert_cmpstr (ast_runner_get_appliance (self->runner)->name, ==, "Lab");
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 0);
  ast_screen_emit_desktop_ready (AST_SCREEN (self->screen));
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  assert_no_facts (self);
}

static void
test_rescue_of_a_paused_guest (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  die (self, &never);
  self->host->paused = AST_PAUSE_NO_SPACE;
  ast_runner_recover (self->runner);
  wait_for_state (self, AST_STATE_BOOTING);
  WAIT_UNTIL (self, ast_runner_get_status (self->runner)->paused == AST_PAUSE_NO_SPACE);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// Whoever sits there leaves before it is found.
static void
test_rescue_is_cancelled (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  die (self, &never);
  self->host->manners[CALL_FIND] = DOUBLE_WAITS;
  ast_runner_recover (self->runner);
  ast_runner_stop (self->runner, FALSE);
  test_host_answer (self->host, CALL_FIND, NULL);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
  assert_idle (self);
  assert_no_facts (self);
}

static void
be_idle (AstSessionFacts *facts)
{
  facts->touched = MAX (facts->touched - 60 * 1000 - 1, 0);
}

static void
boot_otherwise (AstSessionFacts *facts)
{
  g_free (facts->boot);
  facts->boot = g_strdup ("another start");
}

static void
end_it (AstSessionFacts *facts)
{
  facts->ending = TRUE;
}

static void
be_away (AstSessionFacts *facts)
{
  facts->seen -= AST_SESSION_AWAY_LIMIT + 1;
  facts->touched = facts->seen = MAX (facts->seen, 0);
}

static void
be_under_exam (AstSessionFacts *facts)
{
  facts->exam = TRUE;
}

static void
lose_its_guest (AstSessionFacts *facts)
{
  g_free (facts->token);
  facts->token = g_uuid_string_random ();
}

static void
lie_about_the_overlay (AstSessionFacts *facts)
{
  g_free (facts->overlay);
  facts->overlay = g_strdup ("/etc/passwd");
}

// Nothing of the former session can be reached, and its guest does not run.
static void
test_no_rescue (gconstpointer change)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  if (change == be_away && ast_session_clock () < AST_SESSION_AWAY_LIMIT + 1)
    return g_test_skip ("this system has not been up for long enough");
  bring_to_ready (self);
  die (self, &never);
  change_facts (self, (void (*) (AstSessionFacts *))change);
  recover (self);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==, "(find) (destroy)");
  assert_no_facts (self);
}

static void
test_no_rescue_after_idle_time (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->config->idle_minutes = 1;
  bring_to_ready (self);
  die (self, &never);
  change_facts (self, be_idle);
  recover (self);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
}

// Another guest of this station's than the session's is ended; what the session wrote is still there.
static void
test_rescue_of_a_dead_guest (void)
{
  for (guint other = 0; other < 2; other++)
    {
      g_autoptr (Fixture) self = make_fixture (&never, TRUE);

      bring_to_ready (self);
      die (self, &never);
      if (other)
        change_facts (self, lose_its_guest);
      else
        self->host->leftover = FALSE;
      ast_runner_recover (self->runner);
      wait_for_state (self, AST_STATE_FAILED);
      assert_choice (self, "guest-lost");
      g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, other);
      // … also for the one after this one.
      die (self, &never);
      self->host->leftover = FALSE;
      ast_runner_recover (self->runner);
      wait_for_state (self, AST_STATE_FAILED);
      assert_choice (self, "guest-lost");
      ast_runner_continue (self->runner);
      wait_for_state (self, AST_STATE_BOOTING);
      ast_runner_stop (self->runner, TRUE);
      wait_for_state (self, AST_STATE_IDLE);
      assert_idle (self);
    }
}

static void
test_no_rescue_of_what_is_unseen (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, FALSE);

  bring_to_ready (self);
  die (self, &never);
  recover (self);
  assert_idle (self);
  g_assert_cmpuint (self->host->counts[CALL_DESTROY], ==, 1);
}

static void
test_beat (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;
  g_autoptr (AstSessionFacts) first = NULL, later = NULL;

  times.beat = 10;
  self = make_fixture (&times, TRUE);
  bring_to_ready (self);
  first = ast_session_facts_load (self->config->runtime);
  spin (5);
  ast_runner_note_touch (self->runner);
  spin (100);
  later = ast_session_facts_load (self->config->runtime);
  g_assert_cmpint (later->seen, >, first->seen);
  g_assert_cmpint (later->touched, >, first->touched);
  g_assert_cmpint (later->seen, >, later->touched);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_no_facts (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Reset

static int
reset (Fixture *self, const char *id, GError **error)
{
  const char *const ids[] = { id, NULL };

  return ast_runner_reset (self->runner, ids, error);
}

static void
assert_reset_refused (Fixture *self, const char *id)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (reset (self, id, &error), ==, -1);
  g_assert_error (error, AST_ERROR, AST_ERROR_BUSY);
}

static void
test_reset (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  const char *const both[] = { "a", "b", NULL };

  for (guint i = 0; i < 4; i++)
    g_free (leave_overlay (
        self, (const char *[]){ "a.kept.qcow2", "b.kept.qcow2", "c.kept.qcow2", "d.kept.qcow2" }[i]));
  g_assert_cmpint (reset (self, "none", NULL), ==, 0);
  g_assert_cmpint (ast_runner_reset (self->runner, both, NULL), ==, 2);
  g_assert_cmpuint (count_overlays (self), ==, 2);
  g_assert_cmpint (reset (self, NULL, NULL), ==, 2);
  g_assert_cmpint (reset (self, NULL, NULL), ==, 0);
  assert_idle (self);
}

static void
test_reset_while_running (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  g_free (leave_overlay (self, "other.kept.qcow2"));
  self->appliance->keeping = AST_KEEPING_KEPT;
  bring_to_ready (self);
  assert_reset_refused (self, "lab");
  assert_reset_refused (self, NULL);
  g_assert_true (ast_overlay_store_has_kept (self->store, "other"));
  g_assert_cmpint (reset (self, "other", NULL), ==, 1);
  g_assert_true (is_locked (self));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_cmpint (reset (self, "lab", NULL), ==, 1);
  assert_idle (self);
}

static void
test_reset_beside_another (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);
  g_autoptr (AstGuestLock) lock = ast_guest_lock_acquire (self->config->runtime, NULL);

  g_free (leave_overlay (self, "lab.kept.qcow2"));
  assert_reset_refused (self, "lab");
  assert_reset_refused (self, NULL);
  g_assert_cmpuint (count_overlays (self), ==, 1);
}

static void
test_reset_after_failure (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  self->appliance->keeping = AST_KEEPING_KEPT;
  self->host->manners[CALL_START] = DOUBLE_FAILS;
  start (self);
  wait_for_state (self, AST_STATE_FAILED);
  g_assert_cmpint (reset (self, "lab", NULL), ==, 1);
  assert_clean (self);
}

// ---------------------------------------------------------------------------------------------------------------
// A guest that stands still

static void
test_paused_goes_on (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to (self, AST_STATE_BOOTING);
  g_assert_false (ast_runner_can_go_on (self->runner));
  ast_machine_emit_paused (self->host->machine, AST_PAUSE_DISK_ERROR);
  ast_machine_emit_paused (self->host->machine, AST_PAUSE_DISK_ERROR);
  g_assert_cmpint (ast_runner_get_status (self->runner)->paused, ==, AST_PAUSE_DISK_ERROR);
  g_assert_true (ast_runner_can_go_on (self->runner));
  // It stays so in the next state.
  ast_screen_emit_desktop_ready (AST_SCREEN (self->screen));
  g_assert_cmpint (state_of (self), ==, AST_STATE_READY);
  g_assert_cmpint (ast_runner_get_status (self->runner)->paused, ==, AST_PAUSE_DISK_ERROR);
  ast_runner_go_on (self->runner);
  WAIT_UNTIL (self, self->host->counts[CALL_RESUME] == 1);
  ast_machine_emit_resumed (self->host->machine);
  g_assert_cmpint (ast_runner_get_status (self->runner)->paused, ==, AST_PAUSE_NONE);
  ast_runner_go_on (self->runner);
  spin (50);
  g_assert_cmpuint (self->host->counts[CALL_RESUME], ==, 1);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// A guest that stands still hears no power button: it is not asked, and nobody waits for it.
static void
test_paused_is_ended (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_machine_emit_paused (self->host->machine, AST_PAUSE_NO_SPACE);
  ast_runner_stop (self->runner, FALSE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpint (ast_runner_get_status (self->runner)->paused, ==, AST_PAUSE_NONE);
  g_assert_cmpuint (self->host->counts[CALL_ASK], ==, 0);
}

static void
set_bound (Fixture *self, goffset more)
{
  AstRoom room;

  g_assert_true (ast_runner_get_room (self->runner, &room));
  g_assert_cmpint (truncate (self->host->overlay, (off_t)room.used + more), ==, 0);
}

// With its room used up it would stand still again at once; with room on the disk it gets further.
static void
test_paused_without_room (void)
{
  g_autoptr (Fixture) self = make_fixture (&never, TRUE);

  bring_to_ready (self);
  set_bound (self, 64 << 20);
  g_assert_false (ast_runner_can_go_on (self->runner));
  ast_machine_emit_paused (self->host->machine, AST_PAUSE_NO_SPACE);
  g_assert_true (ast_runner_can_go_on (self->runner));
  set_bound (self, 1 << 20);
  g_assert_false (ast_runner_can_go_on (self->runner));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// ---------------------------------------------------------------------------------------------------------------
// Warm starts

// A station with an appliance that starts warm, from a pair that was prepared, unless nothing was.
static Fixture *
make_warm_fixture (const AstRunnerTimes *times, gboolean prepared)
{
  Fixture *self = make_fixture (times, TRUE);
  g_autoptr (GError) error = NULL;

  self->appliance->start_mode = AST_START_WARM;
  self->appliance->memory_mib = 16;
  if (!prepared)
    return self;
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  wait_for_state (self, AST_STATE_IDLE);
  g_string_truncate (self->trail, 0);
  self->told = AST_STATE_IDLE;
  return self;
}

static AstWarmth
get_warmth (Fixture *self)
{
  AstWarmth warmth;
  AstWarmPair *pair = ast_warm_store_find (self->warm, self->appliance, self->host->depends, &warmth, NULL);

  if (pair)
    ast_warm_pair_unref (pair);
  return warmth;
}

// Nothing but what belongs to pairs is in their folder.
static void
assert_warm_folder (Fixture *self, guint files)
{
  g_autofree char *path = g_build_filename (self->folder, "warm", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint count = 0;

  while (folder && g_dir_read_name (folder))
    count++;
  g_assert_cmpuint (count, ==, files);
}

static void
test_warm (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  g_assert_true (ast_runner_get_status (self->runner)->warming);
  g_assert_cmpuint (self->screen->attached, ==, 0);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_false (ast_runner_get_status (self->runner)->warming);
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_FRESH);
  assert_warm_folder (self, 4);
  g_assert_cmpstr (self->trail->str, ==,
                   "(describe) preparing (make) (start to be saved) starting booting (desktop?) ready (save) "
                   "stopping (destroy) (detach) discarding idle");
  // Once more: there is nothing to do, unless it is to be made anew.
  g_string_truncate (self->trail, 0);
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_null (strstr (self->trail->str, "(start to be saved)"));
  g_assert_true (ast_runner_warm (self->runner, self->appliance, TRUE, &error));
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_nonnull (strstr (self->trail->str, "(start to be saved)"));
  assert_warm_folder (self, 4);
}

static void
test_warm_start (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  bring_to_ready (self);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpstr (self->trail->str, ==,
                   "(describe) preparing (prepare) (make) (restore) starting (attach) booting ready stopping "
                   "(destroy) (detach) discarding idle");
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_FRESH);
}

static void
test_warm_refused (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  self->appliance->start_mode = AST_START_COLD;
  g_assert_false (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
  g_clear_error (&error);
  self->appliance->start_mode = AST_START_WARM;
  self->config->exam = TRUE;
  g_assert_false (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
  g_clear_error (&error);
  self->config->exam = FALSE;
  bring_to_ready (self);
  g_assert_false (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_BUSY);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// Also where a pair is there: an exam begins with a boot.
static void
test_cold_under_exam (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->config->exam = TRUE;
  bring_to_ready (self);
  g_assert_nonnull (strstr (self->trail->str, "(start)"));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

static void
test_cold_when_stale (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->depends = "domain 2\nqemu 1\nprocessor 1";
  forget_entry ();
  bring_to_ready (self);
  g_assert_null (last_entry); // that is no failure
  g_assert_nonnull (strstr (self->trail->str, "(start)"));
  g_assert_null (strstr (self->trail->str, "(restore)"));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// A pair that is found to be broken when it is used: nobody sees more of it than a longer start, and it is
// not tried again.
static void
test_cold_when_broken (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->manners[CALL_RESTORE] = DOUBLE_FAILS;
  self->host->errors[CALL_RESTORE] = AST_ERROR_WARM;
  bring_to_ready (self);
  assert_entry ("warm", self->config->name, "starting", "lab");
  g_assert_cmpuint (count_overlays (self), ==, 1);
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_DAMAGED);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  assert_warm_folder (self, 1);
  g_assert_cmpstr (
      self->trail->str, ==,
      "(describe) preparing (prepare) (make) (restore) starting (make) (start) (attach) booting ready "
      "stopping (destroy) (detach) discarding idle");
}

// One that is seen to be broken before it is used.
static void
test_cold_when_incomplete (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);
  AstWarmth warmth;
  g_autoptr (AstWarmPair) pair
      = ast_warm_store_find (self->warm, self->appliance, self->host->depends, &warmth, NULL);

  g_assert_cmpint (g_unlink (pair->memory), ==, 0);
  bring_to_ready (self);
  assert_entry ("warm", self->config->name, "preparing", "lab");
  g_assert_nonnull (strstr (g_hash_table_lookup (last_entry, "MESSAGE"), "it starts cold"));
  g_assert_null (strstr (self->trail->str, "(restore)"));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
}

// What fails for another reason than the pair does not condemn it.
static void
test_cold_when_refused (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->manners[CALL_RESTORE] = DOUBLE_FAILS;
  bring_to_ready (self);
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_FRESH);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// A seed that cannot even be opened is the pair's fault, not the student's.
static void
test_cold_when_seed_is_broken (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);
  AstWarmth warmth;
  g_autoptr (AstWarmPair) pair
      = ast_warm_store_find (self->warm, self->appliance, self->host->depends, &warmth, NULL);
  int fd;

  g_assert_cmpint (chmod (pair->seed, 0600), ==, 0);
  fd = open (pair->seed, O_WRONLY);
  g_assert_cmpint (pwrite (fd, "\0\0\0\0", 4, 0), ==, 4);
  close (fd);
  bring_to_ready (self);
  g_assert_null (strstr (self->trail->str, "(restore)"));
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_DAMAGED);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// A restored guest that could not be verified gone: neither its overlay nor the lock are given to anybody.
static void
test_restored_guest_stays (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->manners[CALL_RESTORE] = self->host->manners[CALL_DESTROY] = DOUBLE_FAILS;
  self->host->errors[CALL_RESTORE] = self->host->errors[CALL_DESTROY] = AST_ERROR_STOP;
  start (self);
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "stop-failed");
  g_assert_true (is_locked (self));
  g_assert_cmpuint (count_overlays (self), ==, 1);
  self->host->manners[CALL_DESTROY] = DOUBLE_SUCCEEDS;
  ast_runner_dismiss_failure (self->runner);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// The failed restore's QEMU still has the overlay, and somebody loses patience.
static void
test_cancel_while_overlay_is_in_use (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;
  int fd;

  times.discard_wait = 3600 * 1000;
  self = make_warm_fixture (&times, TRUE);
  self->host->manners[CALL_RESTORE] = DOUBLE_WAITS;
  start (self);
  WAIT_UNTIL (self, self->host->waiting[CALL_RESTORE]);
  fd = use_overlay (self->host->overlay);
  test_host_answer (self->host, CALL_RESTORE, g_error_new_literal (AST_ERROR, AST_ERROR_WARM, "Broken."));
  spin (200);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STARTING);
  close (fd);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// A full disk while it boots: a still picture is no desktop.
static void
test_preparation_stands_still (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  self->host->manners[CALL_DESKTOP] = DOUBLE_WAITS;
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  WAIT_UNTIL (self, self->host->waiting[CALL_DESKTOP]);
  ast_machine_emit_paused (self->host->machine, AST_PAUSE_NO_SPACE);
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "no-space");
  assert_warm_folder (self, 0);
  ast_runner_dismiss_failure (self->runner);
}

static void
test_cancel_restore (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->manners[CALL_RESTORE] = DOUBLE_WAITS;
  start (self);
  wait_for_state (self, AST_STATE_STARTING);
  ast_runner_stop (self->runner, TRUE);
  g_assert_cmpint (state_of (self), ==, AST_STATE_STOPPING);
  test_host_answer (self->host, CALL_RESTORE, NULL);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_desktop_never_comes (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  self->host->manners[CALL_DESKTOP] = DOUBLE_FAILS;
  self->host->errors[CALL_DESKTOP] = AST_ERROR_WARM;
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "warm");
  assert_warm_folder (self, 0);
  ast_runner_dismiss_failure (self->runner);
  assert_idle (self);
}

static void
test_save_fails (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  self->host->manners[CALL_SAVE] = DOUBLE_FAILS;
  self->host->errors[CALL_SAVE] = AST_ERROR_WARM;
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "warm");
  assert_warm_folder (self, 0);
  ast_runner_dismiss_failure (self->runner);
}

// Somebody comes to the station while it prepares: that comes first, at each stage.
static void
test_gives_way (gconstpointer data)
{
  DoubleCall stage = GPOINTER_TO_INT (data);
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  self->host->manners[stage] = DOUBLE_WAITS;
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  WAIT_UNTIL (self, self->host->waiting[stage]);
  g_string_truncate (self->trail, 0);
  start (self);
  // It is told at once, and what gives way is not.
  g_assert_cmpint (state_of (self), ==, AST_STATE_PREPARING);
  g_assert_false (ast_runner_get_status (self->runner)->warming);
  start_refused (self, AST_ERROR_BUSY);
  self->host->manners[stage] = DOUBLE_SUCCEEDS;
  if (self->host->waiting[stage])
    test_host_answer (self->host, stage, NULL);
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_null (strstr (self->trail->str, "stopping"));
  g_assert_nonnull (strstr (self->trail->str, "(start)"));
  assert_warm_folder (self, 0);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// … and goes again before it has begun.
static void
test_gives_way_for_nothing (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, FALSE);
  g_autoptr (GError) error = NULL;

  self->host->manners[CALL_START] = DOUBLE_WAITS;
  g_assert_true (ast_runner_warm (self->runner, self->appliance, FALSE, &error));
  WAIT_UNTIL (self, self->host->waiting[CALL_START]);
  start (self);
  ast_runner_stop (self->runner, TRUE);
  test_host_answer (self->host, CALL_START, NULL);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_cmpuint (self->host->counts[CALL_START], ==, 1);
  assert_idle (self);
}

static void
bring_ahead (Fixture *self)
{
  ast_runner_restore_ahead (self->runner, self->appliance);
  WAIT_UNTIL (self, ast_runner_get_ahead (self->runner));
  g_assert_cmpint (state_of (self), ==, AST_STATE_IDLE);
}

// Its network card cannot be plugged in: a session without what the descriptor promises is a failure.
static void
test_restored_guest_fails (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);
  g_autoptr (GError) error = g_error_new_literal (AST_ERROR, AST_ERROR_START, "No card.");

  bring_to_ready (self);
  ast_machine_emit_failed (self->host->machine, error);
  wait_for_state (self, AST_STATE_FAILED);
  assert_failed (self, "start-failed");
  assert_clean (self);
}

static void
test_ahead (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  bring_ahead (self);
  g_assert_cmpuint (count_overlays (self), ==, 1);
  g_assert_false (ast_runner_is_settled (self->runner));
  bring_to_ready (self);
  g_assert_null (ast_runner_get_ahead (self->runner));
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  g_assert_cmpstr (
      self->trail->str, ==,
      "(describe) (make) (restore ahead) (stand) (prepare) (await) preparing (resume) starting (attach) "
      "booting ready "
      "stopping (destroy) (detach) discarding idle");
}

// Somebody clicks while it is on its way to stand: nothing of it is done twice.
static void
test_ahead_is_adopted (gconstpointer data)
{
  DoubleCall stage = GPOINTER_TO_INT (data);
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->manners[stage] = DOUBLE_WAITS;
  ast_runner_restore_ahead (self->runner, self->appliance);
  WAIT_UNTIL (self, self->host->waiting[stage]);
  g_string_truncate (self->trail, 0);
  start (self);
  start_refused (self, AST_ERROR_BUSY);
  self->host->manners[stage] = DOUBLE_SUCCEEDS;
  if (self->host->waiting[stage])
    test_host_answer (self->host, stage, NULL);
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_true (g_str_has_prefix (self->trail->str, "(prepare) preparing "));
  g_assert_nonnull (strstr (self->trail->str, " starting "));
  g_assert_cmpuint (self->host->counts[CALL_RESTORE], ==, 1);
  g_assert_cmpuint (self->host->counts[CALL_RESUME], ==, stage == CALL_DESCRIBE ? 0 : 1);
  g_assert_cmpuint (count_overlays (self), ==, 1);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// … and goes again, or its pair turns out to be broken.
static void
test_ahead_is_adopted_for_nothing (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  self->host->manners[CALL_RESTORE] = DOUBLE_WAITS;
  ast_runner_restore_ahead (self->runner, self->appliance);
  WAIT_UNTIL (self, self->host->waiting[CALL_RESTORE]);
  start (self);
  ast_runner_stop (self->runner, TRUE);
  test_host_answer (self->host, CALL_RESTORE, NULL);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
  ast_runner_restore_ahead (self->runner, self->appliance);
  WAIT_UNTIL (self, self->host->waiting[CALL_RESTORE]);
  start (self);
  test_host_answer (self->host, CALL_RESTORE, g_error_new_literal (AST_ERROR, AST_ERROR_WARM, "Flipped."));
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_nonnull (strstr (self->trail->str, "(start)"));
  g_assert_cmpuint (self->host->counts[CALL_RESUME], ==, 0);
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_DAMAGED);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_ahead_of_another (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);
  g_autoptr (AstAppliance) other = make_appliance (self->folder, self->appliance->disk->path, NULL);
  g_autoptr (GError) error = NULL;

  bring_ahead (self);
  g_assert_true (ast_runner_start (self->runner, other, &error));
  g_assert_cmpint (state_of (self), ==, AST_STATE_PREPARING);
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_cmpuint (self->host->counts[CALL_RESUME], ==, 0);
  g_assert_cmpuint (self->host->counts[CALL_START], ==, 2); // the preparation was the first
  g_assert_cmpuint (count_overlays (self), ==, 1);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// Another image came, and nobody has heard of it: what stands ahead was made of the old one.
static void
test_ahead_of_its_time (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  bring_ahead (self);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", self->appliance->disk->path, "2M", NULL));
  bring_to_ready (self);
  g_assert_cmpuint (self->host->counts[CALL_RESUME], ==, 0);
  g_assert_nonnull (strstr (self->trail->str, "(start)"));
  g_assert_cmpuint (count_overlays (self), ==, 1);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

// Each night, also where one stands ahead.
static void
test_ahead_of_a_preparation (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);
  g_autoptr (GError) error = NULL;

  bring_ahead (self);
  g_assert_true (ast_runner_warm (self->runner, self->appliance, TRUE, &error));
  g_assert_true (ast_runner_get_status (self->runner)->warming);
  g_assert_cmpint (state_of (self), ==, AST_STATE_PREPARING);
  wait_for_state (self, AST_STATE_IDLE);
  g_assert_cmpuint (self->host->counts[CALL_SAVE], ==, 2);
  assert_idle (self);
  // A session comes before the preparation that has not begun yet.
  bring_ahead (self);
  g_assert_true (ast_runner_warm (self->runner, self->appliance, TRUE, &error));
  start (self);
  g_assert_false (ast_runner_get_status (self->runner)->warming);
  wait_for_state (self, AST_STATE_BOOTING);
  g_assert_cmpuint (self->host->counts[CALL_SAVE], ==, 2);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  assert_idle (self);
}

static void
test_ahead_is_let_go (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  bring_ahead (self);
  ast_runner_stop (self->runner, TRUE);
  WAIT_UNTIL (self, ast_runner_is_settled (self->runner));
  assert_idle (self);
  g_assert_cmpint (get_warmth (self), ==, AST_WARMTH_FRESH);
}

static void
test_ahead_without_memory (void)
{
  AstRunnerTimes times = never;
  g_autoptr (Fixture) self = NULL;

  times.memory_look = 10;
  self = make_warm_fixture (&times, TRUE);
  // For the guest's 16 MiB there has to be more than what others shall have.
  memory = 512 * 1024 * 1024;
  ast_runner_restore_ahead (self->runner, self->appliance);
  g_assert_true (ast_runner_is_settled (self->runner));
  memory = 600 * 1024 * 1024;
  bring_ahead (self);
  memory = 511 * 1024 * 1024;
  WAIT_UNTIL (self, ast_runner_is_settled (self->runner));
  assert_idle (self);
  memory = G_MAXUINT64;
}

// A guest that stands ahead and dies is nobody's failure.
static void
test_ahead_dies (void)
{
  g_autoptr (Fixture) self = make_warm_fixture (&never, TRUE);

  bring_ahead (self);
  ast_machine_emit_ended (self->host->machine, AST_END_LOST);
  WAIT_UNTIL (self, ast_runner_is_settled (self->runner));
  assert_idle (self);
  // Not again and again: not before something else has run.
  ast_runner_restore_ahead (self->runner, self->appliance);
  g_assert_true (ast_runner_is_settled (self->runner));
  bring_to_ready (self);
  ast_runner_stop (self->runner, TRUE);
  wait_for_state (self, AST_STATE_IDLE);
  self->host->manners[CALL_RESTORE] = DOUBLE_FAILS;
  ast_runner_restore_ahead (self->runner, self->appliance);
  WAIT_UNTIL (self, self->host->counts[CALL_RESTORE] == 3 && ast_runner_is_settled (self->runner));
  assert_idle (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_entry, NULL, NULL);
  g_test_add_func ("/runner/whole-session", test_whole_session);
  g_test_add_func ("/runner/two-sessions", test_two_sessions);
  g_test_add_func ("/runner/unseen", test_unseen);
  g_test_add_data_func ("/runner/policy", GINT_TO_POINTER (FALSE), test_policy);
  g_test_add_data_func ("/runner/policy/exam", GINT_TO_POINTER (TRUE), test_policy);
  g_test_add_func ("/runner/without-disk", test_without_disk);
  g_test_add_func ("/runner/kept", test_kept);
  g_test_add_func ("/runner/silent-guest", test_silent_guest);
  g_test_add_func ("/runner/silent-guest-unseen", test_silent_guest_unseen);
  g_test_add_func ("/runner/refused/while-running", test_refused_while_running);
  g_test_add_func ("/runner/refused/when-broken", test_refused_when_broken);
  g_test_add_func ("/runner/refused/by-lock", test_refused_by_lock);
  g_test_add_func ("/runner/refused/without-runtime", test_refused_without_runtime);
  g_test_add_func ("/runner/cancel/in-recovery", test_cancel_in_recovery);
  g_test_add_func ("/runner/cancel/preparing", test_cancel_while_preparing);
  g_test_add_func ("/runner/cancel/starting", test_cancel_while_starting);
  g_test_add_func ("/runner/cancel/booting", test_cancel_while_booting);
  g_test_add_func ("/runner/restart", test_restart);
  g_test_add_func ("/runner/cancel/ready", test_force_when_ready);
  g_test_add_func ("/runner/cancel/in-grace", test_force_in_grace);
  g_test_add_func ("/runner/cancel/discarding", test_stop_while_discarding);
  g_test_add_func ("/runner/cancel/idle", test_stop_when_idle);
  g_test_add_func ("/runner/cancel/from-within", test_cancel_from_within);
  g_test_add_func ("/runner/failure/start", test_start_fails);
  g_test_add_func ("/runner/failure/again", test_again_after_failure);
  g_test_add_func ("/runner/failure/image-missing", test_image_missing);
  g_test_add_func ("/runner/failure/no-space", test_no_space);
  g_test_add_func ("/runner/guest/powers-off", test_guest_powers_off);
  g_test_add_func ("/runner/guest/ended-outside", test_guest_is_ended_outside);
  g_test_add_func ("/runner/guest/lost", test_guest_is_lost);
  g_test_add_func ("/runner/guest/lost-in-grace", test_guest_is_lost_in_grace);
  g_test_add_func ("/runner/guest/ends-while-starting", test_guest_ends_while_starting);
  g_test_add_func ("/runner/stop/deaf-guest", test_deaf_guest);
  g_test_add_func ("/runner/stop/answer-after-the-end", test_answer_after_the_end);
  g_test_add_func ("/runner/stop/destroy-fails", test_destroy_fails);
  g_test_add_func ("/runner/stop/overlay-in-use", test_overlay_stays_in_use);
  g_test_add_func ("/runner/stop/overlay-in-use-for-a-moment", test_overlay_is_in_use_for_a_moment);
  g_test_add_func ("/runner/paused/goes-on", test_paused_goes_on);
  g_test_add_func ("/runner/paused/is-ended", test_paused_is_ended);
  g_test_add_func ("/runner/paused/without-room", test_paused_without_room);
  g_test_add_func ("/runner/screen/lost", test_screen_is_lost);
  g_test_add_func ("/runner/screen/comes-back", test_screen_comes_back);
  g_test_add_func ("/runner/screen/goes-with-guest", test_screen_goes_with_guest);
  g_test_add_func ("/runner/screen/lost-in-grace", test_screen_is_lost_in_grace);
  g_test_add_func ("/runner/recovery/leftover", test_recovery);
  g_test_add_func ("/runner/disks/filled", test_filled);
  g_test_add_func ("/runner/disks/tampered", test_tampered);
  g_test_add_func ("/runner/rescue/goes-on", test_rescue);
  g_test_add_func ("/runner/rescue/paused", test_rescue_of_a_paused_guest);
  g_test_add_func ("/runner/rescue/cancelled", test_rescue_is_cancelled);
  g_test_add_data_func ("/runner/rescue/other-boot", boot_otherwise, test_no_rescue);
  g_test_add_data_func ("/runner/rescue/ending", end_it, test_no_rescue);
  g_test_add_data_func ("/runner/rescue/away", be_away, test_no_rescue);
  g_test_add_data_func ("/runner/rescue/exam", be_under_exam, test_no_rescue);
  g_test_add_data_func ("/runner/rescue/overlay", lie_about_the_overlay, test_no_rescue);
  g_test_add_func ("/runner/rescue/idle", test_no_rescue_after_idle_time);
  g_test_add_func ("/runner/rescue/dead-guest", test_rescue_of_a_dead_guest);
  g_test_add_func ("/runner/rescue/unseen", test_no_rescue_of_what_is_unseen);
  g_test_add_func ("/runner/rescue/beat", test_beat);
  g_test_add_func ("/runner/ends/goes-on", test_goes_on_from_disk);
  g_test_add_func ("/runner/ends/choice-ended-outside", test_choice_is_ended_outside);
  g_test_add_func ("/runner/ends/no-choice", test_no_choice);
  g_test_add_func ("/runner/recovery/beside-another", test_recovery_beside_another);
  g_test_add_func ("/runner/recovery/without-host", test_recovery_without_host);
  g_test_add_func ("/runner/recovery/in-vain", test_recovery_in_vain);
  g_test_add_func ("/runner/recovery/start-waits", test_start_waits_for_recovery);
  g_test_add_func ("/runner/reset/kept", test_reset);
  g_test_add_func ("/runner/reset/while-running", test_reset_while_running);
  g_test_add_func ("/runner/reset/beside-another", test_reset_beside_another);
  g_test_add_func ("/runner/reset/after-failure", test_reset_after_failure);
  g_test_add_func ("/runner/warm/made", test_warm);
  g_test_add_func ("/runner/warm/start", test_warm_start);
  g_test_add_func ("/runner/warm/refused", test_warm_refused);
  g_test_add_func ("/runner/warm/cold-under-exam", test_cold_under_exam);
  g_test_add_func ("/runner/warm/cold-when-stale", test_cold_when_stale);
  g_test_add_func ("/runner/warm/cold-when-broken", test_cold_when_broken);
  g_test_add_func ("/runner/warm/cold-when-incomplete", test_cold_when_incomplete);
  g_test_add_func ("/runner/warm/cold-when-refused", test_cold_when_refused);
  g_test_add_func ("/runner/warm/cold-when-seed-is-broken", test_cold_when_seed_is_broken);
  g_test_add_func ("/runner/warm/guest-stays", test_restored_guest_stays);
  g_test_add_func ("/runner/warm/cancel-in-use", test_cancel_while_overlay_is_in_use);
  g_test_add_func ("/runner/warm/stands-still", test_preparation_stands_still);
  g_test_add_func ("/runner/warm/cancel", test_cancel_restore);
  g_test_add_func ("/runner/warm/no-desktop", test_desktop_never_comes);
  g_test_add_func ("/runner/warm/no-save", test_save_fails);
  g_test_add_data_func ("/runner/warm/gives-way/describe", GINT_TO_POINTER (CALL_DESCRIBE), test_gives_way);
  g_test_add_data_func ("/runner/warm/gives-way/start", GINT_TO_POINTER (CALL_START), test_gives_way);
  g_test_add_data_func ("/runner/warm/gives-way/desktop", GINT_TO_POINTER (CALL_DESKTOP), test_gives_way);
  g_test_add_data_func ("/runner/warm/gives-way/save", GINT_TO_POINTER (CALL_SAVE), test_gives_way);
  g_test_add_func ("/runner/warm/gives-way/for-nothing", test_gives_way_for_nothing);
  g_test_add_func ("/runner/warm/fails-later", test_restored_guest_fails);
  g_test_add_func ("/runner/ahead/taken", test_ahead);
  g_test_add_data_func ("/runner/ahead/adopted/preparing", GINT_TO_POINTER (CALL_DESCRIBE),
                        test_ahead_is_adopted);
  g_test_add_data_func ("/runner/ahead/adopted/starting", GINT_TO_POINTER (CALL_RESTORE),
                        test_ahead_is_adopted);
  g_test_add_data_func ("/runner/ahead/adopted/standing", GINT_TO_POINTER (CALL_STAND),
                        test_ahead_is_adopted);
  g_test_add_func ("/runner/ahead/adopted/for-nothing", test_ahead_is_adopted_for_nothing);
  g_test_add_func ("/runner/ahead/another", test_ahead_of_another);
  g_test_add_func ("/runner/ahead/of-its-time", test_ahead_of_its_time);
  g_test_add_func ("/runner/ahead/preparation", test_ahead_of_a_preparation);
  g_test_add_func ("/runner/ahead/let-go", test_ahead_is_let_go);
  g_test_add_func ("/runner/ahead/without-memory", test_ahead_without_memory);
  g_test_add_func ("/runner/ahead/dies", test_ahead_dies);
  return g_test_run ();
}
