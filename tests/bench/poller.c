// SPDX-License-Identifier: GPL-3.0-or-later
// poller: a room's monitoring that asks a kiosk on its session bus again and again, evenly spread.
//
// poller CALLS SECONDS → the seconds from each call to its answer, one a line; ends with 1 where one was not
// answered well.
#include <gio/gio.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME   "org.asteroide.Kiosk1"
#define OBJECT "/org/asteroide/Kiosk1"

static const struct
{
  const char *interface;
  const char *member;
  const char *argument; // or NULL
} questions[] = {
  { "org.freedesktop.DBus.Properties", "GetAll", NAME },
  { NAME, "GetRoom", NULL },
  { NAME, "ListDevices", NULL },
};

typedef struct
{
  GDBusConnection *bus;
  GMainLoop *loop;
  gint64 start; // monotonic µs
  double pause; // µs between two calls
  guint calls;
  guint asked;
  guint answered;
  guint failed;
} Poller;

typedef struct
{
  Poller *poller;
  gint64 asked; // monotonic µs
} Call;

static void
on_answer (GObject *bus, GAsyncResult *result, gpointer data)
{
  g_autofree Call *call = data;
  Poller *self = call->poller;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (bus), result, &error);

  printf ("%.6f\n", (double)(g_get_monotonic_time () - call->asked) / G_USEC_PER_SEC);
  if (answer == NULL)
    {
      self->failed++;
      fprintf (stderr, "poller: %s\n", error->message);
    }
  if (++self->answered == self->calls)
    g_main_loop_quit (self->loop);
}

static void
ask (Poller *self)
{
  guint which = self->asked++ % G_N_ELEMENTS (questions);
  const char *argument = questions[which].argument;
  Call *call = g_new (Call, 1);

  *call = (Call){ self, g_get_monotonic_time () };
  g_dbus_connection_call (self->bus, NAME, OBJECT, questions[which].interface, questions[which].member,
                          argument ? g_variant_new ("(s)", argument) : NULL, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_answer, call);
}

// Who comes late asks all that is due, so that the number is right.
static gboolean
on_time (gpointer data)
{
  Poller *self = data;
  double passed = (double)(g_get_monotonic_time () - self->start);

  while (self->asked < self->calls && self->asked * self->pause <= passed)
    ask (self);
  return self->asked < self->calls;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  Poller self = { .bus = bus, .calls = argc == 3 ? (guint)atoi (argv[1]) : 0 };

  if (bus == NULL || self.calls == 0)
    {
      fprintf (stderr, "poller: CALLS SECONDS, and a session bus%s%s\n", error ? ": " : "",
               error ? error->message : "");
      return 2;
    }
  self.loop = g_main_loop_new (NULL, FALSE);
  self.pause = atof (argv[2]) * G_USEC_PER_SEC / self.calls;
  self.start = g_get_monotonic_time ();
  g_timeout_add (2, on_time, &self);
  g_main_loop_run (self.loop);
  g_main_loop_unref (self.loop);
  return self.failed > 0;
}
