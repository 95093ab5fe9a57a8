// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "tile.h"
#include "svg-image.h"
#include <glib/gi18n.h>

#define TILE_WIDTH    232
#define ICON_SIZE     88
#define ICON_GAP      12
#define LINE_GAP      6
#define FALLBACK_ICON "resource:///org/asteroide/kiosk/appliance.svg"

// Sizes in CSS pixels, relative to the style's own font.
#define NAME_SCALE 1.2
#define TEXT_SCALE 0.88
#define TEXT_LINES 2

#define NO_BREAK_SPACE "\302\240"

// Greys that are still read well on both grounds of a tile.
#define TEXT_ALPHA     0.68
#define PROBLEM_COLOUR "#a3322a"
#define KEPT_COLOUR    "#1c7a4a"
#define WARM_COLOUR    KEPT_COLOUR
#define EXAM_COLOUR    "#8a1f6a" // the style sheet's “exam”

// One widget that draws its texts itself: a thousand tiles of five widgets each are five thousand styles to
// work out, and even a screenful of them was a third of the time to the first frame.
struct _AstTile
{
  GtkFlowBoxChild parent;

  AstAppliance *appliance;
  gboolean is_exam;
  guint rank;
  GtkWidget *icon;
  PangoLayout *name;
  PangoLayout *text; // the summary, or why it cannot be started
  PangoLayout *kept; // or NULL
  PangoLayout *exam; // or NULL
  PangoLayout *hint; // how it starts; NULL where that is always the same
  char *hint_text;   // … NULL = not known yet
  gboolean hint_is_good;
};

G_DEFINE_FINAL_TYPE (AstTile, ast_tile, GTK_TYPE_FLOW_BOX_CHILD)

static PangoLayout *
new_layout (AstTile *self, const char *text, double scale, PangoWeight weight, int lines)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_scale_new (scale));
  pango_attr_list_insert (attributes, pango_attr_weight_new (weight));
  pango_layout_set_attributes (layout, attributes);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_height (layout, -lines);
  return layout;
}

static const char *
second_text (const AstAppliance *appliance)
{
  if (!ast_appliance_is_usable (appliance))
    return ((const AstProblem *)appliance->problems->pdata[0])->text;
  return appliance->summary ? appliance->summary : "";
}

static void
ast_tile_make_layouts (AstTile *self)
{
  gboolean kept = self->appliance->keeping == AST_KEEPING_KEPT;

  g_clear_object (&self->name);
  g_clear_object (&self->text);
  g_clear_object (&self->kept);
  g_clear_object (&self->exam);
  g_clear_object (&self->hint);
  self->name = new_layout (self, self->appliance->name, NAME_SCALE, PANGO_WEIGHT_BOLD, TEXT_LINES);
  self->text = new_layout (self, second_text (self->appliance), TEXT_SCALE, PANGO_WEIGHT_NORMAL,
                           ast_appliance_is_usable (self->appliance) ? TEXT_LINES : TEXT_LINES + 1);
  if (kept)
    self->kept = new_layout (self, _ ("keeps your work"), TEXT_SCALE, PANGO_WEIGHT_BOLD, 1);
  if (self->is_exam)
    self->exam = new_layout (self, _ ("Exam"), NAME_SCALE, PANGO_WEIGHT_BOLD, 1);
  // Its line is there before it is known: the tile does not grow under somebody's hand.
  if (self->appliance->start_mode == AST_START_WARM && ast_appliance_is_usable (self->appliance))
    self->hint = new_layout (self, self->hint_text ? self->hint_text : NO_BREAK_SPACE, TEXT_SCALE,
                             PANGO_WEIGHT_NORMAL, 1);
}

static void
ast_tile_get_padding (AstTile *self, GtkBorder *padding)
{
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  GtkStateFlags state = gtk_style_context_get_state (style);
  GtkBorder border;

  gtk_style_context_get_padding (style, state, padding);
  gtk_style_context_get_border (style, state, &border);
  padding->left += border.left;
  padding->right += border.right;
  padding->top += border.top;
  padding->bottom += border.bottom;
}

