// SPDX-License-Identifier: GPL-3.0-or-later
// The kiosk on a private message bus: the service in the main thread, whoever steers it in another one.
#include "bus.h"
#include "doubles.h"
#include "entries.h"
#include "image-tools.h"

#define PATIENCE_SECONDS 60
#define NO_ADDRESS       "unix:path=/nonexistent/bus"

typedef struct
{
  TestFolder *folder;
  AstConfig *config;
  AstCatalogue *catalogue;
  TestHost *host;
  AstRunner *runner;
  AstBusService *service;
  GString *trail;
} Fixture;

static void
add_appliance (Fixture *self, const char *id, const char *disk)
{
  g_autofree char *folder = g_build_filename (self->folder, "appliances", id, NULL);
  g_autofree char *file = g_build_filename (folder, "appliance.xml", NULL);
  g_autofree char *image = g_build_filename (folder, "disk.qcow2", NULL);
  g_autofree char *text
      = g_strdup_printf ("<appliance xmlns=\"urn:asteroide:appliance:1\" id=\"%s\"><name>%s</name>"
                         "<disk href=\"%s\"/></appliance>",
                         id, id, disk);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  write_file (file, text, strlen (text));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", image, "1M", NULL));
}

static void
make_config (Fixture *self, AstBusChoice bus)
{
  AstConfig *config = self->config = ast_config_new_default ();

  g_free (config->runtime);
  config->runtime = g_build_filename (self->folder, "run", NULL);
  config->bus = bus;
}

static Fixture *
make_fixture (const char *address, AstBusChoice bus)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autofree char *overlays = NULL;
  g_autofree char *appliances = NULL;
  g_autoptr (AstOverlayStore) store = NULL;

  self->folder = make_folder ();
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address && bus != AST_BUS_SYSTEM ? address : NO_ADDRESS, TRUE);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", address ? address : NO_ADDRESS, TRUE);
  make_config (self, bus);
  add_appliance (self, "good", "disk.qcow2");
  add_appliance (self, "broken", "missing.qcow2");
  overlays = g_build_filename (self->folder, "overlays", NULL);
  appliances = g_build_filename (self->folder, "appliances", NULL);
  store = ast_overlay_store_new (overlays, 0, 0);
  self->catalogue = ast_catalogue_new ((const char *const[]){ appliances, NULL }, NULL,
                                       (const char *const[]){ "C", NULL });
  ast_catalogue_load (self->catalogue);
  self->trail = g_string_new (NULL);
  self->host = test_host_new (self->trail);
  self->runner = ast_runner_new (self->config, AST_HOST (self->host), store, NULL, NULL);
  self->service = ast_bus_service_new (self->config, self->runner, self->catalogue);
  return self;
}

static void
free_fixture (Fixture *self)
{
  g_assert_finalize_object (self->service);
  g_assert_finalize_object (self->runner);
  g_assert_finalize_object (self->host);
  g_assert_finalize_object (self->catalogue);
  ast_config_free (self->config);
  remove_folder (self->folder);
  g_string_free (self->trail, TRUE);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static gboolean
on_time_is_up (gpointer data)
{
  g_error ("Waited in vain; so far: %s", ((Fixture *)data)->trail->str);
  return G_SOURCE_REMOVE;
}

#define WAIT_UNTIL(fixture, condition)                                                                       \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint watchdog = g_timeout_add_seconds (PATIENCE_SECONDS, on_time_is_up, fixture);                       \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (watchdog);                                                                              \
  }                                                                                                          \
  G_STMT_END

static void
wait_for_state (Fixture *self, AstState state)
{
  WAIT_UNTIL (self, ast_runner_get_status (self->runner)->state == state);
}

// ---------------------------------------------------------------------------------------------------------------
// The other side, in a thread

typedef struct
{
  const AstConfig *config;
  void (*act) (AstBusKiosk1 *kiosk, gpointer data);
  gpointer data;
  GError *error; // of finding the kiosk
  int done;      // atomic
} Visit;

