// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "application.h"
#include "bus.h"
#include "card-watch.h"
#include "catalogue.h"
#include "error.h"
#include "failure-page.h"
#include "heads.h"
#include "icon-painter.h"
#include "idle-watch.h"
#include "info-panel.h"
#include "journal.h"
#include "launcher.h"
#include "module.h"
#include "outputs.h"
#include "overlay-store.h"
#include "progress-page.h"
#include "runner.h"
#include "screen-module.h"
#include "session-page.h"
#include "share.h"
#include "sound-page.h"
#include "style.h"
#include "warm-table.h"
#include "widgets.h"
#include "window.h"
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

// Between the launcher's rest and the restore of what may be started next; ms.
#define AHEAD_DELAY 2000

struct _AstApplication
{
  GObject parent;

  const AstConfig *config;
  AstCatalogue *catalogue;
  AstOverlayStore *store;
  AstHost *host;
  AstRunner *runner;
  AstBusService *bus;
  AstHeads *heads; // NULL before there is a screen
  AstIdleWatch *idle;
  AstOutputs *outputs; // NULL on a desk, whose monitors are others' business
  AstCardWatch *card;  // NULL there, too
  GMainLoop *loop;
  gboolean is_ending;
  gboolean guest_shown; // the guest's first picture was seen in this session
  char *last_id;        // what “try again” starts
  AstVolume volume;     // of the station: the configured one, until somebody turns it in or before a session
  char *guests;         // how guests run on this station, for the information panel
  char *notice;         // … and at the foot of the launcher, or NULL
  AstWarmStore *warm;
  AstWarmTable *warmth;
  gboolean is_watching; // is a session on that ends when nobody is there?
  guint seconds_to_leave;
  gboolean was_warming; // the last thing that was told was a preparation
  guint ahead_timer;

  GtkWidget *window;
  GtkWidget *stack;
  GtkWidget *launcher;
  GtkWidget *progress;
  GtkWidget *session;
  GtkWidget *failure;
  GtkWidget *info;
  GtkWidget *loudness; // how the volume stands, where no bar tells it
};

G_DEFINE_FINAL_TYPE (AstApplication, ast_application, G_TYPE_OBJECT)

static AstVolume
ast_application_get_first_volume (AstApplication *self)
{
  return (AstVolume){ .percent = self->config->volume };
}

// The bar tells the volume in a session; elsewhere it is told as long as it is not the room's own.
static void
ast_application_show_volume (AstApplication *self)
{
  gboolean is_usual = ast_volume_equal (self->volume, ast_application_get_first_volume (self));
  GtkWidget *page = gtk_stack_get_visible_child (GTK_STACK (self->stack));
  g_autofree char *text = ast_sound_describe (self->volume);

  gtk_label_set_text (GTK_LABEL (self->loudness), text);
  gtk_widget_set_visible (self->loudness, !is_usual && page != self->session);
}

static void
ast_application_set_volume (AstApplication *self, AstVolume volume)
{
  self->volume = volume;
  ast_application_show_volume (self);
  if (self->session == NULL)
    return;
  ast_screen_set_volume (ast_session_page_get_screen (AST_SESSION_PAGE (self->session)), volume);
  ast_host_bar_set_volume (ast_session_page_get_bar (AST_SESSION_PAGE (self->session)), volume);
}

// Whoever comes next finds the room's volume, not that of whoever was here before.
static void
ast_application_forget_volume (AstApplication *self)
{
  ast_application_set_volume (self, ast_application_get_first_volume (self));
}

static void
ast_application_turn_to (AstApplication *self, GtkWidget *page)
{
  if (gtk_stack_get_visible_child (GTK_STACK (self->stack)) == page)
    return;
  gtk_widget_hide (self->info);
  gtk_stack_set_visible_child (GTK_STACK (self->stack), page);
  ast_application_show_volume (self);
  if (page == self->launcher)
    ast_launcher_reset (AST_LAUNCHER (self->launcher));
  if (self->heads)
    ast_heads_set_shown (self->heads, page == self->session);
  if (page == self->session)
    gtk_widget_grab_focus (GTK_WIDGET (ast_session_page_get_screen (AST_SESSION_PAGE (self->session))));
}