// Lays a text out and returns its height with the gap above it; 0 if there is none.
static int
measure (PangoLayout *layout, int width)
{
  int height;

  if (layout == NULL || *pango_layout_get_text (layout) == '\0')
    return 0;
  pango_layout_set_width (layout, width * PANGO_SCALE);
  pango_layout_get_pixel_size (layout, NULL, &height);
  return height + LINE_GAP;
}

static void
ast_tile_get_preferred_width (GtkWidget *widget, int *minimum, int *natural)
{
  *minimum = *natural = TILE_WIDTH;
}

static void
ast_tile_get_preferred_height_for_width (GtkWidget *widget, int width, int *minimum, int *natural)
{
  AstTile *self = AST_TILE (widget);
  GtkBorder padding;
  int inner;

  if (self->name == NULL)
    ast_tile_make_layouts (self);
  ast_tile_get_padding (self, &padding);
  inner = width - padding.left - padding.right;
  *minimum = *natural = padding.top + ICON_SIZE + ICON_GAP + measure (self->name, inner)
                        + measure (self->text, inner) + measure (self->kept, inner)
                        + measure (self->exam, inner) + measure (self->hint, inner) + padding.bottom;
}

static void
ast_tile_get_preferred_height (GtkWidget *widget, int *minimum, int *natural)
{
  ast_tile_get_preferred_height_for_width (widget, TILE_WIDTH, minimum, natural);
}

static GtkSizeRequestMode
ast_tile_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
ast_tile_size_allocate (GtkWidget *widget, GtkAllocation *allocation)
{
  AstTile *self = AST_TILE (widget);
  GtkAllocation icon = { allocation->x + (allocation->width - ICON_SIZE) / 2, 0, ICON_SIZE, ICON_SIZE };
  GtkBorder padding;

  GTK_WIDGET_CLASS (ast_tile_parent_class)->size_allocate (widget, allocation);
  ast_tile_get_padding (self, &padding);
  icon.y = allocation->y + padding.top;
  gtk_widget_size_allocate (self->icon, &icon);
}

static void
draw_text (AstTile *self, cairo_t *cr, PangoLayout *layout, int x, int *y, int width, const char *colour,
           double alpha)
{
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  GdkRGBA ink;
  int height = measure (layout, width);

  if (height == 0)
    return;
  gtk_style_context_get_color (style, gtk_style_context_get_state (style), &ink);
  if (colour)
    gdk_rgba_parse (&ink, colour);
  ink.alpha *= alpha;
  gdk_cairo_set_source_rgba (cr, &ink);
  cairo_move_to (cr, x, *y);
  pango_cairo_show_layout (cr, layout);
  *y += height;
}

static gboolean
ast_tile_draw (GtkWidget *widget, cairo_t *cr)
{
  AstTile *self = AST_TILE (widget);
  GtkStyleContext *style = gtk_widget_get_style_context (widget);
  int width = gtk_widget_get_allocated_width (widget);
  int height = gtk_widget_get_allocated_height (widget);
  gboolean usable = ast_appliance_is_usable (self->appliance);
  GtkBorder padding;
  int y, inner;

  gtk_render_background (style, cr, 0, 0, width, height);
  gtk_render_frame (style, cr, 0, 0, width, height);
  ast_tile_get_padding (self, &padding);
  inner = width - padding.left - padding.right;
  y = padding.top + ICON_SIZE + ICON_GAP;
  draw_text (self, cr, self->name, padding.left, &y, inner, NULL, 1);
  draw_text (self, cr, self->text, padding.left, &y, inner, usable ? NULL : PROBLEM_COLOUR,
             usable ? TEXT_ALPHA : 1);
  draw_text (self, cr, self->kept, padding.left, &y, inner, KEPT_COLOUR, 1);
  draw_text (self, cr, self->exam, padding.left, &y, inner, EXAM_COLOUR, 1);
  draw_text (self, cr, self->hint, padding.left, &y, inner, self->hint_is_good ? WARM_COLOUR : NULL,
             self->hint_is_good ? 1 : TEXT_ALPHA);
  gtk_container_propagate_draw (GTK_CONTAINER (self), self->icon, cr);
  return GDK_EVENT_PROPAGATE;
}

