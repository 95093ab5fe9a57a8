// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "failure-page.h"
#include "error.h"
#include "svg-image.h"
#include "widgets.h"
#include <glib/gi18n.h>

struct _AstFailurePage
{
  GtkBox parent;

  char *station;
  GtkWidget *title;
  GtkWidget *message;
  GtkWidget *advice;
  GtkWidget *admin;
  GtkWidget *facts;
  GtkWidget *buttons;
  GtkWidget *back;
};

enum
{
  SIGNAL_BACK,
  SIGNAL_AGAIN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstFailurePage, ast_failure_page, GTK_TYPE_BOX)

static void
on_back (AstFailurePage *self)
{
  g_signal_emit (self, signals[SIGNAL_BACK], 0);
}

static void
on_again (AstFailurePage *self)
{
  g_signal_emit (self, signals[SIGNAL_AGAIN], 0);
}

static void
set_facts (AstFailurePage *self, const char *name, const GError *error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *when = g_date_time_format (now, "%F %H:%M:%S");
  g_autofree char *facts = g_strdup_printf ("%s  ·  %s  ·  %s%s%s", ast_error_word_of (error), self->station,
                                            when, name ? "  ·  " : "", name ? name : "");

  gtk_label_set_text (GTK_LABEL (self->facts), facts);
}

void
ast_failure_page_show (AstFailurePage *self, const char *name, const GError *error)
{
  gboolean is_ours = error->domain == AST_ERROR;
  g_autofree char *title = name ? g_strdup_printf (_ ("“%s” cannot be used right now"), name)
                                : g_strdup (_ ("This station is not ready"));

  gtk_label_set_text (GTK_LABEL (self->title), title);
  gtk_label_set_text (GTK_LABEL (self->message), error->message);
  gtk_label_set_text (GTK_LABEL (self->advice), is_ours ? ast_error_advice (error->code) : "");
  gtk_label_set_text (GTK_LABEL (self->admin), is_ours ? ast_error_admin_advice (error->code) : "");
  set_facts (self, name, error);
  gtk_widget_set_visible (self->buttons, name != NULL);
  if (name) // a hidden button must not get the keys
    gtk_widget_grab_focus (self->back);
}

static void
ast_failure_page_finalize (GObject *object)
{
  g_free (AST_FAILURE_PAGE (object)->station);
  G_OBJECT_CLASS (ast_failure_page_parent_class)->finalize (object);
}

static void
ast_failure_page_class_init (AstFailurePageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_failure_page_finalize;
  signals[SIGNAL_BACK]
      = g_signal_new ("back", AST_TYPE_FAILURE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_AGAIN]
      = g_signal_new ("again", AST_TYPE_FAILURE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static GtkWidget *
new_admin_box (AstFailurePage *self)
{
  GtkWidget *box = ast_with_class (gtk_box_new (GTK_ORIENTATION_VERTICAL, 6), "admin");

  self->admin = ast_new_text (NULL, "admin-advice", FALSE);
  self->facts = ast_new_text (NULL, "facts", FALSE);
  gtk_container_add (GTK_CONTAINER (box),
                     ast_new_text (_ ("For the person who looks after this room"), "admin-title", FALSE));
  gtk_container_add (GTK_CONTAINER (box), self->admin);
  gtk_container_add (GTK_CONTAINER (box), self->facts);
  return box;
}

static void
ast_failure_page_init (AstFailurePage *self)
{
  GtkWidget *card = ast_new_card ("failure");

  self->title = ast_new_text (NULL, "page-title", TRUE);
  self->message = ast_new_text (NULL, "message", TRUE);
  self->advice = ast_new_text (NULL, "advice", TRUE);
  self->back = ast_new_button (_ ("Back to the appliances"), "primary", G_CALLBACK (on_back), self);
  self->buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 16);
  gtk_widget_set_halign (self->buttons, GTK_ALIGN_CENTER);
  gtk_container_add (GTK_CONTAINER (self->buttons), self->back);
  gtk_container_add (GTK_CONTAINER (self->buttons),
                     ast_new_button (_ ("Try again"), "quiet", G_CALLBACK (on_again), self));
  gtk_container_add (GTK_CONTAINER (card),
                     ast_svg_image_new ("resource:///org/asteroide/kiosk/failure.svg", NULL, 96, 96));
  gtk_container_add (GTK_CONTAINER (card), self->title);
  gtk_container_add (GTK_CONTAINER (card), self->message);
  gtk_container_add (GTK_CONTAINER (card), self->advice);
  gtk_container_add (GTK_CONTAINER (card), self->buttons);
  gtk_container_add (GTK_CONTAINER (card), new_admin_box (self));
  gtk_box_set_center_widget (GTK_BOX (self), card);
  ast_with_class (GTK_WIDGET (self), "backdrop");
  gtk_widget_show_all (GTK_WIDGET (self));
}

GtkWidget *
ast_failure_page_new (const char *station)
{
  AstFailurePage *self = g_object_new (AST_TYPE_FAILURE_PAGE, NULL);

  self->station = g_strdup (station);
  return GTK_WIDGET (self);
}