// ---------------------------------------------------------------------------------------------------------------
// The runner's word → the page

// What the runner did not come to know of, and so has not told.
static void
ast_application_tell_journal (AstApplication *self, const char *id, const GError *error)
{
  AstState state = self->runner ? ast_runner_get_status (self->runner)->state : AST_STATE_IDLE;

  ast_journal_tell (self->config->name, state, id, error);
}

static void
ast_application_show_failure (AstApplication *self, const char *id, const GError *error,
                              gboolean is_resumable)
{
  AstAppliance *appliance = id ? ast_catalogue_find (self->catalogue, id) : NULL;

  ast_failure_page_show (AST_FAILURE_PAGE (self->failure), id, appliance ? appliance->name : id, error,
                         is_resumable);
  ast_application_turn_to (self, self->failure);
}

static void
ast_application_show_status_failure (AstApplication *self, const AstStatus *status)
{
  g_autoptr (GError) error = ast_error_from_word (status->failure_code, status->failure_message);

  ast_application_show_failure (self, status->appliance, error, status->resumable);
}

static void ast_application_start (AstApplication *self, const char *id);
static void on_runner_changed (AstRunner *runner, AstApplication *self);

// When everybody has heard that the session is over.
static gboolean
on_over (gpointer data)
{
  AstApplication *self = data;
  g_autofree char *id = g_strdup (self->last_id);

  if (ast_runner_is_restarting (self->runner))
    ast_application_start (self, id);
  else
    on_runner_changed (self->runner, self);
  return G_SOURCE_REMOVE;
}

static void
ast_application_begin_session (AstApplication *self, const AstAppliance *appliance)
{
  AstHostBar *bar = ast_session_page_get_bar (AST_SESSION_PAGE (self->session));
  AstPolicy policy = ast_policy_of (appliance, self->config->exam);

  ast_progress_page_begin (AST_PROGRESS_PAGE (self->progress), appliance, &policy);
  ast_host_bar_begin (bar, appliance);
  ast_host_bar_set_missing_share (
      bar, ast_share_find (self->config->shares, appliance, &policy) ? NULL : appliance->share);
  ast_host_bar_set_policy (bar, &policy);
}

// Under exam nobody is sent away for thinking.
static void
ast_application_watch_for_idle (AstApplication *self, gboolean is_up)
{
  const AstAppliance *appliance = ast_runner_get_appliance (self->runner);
  gboolean counts
      = is_up && self->guest_shown && appliance && !ast_policy_of (appliance, self->config->exam).exam;

  if (counts == self->is_watching)
    return;
  self->is_watching = counts;
  ast_idle_watch_set_limit (self->idle, counts ? self->config->idle_minutes * 60 : 0);
}

// What a person at work has to know, without being held up: the most urgent comes first.
static void
ast_application_tell_worry (AstApplication *self)
{
  const AstStatus *status = ast_runner_get_status (self->runner);
  g_autofree char *text = NULL;

  if (self->seconds_to_leave > 0)
    text = g_strdup_printf (
        ngettext ("Nobody has used this machine for a while. It ends in %u second: press a key "
                  "to keep it.",
                  "Nobody has used this machine for a while. It ends in %u seconds: press a key "
                  "to keep it.",
                  self->seconds_to_leave),
        self->seconds_to_leave);
  else if (status->tampered)
    text = g_strdup (
        _ ("The disk below this machine was changed while you work. Save your work elsewhere, and start "
           "afresh."));
  else if (status->filled == AST_ROOM_ALARM)
    text = g_strdup (
        _ ("The disk of this machine is almost full, and it stands still when it is. Delete what you do "
           "not need."));
  else if (status->filled > 0)
    text = g_strdup (_ ("The disk of this machine is nearly full. Delete what you do not need."));
  ast_session_page_tell (AST_SESSION_PAGE (self->session), text);
}

static void
on_leaving (AstIdleWatch *watch, guint seconds, AstApplication *self)
{
  self->seconds_to_leave = seconds;
  ast_application_tell_worry (self);
}

