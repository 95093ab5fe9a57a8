// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "host-bar.h"
#include "device-tray.h"
#include "sound-page.h"
#include "speaker-icon.h"
#include "widgets.h"
#include <glib/gi18n.h>

struct _AstHostBar
{
  GtkRevealer parent;

  GtkSizeGroup *heights; // of all pages but the devices'
  GtkWidget *stack;      // "work", "end", "restart", "devices", "sound", "help", "paused", "stopping"
  GtkWidget *exam;
  GtkWidget *microphone;
  GtkWidget *name;
  GtkWidget *fate;
  GtkWidget *elapsed;
  GtkWidget *room;
  GtkWidget *back;
  GtkWidget *restart;
  GtkWidget *chord;
  GtkWidget *end;
  GtkWidget *end_question;
  GtkWidget *end_not;
  GtkWidget *restart_question;
  GtkWidget *restart_not;
  GtkWidget *devices;
  GtkWidget *devices_text;
  GtkWidget *tray;
  GtkWidget *devices_done;
  GtkWidget *sound;
  GtkWidget *speaker;
  GtkWidget *silence; // the words for a station that is muted
  GtkWidget *sound_page;
  char *missing_share; // or NULL
  GtkWidget *help;
  GtkWidget *help_done;
  GtkWidget *pause_text;
  GtkWidget *go_on;
  GtkWidget *pause_restart;
  GtkWidget *pause_end;
  AstPause pause;
  GtkWidget *countdown;
  GtkWidget *force;
  GTimer *timer;
  guint tick;
};

enum
{
  SIGNAL_END,
  SIGNAL_FORCE,
  SIGNAL_RESTART,
  SIGNAL_GO_ON,
  SIGNAL_CHORD,
  SIGNAL_REDIRECT,
  SIGNAL_TURN_VOLUME,
  SIGNAL_REFRESH,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstHostBar, ast_host_bar, GTK_TYPE_REVEALER)

static void
ast_host_bar_turn_to (AstHostBar *self, const char *page, GtkWidget *focus)
{
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), page);
  if (focus == NULL)
    return;
  // The revealer maps it only with its first frame; a key may come before, and needs a widget that is
  // realized.
  gtk_widget_realize (focus);
  gtk_widget_grab_focus (focus);
}

static gboolean
on_tick (gpointer data)
{
  AstHostBar *self = data;
  guint minutes = g_timer_elapsed (self->timer, NULL) / 60;
  g_autofree char *text = g_strdup_printf (_ ("%u:%02u h"), minutes / 60, minutes % 60);

  gtk_label_set_text (GTK_LABEL (self->elapsed), text);
  g_signal_emit (self, signals[SIGNAL_REFRESH], 0);
  return G_SOURCE_CONTINUE;
}

