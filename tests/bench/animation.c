// SPDX-License-Identifier: GPL-3.0-or-later
// animation: run in the guest: paints its whole screen anew, again and again, as quickly as its X server lets
// it, or with so many frames a second, as a film does.
//
// animation SECONDS [FRAMES] → prints the frames a second that it painted. The upper left corner has another
// colour in each.
#include <X11/Xlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STRIPES 16
#define CORNER  64

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
paint (Display *display, Window window, GC gc, unsigned width, unsigned height, unsigned long frame)
{
  unsigned stripe = width / STRIPES + 1;

  for (unsigned i = 0; i < STRIPES; i++)
    {
      XSetForeground (display, gc, (i + frame) % STRIPES * 0x0e0a06 + 0x101010);
      XFillRectangle (display, window, gc, (int)(i * stripe), 0, stripe, height);
    }
  XSetForeground (display, gc, frame * 0x010307 & 0xffffff);
  XFillRectangle (display, window, gc, 0, 0, CORNER, CORNER);
  // The server has painted it.
  XSync (display, False);
}

static void
wait_until (double moment)
{
  double left = moment - now ();
  struct timespec span = { .tv_nsec = (long)(left * 1e9) };

  if (left > 0)
    nanosleep (&span, NULL);
}

int
main (int argc, char **argv)
{
  Display *display = XOpenDisplay (NULL);
  double seconds = argc > 1 ? atof (argv[1]) : 0;
  double pause = argc > 2 ? 1 / atof (argv[2]) : 0;
  XSetWindowAttributes attributes = { .override_redirect = True };
  unsigned width, height;
  unsigned long frames = 0;
  Window window;
  double start;
  GC gc;

  if (display == NULL)
    return 1;
  width = (unsigned)DisplayWidth (display, 0);
  height = (unsigned)DisplayHeight (display, 0);
  window = XCreateWindow (display, DefaultRootWindow (display), 0, 0, width, height, 0, CopyFromParent,
                          InputOutput, CopyFromParent, CWOverrideRedirect, &attributes);
  XMapRaised (display, window);
  gc = XCreateGC (display, window, 0, NULL);
  start = now ();
  while (now () - start < seconds)
    {
      paint (display, window, gc, width, height, ++frames);
      wait_until (start + (double)frames * pause);
    }
  printf ("%.3f\n", (double)frames / (now () - start));
  return 0;
}
