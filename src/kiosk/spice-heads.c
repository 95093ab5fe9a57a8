// SPDX-License-Identifier: GPL-3.0-or-later
#include "spice-heads.h"
#include "spice-display.h"

struct _AstSpiceHeads
{
  AstScreen *screen; // borrowed, for its signal
  SpiceSession *session;
  SpiceMainChannel *main; // NULL before the session has one
  guint most;
  GPtrArray *displays; // SpiceDisplay* of head 1 and up; made when they are first asked for
  GArray *places;      // AstHeadPlace
  gulong agent_handler;
};

// Only a guest with an agent can be told of a second monitor, and only its agent knows which one the pointer
// is on.
static gboolean
ast_spice_heads_can_tell (AstSpiceHeads *self)
{
  gboolean is_connected = FALSE;

  if (self->main)
    g_object_get (self->main, "agent-connected", &is_connected, NULL);
  return is_connected;
}

static void
ast_spice_heads_set_place (AstSpiceHeads *self, guint head)
{
  const AstHeadPlace *place = &g_array_index (self->places, AstHeadPlace, head);

  spice_main_channel_update_display_mm (self->main, (int)head, (int)place->width_mm, (int)place->height_mm,
                                        FALSE);
  spice_main_channel_update_display (self->main, (int)head, (int)place->x, (int)place->y, (int)place->width,
                                     (int)place->height, FALSE);
}

static void
ast_spice_heads_tell (AstSpiceHeads *self)
{
  if (self->main == NULL || self->places->len == 0)
    return;
  for (guint i = 0; i < self->most; i++)
    {
      gboolean is_placed = i < self->places->len;

      if (is_placed)
        ast_spice_heads_set_place (self, i);
      spice_main_channel_update_display_enabled (self->main, (int)i, is_placed, FALSE);
    }
  // To an agent that comes later the library tells it by itself.
  if (ast_spice_heads_can_tell (self))
    spice_main_channel_send_monitor_config (self->main);
}

static void
on_agent_connected (SpiceChannel *channel, GParamSpec *spec, AstSpiceHeads *self)
{
  ast_screen_emit_heads_changed (self->screen);
}

void
ast_spice_heads_set_main (AstSpiceHeads *self, SpiceChannel *main)
{
  if (self->most == 1)
    return;
  self->main = g_object_ref (SPICE_MAIN_CHANNEL (main));
  // The library would put the monitors in a row.
  g_object_set (main, "disable-display-position", FALSE, "disable-display-align", TRUE, NULL);
  self->agent_handler
      = g_signal_connect (main, "notify::agent-connected", G_CALLBACK (on_agent_connected), self);
  ast_spice_heads_tell (self);
}

guint
ast_spice_heads_get_most (AstSpiceHeads *self)
{
  return self->most;
}

guint
ast_spice_heads_get_number (AstSpiceHeads *self)
{
  return ast_spice_heads_can_tell (self) ? self->most : 1;
}

// Until the guest uses its monitor there is nothing to see.
static SpiceDisplay *
ast_spice_heads_make (AstSpiceHeads *self, guint head)
{
  SpiceDisplay *display = g_object_ref_sink (ast_spice_display_new (self->session, head, FALSE, FALSE));

  g_object_bind_property (display, "ready", display, "visible", G_BINDING_SYNC_CREATE);
  return display;
}

GtkWidget *
ast_spice_heads_get (AstSpiceHeads *self, guint head)
{
  while (self->displays->len < head)
    g_ptr_array_add (self->displays, ast_spice_heads_make (self, self->displays->len + 1));
  return GTK_WIDGET (self->displays->pdata[head - 1]);
}

void
ast_spice_heads_place (AstSpiceHeads *self, const AstHeadPlace *places, guint n_places)
{
  g_array_set_size (self->places, 0);
  g_array_append_vals (self->places, places, MIN (n_places, self->most));
  ast_spice_heads_tell (self);
}

static void
drop_display (gpointer display)
{
  ast_spice_display_drop (display);
  g_object_unref (display);
}

AstSpiceHeads *
ast_spice_heads_new (AstScreen *screen, SpiceSession *session, guint n_heads)
{
  AstSpiceHeads *self = g_new0 (AstSpiceHeads, 1);

  self->screen = screen;
  self->session = g_object_ref (session);
  self->most = n_heads;
  self->displays = g_ptr_array_new_with_free_func (drop_display);
  self->places = g_array_new (FALSE, FALSE, sizeof (AstHeadPlace));
  return self;
}

void
ast_spice_heads_free (AstSpiceHeads *self)
{
  if (self->main)
    g_signal_handler_disconnect (self->main, self->agent_handler);
  g_clear_object (&self->main);
  g_ptr_array_unref (self->displays);
  g_array_unref (self->places);
  g_object_unref (self->session);
  g_free (self);
}