void
ast_host_bar_set_room (AstHostBar *self, const AstRoom *room)
{
  g_autofree char *used = g_format_size_full (room->used, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *bound = g_format_size_full (room->bound, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *text = g_strdup_printf (_ ("%s of %s written"), used, bound);

  gtk_label_set_text (GTK_LABEL (self->room), room->bound > 0 ? text : "");
  (ast_room_percent (room) >= AST_ROOM_WARN ? gtk_style_context_add_class : gtk_style_context_remove_class) (
      gtk_widget_get_style_context (self->room), "warning");
}

void
ast_host_bar_set_volume (AstHostBar *self, AstVolume volume)
{
  g_autofree char *text = ast_sound_describe (volume);

  atk_object_set_name (gtk_widget_get_accessible (self->sound), text);
  ast_speaker_icon_set_volume (AST_SPEAKER_ICON (self->speaker), volume);
  gtk_label_set_text (GTK_LABEL (self->silence), volume.muted ? text : "");
  ast_sound_page_set_volume (AST_SOUND_PAGE (self->sound_page), volume);
}

static const char *
explain_pause (AstHostBar *self, AstPause pause)
{
  if (pause == AST_PAUSE_WATCHDOG)
    return _ ("The system in this machine does not answer any more, so it stands still. It may recover when "
              "it runs "
              "again.");
  if (pause == AST_PAUSE_DISK_ERROR)
    return _ ("The disk of this station failed, so the machine stands still. Tell the person who looks after "
              "this room.");
  if (!gtk_widget_get_visible (self->pause_end))
    return _ ("The disk space for this machine is used up, so it stands still. Ask whoever supervises this "
              "exam.");
  return _ ("The disk space for this machine is used up, so it stands still. What it could not write yet is "
            "lost when it ends.");
}

static GtkWidget *
find_pause_focus (AstHostBar *self)
{
  GtkWidget *const buttons[] = { self->go_on, self->pause_restart, self->pause_end };

  for (guint i = 0; i < G_N_ELEMENTS (buttons); i++)
    if (gtk_widget_get_visible (buttons[i]))
      return buttons[i];
  return NULL;
}

void
ast_host_bar_set_can_go_on (AstHostBar *self, gboolean can_go_on)
{
  gtk_widget_set_visible (self->go_on, can_go_on);
}

static void
ast_host_bar_turn_to_pause (AstHostBar *self)
{
  gtk_label_set_text (GTK_LABEL (self->pause_text), explain_pause (self, self->pause));
  ast_host_bar_turn_to (self, "paused", find_pause_focus (self));
}

void
ast_host_bar_set_paused (AstHostBar *self, AstPause pause)
{
  if (self->pause == pause)
    return;
  self->pause = pause;
  if (pause != AST_PAUSE_NONE)
    ast_host_bar_open (self);
  else
    ast_host_bar_close (self);
}

void
ast_host_bar_begin (AstHostBar *self, const AstAppliance *appliance)
{
  gboolean kept = appliance->keeping == AST_KEEPING_KEPT;
  g_autofree char *end = g_strdup_printf (
      kept ? _ ("End “%s”? Your work in it stays on this station.")
           : _ ("End “%s”? Everything you did in it will be forgotten and cannot be brought back."),
      appliance->name);
  g_autofree char *restart = g_strdup_printf (
      kept ? _ ("Start “%s” again? Your work in it stays on this station.")
           : _ ("Start “%s” afresh? Everything you did in it will be forgotten and cannot be brought back."),
      appliance->name);

  gtk_label_set_text (GTK_LABEL (self->name), appliance->name);
  gtk_label_set_text (GTK_LABEL (self->fate),
                      kept ? _ ("keeps your work on this station")
                           : _ ("forgets everything at the end: save your work elsewhere"));
  gtk_label_set_text (GTK_LABEL (self->end_question), end);
  gtk_label_set_text (GTK_LABEL (self->restart_question), restart);
  self->pause = AST_PAUSE_NONE;
  g_timer_start (self->timer);
  ast_host_bar_turn_to (self, "work", NULL);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), FALSE);
}

// The network and those devices that are open to the guest, or those that are closed to it.
static char *
list_devices (const AstPolicy *policy, gboolean open)
{
  // Of those that are looked at together, exactly these are open; or exactly the others.
  static const struct
  {
    AstDevices of;
    AstDevices device;
    const char *name;
  } devices[] = {
    { AST_DEVICE_SOUND, AST_DEVICE_SOUND, N_ ("sound") },
    { AST_DEVICE_MICROPHONE, AST_DEVICE_MICROPHONE, N_ ("microphone") },
    { AST_DEVICE_USB, AST_DEVICE_USB, N_ ("USB devices") },
    { AST_DEVICE_DVD, AST_DEVICE_DVD, N_ ("discs") },
    { AST_DEVICE_CLIPBOARD, AST_DEVICE_CLIPBOARD, N_ ("clipboard") },
    { AST_DEVICE_CLIPBOARD, AST_DEVICE_CLIPBOARD_IN, N_ ("clipboard into it") },
    { AST_DEVICE_CLIPBOARD, AST_DEVICE_CLIPBOARD_OUT, N_ ("clipboard out of it") },
    { AST_DEVICE_SHARE | AST_DEVICE_SHARE_WRITE, AST_DEVICE_SHARE | AST_DEVICE_SHARE_WRITE,
      N_ ("shared folder") },
    { AST_DEVICE_SHARE | AST_DEVICE_SHARE_WRITE, AST_DEVICE_SHARE, N_ ("shared folder, only to read") },
    { AST_DEVICE_SMARTCARD, AST_DEVICE_SMARTCARD, N_ ("smartcard") },
  };
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  if (policy->network == open)
    g_strv_builder_add (names, _ ("network"));
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if ((policy->devices & devices[i].of) == (open ? devices[i].device : devices[i].of & ~devices[i].device))
      g_strv_builder_add (names, _ (devices[i].name));
  list = g_strv_builder_end (names);
  return *list ? g_strjoinv (", ", list) : g_strdup (_ ("nothing"));
}

