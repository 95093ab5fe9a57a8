// SPDX-License-Identifier: GPL-3.0-or-later
#include "spice-display.h"
#include "spice-sharp.h"
#include <gdk/gdkwayland.h>

// A guest without tablet or agent has a mouse that only knows steps. spice-gtk then holds the pointer, for
// which Wayland has these two extensions; without asking whether they are there (cage has neither) it
// crashes.
static gboolean
can_hold_pointer (GdkDisplay *display)
{
  return !GDK_IS_WAYLAND_DISPLAY (display)
         || (gdk_wayland_display_query_registry (display, "zwp_relative_pointer_manager_v1")
             && gdk_wayland_display_query_registry (display, "zwp_pointer_constraints_v1"));
}

SpiceChannel *
ast_spice_find_display_channel (SpiceSession *session, guint id)
{
  g_autoptr (GList) channels = spice_session_get_channels (session);

  for (GList *each = channels; each; each = each->next)
    {
      int channel_id;

      g_object_get (each->data, "channel-id", &channel_id, NULL);
      if (SPICE_IS_DISPLAY_CHANNEL (each->data) && channel_id == (int)id)
        return each->data;
    }
  return NULL;
}

// A picture that gets another size or place is painted by the library where the guest paints, and nowhere
// else.
static void
repaint_when_moved (SpiceDisplay *display, SpiceChannel *channel)
{
  g_signal_connect_object (channel, "notify::monitors", G_CALLBACK (gtk_widget_queue_draw), display,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

// The buttons that went down in it and have not come up again, a bit each, GDK's number.
#define HELD "asteroide-held"

static gboolean
on_button (SpiceDisplay *display, const GdkEventButton *event, gpointer unused)
{
  guint held = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (display), HELD));
  guint bit = event->button < 32 ? 1u << event->button : 0;

  held = event->type == GDK_BUTTON_RELEASE ? held & ~bit : held | bit;
  g_object_set_data (G_OBJECT (display), HELD, GUINT_TO_POINTER (held));
  return GDK_EVENT_PROPAGATE;
}

static SpiceInputsChannel *
find_inputs (SpiceSession *session)
{
  g_autoptr (GList) channels = spice_session_get_channels (session);

  for (GList *each = channels; each; each = each->next)
    if (SPICE_IS_INPUTS_CHANNEL (each->data))
      return each->data;
  return NULL;
}

// The monitor is pulled out while a button is down on it: X tells of its release the window that it went down
// in, which is gone by then, and the guest would hold it for ever.
static void
on_unrealize (SpiceDisplay *display, gpointer unused)
{
  guint held = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (display), HELD));
  g_autoptr (GObject) session = NULL;
  SpiceInputsChannel *inputs;

  g_object_get (display, "session", &session, NULL);
  inputs = held && session ? find_inputs (SPICE_SESSION (session)) : NULL;
  for (guint button = SPICE_MOUSE_BUTTON_LEFT; inputs && button <= SPICE_MOUSE_BUTTON_RIGHT; button++)
    if (held & (1u << button))
      spice_inputs_channel_button_release (inputs, (int)button, 0);
  g_object_set_data (G_OBJECT (display), HELD, NULL);
}

// What a channel has still to say when it is destroyed comes later, to a widget that has none any more, which
// the library takes for a mistake.
static void
on_channel_destroyed (SpiceSession *session, SpiceChannel *channel, SpiceDisplay *display)
{
  g_signal_handlers_disconnect_by_data (channel, display);
}

SpiceDisplay *
ast_spice_display_new (SpiceSession *session, guint head, gboolean resizes_guest, gboolean holds_keyboard)
{
  SpiceGrabSequence *none = spice_grab_sequence_new (0, NULL);
  // A card for each head has a channel for each; one card with several heads has one channel, and monitors
  // in it.
  gboolean is_card = head == 0 || ast_spice_find_display_channel (session, head);
  SpiceChannel *channel = ast_spice_find_display_channel (session, is_card ? head : 0);
  // At once: it would take the keyboard while it comes to life, even before it is in a window.
  SpiceDisplay *display
      = g_object_new (SPICE_TYPE_DISPLAY, "session", session, "channel-id", is_card ? (int)head : 0,
                      "monitor-id", is_card ? 0 : (int)head, "grab-keyboard", holds_keyboard, NULL);

  g_object_set (display, "resize-guest", resizes_guest, "scaling", TRUE, "grab-mouse",
                can_hold_pointer (gtk_widget_get_display (GTK_WIDGET (display))), "keypress-delay", 0,
                "disable-inputs", FALSE, NULL);
  // An empty sequence: no chord lets go of the guest (NULL would restore the library's own).
  spice_display_set_grab_keys (display, none);
  spice_grab_sequence_free (none);
  gtk_drag_dest_unset (GTK_WIDGET (display));
  ast_spice_sharpen (display);
  g_signal_connect (display, "button-press-event", G_CALLBACK (on_button), NULL);
  g_signal_connect (display, "button-release-event", G_CALLBACK (on_button), NULL);
  g_signal_connect (display, "unrealize", G_CALLBACK (on_unrealize), NULL);
  g_signal_connect_object (session, "channel-destroy", G_CALLBACK (on_channel_destroyed), display, 0);
  if (channel)
    repaint_when_moved (display, channel);
  return display;
}

// Taken out of the window before it is destroyed: it is told then that the focus has left it, which the
// library does not bear once it has let go of its session.
void
ast_spice_display_drop (SpiceDisplay *display)
{
  g_autoptr (GtkWidget) widget = g_object_ref (GTK_WIDGET (display));
  GtkWidget *parent = gtk_widget_get_parent (widget);

  if (parent)
    gtk_container_remove (GTK_CONTAINER (parent), widget);
  gtk_widget_destroy (widget);
}
