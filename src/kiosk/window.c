// SPDX-License-Identifier: GPL-3.0-or-later
#include "window.h"

#define DESK_WIDTH  1280
#define DESK_HEIGHT 800

struct _AstWindow
{
  GtkWindow parent;
};

G_DEFINE_FINAL_TYPE (AstWindow, ast_window, GTK_TYPE_WINDOW)

static GdkMonitor *
find_monitor (GdkDisplay *display)
{
  GdkMonitor *primary = gdk_display_get_primary_monitor (display);

  return primary ? primary : gdk_display_get_monitor (display, 0);
}

// Both ways: without a window manager only the size counts, a Wayland kiosk compositor knows only fullscreen.
static void
ast_window_fill_monitor (AstWindow *self)
{
  GdkMonitor *monitor = find_monitor (gtk_widget_get_display (GTK_WIDGET (self)));
  GdkRectangle area;

  if (monitor == NULL)
    return;
  gdk_monitor_get_geometry (monitor, &area);
  gtk_window_move (GTK_WINDOW (self), area.x, area.y);
  gtk_window_resize (GTK_WINDOW (self), area.width, area.height);
  gtk_widget_set_size_request (GTK_WIDGET (self), area.width, area.height);
  gtk_window_fullscreen (GTK_WINDOW (self));
}

void
ast_window_paint_now (AstWindow *self)
{
  gtk_container_check_resize (GTK_CONTAINER (self));
  // Deprecated because the frame clock should decide; it has no successor.
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  gdk_window_process_updates (gtk_widget_get_window (GTK_WIDGET (self)), TRUE);
  G_GNUC_END_IGNORE_DEPRECATIONS
}

// On a desk the application listens, and ends; nobody else can close it.
static gboolean
ast_window_delete_event (GtkWidget *widget, GdkEventAny *event)
{
  return GDK_EVENT_STOP;
}

static void
ast_window_class_init (AstWindowClass *klass)
{
  GTK_WIDGET_CLASS (klass)->delete_event = ast_window_delete_event;
}

static void
ast_window_init (AstWindow *self)
{
}

GtkWidget *
ast_window_new (gboolean windowed)
{
  AstWindow *self = g_object_new (AST_TYPE_WINDOW, "title", "ASTEROIDE", "icon-name", "asteroide", NULL);
  GdkScreen *screen = gtk_widget_get_screen (GTK_WIDGET (self));

  if (windowed)
    {
      gtk_window_set_default_size (GTK_WINDOW (self), DESK_WIDTH, DESK_HEIGHT);
      return GTK_WIDGET (self);
    }
  gtk_window_set_decorated (GTK_WINDOW (self), FALSE);
  g_signal_connect_object (screen, "monitors-changed", G_CALLBACK (ast_window_fill_monitor), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (screen, "size-changed", G_CALLBACK (ast_window_fill_monitor), self,
                           G_CONNECT_SWAPPED);
  ast_window_fill_monitor (self);
  return GTK_WIDGET (self);
}
