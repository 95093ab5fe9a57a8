// SPDX-License-Identifier: GPL-3.0-or-later
// The few shapes that every page of the kiosk is made of.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

// Adds the style class and returns the widget.
GtkWidget *ast_with_class (GtkWidget *widget, const char *style);
// A label that wraps, left-aligned unless `centred`, with a style class. `text` may be NULL.
GtkWidget *ast_new_text (const char *text, const char *style, gboolean centred);
// The same with no more than so many lines; of what is longer, the end is left out.
GtkWidget *ast_new_bounded_text (const char *text, const char *style, gboolean centred, int lines);
// A push button with a style class ("primary", "quiet", "danger") and its "clicked" connected, swapped.
// Its words give way where there is no room for them all.
GtkWidget *ast_new_button (const char *label, const char *style, GCallback clicked, gpointer data);
// Gives it other words.
void ast_set_button_label (GtkWidget *button, const char *label);
// The word “Exam” as it stands out everywhere in the kiosk; not shown by gtk_widget_show_all.
GtkWidget *ast_new_exam_badge (void);
// A column in the middle of the page with a style class.
GtkWidget *ast_new_card (const char *style);

// Destroys everything in it.
void ast_clear_children (GtkWidget *container);

// For windows that place themselves on an X server. Is the window where it belongs?
gboolean ast_is_at (const GdkEventConfigure *event, const GdkRectangle *area);
// Shown, whole, at its place and on top again, whatever was done to it.
void ast_put_back (GdkWindow *window, const GdkRectangle *area);

G_END_DECLS
