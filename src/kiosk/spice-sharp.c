// SPDX-License-Identifier: GPL-3.0-or-later
#include "spice-sharp.h"
#include "spice-display.h"
#include <math.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpiceSession, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_t, cairo_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (cairo_surface_t, cairo_surface_destroy)

// Nearer to a whole factor than this no pixel of a large monitor is elsewhere.
#define WHOLE_ENOUGH 1e-4

// A picture is enlarged strip by strip, of this many rows in the toolkit's pixels: the memory that a whole
// one takes (5 MiB here, 4 more for the X server) stays with the process afterwards.
#define STRIP_HEIGHT 32

// The guest's picture in the widget, as spice-gtk places it: as large as it fits, in the middle.
typedef struct
{
  int device;   // pixels of the device for one of the toolkit's
  double scale; // pixels of the device for one of the guest's
  int width;    // of the picture, the guest's pixels
  int height;
  GdkRectangle place; // of the picture in the widget, the toolkit's pixels
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
  int enlarged_width, enlarged_height;
  gboolean is_ready;

  g_object_get (display, "ready", &is_ready, NULL);
  fit->device = device;
  get_guest_size (display, &fit->width, &fit->height);
  if (!is_ready || fit->width <= 0 || fit->height <= 0)
    return FALSE;
  fit->scale = MIN ((double)width / fit->width, (double)height / fit->height);
  enlarged_width = (int)floor (fit->width * fit->scale + 0.5);
  enlarged_height = (int)floor (fit->height * fit->scale + 0.5);
  fit->place = (GdkRectangle){
    .x = (width - enlarged_width) / 2 / device,
    .y = (height - enlarged_height) / 2 / device,
    .width = enlarged_width / device,
    .height = enlarged_height / device,
  };
  return TRUE;
}

// The part of the guest's picture that is painted within the clip, and a pixel around it, which its edges are
// mixed of.
static gboolean
find_part (const Fit *fit, cairo_t *cr, cairo_rectangle_int_t *part)
{
  const GdkRectangle whole = { .width = fit->width, .height = fit->height };
  double factor = fit->device / fit->scale;
  double left, top, right, bottom;

  cairo_clip_extents (cr, &left, &top, &right, &bottom);
  part->x = (int)floor ((left - fit->place.x) * factor) - 1;
  part->y = (int)floor ((top - fit->place.y) * factor) - 1;
  part->width = (int)ceil ((right - fit->place.x) * factor) + 1 - part->x;
  part->height = (int)ceil ((bottom - fit->place.y) * factor) + 1 - part->y;
  return gdk_rectangle_intersect (part, &whole, part);
}

// The widget draws for a place that undoes its own scaling: pixel for pixel. In memory: made on an X server
// without acceleration, the same pictures take three times as long.
static cairo_surface_t *
draw_unscaled (GtkWidget *widget, const Fit *fit, const cairo_rectangle_int_t *part)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, part->width, part->height);
  g_autoptr (cairo_t) target = cairo_create (surface);

  cairo_translate (target, -part->x, -part->y);
  cairo_scale (target, fit->device / fit->scale, fit->device / fit->scale);
  cairo_translate (target, -fit->place.x, -fit->place.y);
  gtk_widget_draw (gtk_bin_get_child (GTK_BIN (widget)), target);
  return surface;
}

// As a replacement of what is there, which an X server without acceleration does in a third of the time.
static void
paint (cairo_t *cr, cairo_surface_t *surface, cairo_filter_t filter)
{
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_set_source_surface (cr, surface, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), filter);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
}

static cairo_surface_t *
enlarge (cairo_surface_t *surface, const cairo_rectangle_int_t *part, int factor)
{
  cairo_surface_t *larger
      = cairo_image_surface_create (CAIRO_FORMAT_RGB24, part->width * factor, part->height * factor);
  g_autoptr (cairo_t) target = cairo_create (larger);

  cairo_scale (target, factor, factor);
  paint (target, surface, CAIRO_FILTER_NEAREST);
  return larger;
}

static void
paint_part (const Fit *fit, cairo_t *cr, cairo_surface_t *surface, const cairo_rectangle_int_t *part)
{
  double step = fit->scale / fit->device;
  gboolean is_whole = fabs (fit->scale - round (fit->scale)) < WHOLE_ENOUGH;
  int factor = is_whole ? 1 : (int)ceil (fit->scale);
  g_autoptr (cairo_surface_t) larger
      = is_whole ? cairo_surface_reference (surface) : enlarge (surface, part, factor);

  gdk_cairo_rectangle (cr, &fit->place);
  cairo_clip (cr);
  cairo_translate (cr, fit->place.x, fit->place.y);
  cairo_scale (cr, step, step);
  cairo_translate (cr, part->x, part->y);
  cairo_scale (cr, 1.0 / factor, 1.0 / factor);
  paint (cr, larger, is_whole ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
}

static void
paint_margins (GtkWidget *widget, const Fit *fit, cairo_t *cr)
{
  cairo_set_source_rgb (cr, 0, 0, 0);
  cairo_set_fill_rule (cr, CAIRO_FILL_RULE_EVEN_ODD);
  cairo_rectangle (cr, 0, 0, gtk_widget_get_allocated_width (widget),
                   gtk_widget_get_allocated_height (widget));
  gdk_cairo_rectangle (cr, &fit->place);
  cairo_fill (cr);
}

static void
paint_strip (GtkWidget *widget, const Fit *fit, cairo_t *cr, const GdkRectangle *strip)
{
  cairo_rectangle_int_t part;

  cairo_save (cr);
  gdk_cairo_rectangle (cr, strip);
  cairo_clip (cr);
  if (find_part (fit, cr, &part))
    {
      g_autoptr (cairo_surface_t) surface = draw_unscaled (widget, fit, &part);

      paint_part (fit, cr, surface, &part);
    }
  cairo_restore (cr);
}

static gboolean
on_draw (GtkWidget *widget, cairo_t *cr, gpointer unused)
{
  GdkRectangle strip;
  int end;
  Fit fit;

  if (!fit_guest (SPICE_DISPLAY (widget), &fit) || fit.scale <= 1)
    return GDK_EVENT_PROPAGATE;
  paint_margins (widget, &fit, cr);
  if (!gdk_cairo_get_clip_rectangle (cr, &strip))
    return GDK_EVENT_STOP;
  end = strip.y + strip.height;
  for (strip.height = STRIP_HEIGHT; strip.y < end; strip.y += STRIP_HEIGHT)
    paint_strip (widget, &fit, cr, &strip);
  return GDK_EVENT_STOP;
}

void
ast_spice_sharpen (SpiceDisplay *display)
{
  g_signal_connect (display, "draw", G_CALLBACK (on_draw), NULL);
}
