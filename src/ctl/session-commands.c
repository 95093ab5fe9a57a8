// SPDX-License-Identifier: GPL-3.0-or-later
// The commands about the running guest: status, start, stop, reset. Over D-Bus where a kiosk runs, on files
// where not.
#include "ast-build.h"
#include "session.h"
#include "guest-lock.h"
#include "module.h"
#include <glib-unix.h>
#include <glib/gi18n.h>

// ---------------------------------------------------------------------------------------------------------------
// status

static void
tell_death (const AstStatus *last)
{
  g_autofree char *appliance = ast_command_make_line (last->appliance ? last->appliance : "?");

  g_printerr ("asteroidectl: ");
  g_printerr (
      _ ("The kiosk died while “%s” was %s; what is left will be swept at its next start, or by “stop”.\n"),
      appliance, ast_state_word (last->state));
}

// A dead runner's last word counts only where it is an end: what was running then, runs under nobody's lock
// now. Nor does its exam count: the next kiosk goes by the configuration.
static AstStatus *
status_from_files (const AstConfig *config)
{
  AstStatus *status = ast_status_load (config->runtime);

  if (ast_guest_lock_is_held (config->runtime))
    return status;
  if (!ast_is_at_rest (status->state))
    {
      tell_death (status);
      ast_status_free (status);
      status = ast_status_new (AST_STATE_IDLE, NULL, 0);
    }
  status->exam = config->exam;
  return status;
}

static void
print_room (const AstStatus *status)
{
  g_autofree char *used = g_format_size_full (status->room.used, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *bound = g_format_size_full (status->room.bound, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *left = g_format_size_full (status->room.left, G_FORMAT_SIZE_IEC_UNITS);

  if (status->room.bound > 0)
    {
      g_print (_ ("%s of %s written, %s left on the disk"), used, bound, left);
      g_print ("\n");
    }
  if (status->paused == AST_PAUSE_NO_SPACE)
    g_print ("%s\n", _ ("The guest stands still: its disk space is used up."));
  else if (status->paused == AST_PAUSE_DISK_ERROR)
    g_print ("%s\n", _ ("The guest stands still: the station's disk failed."));
  else if (status->paused == AST_PAUSE_WATCHDOG)
    g_print ("%s\n", _ ("The guest stands still: its own watchdog says that it hangs."));
  if (status->resumable)
    g_print ("%s\n", _ ("What it wrote is kept until the person at the station has chosen."));
}

static char *
make_failure_line (const AstStatus *status)
{
  g_autofree char *text = g_strdup_printf ("%s: %s", status->failure_code ? status->failure_code : "",
                                           status->failure_message ? status->failure_message : "");

  return ast_command_make_line (text);
}

static void
print_status (const AstStatus *status, gboolean has_kiosk)
{
  g_autoptr (GDateTime) since
      = status->since ? g_date_time_new_from_unix_local (status->since / G_USEC_PER_SEC) : NULL;
  g_autofree char *when = since ? g_date_time_format (since, "%F %T") : NULL;
  g_autofree char *appliance = ast_command_make_line (status->appliance);
  g_autofree char *failure = make_failure_line (status);

  g_print ("%s%s%s", ast_state_word (status->state), status->appliance ? " " : "", appliance);
  if (when)
    g_print (_ (", since %s"), when);
  g_print ("\n");
  if (status->exam)
    g_print ("%s\n", _ ("The station is under exam."));
  print_room (status);
  if (status->failure_code)
    g_print ("%s\n", failure);
  if (!has_kiosk)
    g_print ("%s\n", _ ("No kiosk is running."));
}

AstExit
ast_command_status (const AstInvocation *invocation)
{
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_find_kiosk (invocation->config, NULL);
  g_autoptr (AstStatus) status
      = kiosk ? ast_bus_kiosk_get_status (kiosk) : status_from_files (invocation->config);
  g_autofree char *json = NULL;

  // A kiosk that is older than this program does not know the question.
  if (kiosk)
    ast_bus_kiosk1_call_get_room_sync (kiosk, &status->room.used, &status->room.bound, &status->room.left,
                                       NULL, NULL);
  if (!invocation->json)
    {
      print_status (status, kiosk != NULL);
      return AST_EXIT_DONE;
    }
  json = ast_status_to_json (status);
  g_print ("%s\n", json);
  return AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// Waiting for a running kiosk

typedef struct
{
  GMainLoop *loop;
  AstBusKiosk1 *kiosk;
  gboolean (*is_over) (const AstStatus *status);
  AstStatus *last; // that it told
  gboolean is_gone;
  gboolean has_begun; // all that was told before is known
} AstWait;

static gboolean
is_waiting (const AstWait *wait)
{
  return !wait->is_gone && !wait->is_over (wait->last);
}

static void
on_kiosk_changed (AstWait *wait)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (wait->kiosk));
  g_autoptr (AstStatus) before = NULL;

  // What it tells after that is no longer about what was waited for.
  if (wait->has_begun && !is_waiting (wait))
    return;
  wait->is_gone = owner == NULL;
  if (owner)
    {
      before = wait->last;
      wait->last = ast_bus_kiosk_get_status (wait->kiosk);
      if (before->state != wait->last->state)
        g_print ("%s\n", ast_state_word (wait->last->state));
    }
  if (!is_waiting (wait))
    g_main_loop_quit (wait->loop);
}

AstStatus *
ast_session_wait_for_kiosk (AstBusKiosk1 *kiosk, gboolean (*is_over) (const AstStatus *status))
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (AstStatus) last = NULL;
  AstWait wait = { loop, kiosk, is_over, ast_bus_kiosk_get_status (kiosk), FALSE };

  g_signal_connect_swapped (kiosk, "notify", G_CALLBACK (on_kiosk_changed), &wait);
  // What the kiosk told before it answered our call is still in the queue.
  while (g_main_context_iteration (NULL, FALSE))
    ;
  on_kiosk_changed (&wait);
  wait.has_begun = TRUE;
  if (is_waiting (&wait))
    g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (kiosk, &wait);
  last = wait.last;
  return is_over (last) ? g_steal_pointer (&last) : NULL;
}