static void
on_left (AstIdleWatch *watch, AstApplication *self)
{
  g_message ("The session ends: nobody was there for %u minutes", self->config->idle_minutes);
  self->seconds_to_leave = 0;
  ast_runner_stop (self->runner, FALSE);
}

// Once there is a guest on the screen for the bar to stand above: until then the page of the start is left by
// its own button.
static void
ast_application_show_pause (AstApplication *self)
{
  if (self->guest_shown)
    ast_host_bar_set_paused (ast_session_page_get_bar (AST_SESSION_PAGE (self->session)),
                             ast_runner_get_status (self->runner)->paused);
}

// What needs no guest: how guests run here, and what is being prepared unseen.
static void
ast_application_show_notice (AstApplication *self)
{
  const AstStatus *status = self->runner ? ast_runner_get_status (self->runner) : NULL;
  AstAppliance *appliance
      = status && status->warming ? ast_catalogue_find (self->catalogue, status->appliance) : NULL;
  g_autofree char *warming = NULL;

  if (appliance)
    warming = g_strdup_printf (
        _ ("“%s” is being prepared for quick starts. Whatever you choose comes first."), appliance->name);
  ast_launcher_set_notice (AST_LAUNCHER (self->launcher), warming ? warming : self->notice);
}

static void
ast_application_look_at_warmth (AstApplication *self)
{
  if (self->warmth)
    ast_warm_table_look (self->warmth, ast_catalogue_list (self->catalogue));
}

// Of those that start warm, the one that was started most often.
static AstAppliance *
ast_application_find_most_used (AstApplication *self)
{
  GPtrArray *lines = ast_warm_table_list (self->warmth);
  AstAppliance *most = NULL;
  guint most_uses = 0;

  for (guint i = 0; i < lines->len; i++)
    {
      const AstWarmLine *line = lines->pdata[i];
      AstAppliance *appliance = line->pair ? ast_catalogue_find (self->catalogue, line->id) : NULL;
      guint uses = ast_overlay_store_count_uses (self->store, line->id);

      if (appliance && (most == NULL || uses > most_uses))
        {
          most = appliance;
          most_uses = uses;
        }
    }
  return most;
}

static gboolean
on_time_for_ahead (gpointer data)
{
  AstApplication *self = data;
  AstAppliance *appliance = ast_application_find_most_used (self);

  self->ahead_timer = 0;
  if (appliance)
    ast_runner_restore_ahead (self->runner, appliance);
  return G_SOURCE_REMOVE;
}

// Once the launcher has nothing more to do.
static void
ast_application_think_ahead (AstApplication *self)
{
  if (self->config->restore_ahead && self->warmth && !self->is_ending && self->ahead_timer == 0)
    self->ahead_timer = g_timeout_add (AHEAD_DELAY, on_time_for_ahead, self);
}

static void
on_warmth_changed (AstWarmTable *table, AstApplication *self)
{
  ast_launcher_show_warmth (AST_LAUNCHER (self->launcher), table);
  ast_application_think_ahead (self);
}

static gboolean
on_failure_was_told (gpointer data)
{
  AstApplication *self = data;

  ast_runner_dismiss_failure (self->runner);
  return G_SOURCE_REMOVE;
}

// Nobody at the station has asked for it, and nobody there has to read what became of it: the one who asked
// is told, the journal has it, and the tile says how the appliance starts. TRUE: there is no more to show.
static gboolean
ast_application_show_warming (AstApplication *self, const AstStatus *status)
{
  gboolean was_warming = self->was_warming;

  self->was_warming = status->warming;
  ast_application_show_notice (self);
  if (!was_warming)
    return status->warming;
  if (ast_is_at_rest (status->state))
    ast_application_look_at_warmth (self);
  // A guest that could not be ended is everybody's business.
  if (status->state != AST_STATE_FAILED
      || g_strcmp0 (status->failure_code, ast_error_word (AST_ERROR_STOP)) == 0)
    return status->warming;
  // Whoever is waiting has to hear of it first.
  g_idle_add_full (G_PRIORITY_LOW, on_failure_was_told, g_object_ref (self), g_object_unref);
  return TRUE;
}