static gpointer
visit_thread (gpointer data)
{
  Visit *visit = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  AstBusKiosk1 *kiosk;

  g_main_context_push_thread_default (context);
  kiosk = ast_bus_find_kiosk (visit->config, &visit->error);
  if (kiosk && visit->act)
    visit->act (kiosk, visit->data);
  g_clear_object (&kiosk);
  // What still waits in the context holds the connection.
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&visit->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static gboolean
try_visit (Fixture *self, const AstConfig *config, void (*act) (AstBusKiosk1 *kiosk, gpointer data),
           gpointer data, GError **error)
{
  Visit visit = { config, act, data, NULL, FALSE };
  GThread *thread = g_thread_new ("visit", visit_thread, &visit);

  WAIT_UNTIL (self, g_atomic_int_get (&visit.done));
  g_thread_join (thread);
  if (visit.error == NULL)
    return TRUE;
  g_propagate_error (error, visit.error);
  return FALSE;
}

// The name is owned a moment after the service was made.
static void
visit (Fixture *self, void (*act) (AstBusKiosk1 *kiosk, gpointer data), gpointer data)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_SECONDS * G_USEC_PER_SEC;

  while (!try_visit (self, self->config, act, data, NULL))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
}

typedef struct
{
  char *said;
  char *runtime;
  char *version;
  guint seconds;
} Look;

static void
look (AstBusKiosk1 *kiosk, gpointer data)
{
  Look *at = data;
  g_autoptr (AstStatus) status = ast_bus_kiosk_get_status (kiosk);

  g_free (at->said);
  g_free (at->runtime);
  g_free (at->version);
  at->said = ast_status_to_json (status);
  at->runtime = ast_bus_kiosk1_dup_runtime_dir (kiosk);
  at->version = ast_bus_kiosk1_dup_version (kiosk);
  at->seconds = ast_bus_kiosk1_get_seconds_to_force (kiosk);
}

static void
clear_look (Look *at)
{
  g_free (at->said);
  g_free (at->runtime);
  g_free (at->version);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, clear_look)

static void
assert_told (Fixture *self)
{
  g_auto (Look) at = { 0 };
  g_autofree char *expected = ast_status_to_json (ast_runner_get_status (self->runner));

  visit (self, look, &at);
  g_assert_cmpstr (at.said, ==, expected);
  g_assert_cmpstr (at.runtime, ==, self->config->runtime);
  g_assert_cmpstr (at.version, !=, "");
  g_assert_cmpuint (at.seconds, ==, ast_runner_get_seconds_to_force (self->runner));
}

typedef struct
{
  const char *id;
  gboolean force;
  guint dropped;
  GError *error;
} Call;

static void
call_start (AstBusKiosk1 *kiosk, gpointer data)
{
  Call *call = data;

  ast_bus_kiosk1_call_start_sync (kiosk, call->id, NULL, &call->error);
}

static void
call_stop (AstBusKiosk1 *kiosk, gpointer data)
{
  Call *call = data;

  ast_bus_kiosk1_call_stop_sync (kiosk, call->force, NULL, &call->error);
}

static void
call_reset (AstBusKiosk1 *kiosk, gpointer data)
{
  Call *call = data;
  const char *const ids[] = { call->id, NULL };

  ast_bus_kiosk1_call_reset_sync (kiosk, ids, &call->dropped, NULL, &call->error);
}

static void
assert_refused (Fixture *self, void (*act) (AstBusKiosk1 *kiosk, gpointer data), const char *id,
                AstError code, const char *name)
{
  const AstStatus *status = ast_runner_get_status (self->runner);
  gboolean is_device = g_str_has_prefix (id, "usb:");
  Call call = { .id = id };
  g_autofree char *remote = NULL;

  visit (self, act, &call);
  g_assert_error (call.error, AST_ERROR, (int)code);
  remote = g_dbus_error_get_remote_error (call.error);
  g_assert_cmpstr (remote, ==, name);
  g_test_message ("%s", call.error->message);
  assert_entry (ast_error_word (code), self->config->name, ast_state_word (status->state),
                is_device ? status->appliance : id);
  g_error_free (call.error);
}

