// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "bus.h"
#include "journal.h"
#include "text.h"
#include <glib/gi18n.h>

struct _AstBusService
{
  GObject parent;

  const AstConfig *config;
  AstRunner *runner;
  AstCatalogue *catalogue;
  AstBusKiosk1 *skeleton;
  GArray *owners; // guint of g_bus_own_name
};

G_DEFINE_FINAL_TYPE (AstBusService, ast_bus_service, G_TYPE_OBJECT)

static const char *
or_empty (const char *text)
{
  return text ? text : "";
}

static void
on_runner_changed (AstRunner *runner, AstBusService *self)
{
  const AstStatus *status = ast_runner_get_status (runner);

  g_object_set (self->skeleton, "state", ast_state_word (status->state), "appliance",
                or_empty (status->appliance), "since", status->since, "failure-code",
                or_empty (status->failure_code), "failure-message", or_empty (status->failure_message),
                "paused", or_empty (ast_pause_word (status->paused)), "exam", status->exam, "warming",
                status->warming, "resumable", status->resumable, "seconds-to-force",
                ast_runner_get_seconds_to_force (runner), NULL);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

// Whoever steers the station from afar is told, and so is the station's own journal. `id`: of an appliance,
// or NULL.
static void
refuse (AstBusService *self, GDBusMethodInvocation *invocation, const char *id, const GError *error)
{
  ast_journal_tell (self->config->name, ast_runner_get_status (self->runner)->state, id, error);
  g_dbus_method_invocation_return_gerror (invocation, error);
}

// The appliance of this id; NULL, and the caller has its answer, where there is none.
static AstAppliance *
find (AstBusService *self, GDBusMethodInvocation *invocation, const char *id)
{
  AstAppliance *appliance = ast_catalogue_find (self->catalogue, id);
  g_autofree char *quoted = ast_text_quote (id);
  g_autoptr (GError) error = NULL;

  if (appliance)
    return appliance;
  g_set_error (&error, AST_ERROR, AST_ERROR_NO_SUCH_APPLIANCE,
               _ ("There is no appliance “%s” on this station."), quoted);
  refuse (self, invocation, id, error);
  return NULL;
}

static gboolean
on_handle_start (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, const char *id,
                 AstBusService *self)
{
  AstAppliance *appliance = find (self, invocation, id);
  g_autoptr (GError) error = NULL;

  if (appliance && ast_runner_start (self->runner, appliance, &error))
    ast_bus_kiosk1_complete_start (skeleton, invocation);
  else if (appliance)
    refuse (self, invocation, id, error);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_warm (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, const char *id, gboolean anew,
                AstBusService *self)
{
  AstAppliance *appliance = find (self, invocation, id);
  g_autoptr (GError) error = NULL;

  if (appliance && ast_runner_warm (self->runner, appliance, anew, &error))
    ast_bus_kiosk1_complete_warm (skeleton, invocation);
  else if (appliance)
    refuse (self, invocation, id, error);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_stop (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, gboolean force,
                AstBusService *self)
{
  ast_runner_stop (self->runner, force);
  ast_bus_kiosk1_complete_stop (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_reset (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, const char *const *ids,
                 AstBusService *self)
{
  g_autoptr (GError) error = NULL;
  int dropped = ast_runner_reset (self->runner, ids, &error);

  if (dropped < 0)
    refuse (self, invocation, ids[0] && ids[1] == NULL ? ids[0] : NULL, error);
  else
    ast_bus_kiosk1_complete_reset (skeleton, invocation, dropped);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_get_room (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, AstBusService *self)
{
  AstRoom room = { 0 };

  ast_runner_get_room (self->runner, &room);
  ast_bus_kiosk1_complete_get_room (skeleton, invocation, room.used, room.bound, room.left);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_list_devices (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, AstBusService *self)
{
  AstScreen *screen = ast_runner_get_screen (self->runner);
  g_autoptr (GPtrArray) list = screen ? ast_screen_list_redirections (screen) : ast_redirection_list_new ();

  ast_bus_kiosk1_complete_list_devices (skeleton, invocation, ast_redirection_list_to_variant (list));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_handle_redirect (AstBusKiosk1 *skeleton, GDBusMethodInvocation *invocation, const char *id,
                    gboolean to_guest, AstBusService *self)
{
  AstScreen *screen = ast_runner_get_screen (self->runner);
  g_autoptr (GError) error = NULL;

  if (screen == NULL)
    g_set_error (&error, AST_ERROR, AST_ERROR_NO_SUCH_DEVICE,
                 _ ("A guest without a screen has no devices of its station."));
  else
    ast_screen_redirect (screen, id, to_guest, &error);
  if (error)
    refuse (self, invocation, ast_runner_get_status (self->runner)->appliance, error);
  else
    ast_bus_kiosk1_complete_redirect (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

void
ast_bus_service_export (AstBusService *self, GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;

  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection, AST_BUS_PATH,
                                         &error))
    g_message ("The kiosk cannot be steered over D-Bus: %s", error->message);
}

static void
on_bus_acquired (GDBusConnection *connection, const char *name, gpointer data)
{
  ast_bus_service_export (data, connection);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer data)
{
  g_debug ("The name %s was not to be had on %s", name, connection ? "a bus" : "a bus that does not answer");
}

static void
own_name (AstBusService *self, GBusType bus)
{
  guint owner = g_bus_own_name (bus, AST_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_bus_acquired, NULL,
                                on_name_lost, self, NULL);

  g_array_append_val (self->owners, owner);
}

static void
ast_bus_service_dispose (GObject *object)
{
  AstBusService *self = AST_BUS_SERVICE (object);

  for (guint i = 0; i < self->owners->len; i++)
    g_bus_unown_name (g_array_index (self->owners, guint, i));
  g_array_set_size (self->owners, 0);
  // Without a bus it was never exported, and that would be a critical.
  if (g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->skeleton)))
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  if (self->runner)
    g_signal_handlers_disconnect_by_data (self->runner, self);
  g_clear_object (&self->runner);
  g_clear_object (&self->catalogue);
  G_OBJECT_CLASS (ast_bus_service_parent_class)->dispose (object);
}

static void
ast_bus_service_finalize (GObject *object)
{
  AstBusService *self = AST_BUS_SERVICE (object);

  g_array_unref (self->owners);
  g_object_unref (self->skeleton);
  G_OBJECT_CLASS (ast_bus_service_parent_class)->finalize (object);
}

static void
ast_bus_service_class_init (AstBusServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_bus_service_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_bus_service_finalize;
}

static void
ast_bus_service_init (AstBusService *self)
{
  self->owners = g_array_new (FALSE, FALSE, sizeof (guint));
  self->skeleton = ast_bus_kiosk1_skeleton_new ();
  g_signal_connect (self->skeleton, "handle-start", G_CALLBACK (on_handle_start), self);
  g_signal_connect (self->skeleton, "handle-warm", G_CALLBACK (on_handle_warm), self);
  g_signal_connect (self->skeleton, "handle-stop", G_CALLBACK (on_handle_stop), self);
  g_signal_connect (self->skeleton, "handle-reset", G_CALLBACK (on_handle_reset), self);
  g_signal_connect (self->skeleton, "handle-get-room", G_CALLBACK (on_handle_get_room), self);
  g_signal_connect (self->skeleton, "handle-list-devices", G_CALLBACK (on_handle_list_devices), self);
  g_signal_connect (self->skeleton, "handle-redirect", G_CALLBACK (on_handle_redirect), self);
}

AstBusService *
ast_bus_service_new (const AstConfig *config, AstRunner *runner, AstCatalogue *catalogue)
{
  AstBusService *self = g_object_new (AST_TYPE_BUS_SERVICE, NULL);

  ast_error_register_on_dbus ();
  self->config = config;
  self->runner = g_object_ref (runner);
  self->catalogue = g_object_ref (catalogue);
  g_object_set (self->skeleton, "runtime-dir", config->runtime, "version", AST_VERSION, NULL);
  g_signal_connect (runner, "changed", G_CALLBACK (on_runner_changed), self);
  on_runner_changed (runner, self);
  if (config->bus != AST_BUS_SYSTEM)
    own_name (self, G_BUS_TYPE_SESSION);
  if (config->bus != AST_BUS_SESSION)
    own_name (self, G_BUS_TYPE_SYSTEM);
  return self;
}

// ---------------------------------------------------------------------------------------------------------------
// The other side

static AstBusKiosk1 *
find_on (GBusType bus, const AstConfig *config)
{
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_kiosk1_proxy_new_for_bus_sync (
      bus, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, AST_BUS_NAME, AST_BUS_PATH, NULL, NULL);
  g_autofree char *owner = kiosk ? g_dbus_proxy_get_name_owner (G_DBUS_PROXY (kiosk)) : NULL;

  if (owner == NULL || g_strcmp0 (ast_bus_kiosk1_get_runtime_dir (kiosk), config->runtime) != 0)
    return NULL;
  return g_steal_pointer (&kiosk);
}

AstBusKiosk1 *
ast_bus_find_kiosk (const AstConfig *config, GError **error)
{
  AstBusKiosk1 *kiosk = NULL;

  ast_error_register_on_dbus ();
  if (config->bus != AST_BUS_SYSTEM)
    kiosk = find_on (G_BUS_TYPE_SESSION, config);
  if (kiosk == NULL && config->bus != AST_BUS_SESSION)
    kiosk = find_on (G_BUS_TYPE_SYSTEM, config);
  if (kiosk == NULL)
    g_set_error (error, AST_ERROR, AST_ERROR_NO_KIOSK, _ ("No kiosk of this station answers on D-Bus."));
  return kiosk;
}

static char *
or_null (const char *text)
{
  return text && *text ? g_strdup (text) : NULL;
}

AstStatus *
ast_bus_kiosk_get_status (AstBusKiosk1 *kiosk)
{
  g_autofree char *appliance = or_null (ast_bus_kiosk1_get_appliance (kiosk));
  AstState state = AST_STATE_IDLE;
  AstStatus *status;

  ast_state_from_word (ast_bus_kiosk1_get_state (kiosk), &state);
  status = ast_status_new (state, appliance, ast_bus_kiosk1_get_since (kiosk));
  status->failure_code = or_null (ast_bus_kiosk1_get_failure_code (kiosk));
  status->failure_message = or_null (ast_bus_kiosk1_get_failure_message (kiosk));
  status->paused = ast_pause_from_word (ast_bus_kiosk1_get_paused (kiosk));
  status->exam = ast_bus_kiosk1_get_exam (kiosk);
  status->warming = ast_bus_kiosk1_get_warming (kiosk);
  status->resumable = ast_bus_kiosk1_get_resumable (kiosk);
  return status;
}