static void
ast_tile_style_updated (GtkWidget *widget)
{
  AstTile *self = AST_TILE (widget);

  GTK_WIDGET_CLASS (ast_tile_parent_class)->style_updated (widget);
  // Another font, or screen: laid out anew when next measured.
  if (self->name)
    ast_tile_make_layouts (self);
}

static void
ast_tile_finalize (GObject *object)
{
  AstTile *self = AST_TILE (object);

  g_clear_object (&self->name);
  g_clear_object (&self->text);
  g_clear_object (&self->kept);
  g_clear_object (&self->exam);
  g_clear_object (&self->hint);
  g_free (self->hint_text);
  ast_appliance_unref (self->appliance);
  G_OBJECT_CLASS (ast_tile_parent_class)->finalize (object);
}

static void
ast_tile_class_init (AstTileClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ast_tile_finalize;
  widget_class->get_request_mode = ast_tile_get_request_mode;
  widget_class->get_preferred_width = ast_tile_get_preferred_width;
  widget_class->get_preferred_height = ast_tile_get_preferred_height;
  widget_class->get_preferred_height_for_width = ast_tile_get_preferred_height_for_width;
  widget_class->size_allocate = ast_tile_size_allocate;
  widget_class->draw = ast_tile_draw;
  widget_class->style_updated = ast_tile_style_updated;
}

static void
ast_tile_init (AstTile *self)
{
}

// What a screen reader says of the tile besides its name: all that others see on it.
static void
ast_tile_describe (AstTile *self)
{
  AtkObject *accessible = gtk_widget_get_accessible (GTK_WIDGET (self));
  const char *text = second_text (self->appliance);
  g_autofree char *description
      = g_strdup_printf ("%s%s%s%s%s", self->is_exam ? _ ("Exam") : "", self->is_exam ? ". " : "", text,
                         self->hint_text && *text ? ". " : "", self->hint_text ? self->hint_text : "");

  atk_object_set_name (accessible, self->appliance->name);
  atk_object_set_description (accessible, description);
}

GtkWidget *
ast_tile_new (AstAppliance *appliance, gboolean exam, gboolean soon)
{
  AstTile *self = g_object_new (AST_TYPE_TILE, "visible", TRUE, NULL);
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));

  self->appliance = ast_appliance_ref (appliance);
  self->is_exam = exam;
  self->icon = ast_svg_image_new (appliance->icon, FALLBACK_ICON, ICON_SIZE, ICON_SIZE);
  if (soon)
    ast_svg_image_render (AST_SVG_IMAGE (self->icon));
  gtk_widget_set_sensitive (self->icon, ast_appliance_is_usable (appliance));
  gtk_container_add (GTK_CONTAINER (self), self->icon);
  gtk_style_context_add_class (style, "tile");
  if (!ast_appliance_is_usable (appliance))
    gtk_style_context_add_class (style, "broken");
  ast_tile_describe (self);
  return GTK_WIDGET (self);
}

void
ast_tile_set_hint (AstTile *self, const char *hint, gboolean good)
{
  if (g_strcmp0 (self->hint_text, hint) == 0 && self->hint_is_good == good)
    return;
  g_free (self->hint_text);
  self->hint_text = g_strdup (hint);
  self->hint_is_good = good;
  if (self->hint)
    pango_layout_set_text (self->hint, hint ? hint : NO_BREAK_SPACE, -1);
  ast_tile_describe (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

AstAppliance *
ast_tile_get_appliance (AstTile *self)
{
  return self->appliance;
}

void
ast_tile_set_rank (AstTile *self, guint rank)
{
  self->rank = rank;
}

guint
ast_tile_get_rank (AstTile *self)
{
  return self->rank;
}