// ---------------------------------------------------------------------------------------------------------------

static void
session_over_bus (const char *address, AstBusChoice bus)
{
  g_autoptr (Fixture) self = make_fixture (address, bus);
  Call call = { .id = "good" };

  assert_told (self);
  visit (self, call_start, &call);
  g_assert_no_error (call.error);
  wait_for_state (self, AST_STATE_BOOTING);
  assert_told (self);
  ast_machine_emit_desktop_ready (self->host->machine);
  assert_told (self);
  visit (self, call_stop, &call);
  g_assert_no_error (call.error);
  g_assert_cmpint (ast_runner_get_status (self->runner)->state, ==, AST_STATE_STOPPING);
  g_assert_cmpuint (ast_runner_get_seconds_to_force (self->runner), >, 0);
  call.force = TRUE;
  visit (self, call_stop, &call);
  g_assert_no_error (call.error);
  wait_for_state (self, AST_STATE_IDLE);
  assert_told (self);
}

static void
test_session (gconstpointer address)
{
  session_over_bus (address, AST_BUS_SESSION);
}

static void
test_system_bus (gconstpointer address)
{
  session_over_bus (address, AST_BUS_SYSTEM);
}

static void
test_failure (gconstpointer address)
{
  g_autoptr (Fixture) self = make_fixture (address, AST_BUS_SESSION);
  Call call = { .id = "good" };

  self->host->manners[CALL_START] = DOUBLE_FAILS;
  visit (self, call_start, &call);
  wait_for_state (self, AST_STATE_FAILED);
  assert_told (self);
  ast_runner_dismiss_failure (self->runner);
  assert_told (self);
}

static void
test_errors_cross (gconstpointer address)
{
  g_autoptr (Fixture) self = make_fixture (address, AST_BUS_SESSION);
  Call call = { .id = "good", .force = TRUE };

  assert_refused (self, call_start, "none", AST_ERROR_NO_SUCH_APPLIANCE,
                  "org.asteroide.Error.NoSuchAppliance");
  assert_refused (self, call_start, "broken", AST_ERROR_DESCRIPTOR, "org.asteroide.Error.BadDescriptor");
  visit (self, call_start, &call);
  wait_for_state (self, AST_STATE_BOOTING);
  assert_refused (self, call_start, "good", AST_ERROR_BUSY, "org.asteroide.Error.Busy");
  assert_refused (self, call_reset, "good", AST_ERROR_BUSY, "org.asteroide.Error.Busy");
  visit (self, call_stop, &call);
  wait_for_state (self, AST_STATE_IDLE);
}

static void
test_reset (gconstpointer address)
{
  g_autoptr (Fixture) self = make_fixture (address, AST_BUS_SESSION);
  g_autofree char *overlays = g_build_filename (self->folder, "overlays", NULL);
  g_autofree char *kept = g_build_filename (overlays, "good.kept.qcow2", NULL);
  Call call = { .id = "good" };

  g_assert_cmpint (g_mkdir (overlays, 0700), ==, 0);
  write_file (kept, "x", 1);
  visit (self, call_reset, &call);
  g_assert_no_error (call.error);
  g_assert_cmpuint (call.dropped, ==, 1);
  g_assert_false (g_file_test (kept, G_FILE_TEST_EXISTS));
}

