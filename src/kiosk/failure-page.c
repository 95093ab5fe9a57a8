// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "failure-page.h"
#include "error.h"
#include "failure-note.h"
#include "qr-code.h"
#include "svg-image.h"
#include "widgets.h"
#include <glib/gi18n.h>

// QEMU's own words may be many. The journal has all of them, and the page has to stay on a small screen.
#define TITLE_LINES   3
#define MESSAGE_LINES 5

struct _AstFailurePage
{
  GtkBox parent;

  const AstConfig *config;
  GtkWidget *title;
  GtkWidget *message;
  GtkWidget *advice;
  GtkWidget *admin;
  GtkWidget *facts;
  GtkWidget *code;
  GtkWidget *buttons;
  GtkWidget *back;
  GtkWidget *choice; // the sentence, and the buttons in the place of the others
  GtkWidget *choice_buttons;
  GtkWidget *go_on;
};

enum
{
  SIGNAL_BACK,
  SIGNAL_AGAIN,
  SIGNAL_GO_ON,
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
on_go_on (AstFailurePage *self)
{
  g_signal_emit (self, signals[SIGNAL_GO_ON], 0);
}

static void
set_facts (AstFailurePage *self, const AstFailureNote *note, const char *name)
{
  g_autofree char *when = g_date_time_format (note->when, "%F %H:%M:%S");
  g_autofree char *facts = g_strdup_printf ("%s  ·  %s  ·  %s%s%s", note->code, note->station, when,
                                            name ? "  ·  " : "", name ? name : "");

  gtk_label_set_text (GTK_LABEL (self->facts), facts);
}

// The same for a phone.
static void
set_code (AstFailurePage *self, const AstFailureNote *note)
{
  const char *help_url = self->config->help_url;
  g_autofree char *text
      = help_url ? ast_failure_note_to_url (note, help_url) : ast_failure_note_to_text (note);

  ast_qr_code_set_text (AST_QR_CODE (self->code), text);
}

void
ast_failure_page_show (AstFailurePage *self, const char *id, const char *name, const GError *error,
                       gboolean is_resumable)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  const AstFailureNote note = { self->config->name, ast_error_word_of (error), now, id };
  gboolean is_ours = error->domain == AST_ERROR;
  g_autofree char *title
      = name ? g_strdup_printf (is_resumable ? _ ("“%s” has stopped") : _ ("“%s” cannot be used right now"),
                                name)
             : g_strdup (_ ("This station is not ready"));

  gtk_label_set_text (GTK_LABEL (self->title), title);
  gtk_label_set_text (GTK_LABEL (self->message), error->message);
  gtk_label_set_text (GTK_LABEL (self->advice), is_ours ? ast_error_advice (error->code) : "");
  gtk_label_set_text (GTK_LABEL (self->admin), is_ours ? ast_error_admin_advice (error->code) : "");
  set_facts (self, &note, name);
  set_code (self, &note);
  gtk_widget_set_visible (self->advice, !is_resumable);
  gtk_widget_set_visible (self->choice, is_resumable);
  gtk_widget_set_visible (self->choice_buttons, is_resumable);
  gtk_widget_set_visible (self->buttons, name != NULL && !is_resumable);
  if (name) // a hidden button must not get the keys
    gtk_widget_grab_focus (is_resumable ? self->go_on : self->back);
}

static void
ast_failure_page_class_init (AstFailurePageClass *klass)
{
  signals[SIGNAL_BACK]
      = g_signal_new ("back", AST_TYPE_FAILURE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_AGAIN]
      = g_signal_new ("again", AST_TYPE_FAILURE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_GO_ON]
      = g_signal_new ("go-on", AST_TYPE_FAILURE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static GtkWidget *
new_admin_box (AstFailurePage *self)
{
  GtkWidget *box = ast_with_class (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 20), "admin");
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->admin = ast_new_text (NULL, "admin-advice", FALSE);
  self->facts = ast_new_text (NULL, "facts", FALSE);
  self->code = ast_qr_code_new (_ ("QR code for a phone: station, code and time of this failure"));
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  gtk_container_add (GTK_CONTAINER (words),
                     ast_new_text (_ ("For the person who looks after this room"), "admin-title", FALSE));
  gtk_container_add (GTK_CONTAINER (words), self->admin);
  gtk_container_add (GTK_CONTAINER (words), self->facts);
  gtk_box_pack_start (GTK_BOX (box), words, TRUE, TRUE, 0);
  gtk_container_add (GTK_CONTAINER (box), self->code);
  return box;
}

static GtkWidget *
new_row (GtkWidget *first, GtkWidget *second)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 16);

  gtk_widget_set_halign (row, GTK_ALIGN_CENTER);
  gtk_container_add (GTK_CONTAINER (row), first);
  gtk_container_add (GTK_CONTAINER (row), second);
  return row;
}

static void
ast_failure_page_init (AstFailurePage *self)
{
  GtkWidget *card = ast_new_card ("failure");

  self->title = ast_new_bounded_text (NULL, "page-title", TRUE, TITLE_LINES);
  self->message = ast_new_bounded_text (NULL, "message", TRUE, MESSAGE_LINES);
  self->advice = ast_new_text (NULL, "advice", TRUE);
  self->back = ast_new_button (_ ("Back to the appliances"), "primary", G_CALLBACK (on_back), self);
  self->buttons
      = new_row (self->back, ast_new_button (_ ("Try again"), "quiet", G_CALLBACK (on_again), self));
  self->choice
      = ast_new_text (_ ("What was written to its disk is still there. It can start again with that; when "
                         "the session ends, it is forgotten."),
                      "advice", TRUE);
  self->go_on = ast_new_button (_ ("Start with my work"), "primary", G_CALLBACK (on_go_on), self);
  self->choice_buttons
      = new_row (self->go_on, ast_new_button (_ ("End session"), "danger", G_CALLBACK (on_back), self));
  gtk_container_add (GTK_CONTAINER (card),
                     ast_svg_image_new ("resource:///org/asteroide/kiosk/failure.svg", NULL, 72, 72));
  gtk_container_add (GTK_CONTAINER (card), self->title);
  gtk_container_add (GTK_CONTAINER (card), self->message);
  gtk_container_add (GTK_CONTAINER (card), self->advice);
  gtk_container_add (GTK_CONTAINER (card), self->buttons);
  gtk_container_add (GTK_CONTAINER (card), self->choice);
  gtk_container_add (GTK_CONTAINER (card), self->choice_buttons);
  gtk_container_add (GTK_CONTAINER (card), new_admin_box (self));
  gtk_box_set_center_widget (GTK_BOX (self), card);
  ast_with_class (GTK_WIDGET (self), "backdrop");
  gtk_widget_show_all (GTK_WIDGET (self));
}

GtkWidget *
ast_failure_page_new (const AstConfig *config)
{
  AstFailurePage *self = g_object_new (AST_TYPE_FAILURE_PAGE, NULL);

  self->config = config;
  return GTK_WIDGET (self);
}
