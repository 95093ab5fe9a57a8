// SPDX-License-Identifier: GPL-3.0-or-later
#include "qr-code.h"
#include <qrencode.h>

#define MOST_PIXELS 180 // of the whole picture, for which the page has room
#define MARGIN      4   // squares, as the standard wants them
// A smaller square is not told from its neighbours by a phone that is held before a screen.
#define LEAST_SQUARE 2 // px

struct _AstQrCode
{
  GtkDrawingArea parent;

  QRcode *code; // NULL = nothing is shown
  int square;   // px
};

G_DEFINE_FINAL_TYPE (AstQrCode, ast_qr_code, GTK_TYPE_DRAWING_AREA)

static gboolean
is_dark (const AstQrCode *self, int column, int row)
{
  return self->code->data[row * self->code->width + column] & 1;
}

static gboolean
ast_qr_code_draw (GtkWidget *widget, cairo_t *cr)
{
  AstQrCode *self = AST_QR_CODE (widget);
  int width = self->code ? self->code->width : 0;
  int size = (width + 2 * MARGIN) * self->square;

  cairo_set_antialias (cr, CAIRO_ANTIALIAS_NONE);
  cairo_translate (cr, (gtk_widget_get_allocated_width (widget) - size) / 2,
                   (gtk_widget_get_allocated_height (widget) - size) / 2);
  cairo_set_source_rgb (cr, 1, 1, 1);
  cairo_rectangle (cr, 0, 0, size, size);
  cairo_fill (cr);
  cairo_set_source_rgb (cr, 0, 0, 0);
  for (int row = 0; row < width; row++)
    for (int column = 0; column < width; column++)
      if (is_dark (self, column, row))
        cairo_rectangle (cr, (column + MARGIN) * self->square, (row + MARGIN) * self->square, self->square,
                         self->square);
  cairo_fill (cr);
  return GDK_EVENT_PROPAGATE;
}

gboolean
ast_qr_code_set_text (AstQrCode *self, const char *text)
{
  int squares;

  g_clear_pointer (&self->code, QRcode_free);
  self->code = QRcode_encodeString (text, 0, QR_ECLEVEL_M, QR_MODE_8, TRUE);
  squares = self->code ? self->code->width + 2 * MARGIN : G_MAXINT;
  self->square = MOST_PIXELS / squares;
  if (self->square < LEAST_SQUARE)
    g_clear_pointer (&self->code, QRcode_free);
  else
    gtk_widget_set_size_request (GTK_WIDGET (self), squares * self->square, squares * self->square);
  gtk_widget_set_visible (GTK_WIDGET (self), self->code != NULL);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return self->code != NULL;
}

static void
ast_qr_code_finalize (GObject *object)
{
  g_clear_pointer (&AST_QR_CODE (object)->code, QRcode_free);
  G_OBJECT_CLASS (ast_qr_code_parent_class)->finalize (object);
}

static void
ast_qr_code_class_init (AstQrCodeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_qr_code_finalize;
  GTK_WIDGET_CLASS (klass)->draw = ast_qr_code_draw;
}

static void
ast_qr_code_init (AstQrCode *self)
{
}

GtkWidget *
ast_qr_code_new (const char *name)
{
  GtkWidget *widget = g_object_new (AST_TYPE_QR_CODE, "no-show-all", TRUE, "valign", GTK_ALIGN_CENTER, NULL);
  AtkObject *accessible = gtk_widget_get_accessible (widget);

  atk_object_set_name (accessible, name);
  atk_object_set_role (accessible, ATK_ROLE_IMAGE);
  return widget;
}