static void
ast_host_bar_tell_devices (AstHostBar *self, const AstPolicy *policy)
{
  g_autofree char *open = list_devices (policy, TRUE);
  g_autofree char *closed = list_devices (policy, FALSE);
  g_autofree char *text = g_strdup_printf (_ ("Open to this machine: %s. Closed to it: %s."), open, closed);
  g_autofree char *missing
      = self->missing_share && (policy->devices & AST_DEVICE_SHARE) ? g_strdup_printf (
            _ ("It asks for the shared folder “%s”, which is not on this station."), self->missing_share)
                                                                    : NULL;
  g_autofree char *both = g_strjoin ("\n", text, missing, NULL);

  gtk_label_set_text (GTK_LABEL (self->devices_text), both);
  gtk_widget_set_visible (self->devices, (policy->actions & AST_ACTION_DEVICES) != 0);
  gtk_widget_set_visible (self->tray, (policy->devices & (AST_DEVICE_USB | AST_DEVICE_DVD)) != 0);
}

void
ast_host_bar_set_missing_share (AstHostBar *self, const char *name)
{
  g_free (self->missing_share);
  self->missing_share = g_strdup (name);
}

void
ast_host_bar_set_policy (AstHostBar *self, const AstPolicy *policy)
{
  GtkStyleContext *style = gtk_widget_get_style_context (gtk_bin_get_child (GTK_BIN (self)));
  gboolean can_end = (policy->actions & AST_ACTION_END) != 0;

  gtk_label_set_text (
      GTK_LABEL (self->help),
      policy->exam ? _ ("All keys go to the machine. This bar comes when the pointer rests at the top edge. "
                        "This is an exam: ask whoever supervises it when something does not work.")
                   : _ ("All keys go to the machine. This bar comes when the pointer rests at the top edge. "
                        "Where work is not kept, save it on a stick or in the network before you end."));
  ast_host_bar_tell_devices (self, policy);
  gtk_widget_set_visible (self->exam, policy->exam);
  gtk_widget_set_visible (self->sound, (policy->devices & AST_DEVICE_SOUND) != 0);
  gtk_widget_set_visible (self->silence, (policy->devices & AST_DEVICE_SOUND) != 0);
  gtk_widget_set_visible (self->microphone, (policy->devices & AST_DEVICE_MICROPHONE) != 0);
  (policy->exam ? gtk_style_context_add_class : gtk_style_context_remove_class) (style, "exam");
  gtk_widget_set_visible (self->end, can_end);
  gtk_widget_set_visible (self->force, can_end);
  gtk_widget_set_visible (self->pause_end, can_end);
  gtk_widget_set_visible (self->restart, (policy->actions & AST_ACTION_RESTART) != 0);
  gtk_widget_set_visible (self->pause_restart, (policy->actions & AST_ACTION_RESTART) != 0);
  gtk_widget_set_visible (self->chord, (policy->actions & AST_ACTION_SEND_KEYS) != 0);
}

void
ast_host_bar_open (AstHostBar *self)
{
  gtk_widget_show (GTK_WIDGET (self));
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), TRUE);
  if (self->tick == 0)
    self->tick = g_timeout_add_seconds (5, on_tick, self);
  on_tick (self);
  if (self->pause != AST_PAUSE_NONE)
    ast_host_bar_turn_to_pause (self);
  else if (g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), "stopping") != 0)
    ast_host_bar_turn_to (self, "work", gtk_widget_get_visible (self->end) ? self->end : self->back);
}

void
ast_host_bar_close (AstHostBar *self)
{
  // A guest that stands still is nothing to go back to.
  if (self->pause != AST_PAUSE_NONE)
    return ast_host_bar_turn_to_pause (self);
  g_clear_handle_id (&self->tick, g_source_remove);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), FALSE);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