static void
test_other_station (gconstpointer address)
{
  g_autoptr (Fixture) self = make_fixture (address, AST_BUS_SESSION);
  g_autoptr (AstConfig) other = ast_config_new_default ();
  g_autoptr (GError) error = NULL;

  other->bus = AST_BUS_SESSION;
  assert_told (self);
  g_assert_false (try_visit (self, other, NULL, NULL, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_NO_KIOSK);
}

static void
test_kiosk_goes (gconstpointer address)
{
  g_autoptr (Fixture) self = make_fixture (address, AST_BUS_SESSION);
  g_autoptr (GError) error = NULL;

  assert_told (self);
  g_assert_finalize_object (g_steal_pointer (&self->service));
  g_assert_false (try_visit (self, self->config, NULL, NULL, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_NO_KIOSK);
  self->service = ast_bus_service_new (self->config, self->runner, self->catalogue);
  assert_told (self);
}

static void
call_redirect (AstBusKiosk1 *kiosk, gpointer data)
{
  Call *call = data;

  ast_bus_kiosk1_call_redirect_sync (kiosk, call->id, call->force, NULL, &call->error);
}

static void
call_list_devices (AstBusKiosk1 *kiosk, gpointer data)
{
  ast_bus_kiosk1_call_list_devices_sync (kiosk, data, NULL, NULL);
}

static GPtrArray *
list_devices (Fixture *self)
{
  g_autoptr (GVariant) devices = NULL;

  visit (self, call_list_devices, &devices);
  g_assert_nonnull (devices);
  return ast_redirection_list_from_variant (devices);
}

static void
test_devices (gconstpointer address)
{
  g_autoptr (Fixture) self = make_fixture (address, AST_BUS_SESSION);
  g_autoptr (TestScreen) screen = test_screen_new (self->trail);
  g_autofree char *overlays = g_build_filename (self->folder, "overlays", NULL);
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (overlays, 0, 0);
  Call call = { .id = "usb:1-2", .force = TRUE };
  g_autoptr (GPtrArray) none = list_devices (self);
  g_autoptr (GPtrArray) some = NULL;

  g_assert_cmpuint (none->len, ==, 0);
  assert_refused (self, call_redirect, "usb:1-2", AST_ERROR_NO_SUCH_DEVICE,
                  "org.asteroide.Error.NoSuchDevice");
  g_assert_finalize_object (g_steal_pointer (&self->service));
  g_assert_finalize_object (g_steal_pointer (&self->runner));
  self->runner = ast_runner_new (self->config, AST_HOST (self->host), store, NULL, AST_SCREEN (screen));
  self->service = ast_bus_service_new (self->config, self->runner, self->catalogue);
  visit (self, call_redirect, &call);
  g_assert_no_error (call.error);
  assert_refused (self, call_redirect, "usb:1-3", AST_ERROR_NO_SUCH_DEVICE,
                  "org.asteroide.Error.NoSuchDevice");
  some = list_devices (self);
  g_assert_cmpuint (some->len, ==, 1);
  g_assert_cmpint (((const AstRedirection *)some->pdata[0])->state, ==, AST_REDIRECTION_IN);
}

static void
test_no_bus (gconstpointer address)
{
  for (AstBusChoice bus = AST_BUS_AUTO; bus <= AST_BUS_SYSTEM; bus++)
    {
      g_autoptr (Fixture) self = make_fixture (NULL, bus);
      AstAppliance *appliance = ast_catalogue_find (self->catalogue, "good");
      g_autoptr (GError) error = NULL;

      g_assert_false (try_visit (self, self->config, NULL, NULL, &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_NO_KIOSK);
      g_assert_true (ast_runner_start (self->runner, appliance, NULL));
      wait_for_state (self, AST_STATE_BOOTING);
      ast_runner_stop (self->runner, TRUE);
      wait_for_state (self, AST_STATE_IDLE);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) daemon = NULL;
  const char *address;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (keep_entry, NULL, NULL);
  daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (daemon);
  address = g_test_dbus_get_bus_address (daemon);
  g_test_add_data_func ("/bus/no-bus", address, test_no_bus);
  g_test_add_data_func ("/bus/session", address, test_session);
  g_test_add_data_func ("/bus/system-bus", address, test_system_bus);
  g_test_add_data_func ("/bus/failure", address, test_failure);
  g_test_add_data_func ("/bus/errors-cross", address, test_errors_cross);
  g_test_add_data_func ("/bus/reset", address, test_reset);
  g_test_add_data_func ("/bus/other-station", address, test_other_station);
  g_test_add_data_func ("/bus/devices", address, test_devices);
  g_test_add_data_func ("/bus/kiosk-goes", address, test_kiosk_goes);
  status = g_test_run ();
  g_test_dbus_down (daemon);
  return status;
}
