// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "runner.h"
#include "guest-lock.h"
#include "half-written.h"
#include "image.h"
#include "journal.h"
#include "memory.h"
#include "session-facts.h"
#include "share.h"
#include <glib/gi18n.h>
#include <unistd.h>

// The screen is connected again this often before a session is given up.
#define SCREEN_TRIES 3
// QEMU lets go of its image a moment after libvirt calls the domain gone: so often it is asked.
#define DISCARD_TRIES 50
// A paused guest that finds less room than this would stand still again at once.
#define GO_ON_BYTES (16 * 1024 * 1024)
// A guest that nobody has started yet leaves at least so much of the station's memory free: a browser's
// worth.
#define AHEAD_LEAST_LEFT ((guint64)512 * 1024 * 1024)

static const AstRunnerTimes usual_times = {
  .silent_guest = 15 * 1000,
  .ask_again = 5 * 1000,
  // libvirt's word that the guest ended can come up to 2 s after the SPICE connection closes; twice that, and
  // it is the screen that was lost, not the guest.
  .screen_grace = 4 * 1000,
  .discard_wait = 100,
  .memory_look = 5 * 1000,
  .beat = 10 * 1000,
  .room_look = 5 * 1000,
  .get_memory = ast_memory_get_available,
};

typedef enum // what a guest runs for
{
  GOAL_SESSION, // somebody who uses it
  GOAL_PAIR,    // to be saved once it is up
  GOAL_AHEAD,   // to stand restored until somebody starts it
} Goal;

struct _AstRunner
{
  GObject parent;

  const AstConfig *config;
  AstHost *host;
  AstOverlayStore *store;
  AstWarmStore *warm; // or NULL
  AstScreen *screen;
  AstRunnerTimes times;

  AstStatus *status;
  AstStatus *told; // what is told in its place: nobody needs to know of what stands ahead; NULL = the status
  gboolean recovering;
  gboolean rescuing; // a dead runner's session is to go on here, if its guest is found
  GError *recovery_failure;

  // one session's, from start to idle
  AstGuestLock *lock;
  Goal goal;
  AstAppliance *appliance;
  AstAppliance *next;      // is started as soon as this is over, NULL = nothing
  Goal next_goal;          // … for this
  AstAppliance *not_ahead; // did not go on standing ahead: not again before something else has run
  GCancellable *cancellable;
  GCancellable *standing; // of a guest that comes to stand ahead
  AstSessionFacts *facts; // for a runner that may come after this one; NULL = nobody sees the guest
  char *overlay;
  char *seed;                        // what the overlay stands on besides the appliance's images, or NULL
  gboolean keeps;                    // what comes down with a failure keeps its overlay …
  gboolean choosing;                 // … until the person has chosen: go on with it, or end
  AstOverlayStore *store_of_overlay; // borrowed
  AstWarmPair *pair;                 // what the guest is restored from; NULL = it boots
  gboolean anew;                     // GOAL_PAIR: also where there is a fresh pair
  gboolean is_saving;
  char *depends; // GOAL_PAIR: what the host says that it depends on, …
  char *note;    // also GOAL_AHEAD: how descriptor and images were
  char *memory;  // … and the image that its memory is saved to
  AstMachine *machine;
  AstShare *share;      // NULL = no folder is offered
  GError *failure;      // what the way down will end in
  gboolean step_is_on;  // recovery, overlay or start has not come back yet
  gboolean coming_down; // the way down is taken; it is taken once
  AstState down_from;   // … from here
  gboolean restarting;
  gint64 force_at; // monotonic µs; 0 = no graceful stop is on
  guint screen_tries;
  guint discard_tries;
  guint64 oom_kills; // of the station, when the guest was started

  guint silent_timer;
  guint stop_timer;
  guint ask_timer;
  guint screen_timer;
  guint discard_timer;
  guint memory_timer;
  guint beat_timer;
  guint room_timer;
  gboolean is_looking; // at the room, in a thread
  GStrv images;        // how the images below the running guest were
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

