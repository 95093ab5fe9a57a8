// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "runner.h"
#include "guest-lock.h"
#include "share.h"
#include <glib/gi18n.h>

// The screen is connected again this often before a session is given up.
#define SCREEN_TRIES 3
// QEMU lets go of its image a moment after libvirt calls the domain gone: so often it is asked.
#define DISCARD_TRIES 50
// A paused guest that finds less room than this would stand still again at once.
#define GO_ON_BYTES (16 * 1024 * 1024)

static const AstRunnerTimes usual_times = {
  .silent_guest = 15 * 1000,
  .ask_again = 5 * 1000,
  // libvirt's word that the guest ended can come up to 2 s after the SPICE connection closes; twice that, and
  // it is the screen that was lost, not the guest.
  .screen_grace = 4 * 1000,
  .discard_wait = 100,
};

struct _AstRunner
{
  GObject parent;

  const AstConfig *config;
  AstHost *host;
  AstOverlayStore *store;
  AstScreen *screen;
  AstRunnerTimes times;

  AstStatus *status;
  gboolean recovering;
  GError *recovery_failure;

  // one session's, from start to idle
  AstGuestLock *lock;
  AstAppliance *appliance;
  GCancellable *cancellable;
  char *overlay;
  AstMachine *machine;
  AstShare *share;      // NULL = no folder is offered
  GError *failure;      // what the way down will end in
  gboolean step_is_on;  // recovery, overlay or start has not come back yet
  gboolean coming_down; // the way down is taken; it is taken once
  gboolean restarting;
  gint64 force_at; // monotonic µs; 0 = no graceful stop is on
  guint screen_tries;
  guint discard_tries;

  guint silent_timer;
  guint stop_timer;
  guint ask_timer;
  guint screen_timer;
  guint discard_timer;
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstRunner, ast_runner, G_TYPE_OBJECT)

// ---------------------------------------------------------------------------------------------------------------
// The status

static void
ast_runner_save_status (AstRunner *self)
{
  g_autoptr (GError) error = NULL;

  if (!ast_status_save (self->status, self->config->runtime, &error))
    g_message ("The state could not be written: %s", error->message);
}

// Is there a guest that could be paused?
static gboolean
is_running (AstState state)
{
  return state == AST_STATE_STARTING || state == AST_STATE_BOOTING || state == AST_STATE_READY;
}