static void
on_runner_changed (AstRunner *runner, AstApplication *self)
{
  const AstStatus *status = ast_runner_get_status (runner);
  guint seconds = ast_runner_get_seconds_to_force (runner);
  gboolean is_up = status->state == AST_STATE_BOOTING || status->state == AST_STATE_READY;

  if (self->is_ending && ast_runner_is_settled (runner))
    return g_main_loop_quit (self->loop);
  if (ast_application_show_warming (self, status))
    return;
  ast_application_watch_for_idle (self, is_up);
  ast_application_tell_worry (self);
  if (status->state == AST_STATE_FAILED)
    {
      ast_application_forget_volume (self);
      return ast_application_show_status_failure (self, status);
    }
  if (status->state == AST_STATE_IDLE && ast_runner_is_restarting (runner))
    {
      g_idle_add_full (G_PRIORITY_DEFAULT, on_over, g_object_ref (self), g_object_unref);
      return;
    }
  if (status->state == AST_STATE_IDLE)
    {
      ast_application_forget_volume (self);
      ast_application_look_at_warmth (self); // a pair may have turned out to be broken
      return ast_application_turn_to (self, self->launcher);
    }
  if (status->state == AST_STATE_PREPARING)
    {
      const AstAppliance *appliance = ast_runner_get_appliance (self->runner);

      self->guest_shown = FALSE;
      ast_launcher_stop_countdown (AST_LAUNCHER (self->launcher));
      if (appliance)
        ast_application_begin_session (self, appliance);
    }
  ast_application_show_pause (self);
  ast_progress_page_set_state (AST_PROGRESS_PAGE (self->progress), status->state, seconds);
  if (self->guest_shown && status->state == AST_STATE_STOPPING && seconds > 0)
    ast_host_bar_set_stopping (ast_session_page_get_bar (AST_SESSION_PAGE (self->session)), seconds);
  else if (!self->guest_shown || !is_up)
    ast_application_turn_to (self, self->progress);
}

// How guests run here, or why they cannot: the notice on the launcher, and the whole of it for the
// information panel.
static void
ast_application_describe_guests (AstApplication *self, const GError *error)
{
  g_autofree char *reason = error ? NULL : ast_host_get_emulation_reason (self->host);

  g_free (self->guests);
  g_clear_pointer (&self->notice, g_free);
  if (error)
    {
      self->guests = g_strdup (error->message);
      self->notice = g_strdup_printf (_ ("No appliance can start on this station. Tell the admin: %s"),
                                      ast_error_word_of (error));
    }
  else if (reason)
    {
      self->guests = g_strdup_printf (_ ("emulated, and so slow: %s"), reason);
      self->notice = g_strdup (_ ("No KVM on this station: appliances are emulated, and slow"));
    }
  else
    self->guests = g_strdup (_ ("on KVM, at full speed"));
  ast_application_show_notice (self);
}

// What can wait for the guest's first picture. The guest needs the station's memory now; what the launcher
// and the start have used goes back.
static gboolean
on_guest_painted (gpointer data)
{
  ast_application_describe_guests (data, NULL);
  ast_icon_painter_rest ();
  malloc_trim (0);
  return G_SOURCE_REMOVE;
}

static void
on_screen_shown (AstScreen *screen, AstApplication *self)
{
  self->guest_shown = TRUE;
  ast_application_turn_to (self, self->session);
  ast_window_paint_now (AST_WINDOW (self->window));
  ast_application_show_pause (self);
  ast_application_watch_for_idle (self, TRUE);
  g_idle_add_full (G_PRIORITY_LOW, on_guest_painted, g_object_ref (self), g_object_unref);
}

// ---------------------------------------------------------------------------------------------------------------
// What people do

static void
ast_application_start (AstApplication *self, const char *id)
{
  AstAppliance *appliance = ast_catalogue_find (self->catalogue, id);
  g_autoptr (GError) error = NULL;

  g_free (self->last_id);
  self->last_id = g_strdup (id);
  if (appliance == NULL)
    g_set_error (&error, AST_ERROR, AST_ERROR_NO_SUCH_APPLIANCE, _ ("“%s” is no longer on this station."),
                 id);
  else
    ast_runner_start (self->runner, appliance, &error);
  if (error)
    {
      ast_application_tell_journal (self, id, error);
      ast_application_show_failure (self, id, error, FALSE);
    }
}