  if (!ast_status_save (ast_runner_get_status (self), self->config->runtime, &error))
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
  self->status->warming = self->goal == GOAL_PAIR && !ast_is_at_rest (state);
  self->status->resumable = state == AST_STATE_FAILED && self->choosing;
  self->status->filled = is_running (state) ? old->filled : 0;
  self->status->tampered = is_running (state) && old->tampered;
  if (state == AST_STATE_FAILED)
    {
      self->restarting = FALSE;
      self->status->failure_code = g_strdup (ast_error_word_of (self->failure));
      self->status->failure_message = g_strdup (self->failure->message);
    }
  g_debug ("state %s → %s", ast_state_word (old->state), ast_state_word (state));
  if (self->told)
    return;
  ast_runner_save_status (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

const AstAppliance *
ast_runner_get_appliance (AstRunner *self)
{
  return self->next ? self->next : self->told ? NULL : self->appliance;
}

const AstStatus *
ast_runner_get_status (AstRunner *self)
{
  return self->told ? self->told : self->status;
}

guint
ast_runner_get_seconds_to_force (AstRunner *self)
{
  gint64 left = self->force_at - g_get_monotonic_time ();

  return self->force_at == 0 || left <= 0 ? 0 : (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
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
  return !self->recovering && ast_is_at_rest (self->status->state);
}

// ---------------------------------------------------------------------------------------------------------------
// For whoever comes after a runner that dies

static void
ast_runner_save_facts (AstRunner *self)
{
  g_autoptr (GError) error = NULL;

  if (self->facts == NULL || self->goal != GOAL_SESSION)
    return;
  self->facts->seen = ast_session_clock ();
  if (!ast_session_facts_save (self->facts, self->config->runtime, &error))
    g_message ("The session's facts could not be written: %s", error->message);
}

static gboolean
on_beat (gpointer data)
{
  ast_runner_save_facts (data);
  return G_SOURCE_CONTINUE;
}

// From now on the session outlives its runner.
static void
ast_runner_publish_facts (AstRunner *self)
{
  g_autoptr (GError) error = NULL;

  if (self->facts == NULL || self->beat_timer)
    return;
  if (!ast_session_facts_keep_descriptor (self->appliance, self->config->runtime, &error))
    g_message ("The session's descriptor could not be kept: %s", error->message);
  ast_runner_save_facts (self);
  self->beat_timer = g_timeout_add (self->times.beat, on_beat, self);
}

static void
ast_runner_begin_facts (AstRunner *self)
{
  g_clear_handle_id (&self->beat_timer, g_source_remove);
  g_clear_pointer (&self->facts, ast_session_facts_free);
  if (self->screen == NULL || self->goal == GOAL_PAIR)
    return;
  self->facts = ast_session_facts_new (self->appliance);
  self->facts->overlay = g_strdup (self->overlay);
  self->facts->seed = g_strdup (self->seed);
  self->facts->exam = self->config->exam;
  if (self->goal == GOAL_SESSION)
    ast_runner_publish_facts (self);
}

static void
ast_runner_forget_facts (AstRunner *self)
{
  g_clear_handle_id (&self->beat_timer, g_source_remove);
  if (self->facts)
    ast_session_facts_remove (self->config->runtime);
  g_clear_pointer (&self->facts, ast_session_facts_free);
}

void
ast_runner_note_touch (AstRunner *self)
{
  if (self->facts)
    self->facts->touched = ast_session_clock ();
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
  g_clear_handle_id (&self->memory_timer, g_source_remove);
  g_clear_handle_id (&self->room_timer, g_source_remove);
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
  ast_journal_tell (self->config->name, self->down_from, self->appliance->id, self->failure);
}

static void ast_runner_begin (AstRunner *self, AstAppliance *appliance, Goal goal);

// What was started meanwhile begins now. FALSE: it cannot, which is a failure.
static gboolean
ast_runner_begin_next (AstRunner *self)
{
  g_autoptr (AstAppliance) next = g_steal_pointer (&self->next);

  g_clear_pointer (&self->told, ast_status_free);
  self->lock = ast_guest_lock_acquire (self->config->runtime, &self->failure);
  if (self->lock)
    ast_runner_begin (self, next, self->next_goal);
  return self->lock != NULL;
}

// Publishes the end. What is still held then stays held.
static void
ast_runner_settle (AstRunner *self)
{
  self->coming_down = FALSE;
  if (self->goal == GOAL_AHEAD && self->next == NULL)
    {
      g_clear_pointer (&self->not_ahead, ast_appliance_unref);
      self->not_ahead = ast_appliance_ref (self->appliance);
    }
  // Whoever comes next has nothing to do with what was before, unless it is still there.
  if (self->failure && self->lock == NULL && (self->goal == GOAL_AHEAD || self->next))
    {
      ast_runner_log_failure (self);
      g_clear_error (&self->failure);
    }
  if (self->failure == NULL && self->next && ast_runner_begin_next (self))
    return;
  g_clear_pointer (&self->next, ast_appliance_unref);
  g_clear_pointer (&self->told, ast_status_free);
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

// A memory image that was not published is of no use to anybody.
static void
ast_runner_forget_pair (AstRunner *self)
{
  if (self->memory)
    {
      g_autofree char *ram = ast_warm_store_name_ram (self->memory);

      unlink (self->memory);
      unlink (ram);
    }
  g_clear_pointer (&self->memory, g_free);
  g_clear_pointer (&self->note, g_free);
  g_clear_pointer (&self->depends, g_free);
  g_clear_pointer (&self->pair, ast_warm_pair_unref);
}

static void
ast_runner_release (AstRunner *self)
{
  ast_runner_drop_machine (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->standing);
  ast_runner_forget_pair (self);
  ast_runner_forget_facts (self);
  g_clear_pointer (&self->overlay, g_free);
  g_clear_pointer (&self->seed, g_free);
  g_clear_pointer (&self->lock, ast_guest_lock_release);
  ast_runner_settle (self);
}

// The guest is gone, and what was written in it is not: the person decides what becomes of it.
static void
ast_runner_offer_choice (AstRunner *self)
{
  self->coming_down = FALSE;
  self->choosing = TRUE;
  if (self->facts)
    {
      g_free (self->facts->failure_code);
      g_free (self->facts->failure_message);
      self->facts->failure_code = g_strdup (ast_error_word_of (self->failure));
      self->facts->failure_message = g_strdup (self->failure->message);
    }
  ast_runner_save_facts (self);
  ast_runner_log_failure (self);
  ast_runner_set_state (self, AST_STATE_FAILED);
  g_clear_error (&self->failure);
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

  if (ast_overlay_store_discard_finish (AST_OVERLAY_STORE (source), result, &error))
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
  ast_overlay_store_discard_async (self->store_of_overlay, self->overlay, NULL, on_discarded,
                                   g_object_ref (self));
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
ast_runner_detach_screen (AstRunner *self)
{
  if (self->screen)
    ast_screen_detach (self->screen);
}

static void
ast_runner_leave_guest (AstRunner *self)
{
  ast_runner_detach_screen (self);
  ast_runner_drop_machine (self);
  if (self->keeps && self->failure && self->overlay && self->appliance->keeping == AST_KEEPING_VOLATILE)
    return ast_runner_offer_choice (self);
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
  ast_runner_detach_screen (self);
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
  self->down_from = self->status->state;
  self->choosing = FALSE;
  self->failure = failure;
  if (self->facts && !(failure && self->keeps))
    {
      self->facts->ending = TRUE;
      ast_runner_save_facts (self);
    }
  // What waits to discard the overlay of a restore that failed, waits no longer: the way down discards it.
  if (self->discard_timer)
    self->step_is_on = FALSE;
  ast_runner_clear_timers (self);
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  if (self->standing)
    g_cancellable_cancel (self->standing);
  // A save, and the wait for a desktop, end with their guest.
  if (self->is_saving || (self->goal == GOAL_PAIR && self->status->state == AST_STATE_BOOTING))
    ast_machine_destroy_async (self->machine, NULL, NULL);
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

// Why a guest died.
static GError *
ast_runner_explain_end (AstRunner *self, AstEnd end)
{
  const char *name = self->appliance->name;

  if (end == AST_END_PANICKED)
    return g_error_new (AST_ERROR, AST_ERROR_GUEST_CRASHED, _ ("The system in “%s” has crashed."), name);
  if (ast_memory_count_oom_kills () > self->oom_kills)
    return g_error_new (AST_ERROR, AST_ERROR_NO_MEMORY,
                        _ ("The station ran out of memory, and “%s” was stopped."), name);
  return g_error_new (AST_ERROR, AST_ERROR_GUEST_LOST, _ ("“%s” stopped unexpectedly."), name);
}

static void
on_machine_ended (AstMachine *machine, AstEnd end, AstRunner *self)
{
  gboolean was_asked = self->status->state == AST_STATE_STOPPING;

  self->keeps |= self->goal == GOAL_SESSION && !was_asked;
  if ((end == AST_END_LOST || end == AST_END_PANICKED) && !was_asked)
    ast_runner_come_down (self, ast_runner_explain_end (self, end));
  else if (self->goal == GOAL_PAIR && !was_asked)
    ast_runner_come_down (self, g_error_new (AST_ERROR, AST_ERROR_WARM,
                                             _ ("“%s” ended before its desktop was there."),
                                             self->appliance->name));
  else
    ast_runner_come_down (self, NULL);
}

// Half a guest is none.
static void
on_machine_failed (AstMachine *machine, const GError *error, AstRunner *self)
{
  if (is_running (self->status->state))
    ast_runner_come_down (self, g_error_copy (error));
}

static void
on_machine_desktop_ready (AstMachine *machine, AstRunner *self)
{
  if (self->screen == NULL && self->goal == GOAL_SESSION)
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
  // A still screen would be taken for a desktop.
  if (self->goal != GOAL_SESSION)
    return ast_runner_come_down (
        self, g_error_new (AST_ERROR, pause == AST_PAUSE_NO_SPACE ? AST_ERROR_NO_SPACE : AST_ERROR_WARM,
                           _ ("“%s” stood still: %s."), self->appliance->name, ast_pause_word (pause)));
  ast_runner_set_paused (self, pause);
}

static void
on_machine_resumed (AstMachine *machine, AstRunner *self)
{
  ast_runner_set_paused (self, AST_PAUSE_NONE);
}

// What a look at the station's disks has found.
typedef struct
{
  AstAppliance *appliance;
  char *overlay; // or NULL
  AstRoom room;
  GStrv images;
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  ast_appliance_unref (look->appliance);
  g_free (look->overlay);
  g_strfreev (look->images);
  g_free (look);
}

static void
look_thread (GTask *task, gpointer store, gpointer data, GCancellable *cancellable)
{
  Look *look = data;

  if (look->overlay)
    ast_overlay_store_get_room (store, look->overlay, &look->room);
  look->images = ast_image_describe_all (look->appliance);
  g_task_return_boolean (task, TRUE);
}

// What the person is warned of changes; up again at once, down only where it is clear.
static guint
find_filled (guint percent, guint before)
{
  guint slack = before > 0 ? 5 : 0;

  if (percent >= AST_ROOM_ALARM - (before == AST_ROOM_ALARM ? slack : 0))
    return AST_ROOM_ALARM;
  return percent >= AST_ROOM_WARN - slack ? AST_ROOM_WARN : 0;
}

static void
on_looked (GObject *store, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  const Look *look = g_task_get_task_data (G_TASK (result));
  guint filled = find_filled (ast_room_percent (&look->room), self->status->filled);
  gboolean tampered = self->status->tampered;

  self->is_looking = FALSE;
  // Of a session that is over by now.
  if (self->room_timer == 0 || !is_running (self->status->state)
      || g_strcmp0 (look->overlay, self->overlay) != 0)
    return;
  if (self->images == NULL)
    self->images = g_strdupv (look->images);
  tampered |= ast_image_was_written ((const char *const *)self->images, (const char *const *)look->images);
  if (filled == self->status->filled && tampered == self->status->tampered)
    return;
  if (filled > self->status->filled)
    g_message ("The overlay of %s is %u %% full", self->appliance->id, ast_room_percent (&look->room));
  if (tampered && !self->status->tampered)
    g_message ("Somebody wrote into an image of %s while it runs", self->appliance->id);
  self->status->filled = filled;
  self->status->tampered = tampered;
  ast_runner_save_status (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static gboolean
on_room_look (gpointer data)
{
  AstRunner *self = data;
  g_autoptr (GTask) task = NULL;
  Look *look;

  if (self->is_looking)
    return G_SOURCE_CONTINUE;
  look = g_new0 (Look, 1);
  look->appliance = ast_appliance_ref (self->appliance);
  look->overlay = g_strdup (self->overlay);
  self->is_looking = TRUE;
  task = g_task_new (self->store, NULL, on_looked, g_object_ref (self));
  g_task_set_task_data (task, look, look_free);
  g_task_run_in_thread (task, look_thread);
  return G_SOURCE_CONTINUE;
}

// The first look is one at how things are.
static void
ast_runner_watch_disks (AstRunner *self)
{
  g_clear_handle_id (&self->room_timer, g_source_remove);
  g_clear_pointer (&self->images, g_strfreev);
  self->room_timer = g_timeout_add (self->times.room_look, on_room_look, self);
  on_room_look (self);
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

// The guest of a session runs.
static void
ast_runner_show_guest (AstRunner *self)
{
  self->keeps = FALSE;
  // Here and below, what takes time is begun before the state is told: who listens paints a whole screen
  // meanwhile.
  if (self->screen)
    ast_screen_attach (self->screen, self->machine);
  ast_runner_offer_folder (self);
  ast_runner_watch_disks (self);
  if (ast_runner_enter (self, AST_STATE_BOOTING) && self->screen == NULL)
    ast_runner_wait_for_desktop (self);
}

static void ast_runner_make_overlay (AstRunner *self);
static void ast_runner_await_desktop (AstRunner *self);
static void ast_runner_come_to_stand (AstRunner *self);
static void ast_runner_set_going (AstRunner *self);
static void on_spoilt_discarded (GObject *source, GAsyncResult *result, gpointer data);

static gboolean
on_spoilt_again (gpointer data)
{
  AstRunner *self = data;

  self->discard_timer = 0;
  ast_overlay_store_discard_async (self->store_of_overlay, self->overlay, NULL, on_spoilt_discarded,
                                   g_object_ref (self));
  return G_SOURCE_REMOVE;
}

// The overlay on the seed is gone, or will be swept: the guest boots after all.
static void
on_spoilt_discarded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;
  gboolean discarded = ast_overlay_store_discard_finish (AST_OVERLAY_STORE (source), result, &error);

  if (g_error_matches (error, AST_ERROR, AST_ERROR_BUSY) && self->discard_tries++ < DISCARD_TRIES)
    {
      self->discard_timer = g_timeout_add (self->times.discard_wait, on_spoilt_again, self);
      return;
    }
  if (!ast_runner_step_done (self))
    return;
  // Somebody still has it open, or it cannot be removed: nobody gets another one before that is known.
  if (!discarded)
    return ast_runner_come_down (self, g_steal_pointer (&error));
  g_clear_pointer (&self->overlay, g_free);
  ast_runner_make_overlay (self);
}

static void
ast_runner_tell_cold (AstRunner *self, const GError *error)
{
  g_autoptr (GError) cold = g_error_new (error->domain, error->code, "it starts cold: %s", error->message);

  ast_journal_tell (self->config->name, self->status->state, self->appliance->id, cold);
}

// A pair that turns out to be broken must not keep anybody from working: the start becomes a cold one.
static void
ast_runner_become_cold (AstRunner *self, const GError *error)
{
  ast_runner_tell_cold (self, error);
  g_clear_pointer (&self->pair, ast_warm_pair_unref);
  self->discard_tries = 0;
  self->step_is_on = TRUE;
  if (self->overlay)
    on_spoilt_again (self);
  else if (ast_runner_step_done (self))
    ast_runner_make_overlay (self);
}

// The restore failed, and there is no guest. TRUE: the session goes on without the pair.
static gboolean
ast_runner_give_up_pair (AstRunner *self, const GError *error)
{
  if (g_error_matches (error, AST_ERROR, AST_ERROR_WARM))
    ast_warm_store_condemn (self->warm, self->appliance, error->message);
  if (self->goal != GOAL_SESSION)
    return FALSE;
  ast_runner_become_cold (self, error);
  return TRUE;
}

static void
on_machine_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;
  gboolean started = ast_machine_start_finish (self->machine, result, &error);
  // A guest that may still be there has to be verified gone like any other.
  gboolean is_gone = !started && !g_error_matches (error, AST_ERROR, AST_ERROR_STOP);

  if (is_gone)
    ast_runner_drop_machine (self);
  if (!ast_runner_step_done (self))
    return;
  if (is_gone && self->pair && ast_runner_give_up_pair (self, error))
    return;
  if (!started)
    return ast_runner_come_down (self, g_steal_pointer (&error));
  if (self->goal == GOAL_SESSION && self->standing)
    ast_runner_set_going (self);
  else if (self->goal == GOAL_SESSION)
    ast_runner_show_guest (self);
  else if (self->goal == GOAL_AHEAD)
    ast_runner_come_to_stand (self);
  else if (ast_runner_enter (self, AST_STATE_BOOTING))
    ast_runner_await_desktop (self);
}

static void
ast_runner_connect_machine (AstRunner *self)
{
  g_signal_connect (self->machine, "ended", G_CALLBACK (on_machine_ended), self);
  g_signal_connect (self->machine, "desktop-ready", G_CALLBACK (on_machine_desktop_ready), self);
  g_signal_connect (self->machine, "failed", G_CALLBACK (on_machine_failed), self);
  g_signal_connect (self->machine, "paused", G_CALLBACK (on_machine_paused), self);
  g_signal_connect (self->machine, "resumed", G_CALLBACK (on_machine_resumed), self);
}

static void
ast_runner_start_machine (AstRunner *self)
{
  AstStart how = { .with_screen = self->screen && self->goal == GOAL_SESSION,
                   .to_be_saved = self->goal == GOAL_PAIR,
                   .pair = self->pair,
                   .seed = self->pair ? NULL : self->seed,
                   .ahead = self->goal == GOAL_AHEAD };

  g_clear_object (&self->standing);
  if (how.ahead)
    self->standing = g_cancellable_new ();
  ast_runner_begin_facts (self);
  how.token = self->facts ? self->facts->token : NULL;
  self->oom_kills = ast_memory_count_oom_kills ();
  self->machine = ast_host_make_machine (self->host, self->appliance, self->overlay);
  ast_runner_connect_machine (self);
  self->step_is_on = TRUE;
  ast_machine_start_async (self->machine, &how, self->cancellable, on_machine_started, g_object_ref (self));
  ast_runner_set_state (self, AST_STATE_STARTING);
}

static void
on_overlay_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;

  self->overlay = ast_overlay_store_create_finish (AST_OVERLAY_STORE (source), result, &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (error && self->pair && ast_runner_give_up_pair (self, error))
    return g_clear_error (&error);
  if (error)
    return ast_runner_come_down (self, error);
  ast_runner_start_machine (self);
}

static void
ast_runner_make_overlay (AstRunner *self)
{
  self->store_of_overlay = self->goal == GOAL_PAIR ? ast_warm_store_get_seeds (self->warm) : self->store;
  g_free (self->seed);
  self->seed = self->pair ? g_strdup (self->pair->seed) : NULL;
  if (self->appliance->disk == NULL)
    return ast_runner_start_machine (self);
  self->step_is_on = TRUE;
  ast_overlay_store_create_async (self->store_of_overlay, self->appliance,
                                  self->pair ? self->pair->seed : NULL, self->cancellable, on_overlay_created,
                                  g_object_ref (self));
}

static void ast_runner_begin_pair (AstRunner *self);

static void
ast_runner_look_for_pair (AstRunner *self, const char *depends)
{
  AstWarmth warmth;
  g_autofree char *why = NULL;

  self->pair = ast_warm_store_find (self->warm, self->appliance, depends, &warmth, &why);
  if (self->goal == GOAL_AHEAD)
    self->note = ast_warm_store_note (self->appliance);
  if (warmth == AST_WARMTH_DAMAGED)
    {
      g_autoptr (GError) broken = g_error_new_literal (AST_ERROR, AST_ERROR_WARM, why);

      ast_warm_store_condemn (self->warm, self->appliance, why);
      ast_runner_tell_cold (self, broken);
    }
  else if (self->pair == NULL && why)
    g_message ("%s starts cold: %s", self->appliance->id, why);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;
  g_autofree char *depends = ast_host_describe_finish (AST_HOST (source), result, &error);

  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (error)
    return ast_runner_come_down (self, error);
  if (self->goal == GOAL_PAIR)
    {
      self->depends = g_steal_pointer (&depends);
      return ast_runner_begin_pair (self);
    }
  ast_runner_look_for_pair (self, depends);
  if (self->pair == NULL && self->goal == GOAL_AHEAD)
    return ast_runner_come_down (self, NULL);
  ast_runner_make_overlay (self);
}

// Pairs are made and used of guests that are under no exam.
static gboolean
ast_runner_is_warm (AstRunner *self, const AstAppliance *appliance)
{
  return self->warm && appliance->start_mode == AST_START_WARM && !self->config->exam;
}

static void
ast_runner_prepare_screen (AstRunner *self)
{
  AstPolicy policy = ast_policy_of (self->appliance, self->config->exam);

  if (self->screen)
    ast_screen_prepare (self->screen, self->config, self->appliance, &policy);
}

static void
ast_runner_prepare (AstRunner *self)
{
  gboolean is_warm = ast_runner_is_warm (self, self->appliance);

  self->step_is_on = TRUE;
  if (is_warm)
    ast_host_describe_async (self->host, self->appliance, on_described, g_object_ref (self));
  else if (self->appliance->disk)
    ast_runner_make_overlay (self);
  ast_runner_set_state (self, AST_STATE_PREPARING);
  if (self->goal == GOAL_SESSION)
    ast_runner_prepare_screen (self);
  if (!is_warm && self->appliance->disk == NULL && ast_runner_step_done (self))
    ast_runner_make_overlay (self);
}

// The lock is held.
static void
ast_runner_begin (AstRunner *self, AstAppliance *appliance, Goal goal)
{
  self->goal = goal;
  if (goal != GOAL_AHEAD)
    g_clear_pointer (&self->not_ahead, ast_appliance_unref);
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  self->appliance = ast_appliance_ref (appliance);
  self->cancellable = g_cancellable_new ();
  self->keeps = FALSE;
  self->screen_tries = 0;
  self->step_is_on = TRUE;
  if (self->recovering)
    ast_runner_set_state (self, AST_STATE_PREPARING);
  else
    ast_runner_prepare (self);
}

static gboolean
fail_busy (AstRunner *self, GError **error)
{
  g_set_error (error, AST_ERROR, AST_ERROR_BUSY, _ ("“%s” is already running on this station."),
               self->appliance->name);
  return FALSE;
}

static gboolean
check_usable (AstAppliance *appliance, GError **error)
{
  g_autofree char *problem = NULL;

  if (ast_appliance_is_usable (appliance))
    return TRUE;
  problem = ast_problem_to_string (appliance->problems->pdata[0]);
  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR, "%s", problem);
  return FALSE;
}

// A recovery that is still on holds the lock already, and hands it over.
static gboolean
ast_runner_lock (AstRunner *self, GError **error)
{
  return self->lock || (self->lock = ast_guest_lock_acquire (self->config->runtime, error));
}

// What nobody sees gives way: the next one is told at once, and begins when this is over.
static void
ast_runner_give_way (AstRunner *self, AstAppliance *appliance, Goal goal)
{
  g_clear_pointer (&self->next, ast_appliance_unref);
  self->next = ast_appliance_ref (appliance);
  self->next_goal = goal;
  g_clear_pointer (&self->told, ast_status_free);
  self->told = ast_status_new (AST_STATE_PREPARING, appliance->id, g_get_real_time ());
  self->told->warming = goal == GOAL_PAIR;
  ast_runner_save_status (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  ast_runner_come_down (self, NULL);
}

static void ast_runner_take_over (AstRunner *self);
static void ast_runner_adopt (AstRunner *self);

static gboolean
ast_runner_has_ahead (AstRunner *self, const AstAppliance *appliance)
{
  return self->goal == GOAL_AHEAD && !ast_is_at_rest (self->status->state) && !self->coming_down
         && self->appliance == appliance; // another version is another object
}

gboolean
ast_runner_start (AstRunner *self, AstAppliance *appliance, GError **error)
{
  gboolean is_free = ast_is_at_rest (self->status->state) && !ast_runner_is_holding (self);
  gboolean gives_way
      = !is_free && self->goal != GOAL_SESSION && (self->next == NULL || self->next_goal != GOAL_SESSION);

  if (!is_free && !gives_way)
    return fail_busy (self, error);
  self->restarting = FALSE;
  if (!check_usable (appliance, error))
    return FALSE;
  if (!gives_way && !ast_runner_lock (self, error))
    return FALSE;
  if (ast_runner_has_ahead (self, appliance) && self->status->state == AST_STATE_READY)
    ast_runner_take_over (self);
  else if (ast_runner_has_ahead (self, appliance))
    ast_runner_adopt (self);
  else if (gives_way)
    ast_runner_give_way (self, appliance, GOAL_SESSION);
  else
    ast_runner_begin (self, appliance, GOAL_SESSION);
  return TRUE;
}

// ---------------------------------------------------------------------------------------------------------------
// Pairs

typedef struct
{
  AstWarmStore *store;
  AstAppliance *appliance;
  gboolean anew;
  char *depends;
  char *note;
  char *seed;
  char *memory;
} PairWork;

static void
pair_work_free (gpointer data)
{
  PairWork *work = data;

  g_object_unref (work->store);
  ast_appliance_unref (work->appliance);
  g_free (work->depends);
  g_free (work->note);
  g_free (work->seed);
  g_free (work->memory);
  g_free (work);
}

static void
ast_runner_work_on_pair (AstRunner *self, GTaskThreadFunc function, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, callback, NULL);
  PairWork *work = g_new0 (PairWork, 1);

  work->store = g_object_ref (self->warm);
  work->appliance = ast_appliance_ref (self->appliance);
  work->anew = self->anew;
  work->depends = g_strdup (self->depends);
  work->note = g_strdup (self->note);
  work->seed = g_strdup (self->overlay);
  work->memory = g_strdup (self->memory);
  g_task_set_task_data (task, work, pair_work_free);
  // What was published counts, however late a cancellation comes.
  g_task_set_check_cancellable (task, FALSE);
  self->step_is_on = TRUE;
  g_task_run_in_thread (task, function);
}

// The note, or NULL without error where there is nothing to do.
static void
begin_pair_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PairWork *work = data;
  GError *error = NULL;
  g_autofree char *note = ast_warm_store_note (work->appliance);

  if ((!work->anew
       && ast_warm_store_confirm (work->store, work->appliance, work->depends, cancellable, &error))
      || error || !ast_warm_store_make_room (work->store, work->appliance, &error))
    g_clear_pointer (&note, g_free);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&note), g_free);
}

static void
on_pair_begun (GObject *source, GAsyncResult *result, gpointer unused)
{
  AstRunner *self = AST_RUNNER (source);
  GError *error = NULL;

  self->note = g_task_propagate_pointer (G_TASK (result), &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (self->note == NULL)
    return ast_runner_come_down (self, error);
  ast_runner_make_overlay (self);
}

static void
ast_runner_begin_pair (AstRunner *self)
{
  ast_runner_work_on_pair (self, begin_pair_thread, on_pair_begun);
}

static void
publish_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  PairWork *work = data;
  GError *error = NULL;

  if (ast_warm_store_publish (work->store, work->appliance, work->depends, work->note, work->seed,
                              work->memory, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer unused)
{
  AstRunner *self = AST_RUNNER (source);
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      // They are the store's now.
      g_clear_pointer (&self->overlay, g_free);
      g_clear_pointer (&self->memory, g_free);
    }
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  ast_runner_come_down (self, error);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;

  self->is_saving = FALSE;
  ast_machine_save_finish (AST_MACHINE (source), result, &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (error)
    return ast_runner_come_down (self, error);
  ast_runner_work_on_pair (self, publish_thread, on_published);
}

static void
on_desktop_awaited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;

  ast_machine_wait_for_desktop_finish (AST_MACHINE (source), result, &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (error)
    return ast_runner_come_down (self, error);
  if (!ast_runner_enter (self, AST_STATE_READY))
    return;
  self->memory = ast_warm_store_name_memory (self->warm, self->appliance, self->overlay);
  self->step_is_on = TRUE;
  self->is_saving = TRUE;
  ast_machine_save_async (self->machine, self->memory, self->cancellable, on_saved, g_object_ref (self));
}

static void
ast_runner_await_desktop (AstRunner *self)
{
  self->step_is_on = TRUE;
  ast_machine_wait_for_desktop_async (self->machine, self->cancellable, on_desktop_awaited,
                                      g_object_ref (self));
}

// ---------------------------------------------------------------------------------------------------------------
// Taking over what stands ahead

static void
on_taken_over (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;

  ast_machine_resume_finish (AST_MACHINE (source), result, &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (error)
    return ast_runner_come_down (self, error);
  ast_runner_show_guest (self);
}

// A guest that was restored for nobody yet is somebody's now.
static void
ast_runner_set_going (AstRunner *self)
{
  g_clear_object (&self->standing);
  self->step_is_on = TRUE;
  ast_machine_resume_async (self->machine, on_taken_over, g_object_ref (self));
}

static void
note_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, ast_warm_store_note (((PairWork *)data)->appliance), g_free);
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer unused)
{
  AstRunner *self = AST_RUNNER (source);
  g_autofree char *note = g_task_propagate_pointer (G_TASK (result), NULL);

  if (!ast_runner_step_done (self))
    return;
  if (g_strcmp0 (note, self->note) != 0)
    return ast_runner_give_way (self, self->appliance, GOAL_SESSION);
  ast_runner_set_going (self);
  ast_runner_set_state (self, AST_STATE_STARTING);
}

// What stands ahead becomes a session: it only has to run, if it is still what it was made of.
static void
ast_runner_take_over (AstRunner *self)
{
  g_clear_handle_id (&self->memory_timer, g_source_remove);
  self->goal = GOAL_SESSION;
  ast_runner_publish_facts (self);
  g_clear_pointer (&self->told, ast_status_free);
  ast_runner_work_on_pair (self, note_thread, on_noted);
  ast_runner_set_state (self, AST_STATE_PREPARING);
}

// What is on its way to stand ahead goes on as a session: its pair was looked at a moment ago. Told of is
// what every start tells, from its beginning.
static void
ast_runner_adopt (AstRunner *self)
{
  gboolean is_starting = self->status->state == AST_STATE_STARTING;

  ast_runner_set_state (self, AST_STATE_IDLE);
  self->goal = GOAL_SESSION;
  ast_runner_publish_facts (self);
  g_clear_pointer (&self->told, ast_status_free);
  ast_runner_prepare_screen (self);
  if (self->standing)
    g_cancellable_cancel (self->standing);
  ast_runner_set_state (self, AST_STATE_PREPARING);
  if (is_starting && !self->coming_down)
    ast_runner_set_state (self, AST_STATE_STARTING);
}

// ---------------------------------------------------------------------------------------------------------------
// Preparing

static gboolean
fail_warm (AstRunner *self, const AstAppliance *appliance, GError **error)
{
  g_set_error (
      error, AST_ERROR, AST_ERROR_WARM,
      self->config->exam
          ? _ ("“%s” cannot be prepared: the station is under exam, and each exam begins with a boot.")
          : _ ("“%s” does not start warm: its descriptor would say <start mode=\"warm\"/>."),
      appliance->id);
  return FALSE;
}

gboolean
ast_runner_warm (AstRunner *self, AstAppliance *appliance, gboolean anew, GError **error)
{
  gboolean is_free = ast_is_at_rest (self->status->state) && !ast_runner_is_holding (self);
  gboolean gives_way = !is_free && self->goal == GOAL_AHEAD && self->failure == NULL && self->next == NULL;

  if (!is_free && !gives_way)
    return fail_busy (self, error);
  if (!check_usable (appliance, error))
    return FALSE;
  if (!ast_runner_is_warm (self, appliance))
    return fail_warm (self, appliance, error);
  if (!gives_way && !ast_runner_lock (self, error))
    return FALSE;
  self->anew = anew;
  if (gives_way)
    ast_runner_give_way (self, appliance, GOAL_PAIR);
  else
    ast_runner_begin (self, appliance, GOAL_PAIR);
  return TRUE;
}

// ---------------------------------------------------------------------------------------------------------------
// Ahead

static gboolean
on_memory_look (gpointer data)
{
  AstRunner *self = data;

  if (self->times.get_memory () >= AHEAD_LEAST_LEFT)
    return G_SOURCE_CONTINUE;
  g_message ("%s no longer stands ready: the station's memory is short", self->appliance->id);
  self->memory_timer = 0;
  ast_runner_come_down (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
ast_runner_stand_ahead (AstRunner *self)
{
  ast_runner_prepare_screen (self);
  if (self->screen)
    ast_screen_await (self->screen, self->machine);
  if (ast_runner_enter (self, AST_STATE_READY))
    self->memory_timer = g_timeout_add (self->times.memory_look, on_memory_look, self);
}

static void
on_stood (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  GError *error = NULL;

  ast_machine_stand_finish (AST_MACHINE (source), result, &error);
  if (!ast_runner_step_done (self))
    return g_clear_error (&error);
  if (self->goal == GOAL_SESSION)
    {
      g_clear_error (&error);
      return ast_runner_set_going (self);
    }
  if (error)
    return ast_runner_come_down (self, error);
  ast_runner_stand_ahead (self);
}

static void
ast_runner_come_to_stand (AstRunner *self)
{
  self->step_is_on = TRUE;
  ast_machine_stand_async (self->machine, self->standing, on_stood, g_object_ref (self));
}

void
ast_runner_restore_ahead (AstRunner *self, AstAppliance *appliance)
{
  guint64 needed = appliance->memory_mib * (guint64)(1024 * 1024) + AHEAD_LEAST_LEFT;
  g_autoptr (GError) error = NULL;

  if (self->status->state != AST_STATE_IDLE || self->recovering || appliance == self->not_ahead
      || !ast_appliance_is_usable (appliance) || !ast_runner_is_warm (self, appliance)
      || self->times.get_memory () < needed)
    return;
  if (!ast_runner_lock (self, &error))
    return g_debug ("%s", error->message);
  self->told = ast_status_copy (self->status);
  ast_runner_begin (self, appliance, GOAL_AHEAD);
}

const AstAppliance *
ast_runner_get_ahead (AstRunner *self)
{
  return self->goal == GOAL_AHEAD && self->status->state == AST_STATE_READY ? self->appliance : NULL;
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
    {
      ast_screen_attach (self->screen, self->machine);
      return G_SOURCE_REMOVE;
    }
  self->keeps = TRUE;
  ast_runner_come_down (self, g_error_new (AST_ERROR, AST_ERROR_SCREEN, _ ("The screen of “%s” was lost."),
                                           self->appliance->name));
  return G_SOURCE_REMOVE;
}

static void
on_screen_lost (AstScreen *screen, AstRunner *self)
{
  gboolean is_up = is_running (self->status->state);

  // What stands ahead without a screen is of no use to anybody.
  if (self->goal == GOAL_AHEAD && self->status->state == AST_STATE_READY)
    return ast_runner_come_down (self, NULL);
  if (self->goal != GOAL_SESSION)
    return;
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
  g_clear_pointer (&self->next, ast_appliance_unref);
  gboolean can_be_asked
      = (self->status->state == AST_STATE_READY && self->goal == GOAL_SESSION)
        || (self->status->state == AST_STATE_BOOTING && self->appliance->keeping == AST_KEEPING_KEPT);
  gboolean hears = self->status->paused == AST_PAUSE_NONE;

  if (!force && self->status->state == AST_STATE_STOPPING)
    return;
  if (!force && can_be_asked && hears && self->config->stop_seconds > 0)
    return ast_runner_ask_to_stop (self);
  if (!ast_is_at_rest (self->status->state) || ast_runner_is_holding (self))
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
  return self->overlay && self->told == NULL && ast_overlay_store_get_room (self->store, self->overlay, room);
}

// Bytes that quick starts of other appliances take on the overlay's disk: a session comes before them.
static guint64
ast_runner_count_spare (AstRunner *self)
{
  return self->warm && self->overlay && ast_warm_store_is_beside (self->warm, self->overlay)
             ? ast_warm_store_get_bytes (self->warm, self->appliance->id)
             : 0;
}

gboolean
ast_runner_can_go_on (AstRunner *self)
{
  AstRoom room;

  if (self->status->paused != AST_PAUSE_NO_SPACE)
    return self->status->paused != AST_PAUSE_NONE;
  return ast_runner_get_room (self, &room) && room.left + ast_runner_count_spare (self) >= GO_ON_BYTES
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

static void
make_room_thread (GTask *task, gpointer source, gpointer id, GCancellable *cancellable)
{
  ast_warm_store_drop_but (AST_WARM_STORE (source), id);
  g_task_return_boolean (task, TRUE);
}

static void
ast_runner_resume (AstRunner *self)
{
  if (self->machine && self->status->paused != AST_PAUSE_NONE)
    ast_machine_resume_async (self->machine, on_resumed, NULL);
}

static void
on_room_made (GObject *store, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;

  ast_runner_resume (self);
}

void
ast_runner_go_on (AstRunner *self)
{
  g_autoptr (GTask) task = NULL;
  AstRoom room;
  gboolean is_short = self->status->paused == AST_PAUSE_NO_SPACE && ast_runner_get_room (self, &room)
                      && room.left < GO_ON_BYTES && ast_runner_count_spare (self) > 0;

  if (!is_short)
    return ast_runner_resume (self);
  task = g_task_new (self->warm, NULL, on_room_made, g_object_ref (self));
  g_task_set_task_data (task, g_strdup (self->appliance->id), g_free);
  g_task_run_in_thread (task, make_room_thread);
}

gboolean
ast_runner_can_continue (AstRunner *self)
{
  return self->choosing;
}

void
ast_runner_continue (AstRunner *self)
{
  if (!self->choosing)
    return;
  self->choosing = FALSE;
  self->keeps = TRUE; // once more, if it does not start
  self->screen_tries = 0;
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_clear_pointer (&self->pair, ast_warm_pair_unref);
  if (!ast_runner_enter (self, AST_STATE_PREPARING))
    return;
  ast_runner_prepare_screen (self);
  ast_runner_start_machine (self);
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

  // What has a kept state is never prepared or restored.
  if (self->lock && self->goal == GOAL_SESSION && self->appliance
      && (all || g_strv_contains (ids, self->appliance->id)))
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
  ast_journal_tell (self->config->name, self->status->state, NULL, error);
  g_clear_error (&self->recovery_failure);
  self->recovery_failure = error;
}

// What nobody uses any more goes; what a guest that goes on uses, stays.
static void
ast_runner_sweep (AstRunner *self)
{
  GError *error = NULL;

  if (ast_overlay_store_sweep (self->store, self->overlay, &error) < 0)
    ast_runner_fail_recovery (self, error);
  if (self->warm)
    ast_warm_store_sweep (self->warm);
  ast_half_written_sweep (self->config->runtime);
  self->recovering = FALSE;
}

// The session that was to go on has no guest any more: nobody saw it die, or the person was about to choose.
static void
ast_runner_fail_rescue (AstRunner *self)
{
  GError *error = self->facts->failure_code
                      ? ast_error_from_word (self->facts->failure_code, self->facts->failure_message)
                      : ast_runner_explain_end (self, AST_END_LOST);

  self->rescuing = FALSE;
  self->keeps = TRUE;
  if (ast_runner_step_done (self))
    ast_runner_come_down (self, error);
  else
    g_error_free (error);
}

static void
ast_runner_recovered (AstRunner *self)
{
  ast_runner_sweep (self);
  if (self->rescuing)
    ast_runner_fail_rescue (self);
  else if (self->status->state == AST_STATE_IDLE)
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

// The guest of a session that goes on: the screen is connected to it again, and that is all.
static void
ast_runner_take_on (AstRunner *self, AstLeftover *leftover)
{
  self->rescuing = FALSE;
  self->machine = g_object_ref (leftover->machine);
  ast_runner_connect_machine (self);
  ast_runner_sweep (self);
  self->oom_kills = ast_memory_count_oom_kills ();
  ast_runner_publish_facts (self);
  ast_machine_take_on (self->machine, self->appliance, self->overlay);
  if (!ast_runner_step_done (self))
    return;
  g_message ("%s goes on", self->appliance->id);
  ast_runner_show_guest (self);
  ast_runner_set_paused (self, leftover->paused);
}

static gboolean
ast_runner_is_its_guest (AstRunner *self, const AstLeftover *leftover)
{
  return self->rescuing && leftover && self->facts->failure_code == NULL
         && g_strcmp0 (leftover->token, self->facts->token) == 0;
}

static void
on_leftover_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstRunner) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (AstLeftover) leftover = ast_host_find_leftover_finish (self->host, result, &error);

  if (error)
    {
      g_prefix_error (&error, "%s ", _ ("It is not known whether a guest was left running."));
      ast_runner_fail_recovery (self, g_steal_pointer (&error));
    }
  if (ast_runner_is_its_guest (self, leftover))
    ast_runner_take_on (self, leftover);
  else if (leftover)
    ast_machine_destroy_async (leftover->machine, on_leftover_destroyed, g_steal_pointer (&self));
  else
    ast_runner_recovered (self);
}

// Decided here, before anybody is asked: a start that comes meanwhile is refused, as in any session.
static void
ast_runner_begin_rescue (AstRunner *self, AstSessionFacts *facts)
{
  self->facts = facts;
  self->rescuing = TRUE;
  self->goal = GOAL_SESSION;
  self->appliance = ast_session_facts_read_appliance (facts, self->config->runtime,
                                                      (const char *const *)self->config->images);
  self->overlay = g_strdup (facts->overlay);
  self->seed = g_strdup (facts->seed);
  self->store_of_overlay = self->store;
  self->cancellable = g_cancellable_new ();
  self->step_is_on = TRUE;
  ast_runner_set_state (self, AST_STATE_PREPARING);
  ast_runner_prepare_screen (self);
}

static void
ast_runner_look_for_session (AstRunner *self)
{
  g_autoptr (AstSessionFacts) facts = self->screen ? ast_session_facts_load (self->config->runtime) : NULL;
  g_autofree char *boot = ast_session_boot ();
  AstSessionNow now = { .boot = boot,
                        .clock = ast_session_clock (),
                        .idle_seconds = self->config->idle_minutes * 60,
                        .exam = self->config->exam };
  AstRescue rescue = ast_session_facts_judge (facts, &now);
  gboolean has_overlay
      = facts && (facts->overlay == NULL || ast_overlay_store_has (self->store, facts->overlay));

  if (rescue == AST_RESCUE_GO_ON && has_overlay)
    return ast_runner_begin_rescue (self, g_steal_pointer (&facts));
  if (facts)
    g_message ("The session in %s does not go on: %s", facts->appliance,
               has_overlay ? ast_rescue_reason (rescue) : "its overlay is gone");
  ast_session_facts_remove (self->config->runtime);
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
  ast_runner_look_for_session (self);
  ast_host_find_leftover_async (self->host, on_leftover_found, g_object_ref (self));
}

// ---------------------------------------------------------------------------------------------------------------
// The object

static void
ast_runner_dispose (GObject *object)
{
  AstRunner *self = AST_RUNNER (object);

  ast_runner_clear_timers (self);
  g_clear_handle_id (&self->beat_timer, g_source_remove);
  ast_runner_drop_machine (self);
  if (self->screen)
    g_signal_handlers_disconnect_by_data (self->screen, self);
  g_clear_object (&self->screen);
  g_clear_object (&self->store);
  g_clear_object (&self->warm);
  g_clear_object (&self->host);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->standing);
  G_OBJECT_CLASS (ast_runner_parent_class)->dispose (object);
}

static void
ast_runner_finalize (GObject *object)
{
  AstRunner *self = AST_RUNNER (object);

  g_clear_pointer (&self->lock, ast_guest_lock_release);
  ast_runner_forget_pair (self);
  g_clear_pointer (&self->facts, ast_session_facts_free);
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  g_clear_pointer (&self->next, ast_appliance_unref);
  g_clear_pointer (&self->not_ahead, ast_appliance_unref);
  g_clear_pointer (&self->told, ast_status_free);
  g_clear_pointer (&self->status, ast_status_free);
  g_clear_error (&self->failure);
  g_clear_error (&self->recovery_failure);
  g_free (self->overlay);
  g_free (self->seed);
  g_strfreev (self->images);
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
ast_runner_new (const AstConfig *config, AstHost *host, AstOverlayStore *store, AstWarmStore *warm,
                AstScreen *screen)
{
  return ast_runner_new_with_times (config, host, store, warm, screen, &usual_times);
}

AstRunner *
ast_runner_new_with_times (const AstConfig *config, AstHost *host, AstOverlayStore *store, AstWarmStore *warm,
                           AstScreen *screen, const AstRunnerTimes *times)
{
  AstRunner *self = g_object_new (AST_TYPE_RUNNER, NULL);

  self->config = config;
  self->status->exam = config->exam;
  self->times = *times;
  self->host = g_object_ref (host);
  self->store = g_object_ref (store);
  self->warm = warm ? g_object_ref (warm) : NULL;
  if (screen == NULL)
    return self;
  self->screen = g_object_ref (screen);
  g_signal_connect (screen, "shown", G_CALLBACK (on_screen_shown), self);
  g_signal_connect (screen, "desktop-ready", G_CALLBACK (on_screen_desktop_ready), self);
  g_signal_connect (screen, "lost", G_CALLBACK (on_screen_lost), self);
  return self;
}
