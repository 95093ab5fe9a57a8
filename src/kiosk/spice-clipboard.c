// SPDX-License-Identifier: GPL-3.0-or-later
#include "spice-clipboard.h"
#include <spice/vd_agent.h>

static gboolean
is_open (gpointer devices, AstDevices direction)
{
  return (GPOINTER_TO_UINT (devices) & direction) != 0;
}

static void
set_automatic (SpiceMainChannel *channel, gboolean on)
{
  g_autoptr (GObject) session = NULL;

  g_object_get (channel, "spice-session", &session, NULL);
  g_object_set (spice_gtk_session_get (SPICE_SESSION (session)), "auto-clipboard", on, NULL);
}

// The guest has copied something. spice-gtk takes the selection for it only while its “auto-clipboard” is on,
// which would also offer the guest whatever is copied here: so it is on for the time of this one signal.
static gboolean
on_guest_copied (SpiceMainChannel *channel, guint selection, guint32 *types, guint n_types, gpointer devices)
{
  if (!is_open (devices, AST_DEVICE_CLIPBOARD_OUT))
    g_signal_stop_emission_by_name (channel, "main-clipboard-selection-grab");
  else
    set_automatic (channel, TRUE);
  return FALSE;
}

static gboolean
after_guest_copied (SpiceMainChannel *channel, guint selection, guint32 *types, guint n_types,
                    gpointer devices)
{
  set_automatic (channel, is_open (devices, AST_DEVICE_CLIPBOARD_IN));
  return TRUE;
}

// The guest wants what was copied here, which it was told of only where that is open. Files it would be given
// by spice-gtk's own WebDAV server, from wherever they lie.
static gboolean
on_guest_pastes (SpiceMainChannel *channel, guint selection, guint type, gpointer devices)
{
  if (is_open (devices, AST_DEVICE_CLIPBOARD_IN) && type != VD_AGENT_CLIPBOARD_FILE_LIST)
    return FALSE;
  g_signal_stop_emission_by_name (channel, "main-clipboard-selection-request");
  spice_main_channel_clipboard_selection_notify (channel, selection, VD_AGENT_CLIPBOARD_NONE, NULL, 0);
  return FALSE;
}

static void
on_channel_new (SpiceSession *session, SpiceChannel *channel, gpointer devices)
{
  if (!SPICE_IS_MAIN_CHANNEL (channel))
    return;
  g_signal_connect (channel, "main-clipboard-selection-grab", G_CALLBACK (on_guest_copied), devices);
  g_signal_connect_after (channel, "main-clipboard-selection-grab", G_CALLBACK (after_guest_copied), devices);
  g_signal_connect (channel, "main-clipboard-selection-request", G_CALLBACK (on_guest_pastes), devices);
}

void
ast_spice_clipboard_open (SpiceSession *session, AstDevices devices)
{
  gpointer data = GUINT_TO_POINTER (devices);

  // Handlers run in the order in which they were connected: before those of the SpiceGtkSession, made below.
  g_signal_connect (session, "channel-new", G_CALLBACK (on_channel_new), data);
  g_object_set (spice_gtk_session_get (session), "auto-clipboard", is_open (data, AST_DEVICE_CLIPBOARD_IN),
                "auto-usbredir", FALSE, NULL);
}

void
ast_spice_clipboard_forget (void)
{
  gtk_clipboard_clear (gtk_clipboard_get (GDK_SELECTION_CLIPBOARD));
  gtk_clipboard_clear (gtk_clipboard_get (GDK_SELECTION_PRIMARY));
}
