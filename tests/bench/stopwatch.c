// SPDX-License-Identifier: GPL-3.0-or-later
// stopwatch: times how long the X screen takes to show something, from a click or from the start of a
// command.
//
// stopwatch [--click X,Y] [--until COLOUR] --at X,Y[=COLOUR] [--at X,Y[=COLOUR]]… [--type X,Y]
//           [--file FILE --says WORD] [-- COMMAND [ARGUMENT]…]
//
// The clock starts just before the click is sent, or the command is started. It stops when every point has
// COLOUR (rrggbb), its own or that of --until; without any, when every point has another colour than at the
// beginning; when, after that, the key x, typed again and again, has changed the point of --type; and when
// FILE holds WORD. Prints the seconds, the command's process id where there is one (else 0), and the seconds
// until the points were there; the command is left running.
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_POINTS    16
#define POLL_USEC     1000
#define TYPE_USEC     (50 * 1000)
#define LIMIT_SECONDS 120.0

typedef struct
{
  int x, y;
  unsigned long before;
  gboolean has_colour;
  unsigned long colour;
} Point;

typedef struct
{
  Display *display;
  Point points[MAX_POINTS];
  guint n_points;
  Point click;
  gboolean has_click;
  Point type;
  gboolean has_type;
  gint64 typed; // when the key was pressed last
  gint64 there; // when the points were there; 0 = they are not yet
  char *file;
  char *says;
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
points_are_there (Stopwatch *self)
{
  for (guint i = 0; i < self->n_points; i++)
    {
      const Point *point = &self->points[i];
      unsigned long now = read_pixel (self, point);
      unsigned long wanted = point->has_colour ? point->colour : self->until;
      gboolean is_wanted = point->has_colour || self->has_until;

      if (is_wanted ? now != wanted : now == point->before)
        return FALSE;
    }
  return TRUE;
}

static gboolean
was_answered (Stopwatch *self)
{
  KeyCode key = XKeysymToKeycode (self->display, XK_x);
  gint64 now = g_get_monotonic_time ();

  if (self->typed && read_pixel (self, &self->type) != self->type.before)
    return TRUE;
  if (now - self->typed < TYPE_USEC)
    return FALSE;
  if (self->typed == 0)
    self->type.before = read_pixel (self, &self->type);
  self->typed = now;
  XTestFakeKeyEvent (self->display, key, True, CurrentTime);
  XTestFakeKeyEvent (self->display, key, False, CurrentTime);
  XFlush (self->display);
  return FALSE;
}

static gboolean
file_says (Stopwatch *self)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (self->file, &text, NULL, NULL) && strstr (text, self->says);
}

static gboolean
is_over (Stopwatch *self)
{
  if (self->there == 0 && !points_are_there (self))
    return FALSE;
  if (self->there == 0)
    self->there = g_get_monotonic_time ();
  if (self->has_type && !was_answered (self))
    return FALSE;
  self->has_type = FALSE; // once is enough
  return self->file == NULL || file_says (self);
}

static gboolean
parse_point (const char *option, const char *value, gpointer data, GError **error)
{
  Stopwatch *self = data;
  Point point = { 0 };
  int fields = sscanf (value, "%d,%d=%lx", &point.x, &point.y, &point.colour);

  if (fields < 2 || self->n_points == MAX_POINTS)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s is no X,Y, or one too many", value);
      return FALSE;
    }
  point.has_colour = fields == 3;
  if (g_str_equal (option, "--at"))
    self->points[self->n_points++] = point;
  else if (g_str_equal (option, "--type"))
    self->type = point;
  else
    self->click = point;
  self->has_click |= g_str_equal (option, "--click");
  self->has_type |= g_str_equal (option, "--type");
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
    { "type", 0, 0, G_OPTION_ARG_CALLBACK, parse_point, NULL, "X,Y" },
    { "until", 0, 0, G_OPTION_ARG_CALLBACK, parse_colour, NULL, "RRGGBB" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &command, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GError) error = NULL;
  const GOptionEntry files[] = {
    { "file", 0, 0, G_OPTION_ARG_FILENAME, &self.file, NULL, "FILE" },
    { "says", 0, 0, G_OPTION_ARG_STRING, &self.says, NULL, "WORD" },
    G_OPTION_ENTRY_NULL,
  };
  GPid pid = 0;
  gint64 start;

  g_option_group_add_entries (group, entries);
  g_option_group_add_entries (group, files);
  g_option_context_set_main_group (context, group);
  self.display = XOpenDisplay (NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || self.display == NULL || self.n_points == 0
      || !self.file != !self.says)
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
  g_print ("%.6f %d %.6f\n", (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC, pid,
           (self.there - start) / (double)G_USEC_PER_SEC);
  return 0;
}