static void
ast_runner_set_state (AstRunner *self, AstState state)
{
  g_autoptr (AstStatus) old = self->status;

  if (old->state == state)
    {
      self->status = g_steal_pointer (&old);
      return;
    }
  self->status = ast_status_new (state, self->appliance ? self->appliance->id : NULL, g_get_real_time ());
  self->status->paused = is_running (state) ? old->paused : AST_PAUSE_NONE;
  self->status->exam = self->config->exam;
  if (state == AST_STATE_FAILED)
    {
      self->restarting = FALSE;
      self->status->failure_code = g_strdup (ast_error_word_of (self->failure));
      self->status->failure_message = g_strdup (self->failure->message);
    }
  g_debug ("state %s → %s", ast_state_word (old->state), ast_state_word (state));
  ast_runner_save_status (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

const AstStatus *
ast_runner_get_status (AstRunner *self)
{
  return self->status;
}

guint
ast_runner_get_seconds_to_force (AstRunner *self)
{
  gint64 left = self->force_at - g_get_monotonic_time ();

  return self->force_at == 0 || left <= 0 ? 0 : (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
}

static gboolean
is_at_rest (AstState state)
{
  return state == AST_STATE_IDLE || state == AST_STATE_FAILED;
}

// A failure that left a guest which was not verified gone, and so its overlay and the lock.
static gboolean
ast_runner_is_holding (AstRunner *self)
{
  return self->status->state == AST_STATE_FAILED && self->lock;
}

gboolean
ast_runner_is_settled (AstRunner *self)
{
  return !self->recovering && is_at_rest (self->status->state);
}

// ---------------------------------------------------------------------------------------------------------------
// Down: guest verified gone, screen let go, overlay discarded, lock released

static void
ast_runner_clear_timers (AstRunner *self)
{
  g_clear_handle_id (&self->silent_timer, g_source_remove);
  g_clear_handle_id (&self->stop_timer, g_source_remove);
  g_clear_handle_id (&self->ask_timer, g_source_remove);
  g_clear_handle_id (&self->screen_timer, g_source_remove);
  g_clear_handle_id (&self->discard_timer, g_source_remove);
  self->force_at = 0;
}

static void
ast_runner_drop_machine (AstRunner *self)
{
  if (self->machine)
    g_signal_handlers_disconnect_by_data (self->machine, self);
  g_clear_object (&self->machine);
  g_clear_pointer (&self->share, ast_share_end);
}

static void
ast_runner_log_failure (AstRunner *self)
{
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "ASTEROIDE_CODE", ast_error_word_of (self->failure),
                    "ASTEROIDE_APPLIANCE", self->appliance->id, "MESSAGE", "%s (%s): %s", self->appliance->id,
                    ast_error_word_of (self->failure), self->failure->message);
}

// Publishes the end. What is still held then stays held.
static void
ast_runner_settle (AstRunner *self)
{
  self->coming_down = FALSE;
  if (self->failure)
    {
      ast_runner_log_failure (self);
      ast_runner_set_state (self, AST_STATE_FAILED);
      g_clear_error (&self->failure);
    }
  else
    {
      g_clear_pointer (&self->appliance, ast_appliance_unref);
      ast_runner_set_state (self, AST_STATE_IDLE);
    }
}

static void
ast_runner_release (AstRunner *self)
{
  ast_runner_drop_machine (self);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->overlay, g_free);
  g_clear_pointer (&self->lock, ast_guest_lock_release);
  ast_runner_settle (self);
}

// Not verified gone: overlay and lock stay, so that nobody gets either.
static void
ast_runner_hold (AstRunner *self, const GError *error)
{
  g_clear_error (&self->failure);
  self->failure = g_error_new_literal (AST_ERROR, AST_ERROR_STOP, error->message);
  ast_runner_settle (self);
}

static gboolean on_discard_again (gpointer data);

static void
on_discarded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;
  gboolean is_in_use;

  if (ast_overlay_store_discard_finish (self->store, result, &error))
    return ast_runner_release (self);
  is_in_use = g_error_matches (error, AST_ERROR, AST_ERROR_BUSY);
  if (is_in_use && self->discard_tries++ < DISCARD_TRIES)
    {
      self->discard_timer = g_timeout_add (self->times.discard_wait, on_discard_again, self);
      return;
    }
  if (is_in_use)
    return ast_runner_hold (self, error);
  if (self->failure == NULL)
    self->failure = g_steal_pointer (&error);
  ast_runner_release (self);
}

static void
ast_runner_discard (AstRunner *self)
{
  ast_overlay_store_discard_async (self->store, self->overlay, NULL, on_discarded, g_object_ref (self));
}

static gboolean
on_discard_again (gpointer data)
{
  AstRunner *self = data;

  self->discard_timer = 0;
  ast_runner_discard (self);
  return G_SOURCE_REMOVE;
}

static void
ast_runner_leave_guest (AstRunner *self)
{
  if (self->screen)
    ast_screen_detach (self->screen);
  ast_runner_drop_machine (self);
  ast_runner_set_state (self, AST_STATE_DISCARDING);
  self->discard_tries = 0;
  if (self->overlay)
    ast_runner_discard (self);
  else
    ast_runner_release (self);
}

static void
on_destroyed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;

  if (ast_machine_destroy_finish (self->machine, result, &error))
    return ast_runner_leave_guest (self);
  if (self->screen)
    ast_screen_detach (self->screen);
  ast_runner_hold (self, error);
}

static void
ast_runner_go_on_down (AstRunner *self)
{
  if (self->machine)
    ast_machine_destroy_async (self->machine, on_destroyed, g_object_ref (self));
  else
    ast_runner_leave_guest (self);
}

// Takes the session down from wherever it is. `failure` (taken over, may be NULL) is what the student will
// read.
static void
ast_runner_come_down (AstRunner *self, GError *failure)
{
  if (self->coming_down)
    {
      g_clear_error (&failure);
      return;
    }
  self->coming_down = TRUE;
  self->failure = failure;
  ast_runner_clear_timers (self);
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  if (self->status->state == AST_STATE_STOPPING) // the countdown is over
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  else
    ast_runner_set_state (self, AST_STATE_STOPPING);
  if (!self->step_is_on)
    ast_runner_go_on_down (self);
}

