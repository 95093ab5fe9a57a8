// SPDX-License-Identifier: GPL-3.0-or-later
// stopwatch: times how long the X screen takes to show something, from a click or from the start of a
// command.
//
// stopwatch [--click X,Y] [--until COLOUR] --at X,Y [--at X,Y]… [-- COMMAND [ARGUMENT]…]
//
// The clock starts just before the click is sent, or the command is started. It stops when every point has
// COLOUR (rrggbb) or, without --until, when every point has another colour than at the beginning. Prints the
// seconds, and the command's process id where there is one; the command is left running.
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_POINTS    16
#define POLL_USEC     1000
#define LIMIT_SECONDS 120.0

typedef struct
{
  int x, y;
  unsigned long before;
} Point;

typedef struct
{
  Display *display;
  Point points[MAX_POINTS];
  guint n_points;
  Point click;
  gboolean has_click;
  unsigned long until;
  gboolean has_until;
} Stopwatch;

static unsigned long
read_pixel (Stopwatch *self, const Point *point)
{
  XImage *image = XGetImage (self->display, DefaultRootWindow (self->display), point->x, point->y, 1, 1,
                             AllPlanes, ZPixmap);
  unsigned long pixel = XGetPixel (image, 0, 0) & 0xffffff;

  XDestroyImage (image);
  return pixel;
}

static gboolean
is_over (Stopwatch *self)
{
  for (guint i = 0; i < self->n_points; i++)
    {
      unsigned long now = read_pixel (self, &self->points[i]);

      if (self->has_until ? now != self->until : now == self->points[i].before)
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse_point (const char *option, const char *value, gpointer data, GError **error)
{
  Stopwatch *self = data;
  Point point = { 0 };

  if (sscanf (value, "%d,%d", &point.x, &point.y) != 2 || self->n_points == MAX_POINTS)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s is no X,Y, or one too many", value);
      return FALSE;
    }
  if (g_str_equal (option, "--at"))
    self->points[self->n_points++] = point;
  else
    self->click = point;
  self->has_click |= g_str_equal (option, "--click");
  return TRUE;
}

static gboolean
parse_colour (const char *option, const char *value, gpointer data, GError **error)
{
  Stopwatch *self = data;

  self->has_until = TRUE;
  self->until = strtoul (value, NULL, 16);
  return TRUE;
}

static void
send_click (Stopwatch *self)
{
  XTestFakeMotionEvent (self->display, -1, self->click.x, self->click.y, CurrentTime);
  XTestFakeButtonEvent (self->display, 1, True, CurrentTime);
  XTestFakeButtonEvent (self->display, 1, False, CurrentTime);
  XFlush (self->display);
}

int
main (int argc, char **argv)
{
  Stopwatch self = { 0 };
  g_autoptr (GOptionContext) context = g_option_context_new ("[-- COMMAND [ARGUMENT]…]");
  GOptionGroup *group = g_option_group_new ("stopwatch", "", "", &self, NULL);
  g_auto (GStrv) command = NULL;
  const GOptionEntry entries[] = {
    { "click", 0, 0, G_OPTION_ARG_CALLBACK, parse_point, NULL, "X,Y" },
    { "at", 0, 0, G_OPTION_ARG_CALLBACK, parse_point, NULL, "X,Y" },
    { "until", 0, 0, G_OPTION_ARG_CALLBACK, parse_colour, NULL, "RRGGBB" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &command, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  GPid pid = 0;
  gint64 start;

  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  self.display = XOpenDisplay (NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || self.display == NULL || self.n_points == 0)
    {
      g_printerr ("stopwatch: %s\n", error ? error->message : "a display and --at are needed");
      return 2;
    }
  for (guint i = 0; i < self.n_points; i++)
    self.points[i].before = read_pixel (&self, &self.points[i]);
  start = g_get_monotonic_time ();
  if (command
      && !g_spawn_async (NULL, command, NULL,
                         G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL
                             | G_SPAWN_STDERR_TO_DEV_NULL,
                         NULL, NULL, &pid, &error))
    {
      g_printerr ("stopwatch: %s\n", error->message);
      return 1;
    }
  if (self.has_click)
    send_click (&self);
  while (!is_over (&self))
    {
      if (g_get_monotonic_time () - start > LIMIT_SECONDS * G_USEC_PER_SEC)
        {
          g_printerr ("stopwatch: nothing came in %.0f s\n", LIMIT_SECONDS);
          return 1;
        }
      g_usleep (POLL_USEC);
    }
  g_print ("%.6f %d\n", (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC, pid);
  return 0;
}
