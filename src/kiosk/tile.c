// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "tile.h"
#include "svg-image.h"
#include <glib/gi18n.h>

#define ICON_SIZE     88
#define TILE_WIDTH    224
#define TEXT_CHARS    22
#define FALLBACK_ICON "resource:///org/asteroide/kiosk/appliance.svg"

struct _AstTile
{
  GtkFlowBoxChild parent;

  AstAppliance *appliance;
  guint rank;
};

G_DEFINE_FINAL_TYPE (AstTile, ast_tile, GTK_TYPE_FLOW_BOX_CHILD)

static GtkWidget *
new_label (const char *text, const char *style, int lines)
{
  GtkWidget *label = gtk_label_new (text);

  g_object_set (label, "wrap", TRUE, "wrap-mode", PANGO_WRAP_WORD_CHAR, "justify", GTK_JUSTIFY_CENTER,
                "lines", lines, "ellipsize", PANGO_ELLIPSIZE_END, "width-chars", TEXT_CHARS,
                "max-width-chars", TEXT_CHARS, "visible", TRUE, NULL);
  gtk_style_context_add_class (gtk_widget_get_style_context (label), style);
  return label;
}

static GtkWidget *
new_content (const AstAppliance *appliance)
{
  gboolean usable = ast_appliance_is_usable (appliance);
  const AstProblem *problem = usable ? NULL : appliance->problems->pdata[0];
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *icon = ast_svg_image_new (appliance->icon, FALLBACK_ICON, ICON_SIZE, ICON_SIZE);

  gtk_widget_set_sensitive (icon, usable);
  gtk_container_add (GTK_CONTAINER (box), icon);
  gtk_container_add (GTK_CONTAINER (box), new_label (appliance->name, "tile-name", 2));
  if (problem)
    gtk_container_add (GTK_CONTAINER (box), new_label (problem->text, "tile-problem", 3));
  else if (appliance->summary)
    gtk_container_add (GTK_CONTAINER (box), new_label (appliance->summary, "tile-summary", 2));
  if (appliance->keeping == AST_KEEPING_KEPT)
    gtk_container_add (GTK_CONTAINER (box), new_label (_ ("keeps your work"), "tile-kept", 1));
  gtk_widget_show (box);
  return box;
}

static void
ast_tile_finalize (GObject *object)
{
  ast_appliance_unref (AST_TILE (object)->appliance);
  G_OBJECT_CLASS (ast_tile_parent_class)->finalize (object);
}

static void
ast_tile_class_init (AstTileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_tile_finalize;
}

static void
ast_tile_init (AstTile *self)
{
}

GtkWidget *
ast_tile_new (AstAppliance *appliance)
{
  AstTile *self = g_object_new (AST_TYPE_TILE, "visible", TRUE, "width-request", TILE_WIDTH, "valign",
                                GTK_ALIGN_FILL, NULL);
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  AtkObject *accessible = gtk_widget_get_accessible (GTK_WIDGET (self));

  self->appliance = ast_appliance_ref (appliance);
  gtk_style_context_add_class (style, "tile");
  if (!ast_appliance_is_usable (appliance))
    gtk_style_context_add_class (style, "broken");
  gtk_container_add (GTK_CONTAINER (self), new_content (appliance));
  atk_object_set_name (accessible, appliance->name);
  atk_object_set_description (accessible, appliance->summary ? appliance->summary : "");
  return GTK_WIDGET (self);
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