// A step came back. FALSE: the session is on its way down, and this went on with it.
static gboolean
ast_runner_step_done (AstRunner *self)
{
  self->step_is_on = FALSE;
  if (!self->coming_down)
    return TRUE;
  ast_runner_go_on_down (self);
  return FALSE;
}

// Publishes a state on the way up. Whoever hears of it may end the session at once, so this is a step, too.
static gboolean
ast_runner_enter (AstRunner *self, AstState state)
{
  self->step_is_on = TRUE;
  ast_runner_set_state (self, state);
  return ast_runner_step_done (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Up: overlay, domain, screen

static void
ast_runner_become_ready (AstRunner *self)
{
  g_clear_handle_id (&self->silent_timer, g_source_remove);
  if (self->status->state == AST_STATE_BOOTING)
    ast_runner_set_state (self, AST_STATE_READY);
}

static gboolean
on_silent_guest (gpointer data)
{
  AstRunner *self = data;

  self->silent_timer = 0;
  ast_runner_become_ready (self);
  return G_SOURCE_REMOVE;
}

static void
ast_runner_wait_for_desktop (AstRunner *self)
{
  if (self->silent_timer || self->status->state != AST_STATE_BOOTING)
    return;
  ast_overlay_store_mark_used (self->store, self->appliance->id);
  self->silent_timer = g_timeout_add (self->times.silent_guest, on_silent_guest, self);
}

static void
on_machine_ended (AstMachine *machine, AstEnd end, AstRunner *self)
{
  gboolean was_asked = self->status->state == AST_STATE_STOPPING;

  if (end == AST_END_LOST && !was_asked)
    ast_runner_come_down (self, g_error_new (AST_ERROR, AST_ERROR_GUEST_LOST,
                                             _ ("“%s” stopped unexpectedly."), self->appliance->name));
  else
    ast_runner_come_down (self, NULL);
}

static void
on_machine_desktop_ready (AstMachine *machine, AstRunner *self)
{
  if (self->screen == NULL)
    ast_runner_become_ready (self);
}

static void
ast_runner_set_paused (AstRunner *self, AstPause pause)
{
  if (!is_running (self->status->state) || self->status->paused == pause)
    return;
  self->status->paused = pause;
  if (pause != AST_PAUSE_NONE)
    g_message ("%s stands still: %s", self->appliance->id, ast_pause_word (pause));
  ast_runner_save_status (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
on_machine_paused (AstMachine *machine, AstPause pause, AstRunner *self)
{
  ast_runner_set_paused (self, pause);
}

static void
on_machine_resumed (AstMachine *machine, AstRunner *self)
{
  ast_runner_set_paused (self, AST_PAUSE_NONE);
}

// A station that lacks the folder runs the appliance all the same: a lesson without its files is better than
// none, and the bar tells of it.
static void
ast_runner_offer_folder (AstRunner *self)
{
  AstPolicy policy = ast_policy_of (self->appliance, self->config->exam);
  const char *folder = ast_share_find (self->config->shares, self->appliance, &policy);

  if (folder)
    self->share
        = ast_share_start (self->config->runtime, folder, (policy.devices & AST_DEVICE_SHARE_WRITE) != 0);
  else if (policy.devices & AST_DEVICE_SHARE)
    g_message ("%s asks for the shared folder “%s”, which this station does not have", self->appliance->id,
               self->appliance->share);
}

static void
on_machine_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;
  gboolean started = ast_machine_start_finish (self->machine, result, &error);

  if (!started)
    ast_runner_drop_machine (self);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (!started)
    return ast_runner_come_down (self, error);
  // Here and below, what takes time is begun before the state is told: who listens paints a whole screen
  // meanwhile.
  if (self->screen)
    ast_screen_attach (self->screen, self->machine);
  ast_runner_offer_folder (self);
  if (ast_runner_enter (self, AST_STATE_BOOTING) && self->screen == NULL)
    ast_runner_wait_for_desktop (self);
}

static void
ast_runner_start_machine (AstRunner *self)
{
  self->machine = ast_host_make_machine (self->host, self->appliance, self->overlay);
  g_signal_connect (self->machine, "ended", G_CALLBACK (on_machine_ended), self);
  g_signal_connect (self->machine, "desktop-ready", G_CALLBACK (on_machine_desktop_ready), self);
  g_signal_connect (self->machine, "paused", G_CALLBACK (on_machine_paused), self);
  g_signal_connect (self->machine, "resumed", G_CALLBACK (on_machine_resumed), self);
  self->step_is_on = TRUE;
  ast_machine_start_async (self->machine, self->screen != NULL, self->cancellable, on_machine_started,
                           g_object_ref (self));
  ast_runner_set_state (self, AST_STATE_STARTING);
}

static void
on_overlay_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;

  self->overlay = ast_overlay_store_create_finish (self->store, result, &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (error)
    return ast_runner_come_down (self, error);
  ast_runner_start_machine (self);
}

static void
ast_runner_prepare (AstRunner *self)
{
  AstPolicy policy = ast_policy_of (self->appliance, self->config->exam);
  gboolean needs_overlay = self->appliance->disk != NULL;

  self->step_is_on = TRUE;
  if (needs_overlay)
    ast_overlay_store_create_async (self->store, self->appliance, self->cancellable, on_overlay_created,
                                    g_object_ref (self));
  ast_runner_set_state (self, AST_STATE_PREPARING);
  if (self->screen)
    ast_screen_prepare (self->screen, self->config, self->appliance, &policy);
  if (!needs_overlay && ast_runner_step_done (self))
    ast_runner_start_machine (self);
}

gboolean
ast_runner_start (AstRunner *self, AstAppliance *appliance, GError **error)
{
  if (!is_at_rest (self->status->state) || ast_runner_is_holding (self))
    {
      g_set_error (error, AST_ERROR, AST_ERROR_BUSY, _ ("“%s” is already running on this station."),
                   self->appliance->name);
      return FALSE;
    }
  self->restarting = FALSE;
  if (!ast_appliance_is_usable (appliance))
    {
      g_autofree char *problem = ast_problem_to_string (appliance->problems->pdata[0]);

      g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR, "%s", problem);
      return FALSE;
    }
  // A recovery that is still on holds the lock already, and hands it over.
  if (self->lock == NULL && (self->lock = ast_guest_lock_acquire (self->config->runtime, error)) == NULL)
    return FALSE;
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  self->appliance = ast_appliance_ref (appliance);
  self->cancellable = g_cancellable_new ();
  self->screen_tries = 0;
  self->step_is_on = TRUE;
  if (self->recovering)
    ast_runner_set_state (self, AST_STATE_PREPARING);
  else
    ast_runner_prepare (self);
  return TRUE;
}

// ---------------------------------------------------------------------------------------------------------------
// The screen

static void
on_screen_shown (AstScreen *screen, AstRunner *self)
{
  g_clear_handle_id (&self->screen_timer, g_source_remove);
  self->screen_tries = 0;
  ast_runner_wait_for_desktop (self);
}

static void
on_screen_desktop_ready (AstScreen *screen, AstRunner *self)
{
  ast_runner_become_ready (self);
}

static gboolean
on_screen_still_lost (gpointer data)
{
  AstRunner *self = data;

  self->screen_timer = 0;
  if (self->screen_tries++ < SCREEN_TRIES)
    ast_screen_attach (self->screen, self->machine);
  else
    ast_runner_come_down (self, g_error_new (AST_ERROR, AST_ERROR_SCREEN, _ ("The screen of “%s” was lost."),
                                             self->appliance->name));
  return G_SOURCE_REMOVE;
}

static void
on_screen_lost (AstScreen *screen, AstRunner *self)
{
  gboolean is_up = self->status->state == AST_STATE_BOOTING || self->status->state == AST_STATE_READY;

  if (is_up && self->screen_timer == 0)
    self->screen_timer = g_timeout_add (self->times.screen_grace, on_screen_still_lost, self);
}

// ---------------------------------------------------------------------------------------------------------------
// Stop

static void
on_asked_to_stop (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  // The countdown goes on all the same: a guest that cannot be asked is forced at its end.
  if (!ast_machine_ask_to_stop_finish (AST_MACHINE (source), result, &error))
    g_debug ("%s", error->message);
}

// A guest may not be listening yet when it is asked to power off (firmware, early boot).
static gboolean
on_ask_again (gpointer data)
{
  AstRunner *self = data;

  ast_machine_ask_to_stop_async (self->machine, on_asked_to_stop, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_stop_tick (gpointer data)
{
  AstRunner *self = data;

  if (ast_runner_get_seconds_to_force (self) == 0)
    {
      self->stop_timer = 0;
      ast_runner_come_down (self, NULL);
      return G_SOURCE_REMOVE;
    }
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_CONTINUE;
}

static void
ast_runner_ask_to_stop (AstRunner *self)
{
  ast_runner_clear_timers (self);
  self->force_at = g_get_monotonic_time () + self->config->stop_seconds * G_USEC_PER_SEC;
  self->stop_timer = g_timeout_add (1000, on_stop_tick, self);
  self->ask_timer = g_timeout_add (self->times.ask_again, on_ask_again, self);
  ast_machine_ask_to_stop_async (self->machine, on_asked_to_stop, NULL);
  ast_runner_set_state (self, AST_STATE_STOPPING);
}

static void
ast_runner_end (AstRunner *self, gboolean force)
{
  gboolean can_be_asked
      = self->status->state == AST_STATE_READY
        || (self->status->state == AST_STATE_BOOTING && self->appliance->keeping == AST_KEEPING_KEPT);
  gboolean hears = self->status->paused == AST_PAUSE_NONE;

  if (!force && self->status->state == AST_STATE_STOPPING)
    return;
  if (!force && can_be_asked && hears && self->config->stop_seconds > 0)
    return ast_runner_ask_to_stop (self);
  if (!is_at_rest (self->status->state) || ast_runner_is_holding (self))
    ast_runner_come_down (self, NULL);
}

void
ast_runner_stop (AstRunner *self, gboolean force)
{
  self->restarting = FALSE;
  ast_runner_end (self, force);
}

void
ast_runner_restart (AstRunner *self, gboolean force)
{
  self->restarting = TRUE;
  ast_runner_end (self, force);
}

gboolean
ast_runner_is_restarting (AstRunner *self)
{
  return self->restarting;
}

AstScreen *
ast_runner_get_screen (AstRunner *self)
{
  return self->screen;
}

gboolean
ast_runner_get_room (AstRunner *self, AstRoom *room)
{
  return self->overlay && ast_overlay_store_get_room (self->store, self->overlay, room);
}

gboolean
ast_runner_can_go_on (AstRunner *self)
{
  AstRoom room;

  if (self->status->paused != AST_PAUSE_NO_SPACE)
    return self->status->paused != AST_PAUSE_NONE;
  return ast_runner_get_room (self, &room) && room.left >= GO_ON_BYTES
         && room.bound >= room.used + GO_ON_BYTES;
}

static void
on_resumed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  // It stays paused, and is shown so.
  if (!ast_machine_resume_finish (AST_MACHINE (source), result, &error))
    g_message ("%s", error->message);
}

void
ast_runner_go_on (AstRunner *self)
{
  if (self->machine && self->status->paused != AST_PAUSE_NONE)
    ast_machine_resume_async (self->machine, on_resumed, NULL);
}

void
ast_runner_dismiss_failure (AstRunner *self)
{
  if (self->status->state != AST_STATE_FAILED)
    return;
  if (ast_runner_is_holding (self)) // try again: an idle screen would be a lie
    return ast_runner_come_down (self, NULL);
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  ast_runner_set_state (self, AST_STATE_IDLE);
}

int
ast_runner_reset (AstRunner *self, const char *const *ids, GError **error)
{
  g_autoptr (AstGuestLock) lock = NULL;
  gboolean all = ids[0] == NULL;
  int total = 0;

  if (self->lock && self->appliance && (all || g_strv_contains (ids, self->appliance->id)))
    {
      g_set_error (error, AST_ERROR, AST_ERROR_BUSY, _ ("“%s” is running: end it before its state is reset."),
                   self->appliance->name);
      return -1;
    }
  if (self->lock == NULL && (lock = ast_guest_lock_acquire (self->config->runtime, error)) == NULL)
    return -1;
  if (all)
    return ast_overlay_store_reset (self->store, NULL, error);
  for (guint i = 0; ids[i]; i++)
    {
      int n = ast_overlay_store_reset (self->store, ids[i], error);

      if (n < 0)
        return -1;
      total += n;
    }
  return total;
}

// ---------------------------------------------------------------------------------------------------------------
// Recovery

const GError *
ast_runner_get_recovery_failure (AstRunner *self)
{
  return self->recovery_failure;
}

static void
ast_runner_fail_recovery (AstRunner *self, GError *error)
{
  g_message ("%s", error->message);
  g_clear_error (&self->recovery_failure);
  self->recovery_failure = error;
}

static void
ast_runner_recovered (AstRunner *self)
{
  GError *error = NULL;

  if (ast_overlay_store_sweep (self->store, &error) < 0)
    ast_runner_fail_recovery (self, error);
  self->recovering = FALSE;
  if (self->status->state == AST_STATE_IDLE)
    {
      g_clear_pointer (&self->lock, ast_guest_lock_release);
      g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
    }
  else if (ast_runner_step_done (self))
    ast_runner_prepare (self);
}

static void
on_leftover_destroyed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;

  if (!ast_machine_destroy_finish (AST_MACHINE (source), result, &error))
    {
      g_prefix_error (&error, "%s ", _ ("A guest that was left running could not be ended."));
      ast_runner_fail_recovery (self, g_steal_pointer (&error));
    }
  ast_runner_recovered (self);
}

static void
on_leftover_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AstMachine) leftover = ast_host_find_leftover_finish (self->host, result, &error);

  if (error)
    {
      g_prefix_error (&error, "%s ", _ ("It is not known whether a guest was left running."));
      ast_runner_fail_recovery (self, g_steal_pointer (&error));
    }
  if (leftover)
    ast_machine_destroy_async (leftover, on_leftover_destroyed, g_steal_pointer (&self));
  else
    ast_runner_recovered (self);
}

