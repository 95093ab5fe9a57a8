// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "host-bar.h"
#include "widgets.h"
#include <glib/gi18n.h>

struct _AstHostBar
{
  GtkRevealer parent;

  GtkWidget *stack; // "work", "ask", "stopping"
  GtkWidget *exam;
  GtkWidget *name;
  GtkWidget *fate;
  GtkWidget *elapsed;
  GtkWidget *back;
  GtkWidget *end;
  GtkWidget *question;
  GtkWidget *go_on;
  GtkWidget *countdown;
  GtkWidget *force;
  GTimer *timer;
  guint tick;
};

enum
{
  SIGNAL_END,
  SIGNAL_FORCE,
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
  return G_SOURCE_CONTINUE;
}

void
ast_host_bar_begin (AstHostBar *self, const AstAppliance *appliance)
{
  gboolean kept = appliance->keeping == AST_KEEPING_KEPT;
  g_autofree char *question = g_strdup_printf (
      kept ? _ ("End “%s”? Your work in it stays on this station.")
           : _ ("End “%s”? Everything you did in it will be forgotten and cannot be brought back."),
      appliance->name);

  gtk_label_set_text (GTK_LABEL (self->name), appliance->name);
  gtk_label_set_text (GTK_LABEL (self->fate),
                      kept ? _ ("keeps your work on this station")
                           : _ ("forgets everything at the end: save your work elsewhere"));
  gtk_label_set_text (GTK_LABEL (self->question), question);
  g_timer_start (self->timer);
  ast_host_bar_turn_to (self, "work", NULL);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), FALSE);
}

void
ast_host_bar_set_policy (AstHostBar *self, const AstPolicy *policy)
{
  GtkStyleContext *style = gtk_widget_get_style_context (gtk_bin_get_child (GTK_BIN (self)));
  gboolean can_end = (policy->actions & AST_ACTION_END) != 0;

  gtk_widget_set_visible (self->exam, policy->exam);
  (policy->exam ? gtk_style_context_add_class : gtk_style_context_remove_class) (style, "exam");
  gtk_widget_set_visible (self->end, can_end);
  gtk_widget_set_visible (self->force, can_end);
}

void
ast_host_bar_open (AstHostBar *self)
{
  gtk_widget_show (GTK_WIDGET (self));
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), TRUE);
  if (self->tick == 0)
    self->tick = g_timeout_add_seconds (5, on_tick, self);
  on_tick (self);
  if (g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (self->stack)), "stopping") != 0)
    ast_host_bar_turn_to (self, "work", gtk_widget_get_visible (self->end) ? self->end : self->back);
}

void
ast_host_bar_close (AstHostBar *self)
{
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
on_ask (AstHostBar *self)
{
  ast_host_bar_turn_to (self, "ask", self->go_on);
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
  signals[SIGNAL_CLOSED] = new_signal ("closed");
}

static GtkWidget *
new_work_page (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  self->exam = ast_new_exam_badge ();
  self->back = ast_new_button (_ ("Back to work"), "quiet", G_CALLBACK (ast_host_bar_close), self);
  self->name = ast_new_text (NULL, "bar-name", FALSE);
  self->fate = ast_new_text (NULL, "bar-fate", FALSE);
  self->elapsed = ast_new_text (NULL, "bar-elapsed", FALSE);
  self->end = ast_new_button (_ ("End session"), "danger", G_CALLBACK (on_ask), self);
  gtk_container_add (GTK_CONTAINER (texts), self->name);
  gtk_container_add (GTK_CONTAINER (texts), self->fate);
  gtk_box_pack_start (GTK_BOX (box), self->exam, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), texts, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->end, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->back, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->elapsed, FALSE, FALSE, 12);
  return box;
}

static GtkWidget *
new_ask_page (AstHostBar *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18);
  GtkWidget *yes = ast_new_button (_ ("End it"), "danger", G_CALLBACK (on_end), self);

  self->question = ast_new_text (NULL, "bar-name", FALSE);
  self->go_on = ast_new_button (_ ("Go on working"), "quiet", G_CALLBACK (ast_host_bar_close), self);
  gtk_box_pack_start (GTK_BOX (box), self->question, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), yes, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), self->go_on, FALSE, FALSE, 0);
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

static void
ast_host_bar_init (AstHostBar *self)
{
  GtkWidget *frame = ast_with_class (gtk_event_box_new (), "host-bar");

  self->timer = g_timer_new ();
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), new_work_page (self), "work");
  gtk_stack_add_named (GTK_STACK (self->stack), new_ask_page (self), "ask");
  gtk_stack_add_named (GTK_STACK (self->stack), new_stopping_page (self), "stopping");
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
