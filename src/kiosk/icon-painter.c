// SPDX-License-Identifier: GPL-3.0-or-later
#include "icon-painter.h"
#include "icon-request.h"
#include "program.h"
#include <gio/gio.h>
#include <signal.h>
#include <string.h>

#define PROGRAM "asteroide-icons"

static GMutex mutex;         // one picture at a time; guards the process
static GSubprocess *process; // NULL = none

static void
start (void)
{
  g_autofree char *program = ast_program_find (PROGRAM, "kiosk");
  // As in qemu-img.c: without a fork.
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_autoptr (GError) error = NULL;

  // It is started before the kiosk itself has opened, and forgotten, its display.
  g_subprocess_launcher_unsetenv (launcher, "WAYLAND_DISPLAY");
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  process = g_subprocess_launcher_spawn (launcher, &error, program, NULL);
  if (process == NULL)
    g_message ("%s", error->message);
}

static gboolean
send (const void *data, gsize length)
{
  return g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), data, length, NULL, NULL, NULL);
}

static gboolean
receive (void *data, gsize length)
{
  gsize count;

  return g_input_stream_read_all (g_subprocess_get_stdout_pipe (process), data, length, &count, NULL, NULL)
         && count == length;
}

// TRUE: the process has answered, and `drawn` tells whether the picture is in the surface.
static gboolean
ask (const char *path, cairo_surface_t *surface, gboolean *drawn)
{
  const AstIconRequest request = { .width = (guint32)cairo_image_surface_get_width (surface),
                                   .height = (guint32)cairo_image_surface_get_height (surface),
                                   .path_bytes = (guint32)strlen (path) };
  guint8 *pixels = cairo_image_surface_get_data (surface);
  guint8 answer = 0;

  if (!send (&request, sizeof request) || !send (path, request.path_bytes) || !receive (&answer, 1))
    return FALSE;
  *drawn = answer == 1;
  if (*drawn && !receive (pixels, (gsize)request.width * request.height * 4))
    return FALSE;
  cairo_surface_mark_dirty (surface);
  return TRUE;
}

static gboolean
draw (const char *path, cairo_surface_t *surface)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  gboolean drawn = FALSE;

  if (process == NULL)
    start ();
  if (process == NULL)
    return FALSE;
  if (ask (path, surface, &drawn))
    return drawn;
  g_message ("%s cannot be drawn: it was too much for %s", path, PROGRAM);
  g_subprocess_force_exit (process);
  g_clear_object (&process);
  return FALSE;
}

void
ast_icon_painter_start (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  signal (SIGPIPE, SIG_IGN); // the process may die while it is being asked
  if (process == NULL)
    start ();
}

cairo_surface_t *
ast_icon_painter_draw (const char *path, int width, int height)
{
  cairo_surface_t *surface;

  if (path == NULL)
    return NULL;
  surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  if (draw (path, surface))
    return surface;
  cairo_surface_destroy (surface);
  return NULL;
}

void
ast_icon_painter_rest (void)
{
  if (!g_mutex_trylock (&mutex))
    return;
  if (process)
    g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
  g_clear_object (&process);
  g_mutex_unlock (&mutex);
}