void
ast_runner_recover (AstRunner *self)
{
  g_clear_error (&self->recovery_failure);
  self->lock = ast_guest_lock_acquire (self->config->runtime, &self->recovery_failure);
  if (self->lock == NULL)
    return;
  self->recovering = TRUE;
  ast_runner_save_status (self);
  ast_host_find_leftover_async (self->host, on_leftover_found, g_object_ref (self));
}

// ---------------------------------------------------------------------------------------------------------------
// The object

static void
ast_runner_dispose (GObject *object)
{
  AstRunner *self = AST_RUNNER (object);

  ast_runner_clear_timers (self);
  ast_runner_drop_machine (self);
  if (self->screen)
    g_signal_handlers_disconnect_by_data (self->screen, self);
  g_clear_object (&self->screen);
  g_clear_object (&self->store);
  g_clear_object (&self->host);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (ast_runner_parent_class)->dispose (object);
}

static void
ast_runner_finalize (GObject *object)
{
  AstRunner *self = AST_RUNNER (object);

  g_clear_pointer (&self->lock, ast_guest_lock_release);
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  g_clear_pointer (&self->status, ast_status_free);
  g_clear_error (&self->failure);
  g_clear_error (&self->recovery_failure);
  g_free (self->overlay);
  G_OBJECT_CLASS (ast_runner_parent_class)->finalize (object);
}

