// SPDX-License-Identifier: GPL-3.0-or-later
// eyes: what a person sees of a guest that is already on the X screen.
//
// eyes frames X,Y SECONDS    → how often the pixel changed, a second: the animation gives it another colour
// in each frame.
// eyes intervals X,Y SECONDS → the seconds from each change to the next, one a line.
// eyes keys X,Y NUMBER       → the seconds from each key to the change of the pixel: x, and BackSpace, which
// puts it back.
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

// GUI_REFRESH_INTERVAL_DEFAULT of QEMU's ui/console.h.
#define EMULATOR_LOOK_USEC 30000
#define LOOK_USEC          500
#define LIMIT_SECONDS      20

typedef struct
{
  Display *display;
  int x, y;
} Eyes;

static unsigned long
look (Eyes *self)
{
  XImage *image = XGetImage (self->display, DefaultRootWindow (self->display), self->x, self->y, 1, 1,
                             AllPlanes, ZPixmap);
  unsigned long pixel = XGetPixel (image, 0, 0) & 0xffffff;

  XDestroyImage (image);
  return pixel;
}

static double
seconds_since (gint64 start)
{
  return (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC;
}

static int
count_frames (Eyes *self, double seconds)
{
  gint64 start = g_get_monotonic_time ();
  unsigned long last = look (self);
  guint frames = 0;

  while (seconds_since (start) < seconds)
    {
      unsigned long now = look (self);

      frames += now != last;
      last = now;
      g_usleep (LOOK_USEC);
    }
  printf ("%.3f\n", frames / seconds_since (start));
  return 0;
}

static int
time_frames (Eyes *self, double seconds)
{
  gint64 start = g_get_monotonic_time ();
  gint64 changed = 0; // when; 0 = no change was seen yet
  unsigned long last = look (self);

  while (seconds_since (start) < seconds)
    {
      unsigned long now = look (self);

      if (now != last && changed > 0)
        printf ("%.6f\n", seconds_since (changed));
      if (now != last)
        changed = g_get_monotonic_time ();
      last = now;
      g_usleep (LOOK_USEC);
    }
  return 0;
}

static double
press (Eyes *self, KeySym symbol)
{
  KeyCode key = XKeysymToKeycode (self->display, symbol);
  unsigned long before = look (self);
  gint64 start = g_get_monotonic_time ();

  XTestFakeKeyEvent (self->display, key, True, CurrentTime);
  XTestFakeKeyEvent (self->display, key, False, CurrentTime);
  XFlush (self->display);
  while (look (self) == before && seconds_since (start) < LIMIT_SECONDS)
    g_usleep (LOOK_USEC);
  return seconds_since (start);
}

static int
time_keys (Eyes *self, double number)
{
  for (int i = 0; i < number; i++)
    {
      double seconds = press (self, i % 2 ? XK_BackSpace : XK_x);

      if (seconds >= LIMIT_SECONDS)
        {
          fprintf (stderr, "eyes: a key was not answered\n");
          return 1;
        }
      printf ("%.6f\n", seconds);
      // Whoever types does so more slowly than this, and in no step with the emulator, which looks at its
      // guest's screen every 30 ms.
      g_usleep (G_USEC_PER_SEC / 5 + (gulong)g_random_int_range (0, EMULATOR_LOOK_USEC));
    }
  return 0;
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    int (*run) (Eyes *self, double number);
  } modes[] = { { "frames", count_frames }, { "intervals", time_frames }, { "keys", time_keys } };
  Eyes self = { XOpenDisplay (NULL), 0, 0 };

  if (argc != 4 || self.display == NULL || sscanf (argv[2], "%d,%d", &self.x, &self.y) != 2)
    {
      fprintf (stderr, "eyes: frames|intervals|keys X,Y NUMBER, and a display\n");
      return 2;
    }
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    if (g_str_equal (argv[1], modes[i].name))
      return modes[i].run (&self, atof (argv[3]));
  return 2;
}
