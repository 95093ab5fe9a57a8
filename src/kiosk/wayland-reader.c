// SPDX-License-Identifier: GPL-3.0-or-later
#include "wayland-reader.h"
#include <errno.h>
#include <gdk/gdkwayland.h>
#include <poll.h>

// FALSE: the connection has ended.
static gboolean
wait_for_events (struct wl_display *display)
{
  struct pollfd connection = { .fd = wl_display_get_fd (display), .events = POLLIN };

  while (poll (&connection, 1, -1) < 0)
    if (errno != EINTR)
      return FALSE;
  return (connection.revents & POLLIN) != 0;
}

// libwayland lets several threads read: one of them does it for all once each of them wants to, or no longer
// does. So GDK's own reading goes on as it was, and only what it is too busy for is read here. The queue is
// nobody's and stays empty: to wait on GDK's, GDK's would have to be empty.
static gpointer
read_always (gpointer data)
{
  struct wl_display *display = data;
  struct wl_event_queue *queue = wl_display_create_queue (display);

  while (wait_for_events (display))
    if (wl_display_prepare_read_queue (display, queue) == 0 && wl_display_read_events (display) < 0)
      break;
  // GDK finds the same, and ends the program.
  wl_event_queue_destroy (queue);
  return NULL;
}

void
ast_wayland_reader_start (GdkDisplay *display)
{
  if (GDK_IS_WAYLAND_DISPLAY (display))
    g_thread_unref (g_thread_new ("wayland", read_always, gdk_wayland_display_get_wl_display (display)));
}