static void
on_chosen (AstLauncher *launcher, const char *id, AstApplication *self)
{
  g_autofree char *copy = g_strdup (id);

  ast_application_start (self, copy);
}

static void
on_likely (AstLauncher *launcher, const char *id, AstApplication *self)
{
  AstAppliance *appliance = ast_catalogue_find (self->catalogue, id);
  const AstWarmLine *line = self->warmth ? ast_warm_table_find (self->warmth, id) : NULL;

  if (line && line->pair)
    ast_warm_pair_expect (line->pair);
  if (appliance && appliance->disk)
    ast_overlay_store_expect (self->store, appliance, line && line->pair ? line->pair->seed : NULL);
}

static void
on_cancel (AstApplication *self)
{
  if (ast_runner_is_restarting (self->runner))
    ast_runner_restart (self->runner, TRUE);
  else
    ast_runner_stop (self->runner, TRUE);
}

static void
on_end (AstApplication *self)
{
  ast_runner_stop (self->runner, FALSE);
}

// What is to be forgotten need not be shut down.
static void
on_restart (AstApplication *self)
{
  const char *id = ast_runner_get_status (self->runner)->appliance;
  AstAppliance *appliance = id ? ast_catalogue_find (self->catalogue, id) : NULL;

  g_free (self->last_id);
  self->last_id = g_strdup (id);
  ast_runner_restart (self->runner, appliance == NULL || appliance->keeping == AST_KEEPING_VOLATILE);
}

static void
on_chord (AstApplication *self)
{
  static const guint keys[] = { GDK_KEY_Control_L, GDK_KEY_Alt_L, GDK_KEY_Delete };

  ast_screen_send_chord (ast_session_page_get_screen (AST_SESSION_PAGE (self->session)), keys,
                         G_N_ELEMENTS (keys));
}

static void
on_refresh (AstApplication *self)
{
  AstHostBar *bar = ast_session_page_get_bar (AST_SESSION_PAGE (self->session));
  AstRoom room = { 0 };

  ast_runner_get_room (self->runner, &room);
  ast_host_bar_set_room (bar, &room);
  ast_host_bar_set_can_go_on (bar, ast_runner_can_go_on (self->runner));
}

static void
on_redirections_changed (AstApplication *self)
{
  AstSessionPage *page = AST_SESSION_PAGE (self->session);
  g_autoptr (GPtrArray) list = ast_screen_list_redirections (ast_session_page_get_screen (page));

  ast_host_bar_show_devices (ast_session_page_get_bar (page), list);
}

static void
on_redirect (AstHostBar *bar, const char *id, gboolean in, AstApplication *self)
{
  g_autoptr (GError) error = NULL;

  // It may have gone at this moment; then the list has told.
  if (!ast_screen_redirect (ast_session_page_get_screen (AST_SESSION_PAGE (self->session)), id, in, &error))
    ast_application_tell_journal (self, ast_runner_get_status (self->runner)->appliance, error);
  // A switch shows what is, whatever came of it.
  on_redirections_changed (self);
}

static void
on_go_on (AstApplication *self)
{
  ast_runner_go_on (self->runner);
}

static void
on_back (AstApplication *self)
{
  const AstStatus *status;

  ast_runner_dismiss_failure (self->runner);
  status = ast_runner_get_status (self->runner);
  if (status->state == AST_STATE_IDLE || status->warming)
    ast_application_turn_to (self, self->launcher);
}

static void
on_continue (AstApplication *self)
{
  ast_runner_continue (self->runner);
}

static void
on_again (AstApplication *self)
{
  const AstStatus *status = ast_runner_get_status (self->runner);
  g_autofree char *id = status->state == AST_STATE_FAILED ? g_strdup (status->appliance) : NULL;

  ast_application_start (self, id ? id : g_steal_pointer (&self->last_id));
}

static gboolean
handle_launcher_key (AstApplication *self, GdkEventKey *event)
{
  if (event->type != GDK_KEY_PRESS)
    return FALSE;
  ast_launcher_stop_countdown (AST_LAUNCHER (self->launcher));
  if (event->keyval == GDK_KEY_F1 || (event->keyval == GDK_KEY_Escape && gtk_widget_get_visible (self->info)))
    {
      ast_info_panel_toggle (AST_INFO_PANEL (self->info), self->guests);
      return TRUE;
    }
  return ast_launcher_handle_key (AST_LAUNCHER (self->launcher), event);
}