gboolean
ast_host_bar_is_open (AstHostBar *self)
{
  return gtk_revealer_get_reveal_child (GTK_REVEALER (self));
}

void
ast_host_bar_set_stopping (AstHostBar *self, guint seconds_to_force)
{
  gboolean was_stopping
      = g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), "stopping") == 0;
  g_autofree char *text
      = seconds_to_force > 0 ? g_strdup_printf (
            ngettext ("The machine is shutting down. In %u second it will be switched off.",
                      "The machine is shutting down. In %u seconds it will be switched off.",
                      seconds_to_force),
            seconds_to_force)
                             : g_strdup (_ ("The machine is being switched off."));

  gtk_label_set_text (GTK_LABEL (self->countdown), text);
  gtk_widget_set_sensitive (self->force, seconds_to_force > 0);
  if (was_stopping)
    return;
  ast_host_bar_turn_to (self, "stopping", gtk_widget_get_visible (self->force) ? self->force : NULL);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), TRUE);
}

static void
on_ask_end (AstHostBar *self)
{
  ast_host_bar_turn_to (self, "end", self->end_not);
}

static void
on_ask_restart (AstHostBar *self)
{
  ast_host_bar_turn_to (self, "restart", self->restart_not);
}

static void
on_devices (AstHostBar *self)
{
  ast_host_bar_turn_to (self, "devices", self->devices_done);
}

static void
on_redirect (AstDeviceTray *tray, const char *id, gboolean in, AstHostBar *self)
{
  g_signal_emit (self, signals[SIGNAL_REDIRECT], 0, id, in);
}

void
ast_host_bar_show_devices (AstHostBar *self, const GPtrArray *list)
{
  ast_device_tray_show (AST_DEVICE_TRAY (self->tray), list);
}

static void
on_sound (AstHostBar *self)
{
  ast_host_bar_turn_to (self, "sound", ast_sound_page_get_focus (AST_SOUND_PAGE (self->sound_page)));
}

static void
on_turn_volume (AstHostBar *self, guint turn)
{
  g_signal_emit (self, signals[SIGNAL_TURN_VOLUME], 0, turn);
}

static void
on_help (AstHostBar *self)
{
  ast_host_bar_turn_to (self, "help", self->help_done);
}

static void
on_restart (AstHostBar *self)
{
  g_signal_emit (self, signals[SIGNAL_RESTART], 0);
}

static void
on_chord (AstHostBar *self)
{
  ast_host_bar_close (self);
  g_signal_emit (self, signals[SIGNAL_CHORD], 0);
}

static void
on_go_on (AstHostBar *self)
{
  g_signal_emit (self, signals[SIGNAL_GO_ON], 0);
}

static void
on_end (AstHostBar *self)
{
  g_signal_emit (self, signals[SIGNAL_END], 0);
}

static void
on_force (AstHostBar *self)
{
  g_signal_emit (self, signals[SIGNAL_FORCE], 0);
}

static void
on_child_revealed (AstHostBar *self)
{
  // Hidden, not just slid away: it must not take the guest's pointer.
  gtk_widget_set_visible (GTK_WIDGET (self), ast_host_bar_is_open (self));
}

