// SPDX-License-Identifier: GPL-3.0-or-later
#include "svg-image.h"
#include <librsvg/rsvg.h>

// An icon is drawn by hand or exported; anything larger is a mistake, and would stall the first frame.
#define MAX_FILE_BYTES (4 * 1024 * 1024)

typedef RsvgHandle AstRsvgHandle; // librsvg declares no clean-up
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstRsvgHandle, g_object_unref)

struct _AstSvgImage
{
  GtkDrawingArea parent;

  char *path;
  char *fallback;
  cairo_surface_t *surface; // of the last scale
  int scale;
};

G_DEFINE_FINAL_TYPE (AstSvgImage, ast_svg_image, GTK_TYPE_DRAWING_AREA)

static GBytes *
load_bytes (const char *path)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GFileInfo) info = NULL;

  if (path == NULL)
    return NULL;
  file = g_str_has_prefix (path, "resource://") ? g_file_new_for_uri (path) : g_file_new_for_path (path);
  info = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_TYPE, 0, NULL,
                            NULL);
  if (info == NULL || g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR
      || g_file_info_get_size (info) > MAX_FILE_BYTES)
    return NULL;
  return g_file_load_bytes (file, NULL, NULL, NULL);
}

static gboolean
draw_svg (cairo_t *cr, GBytes *bytes, double width, double height)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  g_autoptr (AstRsvgHandle) handle = rsvg_handle_new_from_data (data, length, NULL);
  RsvgRectangle viewport = { 0, 0, width, height };

  return handle && rsvg_handle_render_document (handle, cr, &viewport, NULL);
}

static gboolean
draw_bitmap (cairo_t *cr, GBytes *bytes, double width, double height)
{
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (bytes);
  g_autoptr (GdkPixbuf) pixbuf
      = gdk_pixbuf_new_from_stream_at_scale (stream, width, height, TRUE, NULL, NULL);

  if (pixbuf == NULL)
    return FALSE;
  gdk_cairo_set_source_pixbuf (cr, pixbuf, (width - gdk_pixbuf_get_width (pixbuf)) / 2,
                               (height - gdk_pixbuf_get_height (pixbuf)) / 2);
  cairo_paint (cr);
  return TRUE;
}

static gboolean
draw_file (cairo_t *cr, const char *path, double width, double height)
{
  g_autoptr (GBytes) bytes = load_bytes (path);

  return bytes && (draw_svg (cr, bytes, width, height) || draw_bitmap (cr, bytes, width, height));
}

static cairo_surface_t *
render (AstSvgImage *self, int width, int height, int scale)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width * scale, height * scale);
  cairo_t *cr = cairo_create (surface);

  if (!draw_file (cr, self->path, width * scale, height * scale))
    draw_file (cr, self->fallback, width * scale, height * scale);
  cairo_destroy (cr);
  cairo_surface_set_device_scale (surface, scale, scale);
  return surface;
}

static gboolean
ast_svg_image_draw (GtkWidget *widget, cairo_t *cr)
{
  AstSvgImage *self = AST_SVG_IMAGE (widget);
  int scale = gtk_widget_get_scale_factor (widget);

  if (self->surface && self->scale != scale)
    g_clear_pointer (&self->surface, cairo_surface_destroy);
  if (self->surface == NULL)
    self->surface = render (self, gtk_widget_get_allocated_width (widget),
                            gtk_widget_get_allocated_height (widget), scale);
  self->scale = scale;
  cairo_set_source_surface (cr, self->surface, 0, 0);
  cairo_paint_with_alpha (cr, gtk_widget_is_sensitive (widget) ? 1 : 0.35);
  return GDK_EVENT_PROPAGATE;
}

static void
ast_svg_image_finalize (GObject *object)
{
  AstSvgImage *self = AST_SVG_IMAGE (object);

  g_clear_pointer (&self->surface, cairo_surface_destroy);
  g_free (self->path);
  g_free (self->fallback);
  G_OBJECT_CLASS (ast_svg_image_parent_class)->finalize (object);
}

static void
ast_svg_image_class_init (AstSvgImageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_svg_image_finalize;
  GTK_WIDGET_CLASS (klass)->draw = ast_svg_image_draw;
}

static void
ast_svg_image_init (AstSvgImage *self)
{
}

GtkWidget *
ast_svg_image_new (const char *path, const char *fallback, int width, int height)
{
  AstSvgImage *self = g_object_new (AST_TYPE_SVG_IMAGE, "visible", TRUE, "halign", GTK_ALIGN_CENTER, NULL);

  self->path = g_strdup (path);
  self->fallback = g_strdup (fallback);
  gtk_widget_set_size_request (GTK_WIDGET (self), width, height);
  return GTK_WIDGET (self);
}
