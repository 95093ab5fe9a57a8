// SPDX-License-Identifier: GPL-3.0-or-later
#include "spice-sharp.h"
#include "spice-display.h"
#include <math.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpiceSession, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_t, cairo_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_surface_t, cairo_surface_destroy)

// Nearer to a whole factor than this no pixel of a large monitor is elsewhere.
#define WHOLE_ENOUGH 1e-4

// The guest's picture in the widget, as spice-gtk places it: as large as it fits, in the middle.
typedef struct
{
  int device;   // pixels of the device for one of the toolkit's
  double scale; // pixels of the device for one of the guest's
  int width;    // of the picture, the guest's pixels
  int height;
  int left; // of the picture in the widget, the toolkit's pixels
  int top;
} Fit;

static const SpiceDisplayMonitorConfig *
find_monitor (const GArray *monitors, int id)
{
  for (guint i = 0; monitors && i < monitors->len; i++)
    if (g_array_index (monitors, SpiceDisplayMonitorConfig, i).id == (guint)id)
      return &g_array_index (monitors, SpiceDisplayMonitorConfig, i);
  return NULL;
}

static void
get_guest_size (SpiceDisplay *display, int *width, int *height)
{
  g_autoptr (SpiceSession) session = NULL;
  g_autoptr (GArray) monitors = NULL;
  const SpiceDisplayMonitorConfig *monitor;
  SpiceChannel *channel;
  int channel_id, monitor_id;

  *width = *height = 0;
  g_object_get (display, "session", &session, "channel-id", &channel_id, "monitor-id", &monitor_id, NULL);
  channel = session ? ast_spice_find_display_channel (session, (guint)channel_id) : NULL;
  if (channel == NULL)
    return;
  g_object_get (channel, "monitors", &monitors, "width", width, "height", height, NULL);
  monitor = find_monitor (monitors, monitor_id);
  if (monitor)
    {
      *width = (int)monitor->width;
      *height = (int)monitor->height;
    }
}

// The widget's own sums, which it does not tell.
static gboolean
fit_guest (SpiceDisplay *display, Fit *fit)
{
  GtkWidget *widget = GTK_WIDGET (display);
  int device = gtk_widget_get_scale_factor (widget);
  int width = gtk_widget_get_allocated_width (widget) * device;
  int height = gtk_widget_get_allocated_height (widget) * device;
  gboolean is_ready;

  g_object_get (display, "ready", &is_ready, NULL);
  fit->device = device;
  get_guest_size (display, &fit->width, &fit->height);
  if (!is_ready || fit->width <= 0 || fit->height <= 0)
    return FALSE;
  fit->scale = MIN ((double)width / fit->width, (double)height / fit->height);
  fit->left = (width - (int)floor (fit->width * fit->scale + 0.5)) / 2 / device;
  fit->top = (height - (int)floor (fit->height * fit->scale + 0.5)) / 2 / device;
  return TRUE;
}

// The part of the guest's picture that has to be painted, and a pixel around it, which its edges are mixed
// of.
static gboolean
find_part (const Fit *fit, cairo_t *cr, cairo_rectangle_int_t *part)
{
  const GdkRectangle whole = { .width = fit->width, .height = fit->height };
  double factor = fit->device / fit->scale;
  double left, top, right, bottom;

  cairo_clip_extents (cr, &left, &top, &right, &bottom);
  part->x = (int)floor ((left - fit->left) * factor) - 1;
  part->y = (int)floor ((top - fit->top) * factor) - 1;
  part->width = (int)ceil ((right - fit->left) * factor) + 1 - part->x;
  part->height = (int)ceil ((bottom - fit->top) * factor) + 1 - part->y;
  return gdk_rectangle_intersect (part, &whole, part);
}

// Where the window's picture is made, which may be the X server: a size in the device's pixels.
static cairo_surface_t *
new_surface (const Fit *fit, cairo_t *cr, int width, int height)
{
  cairo_surface_t *surface = cairo_surface_create_similar (cairo_get_target (cr), CAIRO_CONTENT_COLOR,
                                                           (width + fit->device - 1) / fit->device,
                                                           (height + fit->device - 1) / fit->device);

  cairo_surface_set_device_scale (surface, 1, 1);
  return surface;
}

// The widget draws for a place that undoes its own scaling: pixel for pixel.
static cairo_surface_t *
draw_unscaled (GtkWidget *widget, const Fit *fit, cairo_t *cr, const cairo_rectangle_int_t *part)
{
  cairo_surface_t *surface = new_surface (fit, cr, part->width, part->height);
  g_autoptr (cairo_t) target = cairo_create (surface);

  cairo_translate (target, -part->x, -part->y);
  cairo_scale (target, fit->device / fit->scale, fit->device / fit->scale);
  cairo_translate (target, -fit->left, -fit->top);
  gtk_widget_draw (gtk_bin_get_child (GTK_BIN (widget)), target);
  return surface;
}

static void
set_source (cairo_t *cr, cairo_surface_t *surface, cairo_filter_t filter)
{
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), filter);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
}

static cairo_surface_t *
enlarge (const Fit *fit, cairo_t *cr, cairo_surface_t *surface, const cairo_rectangle_int_t *part, int factor)
{
  cairo_surface_t *larger = new_surface (fit, cr, part->width * factor, part->height * factor);
  g_autoptr (cairo_t) target = cairo_create (larger);

  cairo_scale (target, factor, factor);
  set_source (target, surface, CAIRO_FILTER_NEAREST);
  cairo_paint (target);
  return larger;
}

static void
paint_part (const Fit *fit, cairo_t *cr, cairo_surface_t *surface, const cairo_rectangle_int_t *part)
{
  double step = fit->scale / fit->device;
  gboolean is_whole = fabs (fit->scale - round (fit->scale)) < WHOLE_ENOUGH;
  int factor = is_whole ? 1 : (int)ceil (fit->scale);
  g_autoptr (cairo_surface_t) larger
      = is_whole ? cairo_surface_reference (surface) : enlarge (fit, cr, surface, part, factor);

  cairo_translate (cr, fit->left, fit->top);
  cairo_scale (cr, step, step);
  cairo_translate (cr, part->x, part->y);
  cairo_scale (cr, 1.0 / factor, 1.0 / factor);
  set_source (cr, larger, is_whole ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
  cairo_rectangle (cr, 0, 0, part->width * factor, part->height * factor);
  cairo_fill (cr);
}

static gboolean
on_draw (GtkWidget *widget, cairo_t *cr, gpointer unused)
{
  g_autoptr (cairo_surface_t) surface = NULL;
  cairo_rectangle_int_t part;
  Fit fit;

  if (!fit_guest (SPICE_DISPLAY (widget), &fit) || fit.scale <= 1)
    return GDK_EVENT_PROPAGATE;
  cairo_set_source_rgb (cr, 0, 0, 0);
  cairo_paint (cr);
  if (!find_part (&fit, cr, &part))
    return GDK_EVENT_STOP;
  surface = draw_unscaled (widget, &fit, cr, &part);
  paint_part (&fit, cr, surface, &part);
  return GDK_EVENT_STOP;
}

void
ast_spice_sharpen (SpiceDisplay *display)
{
  g_signal_connect (display, "draw", G_CALLBACK (on_draw), NULL);
}