static gboolean
is_over (const AstStatus *status)
{
  return ast_is_at_rest (status->state);
}

static gboolean
is_up_or_over (const AstStatus *status)
{
  return status->state == AST_STATE_BOOTING || status->state == AST_STATE_READY || is_over (status);
}

static AstExit
fail_text (const char *text)
{
  g_printerr ("asteroidectl: %s\n", text);
  return AST_EXIT_FAILED;
}

AstExit
ast_session_fail_status (const AstStatus *status)
{
  g_autofree char *line = status ? make_failure_line (status) : NULL;

  return fail_text (line ? line : _ ("The kiosk went away."));
}

// ---------------------------------------------------------------------------------------------------------------
// A runner of our own, where no kiosk runs

typedef struct
{
  GMainLoop *loop;
  AstRunner *runner;
  AstState told;
  guint signals; // how often we were told to end
} AstHere;

AstRunner *
ast_session_make_runner (const AstConfig *config, AstHost **host, GError **error)
{
  g_autoptr (AstHost) made = ast_module_make_host (config, error);
  g_autoptr (AstOverlayStore) store
      = ast_overlay_store_new (config->overlays, config->reserve_mib, config->overlay_mib);
  g_autoptr (AstWarmStore) warm = ast_warm_store_new_of (config);
  AstRunner *runner = made ? ast_runner_new (config, made, store, warm, NULL) : NULL;

  if (runner && host)
    *host = g_steal_pointer (&made);
  return runner;
}

static void
on_here_changed (AstRunner *runner, AstHere *here)
{
  AstState state = ast_runner_get_status (runner)->state;

  if (state != here->told)
    g_print ("%s\n", ast_state_word (state));
  here->told = state;
  if (ast_runner_is_settled (runner))
    g_main_loop_quit (here->loop);
}

static gboolean
on_end_signal (gpointer data)
{
  AstHere *here = data;

  ast_runner_stop (here->runner, here->signals++ > 0);
  return G_SOURCE_CONTINUE;
}

