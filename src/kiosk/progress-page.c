// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "progress-page.h"
#include "svg-image.h"
#include "widgets.h"
#include <glib/gi18n.h>

#define ICON_SIZE     128
#define FALLBACK_ICON "resource:///org/asteroide/kiosk/appliance.svg"

// A stage that is over sooner is not shown: painting it would hold up the guest's first picture, and nobody
// reads that fast.
#define STAGE_MSEC 250

// The way up and the way down; each is shown as far as it is done. No percentage: nobody knows it.
static const struct
{
  AstState state;
  const char *text;
} stages[] = {
  { AST_STATE_PREPARING, N_ ("Preparing its disk") },
  { AST_STATE_STARTING, N_ ("Switching the machine on") },
  { AST_STATE_BOOTING, N_ ("Waiting for its first picture") },
  { AST_STATE_STOPPING, N_ ("Switching the machine off") },
  { AST_STATE_DISCARDING, N_ ("Cleaning up the station") },
};
#define FIRST_DOWN 3

struct _AstProgressPage
{
  GtkBox parent;

  GtkWidget *picture; // holds the icon
  GtkWidget *exam;
  GtkWidget *title;
  GtkWidget *rows[G_N_ELEMENTS (stages)];
  GtkWidget *seconds;
  GtkWidget *cancel;
  GTimer *timer;
  guint tick;
  AstState state;
  guint seconds_to_force;
  guint update; // the timer that shows the state
};

enum
{
  SIGNAL_CANCEL,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstProgressPage, ast_progress_page, GTK_TYPE_BOX)

static gboolean
on_tick (gpointer data)
{
  AstProgressPage *self = data;
  guint elapsed = g_timer_elapsed (self->timer, NULL);
  g_autofree char *text = g_strdup_printf (ngettext ("%u second", "%u seconds", elapsed), elapsed);

  gtk_label_set_text (GTK_LABEL (self->seconds), elapsed < 2 ? "" : text);
  return G_SOURCE_CONTINUE;
}

static void
on_map (AstProgressPage *self)
{
  if (self->tick == 0)
    self->tick = g_timeout_add_seconds (1, on_tick, self);
}

static void
on_unmap (AstProgressPage *self)
{
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->update, g_source_remove);
}

void
ast_progress_page_begin (AstProgressPage *self, const AstAppliance *appliance, const AstPolicy *policy)
{
  ast_clear_children (self->picture);
  gtk_container_add (GTK_CONTAINER (self->picture),
                     ast_svg_image_new (appliance->icon, FALLBACK_ICON, ICON_SIZE, ICON_SIZE));
  gtk_label_set_text (GTK_LABEL (self->title), appliance->name);
  gtk_widget_set_visible (self->exam, policy->exam);
  g_timer_start (self->timer);
  on_tick (self);
}

static void
set_row (AstProgressPage *self, guint row, AstState state)
{
  GtkStyleContext *style = gtk_widget_get_style_context (self->rows[row]);
  gboolean is_on = stages[row].state == state;
  gboolean is_done = stages[row].state < state;
  gboolean is_shown = (row >= FIRST_DOWN) == (state >= AST_STATE_STOPPING);

  gtk_widget_set_visible (self->rows[row], is_shown);
  gtk_style_context_remove_class (style, "done");
  gtk_style_context_remove_class (style, "on");
  if (is_on || is_done)
    gtk_style_context_add_class (style, is_on ? "on" : "done");
}

static gboolean
on_update (gpointer data)
{
  AstProgressPage *self = data;
  gboolean can_force = self->seconds_to_force > 0;

  self->update = 0;
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    set_row (self, i, self->state);
  gtk_widget_set_visible (self->cancel, self->state < AST_STATE_STOPPING || can_force);
  ast_set_button_label (self->cancel, can_force ? _ ("Switch off now") : _ ("Cancel"));
  return G_SOURCE_REMOVE;
}

void
ast_progress_page_set_state (AstProgressPage *self, AstState state, guint seconds_to_force)
{
  self->state = state;
  self->seconds_to_force = seconds_to_force;
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    on_update (self);
  else if (self->update == 0)
    self->update = g_timeout_add (STAGE_MSEC, on_update, self);
}

static void
on_cancel (AstProgressPage *self)
{
  g_signal_emit (self, signals[SIGNAL_CANCEL], 0);
}

static GtkWidget *
new_row (AstProgressPage *self, guint i)
{
  GtkWidget *label = ast_new_text (_ (stages[i].text), "stage-text", FALSE);

  self->rows[i] = ast_with_class (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12), "stage");
  // Nothing turns: an animation would compete with the start for the processor, and delay the guest's first
  // frame.
  gtk_container_add (GTK_CONTAINER (self->rows[i]), ast_new_text ("●", "stage-mark", FALSE));
  gtk_container_add (GTK_CONTAINER (self->rows[i]), label);
  return self->rows[i];
}

static void
ast_progress_page_finalize (GObject *object)
{
  AstProgressPage *self = AST_PROGRESS_PAGE (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->update, g_source_remove);
  g_timer_destroy (self->timer);
  G_OBJECT_CLASS (ast_progress_page_parent_class)->finalize (object);
}

static void
ast_progress_page_class_init (AstProgressPageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_progress_page_finalize;
  signals[SIGNAL_CANCEL] = g_signal_new ("cancel", AST_TYPE_PROGRESS_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 0);
}

static void
ast_progress_page_init (AstProgressPage *self)
{
  GtkWidget *card = ast_new_card ("progress");
  GtkWidget *list = ast_with_class (gtk_box_new (GTK_ORIENTATION_VERTICAL, 8), "stages");

  self->timer = g_timer_new ();
  self->picture = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_halign (self->picture, GTK_ALIGN_CENTER);
  gtk_widget_set_halign (list, GTK_ALIGN_CENTER);
  self->exam = ast_new_exam_badge ();
  self->title = ast_new_text (NULL, "page-title", TRUE);
  self->seconds = ast_new_text (NULL, "seconds", TRUE);
  self->cancel = ast_new_button (_ ("Cancel"), "quiet", G_CALLBACK (on_cancel), self);
  gtk_widget_set_halign (self->cancel, GTK_ALIGN_CENTER);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    gtk_container_add (GTK_CONTAINER (list), new_row (self, i));
  gtk_container_add (GTK_CONTAINER (card), self->picture);
  gtk_container_add (GTK_CONTAINER (card), self->exam);
  gtk_container_add (GTK_CONTAINER (card), self->title);
  gtk_container_add (GTK_CONTAINER (card), list);
  gtk_container_add (GTK_CONTAINER (card), self->seconds);
  gtk_container_add (GTK_CONTAINER (card), self->cancel);
  gtk_box_set_center_widget (GTK_BOX (self), card);
  ast_with_class (GTK_WIDGET (self), "backdrop");
  gtk_widget_show_all (GTK_WIDGET (self));
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
  g_signal_connect (self, "unmap", G_CALLBACK (on_unmap), NULL);
}

GtkWidget *
ast_progress_page_new (void)
{
  return g_object_new (AST_TYPE_PROGRESS_PAGE, NULL);
}
