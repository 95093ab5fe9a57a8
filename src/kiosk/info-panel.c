// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "info-panel.h"
#include "widgets.h"
#include <arpa/inet.h>
#include <glib/gi18n.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>

struct _AstInfoPanel
{
  GtkBox parent;

  const AstConfig *config;
  GtkWidget *grid;
};

G_DEFINE_FINAL_TYPE (AstInfoPanel, ast_info_panel, GTK_TYPE_BOX)

static char *
format_address (const struct sockaddr *address)
{
  char text[INET6_ADDRSTRLEN] = "";

  if (address->sa_family == AF_INET)
    inet_ntop (AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
  else if (address->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
  else if (address->sa_family == AF_PACKET)
    {
      const guint8 *mac = ((const struct sockaddr_ll *)address)->sll_addr;

      return g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                              mac[5]);
    }
  return g_strdup (text);
}

static void
add_row (AstInfoPanel *self, int row, const char *label, const char *value)
{
  GtkWidget *text = ast_new_text (value, "info-value", FALSE);

  gtk_grid_attach (GTK_GRID (self->grid), ast_new_text (label, "info-label", FALSE), 0, row, 1, 1);
  gtk_grid_attach (GTK_GRID (self->grid), text, 1, row, 1, 1);
}

static int
add_addresses (AstInfoPanel *self, int row)
{
  struct ifaddrs *all = NULL;

  if (getifaddrs (&all) != 0)
    return row;
  for (struct ifaddrs *one = all; one; one = one->ifa_next)
    {
      g_autofree char *text = NULL;

      if (one->ifa_addr == NULL || (one->ifa_flags & IFF_LOOPBACK))
        continue;
      text = format_address (one->ifa_addr);
      if (*text)
        add_row (self, row++, one->ifa_name, text);
    }
  freeifaddrs (all);
  return row;
}

static void
ast_info_panel_fill (AstInfoPanel *self, const char *guests)
{
  int row = 0;

  ast_clear_children (self->grid);
  add_row (self, row++, _ ("Station"), self->config->name);
  add_row (self, row++, _ ("Host name"), g_get_host_name ());
  row = add_addresses (self, row);
  add_row (self, row++, _ ("Guests"), guests);
  add_row (self, row++, _ ("Version"), "ASTEROIDE " AST_VERSION);
  gtk_widget_show_all (self->grid);
}

void
ast_info_panel_toggle (AstInfoPanel *self, const char *guests)
{
  if (!gtk_widget_get_visible (GTK_WIDGET (self)))
    ast_info_panel_fill (self, guests);
  gtk_widget_set_visible (GTK_WIDGET (self), !gtk_widget_get_visible (GTK_WIDGET (self)));
}

static void
ast_info_panel_class_init (AstInfoPanelClass *klass)
{
}

static void
ast_info_panel_init (AstInfoPanel *self)
{
  GtkWidget *title = ast_new_text (_ ("About this station"), "page-title", TRUE);
  GtkWidget *hint = ast_new_text (_ ("F1 or Escape closes this."), "hint", TRUE);

  self->grid = gtk_grid_new ();
  gtk_grid_set_column_spacing (GTK_GRID (self->grid), 24);
  gtk_grid_set_row_spacing (GTK_GRID (self->grid), 8);
  gtk_widget_show (title);
  gtk_widget_show (hint);
  gtk_container_add (GTK_CONTAINER (self), title);
  gtk_container_add (GTK_CONTAINER (self), self->grid);
  gtk_container_add (GTK_CONTAINER (self), hint);
}

GtkWidget *
ast_info_panel_new (const AstConfig *config)
{
  AstInfoPanel *self
      = g_object_new (AST_TYPE_INFO_PANEL, "orientation", GTK_ORIENTATION_VERTICAL, "spacing", 18, "halign",
                      GTK_ALIGN_CENTER, "valign", GTK_ALIGN_CENTER, "no-show-all", TRUE, NULL);

  self->config = config;
  ast_with_class (GTK_WIDGET (self), "info");
  return GTK_WIDGET (self);
}