static void
on_turn_volume (AstApplication *self, guint turn)
{
  ast_application_set_volume (self, ast_volume_turn (self->volume, turn));
}

// Of what no guest gets.
static gboolean
handle_volume_key (AstApplication *self, GdkEventKey *event)
{
  AstVolumeTurn turn;

  if (!ast_sound_read_key (event->keyval, &turn))
    return FALSE;
  if (event->type == GDK_KEY_PRESS)
    on_turn_volume (self, turn);
  return TRUE;
}

static gboolean
on_key (GtkWidget *window, GdkEventKey *event, AstApplication *self)
{
  GtkWidget *page = gtk_stack_get_visible_child (GTK_STACK (self->stack));

  if (page == self->session && ast_session_page_handle_key (AST_SESSION_PAGE (self->session), event))
    return TRUE;
  return (page == self->launcher && handle_launcher_key (self, event)) || handle_volume_key (self, event);
}

static gboolean
on_button (GtkWidget *window, GdkEventButton *event, AstApplication *self)
{
  if (self->launcher)
    ast_launcher_stop_countdown (AST_LAUNCHER (self->launcher));
  return GDK_EVENT_PROPAGATE;
}

// ---------------------------------------------------------------------------------------------------------------
// Beginning and end

static void
ast_application_end (AstApplication *self)
{
  self->is_ending = TRUE;
  if (self->runner == NULL || ast_runner_is_settled (self->runner))
    return g_main_loop_quit (self->loop);
  ast_runner_stop (self->runner, TRUE);
}

static gboolean
on_end_signal (gpointer data)
{
  ast_application_end (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_delete (GtkWidget *window, GdkEvent *event, AstApplication *self)
{
  ast_application_end (self);
  return GDK_EVENT_STOP;
}

static void
on_catalogue_changed (AstCatalogue *catalogue, AstApplication *self)
{
  const AstAppliance *ahead = self->runner ? ast_runner_get_ahead (self->runner) : NULL;

  ast_launcher_set_appliances (AST_LAUNCHER (self->launcher), ast_catalogue_list (catalogue));
  // Another version of it has come: what stands ahead is of no use.
  if (ahead && ast_catalogue_find (catalogue, ahead->id) != ahead)
    ast_runner_stop (self->runner, TRUE);
  ast_application_look_at_warmth (self);
}

static void
on_warmed_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstApplication) self = data;
  g_autoptr (GError) error = NULL;

  if (!ast_host_warm_up_finish (self->host, result, &error))
    ast_application_tell_journal (self, NULL, error);
  ast_application_describe_guests (self, error);
  ast_application_look_at_warmth (self);
}

static void
ast_application_add_page (AstApplication *self, GtkWidget *page)
{
  gtk_widget_show (page);
  gtk_container_add (GTK_CONTAINER (self->stack), page);
}

// As where the display server itself has gone: asteroide-session begins another one, with the card, and the
// next kiosk finds the guest.
static void
on_card_back (void)
{
  g_message ("The graphics card had gone and is there again: the display server is begun anew");
  _exit (EXIT_FAILURE);
}

