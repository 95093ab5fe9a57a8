// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "widgets.h"
#include <glib/gi18n.h>

// Wider lines are hard to read from a metre away.
#define TEXT_CHARS 64

GtkWidget *
ast_with_class (GtkWidget *widget, const char *style)
{
  gtk_style_context_add_class (gtk_widget_get_style_context (widget), style);
  return widget;
}

GtkWidget *
ast_new_text (const char *text, const char *style, gboolean centred)
{
  GtkWidget *label = gtk_label_new (text);

  g_object_set (label, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, "max-width-chars", TEXT_CHARS,
                "xalign", centred ? 0.5 : 0.0, "justify", centred ? GTK_JUSTIFY_CENTER : GTK_JUSTIFY_LEFT,
                NULL);
  return ast_with_class (label, style);
}

GtkWidget *
ast_new_bounded_text (const char *text, const char *style, gboolean centred, int lines)
{
  GtkWidget *label = ast_new_text (text, style, centred);

  g_object_set (label, "lines", lines, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
  return label;
}

void
ast_set_button_label (GtkWidget *button, const char *label)
{
  gtk_button_set_label (GTK_BUTTON (button), label);
  // On a small screen, a row of them would be too long in some languages.
  gtk_label_set_ellipsize (GTK_LABEL (gtk_bin_get_child (GTK_BIN (button))), PANGO_ELLIPSIZE_END);
}

GtkWidget *
ast_new_button (const char *label, const char *style, GCallback clicked, gpointer data)
{
  GtkWidget *button = gtk_button_new ();

  ast_set_button_label (button, label);
  g_signal_connect_swapped (button, "clicked", clicked, data);
  return ast_with_class (button, style);
}

GtkWidget *
ast_new_exam_badge (void)
{
  GtkWidget *badge = ast_with_class (gtk_label_new (_ ("Exam")), "exam-badge");

  g_object_set (badge, "halign", GTK_ALIGN_CENTER, "valign", GTK_ALIGN_CENTER, "no-show-all", TRUE, NULL);
  return badge;
}

GtkWidget *
ast_new_card (const char *style)
{
  GtkWidget *card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 16);

  gtk_widget_set_halign (card, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (card, GTK_ALIGN_CENTER);
  return ast_with_class (card, style);
}

static void
destroy_child (GtkWidget *child, gpointer data)
{
  gtk_widget_destroy (child);
}

void
ast_clear_children (GtkWidget *container)
{
  gtk_container_foreach (GTK_CONTAINER (container), destroy_child, NULL);
}

gboolean
ast_is_at (const GdkEventConfigure *event, const GdkRectangle *area)
{
  return event->x == area->x && event->y == area->y && event->width == area->width
         && event->height == area->height;
}

void
ast_put_back (GdkWindow *window, const GdkRectangle *area)
{
  gdk_window_show (window);
  gdk_window_deiconify (window);
  gdk_window_move_resize (window, area->x, area->y, area->width, area->height);
  gdk_window_raise (window);
}