const AstStatus *
ast_session_run_here (AstRunner *runner)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  AstHere here = { loop, runner, AST_STATE_IDLE, 0 };
  guint interrupt = g_unix_signal_add (SIGINT, on_end_signal, &here);
  guint terminate = g_unix_signal_add (SIGTERM, on_end_signal, &here);

  g_signal_connect (runner, "changed", G_CALLBACK (on_here_changed), &here);
  on_here_changed (runner, &here);
  if (!ast_runner_is_settled (runner))
    g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (runner, &here);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  return ast_runner_get_status (runner);
}

static AstExit
exit_of (const AstStatus *status)
{
  return status->state == AST_STATE_FAILED ? ast_session_fail_status (status) : AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// start

static AstExit
start_here (const AstInvocation *invocation)
{
  g_autoptr (AstCatalogue) catalogue = ast_command_load_catalogue (invocation);
  AstAppliance *appliance = ast_catalogue_find (catalogue, invocation->arguments[0]);
  g_autoptr (GError) error = NULL;
  g_autoptr (AstRunner) runner = NULL;
  g_autoptr (AstBusService) service = NULL;
  const AstStatus *status;

  if (appliance == NULL)
    g_set_error (&error, AST_ERROR, AST_ERROR_NO_SUCH_APPLIANCE,
                 _ ("There is no appliance “%s” on this station."), invocation->arguments[0]);
  else
    runner = ast_session_make_runner (invocation->config, NULL, &error);
  if (runner == NULL)
    return ast_command_fail (error);
  service = ast_bus_service_new (invocation->config, runner, catalogue);
  ast_runner_recover (runner);
  ast_runner_start (runner, appliance, &error);
  status = ast_session_run_here (runner); // also after a refusal: the recovery is still on
  return error ? ast_command_fail (error) : exit_of (status);
}

static AstExit
start_on_kiosk (AstBusKiosk1 *kiosk, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstStatus) status = NULL;

  if (!ast_bus_kiosk1_call_start_sync (kiosk, id, NULL, &error))
    return ast_command_fail (error);
  status = ast_session_wait_for_kiosk (kiosk, is_up_or_over);
  if (status == NULL || status->state == AST_STATE_FAILED)
    return ast_session_fail_status (status);
  return status->state == AST_STATE_IDLE ? fail_text (_ ("It was ended before it was up.")) : AST_EXIT_DONE;
}

AstExit
ast_command_start (const AstInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_find_kiosk (invocation->config, &error);

  if (invocation->headless && kiosk)
    return fail_text (_ ("A kiosk is running: start it there, without --headless."));
  if (invocation->headless)
    return start_here (invocation);
  if (kiosk)
    return start_on_kiosk (kiosk, invocation->arguments[0]);
  return fail_text (_ (
      "No kiosk of this station answers on D-Bus, so there is no screen to show an appliance on. Start the "
      "kiosk first, or run the appliance here without a screen: --headless."));
}

// ---------------------------------------------------------------------------------------------------------------
// stop

// Stops over D-Bus and waits for the end.
static AstExit
stop_on_kiosk (AstBusKiosk1 *kiosk, gboolean force)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstStatus) before = ast_bus_kiosk_get_status (kiosk);
  g_autoptr (AstStatus) status = NULL;

  if (!ast_bus_kiosk1_call_stop_sync (kiosk, force, NULL, &error))
    return ast_command_fail (error);
  // A guest that could not be ended is tried again, and what a dead one wrote is discarded.
  if (ast_is_at_rest (before->state) && !before->resumable
      && g_strcmp0 (before->failure_code, ast_error_word (AST_ERROR_STOP)) != 0)
    {
      g_print ("%s\n", _ ("Nothing is running."));
      return AST_EXIT_DONE;
    }
  status = ast_session_wait_for_kiosk (kiosk, is_over);
  return status && status->state == AST_STATE_IDLE ? AST_EXIT_DONE : ast_session_fail_status (status);
}

