// SPDX-License-Identifier: GPL-3.0-or-later
// asteroide-icons: draws pictures for the kiosk. A process of its own: what a picture from anywhere does to
// it is not done to the kiosk, and its memory is the guest's as soon as there is one.
#include "ast-build.h"
#include "icon-request.h"
#include <gio/gio.h>
#include <librsvg/rsvg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// An icon is drawn by hand or exported; anything larger is a mistake.
#define MAX_FILE_BYTES (4 * 1024 * 1024)
// So long may one picture take; then this process ends, and the kiosk starts another one.
#define MAX_SECONDS 5

typedef RsvgHandle AstRsvgHandle; // librsvg declares no clean-up
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstRsvgHandle, g_object_unref)

static GBytes *
load_bytes (const char *path)
{
  g_autoptr (GFile) file
      = g_str_has_prefix (path, "resource://") ? g_file_new_for_uri (path) : g_file_new_for_path (path);
  g_autoptr (GFileInfo) info = g_file_query_info (
      file, G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_TYPE, 0, NULL, NULL);

  if (info == NULL || g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR
      || g_file_info_get_size (info) > MAX_FILE_BYTES)
    return NULL;
  return g_file_load_bytes (file, NULL, NULL, NULL);
}

static gboolean
draw_svg (cairo_t *cr, GBytes *bytes, const AstIconRequest *request)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  g_autoptr (AstRsvgHandle) handle = rsvg_handle_new_from_data (data, length, NULL);
  RsvgRectangle viewport = { 0, 0, request->width, request->height };

  return handle && rsvg_handle_render_document (handle, cr, &viewport, NULL);
}

static cairo_status_t
read_png (void *closure, unsigned char *data, unsigned int length)
{
  return g_input_stream_read (closure, data, length, NULL, NULL) == (gssize)length ? CAIRO_STATUS_SUCCESS
                                                                                   : CAIRO_STATUS_READ_ERROR;
}

static gboolean
draw_png (cairo_t *cr, GBytes *bytes, const AstIconRequest *request)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (bytes);
  cairo_surface_t *png = cairo_image_surface_create_from_png_stream (read_png, stream);
  double width = cairo_image_surface_get_width (png);
  double height = cairo_image_surface_get_height (png);
  double scale = MIN (request->width / width, request->height / height);
  gboolean is_png = cairo_surface_status (png) == CAIRO_STATUS_SUCCESS;

  if (is_png)
    {
      cairo_translate (cr, (request->width - scale * width) / 2, (request->height - scale * height) / 2);
      cairo_scale (cr, scale, scale);
      cairo_set_source_surface (cr, png, 0, 0);
      cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD); // no soft edge of nothing
      cairo_rectangle (cr, 0, 0, width, height);
      cairo_fill (cr);
    }
  cairo_surface_destroy (png);
  return is_png;
}

static gboolean
draw (const AstIconRequest *request, const char *path, guint8 *pixels)
{
  g_autoptr (GBytes) bytes = load_bytes (path);
  int stride = (int)request->width * 4;
  cairo_surface_t *surface = cairo_image_surface_create_for_data (
      pixels, CAIRO_FORMAT_ARGB32, (int)request->width, (int)request->height, stride);
  cairo_t *cr = cairo_create (surface);
  gboolean drawn = bytes && (draw_svg (cr, bytes, request) || draw_png (cr, bytes, request));

  cairo_destroy (cr);
  cairo_surface_finish (surface);
  cairo_surface_destroy (surface);
  return drawn;
}

static gboolean
answer (const AstIconRequest *request)
{
  gsize size = (gsize)request->width * request->height * 4;
  g_autofree char *path = g_malloc0 (request->path_bytes + 1);
  g_autofree guint8 *pixels = g_malloc0 (size);
  guint8 drawn;

  if (fread (path, 1, request->path_bytes, stdin) != request->path_bytes)
    return FALSE;
  alarm (MAX_SECONDS);
  drawn = draw (request, path, pixels);
  alarm (0);
  return fwrite (&drawn, 1, 1, stdout) == 1 && (!drawn || fwrite (pixels, 1, size, stdout) == size)
         && fflush (stdout) == 0;
}

static gboolean
is_sane (const AstIconRequest *request)
{
  return request->width > 0 && request->width <= AST_ICON_MAX_SIZE && request->height > 0
         && request->height <= AST_ICON_MAX_SIZE && request->path_bytes < MAX_FILE_BYTES;
}

int
main (void)
{
  AstIconRequest request;

  // Where memory is short, the kernel takes it from this process first.
  g_file_set_contents_full ("/proc/self/oom_score_adj", "1000", -1, G_FILE_SET_CONTENTS_NONE, 0, NULL);
  while (fread (&request, sizeof request, 1, stdin) == 1)
    if (!is_sane (&request) || !answer (&request))
      return EXIT_FAILURE;
  return EXIT_SUCCESS;
}
