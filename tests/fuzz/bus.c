// SPDX-License-Identifier: GPL-3.0-or-later
// Calls over D-Bus, with arguments of the right types and of others → an answer of the type that is promised,
// or an error that can be shown; and an idle kiosk at the end. An input is calls one after the other: method,
// types (0 = the right ones), length, the arguments as D-Bus's own variants have them. A real runner stands
// behind it, on a host that only pretends.
#include "../unit/doubles.h"
#include "bus.h"
#include "error.h"
#include "fuzz.h"
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CALLS  8
#define PROPERTIES "org.freedesktop.DBus.Properties"

static const struct
{
  const char *interface;
  const char *name;
  const char *in;
  const char *out; // NULL = it never succeeds
} methods[] = {
  { AST_BUS_NAME, "Start", "(s)", "" },     { AST_BUS_NAME, "Warm", "(sb)", "" },
  { AST_BUS_NAME, "Stop", "(b)", "" },      { AST_BUS_NAME, "Reset", "(as)", "u" },
  { AST_BUS_NAME, "GetRoom", "()", "ttt" }, { AST_BUS_NAME, "ListDevices", "()", "a(sssssb)" },
  { AST_BUS_NAME, "Redirect", "(sb)", "" }, { PROPERTIES, "Get", "(ss)", "v" },
  { PROPERTIES, "GetAll", "(s)", "a{sv}" }, { PROPERTIES, "Set", "(ssv)", NULL },
  { AST_BUS_NAME, "Shutdown", "()", NULL },
};

static const char *const types[] = { "(s)",     "(b)",   "(sb)",  "(as)",  "()",   "(v)", "(ay)",
                                     "(a{sv})", "(ssv)", "(sss)", "(aas)", "(bs)", "(u)" };

static const char *const files[]
    = { "overlays/good.kept.qcow2", "overlays/other.kept.qcow2", "victim.kept.qcow2" };

typedef struct
{
  guint method;
  gboolean has_right_types;
  gboolean has_reply;
} Call;

typedef struct
{
  GString *trail;
  AstConfig *config;
  AstRunner *runner;
  TestHost *host;
  AstBusService *service;
  int fd; // our end
  GByteArray *in;
  GByteArray *out;
  Call calls[MAX_CALLS]; // of this input
  guint n_calls;
  guint n_replies;
  guint32 serial; // of the first of them
} Station;

static char *
in_folder (const char *name)
{
  return g_build_filename (fuzz_folder (), name, NULL);
}

// ---------------------------------------------------------------------------------------------------------------
// The station

static void
add_appliance (const char *id, const char *image)
{
  g_autofree char *folder = g_build_filename (fuzz_folder (), "appliances", id, NULL);
  g_autofree char *file = g_build_filename (folder, "appliance.xml", NULL);
  g_autofree char *disc = g_build_filename (folder, "a.iso", NULL);
  g_autofree char *text
      = g_strdup_printf ("<appliance xmlns=\"urn:asteroide:appliance:1\" id=\"%s\"><name>%s</name>"
                         "<cdrom href=\"%s\"/></appliance>",
                         id, id, image);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  fuzz_write (file, text, strlen (text));
  fuzz_write (disc, "", 0);
}

static AstCatalogue *
make_catalogue (void)
{
  g_autofree char *folder = in_folder ("appliances");
  AstCatalogue *catalogue;

  add_appliance ("good", "a.iso");
  add_appliance ("broken", "missing.iso");
  catalogue
      = ast_catalogue_new ((const char *const[]){ folder, NULL }, NULL, (const char *const[]){ "C", NULL });
  ast_catalogue_load (catalogue);
  return catalogue;
}

static void
write_missing_files (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = in_folder (files[i]);

      if (access (path, F_OK) != 0)
        fuzz_write (path, "x", 1);
    }
}

static AstConfig *
make_config (void)
{
  AstConfig *config = ast_config_new_default ();

  g_free (config->runtime);
  config->runtime = in_folder ("run");
  return config;
}

// ---------------------------------------------------------------------------------------------------------------
// Replies

static void
check_error (GDBusMessage *reply)
{
  const char *name = g_dbus_message_get_error_name (reply);
  const char *text;

  g_assert_true (g_str_has_prefix (name, "org.asteroide.Error.")
                 || g_str_has_prefix (name, "org.freedesktop.DBus.Error."));
  g_assert_cmpstr (g_dbus_message_get_signature (reply), ==, "s");
  g_variant_get (g_dbus_message_get_body (reply), "(&s)", &text);
  // GLib's own quote what the caller has sent.
  if (g_str_has_prefix (name, "org.asteroide."))
    fuzz_assert_short (text, 1000);
}

