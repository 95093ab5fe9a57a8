// SPDX-License-Identifier: GPL-3.0-or-later
#include "svg-image.h"
#include <librsvg/rsvg.h>

// An icon is drawn by hand or exported; anything larger is a mistake.
#define MAX_FILE_BYTES (4 * 1024 * 1024)

typedef RsvgHandle AstRsvgHandle; // librsvg declares no clean-up
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstRsvgHandle, g_object_unref)

struct _AstSvgImage
{
  GtkDrawingArea parent;

  char *path;
  char *fallback;
  cairo_surface_t *surface; // of `scale`; NULL until it is rendered
  int scale;                // what was rendered, or is being; 0 = nothing yet
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (AstSvgImage, ast_svg_image, GTK_TYPE_DRAWING_AREA)

// What a thread needs to know.
typedef struct
{
  char *path;
  char *fallback;
  int width, height, scale;
} AstRendering;

static void
ast_rendering_free (gpointer data)
{
  AstRendering *self = data;

  g_free (self->path);
  g_free (self->fallback);
  g_free (self);
}

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

static void
render_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const AstRendering *what = data;
  int width = what->width * what->scale;
  int height = what->height * what->scale;
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create (surface);

  if (!draw_file (cr, what->path, width, height))
    draw_file (cr, what->fallback, width, height);
  cairo_destroy (cr);
  cairo_surface_set_device_scale (surface, what->scale, what->scale);
  g_task_return_pointer (task, surface, (GDestroyNotify)cairo_surface_destroy);
}

static void
on_rendered (GObject *source, GAsyncResult *result, gpointer data)
{
  AstSvgImage *self = AST_SVG_IMAGE (source);
  cairo_surface_t *surface = g_task_propagate_pointer (G_TASK (result), NULL);

  if (surface == NULL) // cancelled: the widget is gone, or wants another scale
    return;
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  self->surface = surface;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
ast_svg_image_render (AstSvgImage *self)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  g_autoptr (GTask) task = NULL;
  AstRendering *what;

  if (self->scale == scale)
    return;
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->scale = scale;
  what = g_new0 (AstRendering, 1);
  what->path = g_strdup (self->path);
  what->fallback = g_strdup (self->fallback);
  what->scale = scale;
  gtk_widget_get_size_request (GTK_WIDGET (self), &what->width, &what->height);
  task = g_task_new (self, self->cancellable, on_rendered, NULL);
  g_task_set_task_data (task, what, ast_rendering_free);
  g_task_run_in_thread (task, render_thread);
}

static gboolean
ast_svg_image_draw (GtkWidget *widget, cairo_t *cr)
{
  AstSvgImage *self = AST_SVG_IMAGE (widget);

  ast_svg_image_render (self);
  if (self->surface == NULL)
    return GDK_EVENT_PROPAGATE;
  cairo_set_source_surface (cr, self->surface, 0, 0);
  cairo_paint_with_alpha (cr, gtk_widget_is_sensitive (widget) ? 1 : 0.35);
  return GDK_EVENT_PROPAGATE;
}

static void
ast_svg_image_destroy (GtkWidget *widget)
{
  AstSvgImage *self = AST_SVG_IMAGE (widget);

  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  GTK_WIDGET_CLASS (ast_svg_image_parent_class)->destroy (widget);
}

static void
ast_svg_image_finalize (GObject *object)
{
  AstSvgImage *self = AST_SVG_IMAGE (object);

  g_clear_pointer (&self->surface, cairo_surface_destroy);
  g_clear_object (&self->cancellable);
  g_free (self->path);
  g_free (self->fallback);
  G_OBJECT_CLASS (ast_svg_image_parent_class)->finalize (object);
}

static void
ast_svg_image_class_init (AstSvgImageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_svg_image_finalize;
  GTK_WIDGET_CLASS (klass)->draw = ast_svg_image_draw;
  GTK_WIDGET_CLASS (klass)->destroy = ast_svg_image_destroy;
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
