// SPDX-License-Identifier: GPL-3.0-or-later
#include "svg-image.h"
#include "icon-painter.h"

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

static void
render_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const AstRendering *what = data;
  int width = what->width * what->scale;
  int height = what->height * what->scale;
  cairo_surface_t *surface = ast_icon_painter_draw (what->path, width, height);

  if (surface == NULL)
    surface = ast_icon_painter_draw (what->fallback, width, height);
  if (surface == NULL)
    surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 1, 1);
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
