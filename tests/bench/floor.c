// SPDX-License-Identifier: GPL-3.0-or-later
// floor: the least that anybody needs between the decision to start a guest and its first picture: libvirt's
// create, and the first SPICE surface in a client without a window. The connection to libvirt is open
// already, as a resident kiosk's is.
//
// floor URI DOMAIN.xml → prints the seconds until the domain was created and until its first surface.
#include <libvirt-glib/libvirt-glib.h>
#include <libvirt/libvirt.h>
#include <spice-client.h>

typedef struct
{
  GMainLoop *loop;
  virDomainPtr domain;
  gint64 start;
  gint64 created;
} Floor;

static double
seconds_since (gint64 start)
{
  return (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC;
}

static void
on_surface (SpiceChannel *channel, int mark, Floor *self)
{
  if (mark == 0)
    return;
  g_print ("%.6f %.6f\n", (self->created - self->start) / (double)G_USEC_PER_SEC,
           seconds_since (self->start));
  g_main_loop_quit (self->loop);
}

static void
on_open_fd (SpiceChannel *channel, int with_tls, Floor *self)
{
  spice_channel_open_fd (channel,
                         virDomainOpenGraphicsFD (self->domain, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH));
}

static void
on_channel_new (SpiceSession *session, SpiceChannel *channel, Floor *self)
{
  g_signal_connect (channel, "open-fd", G_CALLBACK (on_open_fd), self);
  if (!SPICE_IS_DISPLAY_CHANNEL (channel))
    return;
  g_signal_connect (channel, "display-mark", G_CALLBACK (on_surface), self);
  spice_channel_connect (channel);
}

int
main (int argc, char **argv)
{
  Floor self = { g_main_loop_new (NULL, FALSE) };
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  SpiceSession *session = spice_session_new ();
  virConnectPtr connection;

  if (argc != 3 || !g_file_get_contents (argv[2], &xml, NULL, &error))
    {
      g_printerr ("floor: %s\n", error ? error->message : "URI and DOMAIN.xml are needed");
      return 2;
    }
  gvir_event_register ();
  connection = virConnectOpen (argv[1]);
  g_object_set (session, "shared-dir", NULL, NULL);
  g_signal_connect (session, "channel-new", G_CALLBACK (on_channel_new), &self);
  self.start = g_get_monotonic_time ();
  self.domain = connection ? virDomainCreateXML (connection, xml, 0) : NULL;
  self.created = g_get_monotonic_time ();
  if (self.domain == NULL)
    return 1;
  spice_session_open_fd (session, -1);
  g_main_loop_run (self.loop);
  spice_session_disconnect (session);
  virDomainDestroy (self.domain);
  return 0;
}