static void
ast_host_bar_finalize (GObject *object)
{
  AstHostBar *self = AST_HOST_BAR (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  g_timer_destroy (self->timer);
  g_free (self->missing_share);
  g_object_unref (self->heights);
  G_OBJECT_CLASS (ast_host_bar_parent_class)->finalize (object);
}

static guint
new_signal (const char *name)
{
  return g_signal_new (name, AST_TYPE_HOST_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_host_bar_class_init (AstHostBarClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_host_bar_finalize;
  signals[SIGNAL_END] = new_signal ("end");
  signals[SIGNAL_FORCE] = new_signal ("force");
  signals[SIGNAL_RESTART] = new_signal ("restart");
  signals[SIGNAL_GO_ON] = new_signal ("go-on");
  signals[SIGNAL_CHORD] = new_signal ("chord");
  signals[SIGNAL_REDIRECT] = g_signal_new ("redirect", AST_TYPE_HOST_BAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                           NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
  signals[SIGNAL_TURN_VOLUME] = g_signal_new ("turn-volume", AST_TYPE_HOST_BAR, G_SIGNAL_RUN_LAST, 0, NULL,
                                              NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_REFRESH] = new_signal ("refresh");
  signals[SIGNAL_CLOSED] = new_signal ("closed");
}

static GtkWidget *
new_facts (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);

  self->exam = ast_new_exam_badge ();
  self->name = ast_new_text (NULL, "bar-name", FALSE);
  self->fate = ast_new_text (NULL, "bar-fate", FALSE);
  self->microphone = ast_new_text (_ ("can hear: the microphone is open to it"), "bar-fate", FALSE);
  self->silence = ast_new_text (NULL, "bar-fate", FALSE);
  self->elapsed = ast_new_text (NULL, "bar-elapsed", FALSE);
  self->room = ast_new_text (NULL, "bar-fate", FALSE);
  gtk_box_pack_start (GTK_BOX (box), self->exam, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->name, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->fate, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->microphone, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->silence, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->room, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->elapsed, FALSE, FALSE, 0);
  return box;
}

// A picture: in words, on a small screen, the row would be too long in some languages.
static GtkWidget *
new_sound_button (AstHostBar *self)
{
  self->sound = ast_with_class (gtk_button_new (), "quiet");
  self->speaker = ast_speaker_icon_new ();
  gtk_container_add (GTK_CONTAINER (self->sound), self->speaker);
  g_signal_connect_swapped (self->sound, "clicked", G_CALLBACK (on_sound), self);
  return self->sound;
}

static GtkWidget *
new_actions (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);

  self->devices = ast_new_button (_ ("Devices"), "quiet", G_CALLBACK (on_devices), self);
  self->chord = ast_new_button (_ ("Ctrl+Alt+Del"), "quiet", G_CALLBACK (on_chord), self);
  self->restart = ast_new_button (_ ("Start afresh"), "quiet", G_CALLBACK (on_ask_restart), self);
  self->back = ast_new_button (_ ("Back to work"), "quiet", G_CALLBACK (ast_host_bar_close), self);
  self->end = ast_new_button (_ ("End session"), "danger", G_CALLBACK (on_ask_end), self);
  gtk_box_pack_start (GTK_BOX (box), ast_new_button (_ ("Help"), "quiet", G_CALLBACK (on_help), self), FALSE,
                      FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), new_sound_button (self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->devices, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->chord, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->end, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->back, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->restart, FALSE, FALSE, 0);
  return box;
}

// Two rows: in one, on a small screen, the texts would be a letter wide.
static GtkWidget *
new_work_page (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  gtk_container_add (GTK_CONTAINER (box), new_facts (self));
  gtk_container_add (GTK_CONTAINER (box), new_actions (self));
  return box;
}

// A question with its yes, and the no that has the focus.
static GtkWidget *
new_ask_page (AstHostBar *self, GtkWidget **question, GtkWidget **no, const char *yes, GCallback on_yes)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);

  *question = ast_new_text (NULL, "bar-name", FALSE);
  *no = ast_new_button (_ ("Go on working"), "quiet", G_CALLBACK (ast_host_bar_close), self);
  gtk_box_pack_start (GTK_BOX (box), *question, FALSE, FALSE, 0);
  // Where the button was that asked: who clicks twice has said no.
  gtk_box_pack_end (GTK_BOX (box), *no, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), ast_new_button (yes, "danger", on_yes, self), FALSE, FALSE, 0);
  return box;
}

// Something to read, and the way back.
static GtkWidget *
new_text_page (AstHostBar *self, GtkWidget **text, GtkWidget **done)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);

  *text = ast_new_text (NULL, "bar-fate", FALSE);
  *done = ast_new_button (_ ("Back to work"), "quiet", G_CALLBACK (ast_host_bar_close), self);
  gtk_box_pack_start (GTK_BOX (box), *text, TRUE, TRUE, 0);
  gtk_box_pack_end (GTK_BOX (box), *done, FALSE, FALSE, 0);
  return box;
}

