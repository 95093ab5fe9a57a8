// SPDX-License-Identifier: GPL-3.0-or-later
// bare-window: what any GTK 3 program needs before its first frame: a window with one word, as large as the
// screen.
#include <gtk/gtk.h>

int
main (int argc, char **argv)
{
  GtkWidget *window;

  gtk_init (&argc, &argv);
  window = gtk_window_new (GTK_WINDOW_TOPLEVEL);
  gtk_window_set_default_size (GTK_WINDOW (window), 1280, 800);
  gtk_container_add (GTK_CONTAINER (window), gtk_label_new ("bare"));
  gtk_widget_show_all (window);
  gtk_main ();
  return 0;
}