static void
ast_runner_class_init (AstRunnerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ast_runner_dispose;
  object_class->finalize = ast_runner_finalize;
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", AST_TYPE_RUNNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_runner_init (AstRunner *self)
{
  self->status = ast_status_new (AST_STATE_IDLE, NULL, g_get_real_time ());
}

AstRunner *
ast_runner_new (const AstConfig *config, AstHost *host, AstOverlayStore *store, AstScreen *screen)
{
  return ast_runner_new_with_times (config, host, store, screen, &usual_times);
}

AstRunner *
ast_runner_new_with_times (const AstConfig *config, AstHost *host, AstOverlayStore *store, AstScreen *screen,
                           const AstRunnerTimes *times)
{
  AstRunner *self = g_object_new (AST_TYPE_RUNNER, NULL);

  self->config = config;
  self->status->exam = config->exam;
  self->times = *times;
  self->host = g_object_ref (host);
  self->store = g_object_ref (store);
  if (screen == NULL)
    return self;
  self->screen = g_object_ref (screen);
  g_signal_connect (screen, "shown", G_CALLBACK (on_screen_shown), self);
  g_signal_connect (screen, "desktop-ready", G_CALLBACK (on_screen_desktop_ready), self);
  g_signal_connect (screen, "lost", G_CALLBACK (on_screen_lost), self);
  return self;
}