static GtkWidget *
new_devices_page (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->tray = ast_device_tray_new ();
  g_signal_connect_object (self->tray, "redirect", G_CALLBACK (on_redirect), self, 0);
  gtk_container_add (GTK_CONTAINER (box), new_text_page (self, &self->devices_text, &self->devices_done));
  gtk_container_add (GTK_CONTAINER (box), self->tray);
  return box;
}

static GtkWidget *
new_sound_page (AstHostBar *self)
{
  self->sound_page = ast_sound_page_new ();
  g_signal_connect_swapped (self->sound_page, "turn", G_CALLBACK (on_turn_volume), self);
  g_signal_connect_swapped (self->sound_page, "done", G_CALLBACK (ast_host_bar_close), self);
  return self->sound_page;
}

static GtkWidget *
new_paused_page (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);

  self->pause_text = ast_new_text (NULL, "bar-fate", FALSE);
  self->go_on = ast_new_button (_ ("Go on"), "quiet", G_CALLBACK (on_go_on), self);
  self->pause_restart = ast_new_button (_ ("Start afresh"), "quiet", G_CALLBACK (on_ask_restart), self);
  self->pause_end = ast_new_button (_ ("End session"), "danger", G_CALLBACK (on_ask_end), self);
  gtk_box_pack_start (GTK_BOX (box), self->pause_text, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->go_on, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->pause_restart, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), self->pause_end, FALSE, FALSE, 0);
  return box;
}

static GtkWidget *
new_stopping_page (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);

  self->countdown = ast_new_text (NULL, "bar-name", FALSE);
  self->force = ast_new_button (_ ("Switch off now"), "danger", G_CALLBACK (on_force), self);
  gtk_box_pack_start (GTK_BOX (box), self->countdown, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->force, FALSE, FALSE, 0);
  return box;
}

// A bar of several lines has no towers for buttons.
static void
centre (GtkWidget *widget, gpointer unused)
{
  gtk_widget_set_valign (widget, GTK_ALIGN_CENTER);
}

static void
ast_host_bar_add_page (AstHostBar *self, GtkWidget *page, const char *name)
{
  gtk_container_foreach (GTK_CONTAINER (page), centre, NULL);
  gtk_stack_add_named (GTK_STACK (self->stack), page, name);
  if (!g_str_equal (name, "devices"))
    gtk_size_group_add_widget (self->heights, page);
}

static void
ast_host_bar_init (AstHostBar *self)
{
  GtkWidget *frame = ast_with_class (gtk_event_box_new (), "host-bar");

  self->timer = g_timer_new ();
  self->stack = gtk_stack_new ();
  // The devices' page may be taller than the others, which are all of one height: the answer “no” has to
  // cover the button that asked.
  gtk_stack_set_vhomogeneous (GTK_STACK (self->stack), FALSE);
  self->heights = gtk_size_group_new (GTK_SIZE_GROUP_VERTICAL);
  ast_host_bar_add_page (self, new_work_page (self), "work");
  ast_host_bar_add_page (
      self, new_ask_page (self, &self->end_question, &self->end_not, _ ("End it"), G_CALLBACK (on_end)),
      "end");
  ast_host_bar_add_page (self,
                         new_ask_page (self, &self->restart_question, &self->restart_not,
                                       _ ("Start it afresh"), G_CALLBACK (on_restart)),
                         "restart");
  ast_host_bar_add_page (self, new_devices_page (self), "devices");
  ast_host_bar_add_page (self, new_sound_page (self), "sound");
  ast_host_bar_add_page (self, new_text_page (self, &self->help, &self->help_done), "help");
  ast_host_bar_add_page (self, new_paused_page (self), "paused");
  ast_host_bar_add_page (self, new_stopping_page (self), "stopping");
  gtk_container_add (GTK_CONTAINER (frame), self->stack);
  gtk_container_add (GTK_CONTAINER (self), frame);
  gtk_widget_show_all (frame);
  g_signal_connect (self, "notify::child-revealed", G_CALLBACK (on_child_revealed), NULL);
}

GtkWidget *
ast_host_bar_new (void)
{
  return g_object_new (AST_TYPE_HOST_BAR, "valign", GTK_ALIGN_START, "transition-type",
                       GTK_REVEALER_TRANSITION_TYPE_SLIDE_DOWN, "transition-duration", 120, "no-show-all",
                       TRUE, NULL);
}
