// SPDX-License-Identifier: GPL-3.0-or-later
#include "curtain.h"
#include "widgets.h"

GtkWidget *
ast_curtain_new (const GdkRectangle *area)
{
  // A popup: no window manager may decorate or move it, or give it the focus.
  GtkWidget *curtain = ast_with_class (gtk_window_new (GTK_WINDOW_POPUP), "curtain");

  gtk_window_set_default_size (GTK_WINDOW (curtain), area->width, area->height);
  gtk_window_move (GTK_WINDOW (curtain), area->x, area->y);
  gtk_widget_show (curtain);
  // Two monitors may show parts of the same: the kiosk's window stays whole.
  gdk_window_lower (gtk_widget_get_window (curtain));
  return curtain;
}