// No kiosk: a guest may be left of one that died.
static AstExit
stop_leftovers (const AstInvocation *invocation)
{
  g_autoptr (AstRunner) runner = NULL;
  g_autoptr (GError) error = NULL;
  const GError *failure;

  if (ast_guest_lock_is_held (invocation->config->runtime))
    return fail_text (_ ("An appliance runs, but its kiosk does not answer on D-Bus. End it on its screen, "
                         "or end the kiosk."));
  runner = ast_session_make_runner (invocation->config, NULL, &error);
  if (runner == NULL)
    return ast_command_fail (error);
  ast_runner_recover (runner);
  ast_session_run_here (runner);
  failure = ast_runner_get_recovery_failure (runner);
  if (failure && g_error_matches (failure, AST_ERROR, AST_ERROR_BUSY))
    return ast_command_fail (failure);
  if (failure) // told when it was met
    return AST_EXIT_FAILED;
  g_print ("%s\n", _ ("Nothing is running."));
  return AST_EXIT_DONE;
}

AstExit
ast_command_stop (const AstInvocation *invocation)
{
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_find_kiosk (invocation->config, NULL);

  return kiosk ? stop_on_kiosk (kiosk, invocation->force) : stop_leftovers (invocation);
}

// ---------------------------------------------------------------------------------------------------------------
// reset

static gboolean
check_ids (const AstInvocation *invocation, GError **error)
{
  g_autoptr (AstCatalogue) catalogue = ast_command_load_catalogue (invocation);
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (
      invocation->config->overlays, invocation->config->reserve_mib, invocation->config->overlay_mib);

  for (guint i = 0; invocation->arguments[i]; i++)
    {
      const char *id = invocation->arguments[i];

      // An appliance that was removed may have left a kept state behind.
      if (ast_catalogue_find (catalogue, id) || ast_overlay_store_has_kept (store, id))
        continue;
      g_set_error (error, AST_ERROR, AST_ERROR_NO_SUCH_APPLIANCE,
                   _ ("There is no appliance “%s” on this station."), id);
      return FALSE;
    }
  return TRUE;
}

static int
reset_files (const AstInvocation *invocation, GError **error)
{
  g_autoptr (AstRunner) runner = ast_session_make_runner (invocation->config, NULL, error);

  if (runner == NULL)
    return -1;
  if (invocation->force)
    ast_runner_recover (runner);
  if (invocation->force)
    ast_session_run_here (runner);
  return ast_runner_reset (runner, (const char *const *)invocation->arguments, error);
}

static int
reset_on_kiosk (AstBusKiosk1 *kiosk, const AstInvocation *invocation, GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint dropped;

  if (invocation->force && stop_on_kiosk (kiosk, TRUE) != AST_EXIT_DONE)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_STOP, "%s", _ ("The running appliance could not be ended."));
      return -1;
    }
  if (ast_bus_kiosk1_call_reset_sync (kiosk, (const char *const *)invocation->arguments, &dropped, NULL,
                                      &problem))
    return dropped;
  // A session without a screen went away with its end; the lock tells if that is not the reason.
  if (problem->domain != AST_ERROR)
    return reset_files (invocation, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return -1;
}

AstExit
ast_command_reset (const AstInvocation *invocation)
{
  g_autoptr (AstBusKiosk1) kiosk = NULL;
  g_autoptr (GError) error = NULL;
  gboolean named = invocation->arguments[0] != NULL;
  int dropped;

  if (named == invocation->all)
    return ast_command_fail_usage ("%s", _ ("Name the appliances to reset, or say --all."));
  if (!check_ids (invocation, &error))
    return ast_command_fail (error);
  kiosk = ast_bus_find_kiosk (invocation->config, NULL);
  dropped = kiosk ? reset_on_kiosk (kiosk, invocation, &error) : reset_files (invocation, &error);
  if (dropped < 0)
    return ast_command_fail (error);
  g_print (ngettext ("%d kept state was dropped.\n", "%d kept states were dropped.\n", dropped), dropped);
  return AST_EXIT_DONE;
}