static void
ast_application_add_window (AstApplication *self, gboolean windowed)
{
  GtkWidget *overlay = gtk_overlay_new ();

  self->window = ast_window_new (windowed, self->config->grab);
  self->stack = gtk_stack_new ();
  self->info = ast_info_panel_new (self->config);
  gtk_container_add (GTK_CONTAINER (overlay), self->stack);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->info);
  self->loudness = ast_with_class (gtk_label_new (NULL), "loudness");
  g_object_set (self->loudness, "halign", GTK_ALIGN_END, "valign", GTK_ALIGN_END, "no-show-all", TRUE, NULL);
  gtk_overlay_add_overlay (GTK_OVERLAY (overlay), self->loudness);
  gtk_overlay_set_overlay_pass_through (GTK_OVERLAY (overlay), self->loudness, TRUE);
  gtk_container_add (GTK_CONTAINER (self->window), overlay);
  gtk_widget_show (self->stack);
  gtk_widget_show (overlay);
  ast_style_apply (self->config, self->window);
  if (windowed)
    g_signal_connect (self->window, "delete-event", G_CALLBACK (on_delete), self);
  else
    {
      self->outputs = ast_outputs_new (gtk_widget_get_display (self->window));
      self->card = ast_card_watch_new (on_card_back);
    }
  g_signal_connect (self->window, "key-press-event", G_CALLBACK (on_key), self);
  g_signal_connect (self->window, "key-release-event", G_CALLBACK (on_key), self);
  g_signal_connect (self->window, "button-press-event", G_CALLBACK (on_button), self);
  self->failure = ast_failure_page_new (self->config);
  ast_application_add_page (self, self->failure);
}

static void
ast_application_add_pages (AstApplication *self, GtkWidget *screen)
{
  AstHostBar *bar;

  self->progress = ast_progress_page_new ();
  self->session = ast_session_page_new (screen, self->config->bar_chord);
  bar = ast_session_page_get_bar (AST_SESSION_PAGE (self->session));
  ast_application_add_page (self, self->progress);
  ast_application_add_page (self, self->session);
  ast_application_set_volume (self, self->volume);
  g_signal_connect_swapped (self->progress, "cancel", G_CALLBACK (on_cancel), self);
  g_signal_connect_swapped (self->failure, "back", G_CALLBACK (on_back), self);
  g_signal_connect_swapped (self->failure, "again", G_CALLBACK (on_again), self);
  g_signal_connect_swapped (self->failure, "go-on", G_CALLBACK (on_continue), self);
  g_signal_connect_swapped (bar, "end", G_CALLBACK (on_end), self);
  g_signal_connect_swapped (bar, "force", G_CALLBACK (on_cancel), self);
  g_signal_connect_swapped (bar, "restart", G_CALLBACK (on_restart), self);
  g_signal_connect_swapped (bar, "chord", G_CALLBACK (on_chord), self);
  g_signal_connect_swapped (bar, "turn-volume", G_CALLBACK (on_turn_volume), self);
  g_signal_connect_swapped (bar, "go-on", G_CALLBACK (on_go_on), self);
  g_signal_connect (bar, "redirect", G_CALLBACK (on_redirect), self);
  g_signal_connect_swapped (bar, "refresh", G_CALLBACK (on_refresh), self);
}

