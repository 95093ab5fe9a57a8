// SPDX-License-Identifier: GPL-3.0-or-later
#include "speaker-icon.h"

#define SIZE 22.0 // px, of the square in which the numbers below are places

struct _AstSpeakerIcon
{
  GtkDrawingArea parent;
  AstVolume volume;
};

G_DEFINE_FINAL_TYPE (AstSpeakerIcon, ast_speaker_icon, GTK_TYPE_DRAWING_AREA)

static void
draw_body (cairo_t *cr)
{
  static const double corners[][2] = { { 2, 8 }, { 6, 8 }, { 11, 3 }, { 11, 19 }, { 6, 14 }, { 2, 14 } };

  for (guint i = 0; i < G_N_ELEMENTS (corners); i++)
    cairo_line_to (cr, corners[i][0], corners[i][1]);
  cairo_close_path (cr);
  cairo_fill (cr);
}

static void
draw_cross (cairo_t *cr)
{
  cairo_move_to (cr, 14.5, 8);
  cairo_line_to (cr, 20.5, 14);
  cairo_move_to (cr, 20.5, 8);
  cairo_line_to (cr, 14.5, 14);
  cairo_stroke (cr);
}

static void
draw_wave (cairo_t *cr, double radius)
{
  cairo_new_path (cr);
  cairo_arc (cr, 11, 11, radius, -G_PI / 4, G_PI / 4);
  cairo_stroke (cr);
}

static gboolean
ast_speaker_icon_draw (GtkWidget *widget, cairo_t *cr)
{
  AstVolume volume = AST_SPEAKER_ICON (widget)->volume;
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  GdkRGBA colour;

  gtk_style_context_get_color (style, gtk_style_context_get_state (style), &colour);
  gdk_cairo_set_source_rgba (cr, &colour);
  cairo_translate (cr, (gtk_widget_get_allocated_width (widget) - SIZE) / 2,
                   (gtk_widget_get_allocated_height (widget) - SIZE) / 2);
  cairo_set_line_width (cr, 2);
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_ROUND);
  draw_body (cr);
  if (volume.muted || volume.percent == 0)
    draw_cross (cr);
  else
    draw_wave (cr, 5);
  if (!volume.muted && volume.percent > 50)
    draw_wave (cr, 9);
  return GDK_EVENT_PROPAGATE;
}

void
ast_speaker_icon_set_volume (AstSpeakerIcon *self, AstVolume volume)
{
  self->volume = volume;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
ast_speaker_icon_class_init (AstSpeakerIconClass *klass)
{
  GTK_WIDGET_CLASS (klass)->draw = ast_speaker_icon_draw;
}

static void
ast_speaker_icon_init (AstSpeakerIcon *self)
{
  gtk_widget_set_size_request (GTK_WIDGET (self), (int)SIZE, (int)SIZE);
}

GtkWidget *
ast_speaker_icon_new (void)
{
  return g_object_new (AST_TYPE_SPEAKER_ICON, "visible", TRUE, NULL);
}