static void
check_reply (GDBusMessage *reply, const Call *call)
{
  if (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR)
    return check_error (reply);
  g_assert_cmpint (g_dbus_message_get_message_type (reply), ==, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  g_assert_nonnull (methods[call->method].out);
  g_assert_cmpstr (g_dbus_message_get_signature (reply), ==, methods[call->method].out);
  g_assert_true (call->has_right_types);
}

// Each call gets one reply; between them signals.
static void
take_message (Station *self, GDBusMessage *message)
{
  guint number = g_dbus_message_get_reply_serial (message) - self->serial;

  if (g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_SIGNAL)
    return;
  g_assert_cmpuint (number, <, self->n_calls);
  g_assert_false (self->calls[number].has_reply);
  self->calls[number].has_reply = TRUE;
  check_reply (message, &self->calls[number]);
  self->n_replies++;
}

static void
take_messages (Station *self)
{
  gssize needed;

  while (self->in->len >= 16
         && (needed = g_dbus_message_bytes_needed (self->in->data, self->in->len, NULL)) > 0
         && self->in->len >= (gsize)needed)
    {
      g_autoptr (GDBusMessage) message
          = g_dbus_message_new_from_blob (self->in->data, (gsize)needed, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);

      g_assert_nonnull (message);
      g_byte_array_remove_range (self->in, 0, (guint)needed);
      take_message (self, message);
    }
}

static gboolean
on_bytes (int fd, GIOCondition condition, gpointer data)
{
  Station *self = data;
  guint8 bytes[4096];
  gssize length = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT);

  g_assert_cmpint (length, !=, 0);
  if (length > 0)
    g_byte_array_append (self->in, bytes, (guint)length);
  take_messages (self);
  return G_SOURCE_CONTINUE;
}

// ---------------------------------------------------------------------------------------------------------------

// Two ends of one socket, without a bus between them.
static void
connect_service (Station *self)
{
  int ends[2];
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  GDBusConnection *connection; // lives as long as the process

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  socket = g_socket_new_from_fd (ends[0], NULL);
  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL, G_DBUS_CONNECTION_FLAGS_NONE, NULL,
                                           NULL, NULL);
  g_assert_nonnull (connection);
  ast_bus_service_export (self->service, connection);
  self->fd = ends[1];
  g_unix_fd_add (self->fd, G_IO_IN, on_bytes, self);
}

static Station *
make_station (void)
{
  Station *self = g_new0 (Station, 1);
  g_autofree char *overlays = in_folder ("overlays");
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (overlays, 0, 0);
  g_autoptr (AstCatalogue) catalogue = make_catalogue ();
  TestScreen *screen;

  // Nobody else's bus.
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_assert_cmpint (g_mkdir_with_parents (overlays, 0700), ==, 0);
  self->trail = g_string_new (NULL);
  self->config = make_config ();
  self->host = test_host_new (self->trail);
  screen = test_screen_new (self->trail);
  self->runner = ast_runner_new (self->config, AST_HOST (self->host), store, NULL, AST_SCREEN (screen));
  self->service = ast_bus_service_new (self->config, self->runner, catalogue);
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->serial = 1;
  connect_service (self);
  return self;
}

// ---------------------------------------------------------------------------------------------------------------
// Calls

static GVariant *
take_arguments (FuzzInput *input, const char *type)
{
  gsize wanted = fuzz_take_byte (input);
  gsize length = MIN (wanted, input->left);
  g_autoptr (GBytes) bytes = g_bytes_new (input->at, length);
  g_autoptr (GVariant) variant
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));

  input->at += length;
  input->left -= length;
  return g_variant_get_normal_form (variant);
}

// What D-Bus cannot carry cannot be called.
static void
add_call (Station *self, const Call *call, GVariant *arguments)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      NULL, AST_BUS_PATH, methods[call->method].interface, methods[call->method].name);
  g_autofree guint8 *bytes = NULL;
  gsize length;

  g_dbus_message_set_body (message, arguments);
  g_dbus_message_set_serial (message, self->serial + self->n_calls);
  bytes = g_dbus_message_to_blob (message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  if (!bytes)
    return;
  g_byte_array_append (self->out, bytes, (guint)length);
  self->calls[self->n_calls++] = *call;
}

static void
take_call (Station *self, FuzzInput *input)
{
  guint method = fuzz_take_byte (input) % G_N_ELEMENTS (methods);
  guint choice = fuzz_take_byte (input);
  const char *type = choice ? types[choice % G_N_ELEMENTS (types)] : methods[method].in;
  g_autoptr (GVariant) arguments = take_arguments (input, type);
  Call call = { method, g_str_equal (type, methods[method].in), FALSE };

  add_call (self, &call, arguments);
}

// All at once: the connection has a thread of its own, and to wait for it takes longer than the calls.
static void
make_calls (Station *self, FuzzInput *input)
{
  self->serial += self->n_calls;
  self->n_calls = self->n_replies = 0;
  g_byte_array_set_size (self->out, 0);
  for (guint i = 0; i < MAX_CALLS && input->left > 0; i++)
    take_call (self, input);
  if (self->n_calls)
    g_assert_cmpint (send (self->fd, self->out->data, self->out->len, 0), ==, (gssize)self->out->len);
  while (self->n_replies < self->n_calls)
    g_main_context_iteration (NULL, TRUE);
}

// Nothing but what was kept of an appliance goes with a reset, and a guest ends.
static void
settle (Station *self)
{
  const AstStatus *status;

  ast_runner_stop (self->runner, TRUE);
  while (!ast_runner_is_settled (self->runner))
    g_main_context_iteration (NULL, TRUE);
  ast_runner_dismiss_failure (self->runner);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  status = ast_runner_get_status (self->runner);
  g_assert_cmpint (status->state, ==, AST_STATE_IDLE);
  g_assert_null (status->appliance);
  g_assert_cmpuint (ast_runner_get_seconds_to_force (self->runner), ==, 0);
  g_string_truncate (self->trail, 0);
}

static void
check_files (void)
{
  g_autofree char *victim = in_folder (files[G_N_ELEMENTS (files) - 1]);

  g_assert_cmpint (access (victim, F_OK), ==, 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static Station *station;
  FuzzInput input = { (const char *)bytes, length };

  if (!station)
    station = make_station ();
  write_missing_files ();
  make_calls (station, &input);
  settle (station);
  check_files ();
  return 0;
}