static void
ast_application_add_runner (AstApplication *self, AstScreen *screen)
{
  self->warm = ast_warm_store_new_of (self->config);
  self->warmth = ast_warm_table_new (self->host, self->warm);
  g_signal_connect_object (self->warmth, "changed", G_CALLBACK (on_warmth_changed), self, 0);
  self->runner = ast_runner_new (self->config, self->host, self->store, self->warm, screen);
  g_signal_connect (self->runner, "changed", G_CALLBACK (on_runner_changed), self);
  self->idle = ast_idle_watch_new ();
  g_signal_connect_object (self->idle, "touched", G_CALLBACK (ast_runner_note_touch), self->runner,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self->idle, "leaving", G_CALLBACK (on_leaving), self);
  g_signal_connect (self->idle, "left", G_CALLBACK (on_left), self);
  self->heads = ast_heads_new (AST_WINDOW (self->window), screen);
  g_signal_connect_object (screen, "shown", G_CALLBACK (on_screen_shown), self, 0);
  g_signal_connect_object (screen, "redirections-changed", G_CALLBACK (on_redirections_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self->launcher, "chosen", G_CALLBACK (on_chosen), self);
  g_signal_connect (self->launcher, "likely", G_CALLBACK (on_likely), self);
  self->bus = ast_bus_service_new (self->config, self->runner, self->catalogue);
  ast_runner_recover (self->runner);
  ast_host_warm_up_async (self->host, on_warmed_up, g_object_ref (self));
}

// All that guests need is loaded when the launcher is on the monitor: nothing here may delay its first frame.
static gboolean
on_painted (gpointer data)
{
  AstApplication *self = data;
  g_autoptr (GError) error = NULL;
  GtkWidget *screen = NULL;

  ast_launcher_complete (AST_LAUNCHER (self->launcher));
  self->host = ast_module_make_host (self->config, &error);
  if (self->host)
    screen = ast_screen_module_make (&error);
  if (screen == NULL)
    {
      ast_application_tell_journal (self, NULL, error);
      ast_application_show_failure (self, NULL, error, FALSE);
      return G_SOURCE_REMOVE;
    }
  ast_application_add_pages (self, screen);
  ast_application_add_runner (self, AST_SCREEN (screen));
  ast_catalogue_watch (self->catalogue);
  ast_launcher_start_countdown (AST_LAUNCHER (self->launcher));
  return G_SOURCE_REMOVE;
}

static gboolean
on_first_draw (GtkWidget *window, cairo_t *cr, AstApplication *self)
{
  g_signal_handlers_disconnect_by_func (window, on_first_draw, self);
  g_idle_add (on_painted, self);
  return GDK_EVENT_PROPAGATE;
}

static void
ast_application_dispose (GObject *object)
{
  AstApplication *self = AST_APPLICATION (object);

  if (self->runner)
    g_signal_handlers_disconnect_by_data (self->runner, self);
  if (self->catalogue)
    g_signal_handlers_disconnect_by_data (self->catalogue, self);
  g_clear_handle_id (&self->ahead_timer, g_source_remove);
  g_clear_object (&self->bus);
  g_clear_object (&self->idle);
  g_clear_object (&self->warmth);
  g_clear_object (&self->warm);
  g_clear_object (&self->runner);
  g_clear_object (&self->heads);
  g_clear_pointer (&self->card, ast_card_watch_free);
  g_clear_pointer (&self->outputs, ast_outputs_free);
  g_clear_pointer (&self->window, gtk_widget_destroy);
  g_clear_object (&self->host);
  g_clear_object (&self->store);
  g_clear_object (&self->catalogue);
  G_OBJECT_CLASS (ast_application_parent_class)->dispose (object);
}

static void
ast_application_finalize (GObject *object)
{
  AstApplication *self = AST_APPLICATION (object);

  g_main_loop_unref (self->loop);
  g_free (self->last_id);
  g_free (self->guests);
  g_free (self->notice);
  G_OBJECT_CLASS (ast_application_parent_class)->finalize (object);
}

static void
ast_application_class_init (AstApplicationClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_application_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_application_finalize;
}

static void
ast_application_init (AstApplication *self)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  self->guests = g_strdup (_ ("not known yet"));
}

AstApplication *
ast_application_new (const AstConfig *config, const GError *trouble, gboolean windowed)
{
  AstApplication *self = g_object_new (AST_TYPE_APPLICATION, NULL);

  self->config = config;
  self->volume = ast_application_get_first_volume (self);
  ast_application_add_window (self, windowed);
  if (trouble)
    {
      ast_failure_page_show (AST_FAILURE_PAGE (self->failure), NULL, NULL, trouble, FALSE);
      return self;
    }
  self->catalogue = ast_catalogue_new ((const char *const *)config->appliances,
                                       (const char *const *)config->images, g_get_language_names ());
  ast_catalogue_load (self->catalogue);
  self->store = ast_overlay_store_new (config->overlays, config->reserve_mib, config->overlay_mib);
  self->launcher = ast_launcher_new (config, self->store);
  ast_application_add_page (self, self->launcher);
  g_signal_connect (self->catalogue, "changed", G_CALLBACK (on_catalogue_changed), self);
  on_catalogue_changed (self->catalogue, self);
  ast_application_turn_to (self, self->launcher);
  g_signal_connect_after (self->window, "draw", G_CALLBACK (on_first_draw), self);
  return self;
}

void
ast_application_run (AstApplication *self)
{
  guint interrupt = g_unix_signal_add (SIGINT, on_end_signal, self);
  guint terminate = g_unix_signal_add (SIGTERM, on_end_signal, self);
  guint hang_up = g_unix_signal_add (SIGHUP, on_end_signal, self);

  gtk_window_present (GTK_WINDOW (self->window));
  g_main_loop_run (self->loop);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_source_remove (hang_up);
}
