// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "libvirt-host.h"
#include "dead-guest.h"
#include "desktop-wait.h"
#include "domain-builder.h"
#include "error.h"
#include "guest-agent.h"
#include "memory-image.h"
#include "module.h"
#include "renew.h"
#include "station.h"
#include "warm-domain.h"
#include "write-out.h"
#include <fcntl.h>
#include <glib/gi18n.h>
#include <gmodule.h>
#include <libvirt-glib/libvirt-glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <linux/input-event-codes.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, virDomainFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virConnect, virConnectClose)

// How long a destroyed domain may take to vanish before its end counts as failed.
#define GONE_TRIES     100
#define GONE_WAIT_USEC (100 * 1000)

// A guest that was just restored has better things to do than what must not be there twice: the person's
// first keys.
#define LEAVE_ALONE_USEC (1500 * 1000)
// How long a guest runs, with a key pressed now and then, before it stands restored ahead.
#define STAND_LOOKS     4
#define STAND_WAIT_USEC (500 * 1000)
#define KEY_HOLD_MSEC   20

// libvirt answers a keepalive or the connection counts as dead: 5 s × 3, so that a hung daemon is noticed.
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT   3

// ---------------------------------------------------------------------------------------------------------------
// The host

struct _AstLibvirtHost
{
  GObject parent;

  char *uri;
  AstConfig *config; // borrowed: the value outlives everything that was handed it
  GWeakRef machine;  // the one that events are for
  GWeakRef itself;   // for callbacks that may come late

  GMutex mutex; // guards what follows; start, stop and warm-up run in threads
  virConnectPtr connection;
  AstStationFacts *facts; // atomic, too: set once, and read by the main thread, which waits for nobody
};

static void ast_libvirt_host_iface_init (AstHostInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (AstLibvirtHost, ast_libvirt_host, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AST_TYPE_HOST, ast_libvirt_host_iface_init))

#define AST_TYPE_LIBVIRT_MACHINE (ast_libvirt_machine_get_type ())
G_DECLARE_FINAL_TYPE (AstLibvirtMachine, ast_libvirt_machine, AST, LIBVIRT_MACHINE, GObject)

struct _AstLibvirtMachine
{
  GObject parent;

  AstLibvirtHost *host;
  AstAppliance *appliance; // NULL for a leftover
  char *overlay;
  gboolean running;    // main thread only, as are the next ones
  gboolean early_end;  // it stopped before the call that created it had come back…
  AstEnd early_how;    // … in this way
  gboolean was_ended;  // "ended" was told, or is not to be told any more
  AstStart how;        // its pair is a reference, its texts are ours
  GAsyncQueue *spares; // file descriptors of connections to the screen that nobody has asked for yet
};

static void ast_libvirt_machine_iface_init (AstMachineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (AstLibvirtMachine, ast_libvirt_machine, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (AST_TYPE_MACHINE, ast_libvirt_machine_iface_init))

static void ast_libvirt_machine_on_stopped (AstLibvirtMachine *self, AstEnd end);

// libvirt keeps its error per thread: call this where the call failed.
static void
set_libvirt_error (GError **error, AstError code, const char *sentence)
{
  const char *said = virGetLastErrorMessage ();

  g_set_error (error, AST_ERROR, code, "%s %s", sentence, said ? said : "");
}

static void
on_libvirt_error (void *data, virErrorPtr error)
{
  g_debug ("libvirt: %s", error->message);
}

static GWeakRef *
weak_ref_new (gpointer object)
{
  GWeakRef *ref = g_new0 (GWeakRef, 1);

  g_weak_ref_init (ref, object);
  return ref;
}

static void
weak_ref_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static AstLibvirtMachine *
machine_for_event (GWeakRef *host_ref, virDomainPtr domain)
{
  g_autoptr (AstLibvirtHost) host = g_weak_ref_get (host_ref);

  if (host == NULL || g_strcmp0 (virDomainGetName (domain), AST_DOMAIN_NAME) != 0)
    return NULL;
  return g_weak_ref_get (&host->machine);
}

static AstEnd
read_end (int detail)
{
  switch (detail)
    {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
      return AST_END_POWERED_OFF;
    case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
      return AST_END_DESTROYED;
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
      return AST_END_PANICKED;
    default:
      return AST_END_LOST;
    }
}

static int
on_lifecycle (virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
  g_autoptr (AstLibvirtMachine) machine = machine_for_event (data, domain);

  if (machine && event == VIR_DOMAIN_EVENT_STOPPED)
    ast_libvirt_machine_on_stopped (machine, read_end (detail));
  if (machine && event == VIR_DOMAIN_EVENT_RESUMED)
    ast_machine_emit_resumed (AST_MACHINE (machine));
  return 0;
}

// The guest is told nothing, and stands still: <driver error_policy="stop">.
static void
on_io_error (virConnectPtr connection, virDomainPtr domain, const char *file, const char *device, int action,
             const char *reason, void *data)
{
  g_autoptr (AstLibvirtMachine) machine = machine_for_event (data, domain);

  if (machine && action == VIR_DOMAIN_EVENT_IO_ERROR_PAUSE)
    ast_machine_emit_paused (AST_MACHINE (machine),
                             g_strcmp0 (reason, "enospc") == 0 ? AST_PAUSE_NO_SPACE : AST_PAUSE_DISK_ERROR);
}

static void
on_watchdog (virConnectPtr connection, virDomainPtr domain, int action, void *data)
{
  g_autoptr (AstLibvirtMachine) machine = machine_for_event (data, domain);

  if (machine && action == VIR_DOMAIN_EVENT_WATCHDOG_PAUSE)
    ast_machine_emit_paused (AST_MACHINE (machine), AST_PAUSE_WATCHDOG);
}

static void
on_reboot (virConnectPtr connection, virDomainPtr domain, void *data)
{
  g_autoptr (AstLibvirtMachine) machine = machine_for_event (data, domain);

  if (machine)
    ast_machine_emit_rebooted (AST_MACHINE (machine));
}

static void
on_agent_lifecycle (virConnectPtr connection, virDomainPtr domain, int state, int reason, void *data)
{
  g_autoptr (AstLibvirtMachine) machine = machine_for_event (data, domain);

  if (machine && state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED)
    ast_machine_emit_desktop_ready (AST_MACHINE (machine));
}

// Without a connection no event comes: what happened meanwhile has to be asked for.
static void
on_connection_lost (virConnectPtr connection, int reason, void *data)
{
  g_autoptr (AstLibvirtHost) host = g_weak_ref_get (data);
  g_autoptr (AstLibvirtMachine) machine = host ? g_weak_ref_get (&host->machine) : NULL;

  if (machine)
    ast_libvirt_machine_on_stopped (machine, AST_END_LOST);
}

static void
close_connection (virConnectPtr connection)
{
  // A registered callback holds the connection.
  virConnectUnregisterCloseCallback (connection, on_connection_lost);
  virConnectClose (connection);
}

static void
register_events (AstLibvirtHost *self, virConnectPtr connection)
{
  // A driver without a daemon cannot lose it: it then keeps silent, and would not free the reference either.
  virConnectRegisterCloseCallback (connection, on_connection_lost, &self->itself, NULL);
  virConnectDomainEventRegisterAny (connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                    VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle), weak_ref_new (self),
                                    weak_ref_free);
  virConnectDomainEventRegisterAny (connection, NULL, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON,
                                    VIR_DOMAIN_EVENT_CALLBACK (on_io_error), weak_ref_new (self),
                                    weak_ref_free);
  virConnectDomainEventRegisterAny (connection, NULL, VIR_DOMAIN_EVENT_ID_WATCHDOG,
                                    VIR_DOMAIN_EVENT_CALLBACK (on_watchdog), weak_ref_new (self),
                                    weak_ref_free);
  virConnectDomainEventRegisterAny (connection, NULL, VIR_DOMAIN_EVENT_ID_REBOOT,
                                    VIR_DOMAIN_EVENT_CALLBACK (on_reboot), weak_ref_new (self),
                                    weak_ref_free);
  virConnectDomainEventRegisterAny (connection, NULL, VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
                                    VIR_DOMAIN_EVENT_CALLBACK (on_agent_lifecycle), weak_ref_new (self),
                                    weak_ref_free);
}

// In a thread. A reference of the caller's to the living connection.
static virConnectPtr
get_connection (AstLibvirtHost *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->connection && virConnectIsAlive (self->connection) != 1)
    g_clear_pointer (&self->connection, close_connection);
  if (self->connection == NULL)
    {
      if (g_str_has_suffix (self->uri, "/session"))
        ast_dead_guest_forget (g_get_user_runtime_dir ());
      self->connection = virConnectOpen (self->uri);
      if (self->connection == NULL)
        {
          g_autofree char *sentence = g_strdup_printf (_ ("libvirt does not answer at %s."), self->uri);

          set_libvirt_error (error, AST_ERROR_NO_LIBVIRT, sentence);
          return NULL;
        }
      virConnectSetKeepAlive (self->connection, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
      register_events (self, self->connection);
    }
  virConnectRef (self->connection);
  return self->connection;
}

// In a thread. Borrowed: once found they stay.
static const AstStationFacts *
get_facts (AstLibvirtHost *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->facts == NULL)
    g_atomic_pointer_set (&self->facts, ast_station_facts_new (self->config, error));
  return self->facts;
}

// In a thread. What this station brings to every domain, and what its configuration adds. `session`: whose
// guest it is, or NULL.
static gboolean
get_station (AstLibvirtHost *self, const char *session, AstDomainStation *station, GError **error)
{
  const AstStationFacts *facts = get_facts (self, error);

  if (facts == NULL)
    return FALSE;
  *station = facts->domain;
  station->runtime = self->config->runtime;
  station->session = session;
  station->exam = self->config->exam;
  station->usb_rules = self->config->usb_rules;
  return TRUE;
}

static virDomainPtr
look_up_domain (virConnectPtr connection)
{
  return virDomainLookupByName (connection, AST_DOMAIN_NAME);
}

// libvirt asks QEMU what it can, for seconds under emulation, when it first needs to know: now, not at the
// first start.
static void
probe_emulator (virConnectPtr connection, const AstDomainStation *station)
{
  g_autofree char *unread = virConnectGetDomainCapabilities (
      connection, station->emulator, NULL, station->machine, station->kvm ? "kvm" : "qemu", 0);

  if (unread == NULL)
    g_debug ("%s", virGetLastErrorMessage ());
}

static void
warm_up_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtHost *self = source;
  g_autoptr (virConnect) connection = NULL;
  GError *error = NULL;
  const AstStationFacts *facts = get_facts (self, &error);

  if (facts == NULL || (connection = get_connection (self, &error)) == NULL)
    return g_task_return_error (task, error);
  g_task_return_boolean (task, TRUE);
  probe_emulator (connection, &facts->domain);
}

static void
ast_libvirt_host_warm_up_async (AstHost *host, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (host, NULL, callback, data);

  g_task_run_in_thread (task, warm_up_thread);
}

static char *
ast_libvirt_host_get_emulation_reason (AstHost *host)
{
  AstLibvirtHost *self = AST_LIBVIRT_HOST (host);
  const AstStationFacts *facts = g_atomic_pointer_get (&self->facts);

  return facts ? g_strdup (facts->emulation_reason) : NULL;
}

// Another model, or other features: a guest would find that its processor has changed under it.
static char *
describe_processor (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GString *description = g_string_new (NULL);

  g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL);
  lines = g_strsplit (text ? text : "", "\n", -1);
  // Of the first one. The rate of its clock changes all the time.
  for (guint i = 0; lines[i] && lines[i][0]; i++)
    if (g_str_has_prefix (lines[i], "model name") || g_str_has_prefix (lines[i], "flags"))
      g_string_append (description, lines[i]);
  return g_string_free (description, FALSE);
}

// The appliance's domain on this station, but for the name and the size of its overlay.
static char *
describe_domain (AstAppliance *appliance, const AstDomainStation *station, GError **error)
{
  const AstDomainOverlay overlay = { .path = "/overlay" };
  AstOsTraits traits = ast_os_traits_lookup (appliance->os_id);
  AstImageFormat format = AST_IMAGE_QCOW2;

  if (appliance->disk && !ast_image_probe (appliance->disk->path, FALSE, &format, error))
    return NULL;
  return ast_domain_compose (appliance, &traits, appliance->disk ? &overlay : NULL, format, station, error);
}

static void
describe_thread (GTask *task, gpointer source, gpointer appliance, GCancellable *cancellable)
{
  AstDomainStation station;
  GError *error = NULL;
  g_autofree char *xml = NULL, *domain = NULL, *flags = NULL, *processor = NULL;
  struct stat emulator = { 0 };

  if (!get_station (source, NULL, &station, &error) || !(xml = describe_domain (appliance, &station, &error)))
    return g_task_return_error (task, error);
  domain = g_compute_checksum_for_string (G_CHECKSUM_SHA256, xml, -1);
  flags = describe_processor ();
  processor = g_compute_checksum_for_string (G_CHECKSUM_SHA256, flags, -1);
  // Each update of QEMU is another file.
  stat (station.emulator, &emulator);
  g_task_return_pointer (
      task,
      g_strdup_printf ("domain %s\nqemu %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\nprocessor %s\nmemory %s",
                       domain, (gint64)emulator.st_size, (gint64)emulator.st_mtime, processor,
                       AST_LIBVIRT_HOST (source)->config->map_memory ? "mapped" : "read"),
      g_free);
}

static void
ast_libvirt_host_describe_async (AstHost *host, AstAppliance *appliance, GAsyncReadyCallback callback,
                                 gpointer data)
{
  g_autoptr (GTask) task = g_task_new (host, NULL, callback, data);

  g_task_set_task_data (task, ast_appliance_ref (appliance), (GDestroyNotify)ast_appliance_unref);
  g_task_run_in_thread (task, describe_thread);
}

static AstLibvirtMachine *
machine_new (AstLibvirtHost *self, AstAppliance *appliance, const char *overlay)
{
  AstLibvirtMachine *machine = g_object_new (AST_TYPE_LIBVIRT_MACHINE, NULL);

  machine->host = g_object_ref (self);
  machine->appliance = appliance ? ast_appliance_ref (appliance) : NULL;
  machine->overlay = g_strdup (overlay);
  g_weak_ref_set (&self->machine, machine);
  return machine;
}

static AstMachine *
ast_libvirt_host_make_machine (AstHost *host, AstAppliance *appliance, const char *overlay)
{
  return AST_MACHINE (machine_new (AST_LIBVIRT_HOST (host), appliance, overlay));
}

typedef enum
{
  OWNER_US,
  OWNER_OTHERS, // its metadata names another station's run-time folder (a second kiosk on a desk), or none
  OWNER_UNKNOWN,
} AstOwner;

static char *
get_metadata (virDomainPtr domain)
{
  char *metadata = virDomainGetMetadata (domain, VIR_DOMAIN_METADATA_ELEMENT, AST_DOMAIN_NAMESPACE, 0);
  char *copy = g_strdup (metadata);

  free (metadata);
  return copy;
}

static AstOwner
get_owner (AstLibvirtHost *self, virDomainPtr domain)
{
  g_autofree char *metadata = get_metadata (domain);
  g_autofree char *runtime = NULL;

  if (metadata == NULL)
    return virGetLastErrorCode () == VIR_ERR_NO_DOMAIN_METADATA ? OWNER_OTHERS : OWNER_UNKNOWN;
  runtime = ast_domain_read_metadata (metadata, "runtime");
  return g_strcmp0 (runtime, self->config->runtime) == 0 ? OWNER_US : OWNER_OTHERS;
}

// Is one of its disks full, as far as QEMU can tell?
static gboolean
has_full_disk (virDomainPtr domain)
{
  virDomainDiskError errors[8] = { 0 };
  int count = virDomainGetDiskErrors (domain, errors, G_N_ELEMENTS (errors), 0);
  gboolean full = FALSE;

  for (int i = 0; i < count; i++)
    {
      full |= errors[i].error == VIR_DOMAIN_DISK_ERROR_NO_SPACE;
      free (errors[i].disk);
    }
  return full;
}

// Why a guest stands still that nobody has looked after for a while.
static AstPause
find_pause (virDomainPtr domain)
{
  int state = 0, reason = 0;

  if (virDomainGetState (domain, &state, &reason, 0) != 0 || state != VIR_DOMAIN_PAUSED)
    return AST_PAUSE_NONE;
  if (reason == VIR_DOMAIN_PAUSED_WATCHDOG)
    return AST_PAUSE_WATCHDOG;
  return has_full_disk (domain) ? AST_PAUSE_NO_SPACE : AST_PAUSE_DISK_ERROR;
}

static AstLeftover *
leftover_new (AstLibvirtHost *self, virDomainPtr domain)
{
  AstLeftover *leftover = g_new0 (AstLeftover, 1);
  g_autofree char *metadata = get_metadata (domain);

  leftover->machine = AST_MACHINE (machine_new (self, NULL, NULL));
  leftover->token = metadata ? ast_domain_read_metadata (metadata, "session") : NULL;
  leftover->paused = find_pause (domain);
  return leftover;
}

static void
find_leftover_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtHost *self = source;
  g_autoptr (virConnect) connection = NULL;
  g_autoptr (virDomain) domain = NULL;
  GError *error = NULL;

  connection = get_connection (self, &error);
  if (connection == NULL)
    return g_task_return_error (task, error);
  domain = look_up_domain (connection);
  if (domain == NULL || get_owner (self, domain) != OWNER_US)
    return g_task_return_pointer (task, NULL, NULL);
  g_task_return_pointer (task, leftover_new (self, domain), (GDestroyNotify)ast_leftover_free);
}

static void
ast_libvirt_host_find_leftover_async (AstHost *host, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (host, NULL, callback, data);

  g_task_run_in_thread (task, find_leftover_thread);
}

static void
ast_libvirt_host_finalize (GObject *object)
{
  AstLibvirtHost *self = AST_LIBVIRT_HOST (object);

  g_clear_pointer (&self->connection, close_connection);
  g_clear_pointer (&self->facts, ast_station_facts_free);
  g_weak_ref_clear (&self->machine);
  g_weak_ref_clear (&self->itself);
  g_mutex_clear (&self->mutex);
  g_free (self->uri);
  G_OBJECT_CLASS (ast_libvirt_host_parent_class)->finalize (object);
}

static void
ast_libvirt_host_class_init (AstLibvirtHostClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_libvirt_host_finalize;
}

static void
ast_libvirt_host_init (AstLibvirtHost *self)
{
  g_mutex_init (&self->mutex);
  g_weak_ref_init (&self->machine, NULL);
  g_weak_ref_init (&self->itself, self);
}

static void
ast_libvirt_host_iface_init (AstHostInterface *iface)
{
  iface->make_machine = ast_libvirt_host_make_machine;
  iface->find_leftover_async = ast_libvirt_host_find_leftover_async;
  iface->warm_up_async = ast_libvirt_host_warm_up_async;
  iface->get_emulation_reason = ast_libvirt_host_get_emulation_reason;
  iface->describe_async = ast_libvirt_host_describe_async;
}

AstLibvirtHost *
ast_libvirt_host_new (const AstConfig *config)
{
  AstLibvirtHost *self = g_object_new (AST_TYPE_LIBVIRT_HOST, NULL);

  self->config = (AstConfig *)config;
  self->uri = g_strdup (config->uri);
  gvir_event_register ();
  virSetErrorFunc (NULL, on_libvirt_error);
  return self;
}

// What the program that loaded us asks for; see module.h.
G_MODULE_EXPORT AstHost *ast_module_make (const AstConfig *config);

AstHost *
ast_module_make (const AstConfig *config)
{
  return AST_HOST (ast_libvirt_host_new (config));
}

// ---------------------------------------------------------------------------------------------------------------
// The machine: one domain

// Everything that creating a domain needs, gathered in the thread that creates it. `cards`: of a guest that
// gets its network later (warm-domain.h), or NULL.
static char *
build_domain_xml (AstLibvirtMachine *self, GPtrArray *cards, GError **error)
{
  AstDomainStation station;
  AstOsTraits traits;
  g_autofree char *xml = NULL;

  if (!get_station (self->host, self->how.token, &station, error))
    return NULL;
  traits = ast_os_traits_lookup (self->appliance->os_id);
  xml = ast_domain_build (self->appliance, &traits, self->overlay, &station, error);
  return xml && cards ? ast_warm_domain_split (xml, cards, error) : g_steal_pointer (&xml);
}

// The overlay as libvirt is to use it.
static AstDomainOverlay
read_overlay (AstLibvirtMachine *self)
{
  AstDomainOverlay overlay = { .path = self->overlay };
  struct stat found;

  if (self->overlay && stat (self->overlay, &found) == 0)
    overlay.bound = (guint64)found.st_size;
  return overlay;
}

// The domain of a guest that boots.
static char *
build_booting_xml (AstLibvirtMachine *self, GError **error)
{
  g_autoptr (GPtrArray) cards = self->how.to_be_saved ? g_ptr_array_new_with_free_func (g_free) : NULL;
  g_autofree char *xml = build_domain_xml (self, cards, error);
  AstDomainOverlay overlay = read_overlay (self);

  if (xml && self->how.seed)
    return ast_warm_domain_on_seed (xml, &overlay, self->how.seed, self->how.token, error);
  return g_steal_pointer (&xml);
}

// In what language libvirt speaks, nobody knows: look whose name it is that was not free.
static void
set_create_error (virConnectPtr connection, GError **error)
{
  g_autofree char *said = g_strdup (virGetLastErrorMessage ());
  g_autoptr (virDomain) other = look_up_domain (connection);

  if (other && virDomainIsActive (other) == 1)
    g_set_error (error, AST_ERROR, AST_ERROR_BUSY,
                 _ ("Another appliance is already running on this station."));
  else
    g_set_error (error, AST_ERROR, AST_ERROR_START, "%s %s",
                 _ ("The hypervisor refused to start the appliance."), said);
}

// TRUE only when libvirt says in so many words that there is no such domain, or that it is another station's.
static gboolean
is_gone (AstLibvirtHost *self, virConnectPtr connection)
{
  g_autoptr (virDomain) domain = look_up_domain (connection);

  return domain ? get_owner (self, domain) == OWNER_OTHERS : virGetLastErrorCode () == VIR_ERR_NO_DOMAIN;
}

// In a thread. TRUE: this station's guest is verified gone.
static gboolean
end_guest (AstLibvirtHost *self, GError **error)
{
  g_autoptr (GError) problem = NULL;

  for (guint i = 0; i < GONE_TRIES; i++)
    {
      g_autoptr (virConnect) connection = NULL;
      g_autoptr (virDomain) domain = NULL;

      g_clear_error (&problem);
      connection = get_connection (self, &problem);
      if (connection && is_gone (self, connection))
        return TRUE;
      domain = connection ? look_up_domain (connection) : NULL;
      if (domain == NULL || get_owner (self, domain) != OWNER_US || virDomainDestroy (domain) != 0)
        g_usleep (GONE_WAIT_USEC);
    }
  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  else
    set_libvirt_error (error, AST_ERROR_STOP, _ ("The guest could not be ended."));
  return FALSE;
}

// The screen's first two connections are asked for at once: for its main channel, and for the display.
static void
add_spare (AstLibvirtMachine *self, virDomainPtr domain)
{
  int fd
      = self->how.with_screen ? virDomainOpenGraphicsFD (domain, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH) : -1;

  if (fd >= 0)
    g_async_queue_push (self->spares, GINT_TO_POINTER (fd));
}

static int
take_spare (AstLibvirtMachine *self)
{
  int fd = GPOINTER_TO_INT (g_async_queue_try_pop (self->spares));

  return fd ? fd : -1;
}

// A guest that is booted. NULL with error, and then there is none.
static virDomainPtr
boot_domain (AstLibvirtMachine *self, virConnectPtr connection, GError **error)
{
  g_autofree char *xml = build_booting_xml (self, error);
  virDomainPtr domain = xml ? virDomainCreateXML (connection, xml, VIR_DOMAIN_NONE) : NULL;

  if (xml && domain == NULL)
    set_create_error (connection, error);
  return domain;
}

// The guest as it was saved, on a new overlay.
static char *
build_restored_xml (AstLibvirtMachine *self, virConnectPtr connection, GError **error)
{
  const AstWarmPair *pair = self->how.pair;
  char *saved = virDomainSaveImageGetXMLDesc (connection, pair->memory, 0);
  AstDomainOverlay overlay = read_overlay (self);
  g_autofree char *xml = NULL;

  if (saved)
    xml = ast_warm_domain_on_seed (saved, self->overlay ? &overlay : NULL, pair->seed, self->how.token,
                                   error);
  else
    set_libvirt_error (error, AST_ERROR_WARM, _ ("What was prepared cannot be read."));
  free (saved);
  return xml && pair->ram ? ast_warm_domain_map (xml, pair->ram, pair->ram_bytes, error)
                          : g_steal_pointer (&xml);
}

// Those that it does not have yet. `plugged`: how many.
static gboolean
plug_in_cards (AstLibvirtMachine *self, virDomainPtr domain, guint *plugged, GError **error)
{
  g_autoptr (GPtrArray) cards = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *unread = build_domain_xml (self, cards, error);
  char *now = virDomainGetXMLDesc (domain, 0);
  gboolean failed = FALSE;

  for (guint i = 0; unread && now && !failed && i < cards->len; i++)
    if (!ast_warm_domain_has_card (now, cards->pdata[i]))
      {
        failed = virDomainAttachDevice (domain, cards->pdata[i]) != 0;
        (*plugged)++;
      }
  if (failed)
    set_libvirt_error (error, AST_ERROR_START, _ ("The guest's network card could not be plugged in."));
  free (now);
  return unread != NULL && !failed;
}

typedef struct
{
  const AstWarmPair *pair;
  GCancellable *cancellable;
  GError *error;
} AstVerification;

static gpointer
verify_thread (gpointer data)
{
  AstVerification *verification = data;

  ast_warm_pair_verify (verification->pair, verification->cancellable, &verification->error);
  return NULL;
}

// Only what the pair itself is to blame for condemns it.
static void
set_restore_error (virConnectPtr connection, GError **error)
{
  g_autofree char *said = g_strdup (virGetLastErrorMessage ());
  g_autoptr (virDomain) other = look_up_domain (connection);
  gboolean is_passing = other || virConnectIsAlive (connection) != 1;

  g_set_error (error, AST_ERROR, is_passing ? AST_ERROR_START : AST_ERROR_WARM, "%s %s",
               _ ("The guest could not be restored."), said);
}

static virDomainPtr
restore_paused (AstLibvirtMachine *self, virConnectPtr connection, GError **error)
{
  g_autofree char *xml = build_restored_xml (self, connection, error);
  virDomainPtr domain;

  if (xml == NULL)
    return NULL;
  if (virDomainRestoreFlags (connection, self->how.pair->memory, xml, VIR_DOMAIN_SAVE_PAUSED) != 0)
    {
      set_restore_error (connection, error);
      return NULL;
    }
  domain = look_up_domain (connection);
  if (domain == NULL)
    set_libvirt_error (error, AST_ERROR_START, _ ("The guest could not be restored."));
  return domain;
}

// Whoever drops a pair meanwhile takes its files away, and QEMU makes a memory that it does not find, an
// empty one.
static gboolean
is_still_there (int fd, const char *path)
{
  struct stat opened, named;

  return fstat (fd, &opened) == 0 && lstat (path, &named) == 0 && opened.st_dev == named.st_dev
         && opened.st_ino == named.st_ino;
}

// While QEMU starts, somebody else looks whether the memory is what was written; before that is known, the
// guest does not run.
static virDomainPtr
restore_domain (AstLibvirtMachine *self, virConnectPtr connection, GCancellable *cancellable, GError **error)
{
  const char *ram = self->how.pair->ram;
  int fd = ram ? open (ram, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
  AstVerification verification = { self->how.pair, cancellable, NULL };
  GThread *thread = g_thread_new ("verify", verify_thread, &verification);
  g_autoptr (virDomain) domain = restore_paused (self, connection, error);
  gboolean is_there = ram == NULL || is_still_there (fd, ram);

  g_thread_join (thread);
  if (fd >= 0)
    close (fd);
  if (verification.error)
    {
      g_clear_error (error);
      g_propagate_error (error, verification.error);
    }
  else if (domain && !is_there)
    g_set_error (error, AST_ERROR, AST_ERROR_WARM, "%s", _ ("What was prepared cannot be read."));
  else if (domain && virDomainResume (domain) == 0)
    return g_steal_pointer (&domain);
  else if (domain)
    set_libvirt_error (error, AST_ERROR_START, _ ("The guest cannot go on."));
  return NULL;
}

static gboolean
is_windows (AstLibvirtMachine *self)
{
  return self->appliance && ast_os_traits_lookup (self->appliance->os_id).windows;
}

// Whoever has been waiting types before the guest has to deal with all this. `is_taken_on`: the kiosk that
// restored it may have come to it, or not.
static void
renew_thread (GTask *task, gpointer source, gpointer is_taken_on, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  g_autoptr (virConnect) connection = NULL;
  g_autoptr (virDomain) domain = NULL;
  guint plugged = 0;
  GError *error = NULL;

  g_usleep (LEAVE_ALONE_USEC);
  // Another guest of this name may be there by now.
  if (g_atomic_int_get (&self->was_ended))
    return g_task_return_boolean (task, TRUE);
  connection = get_connection (self->host, &error);
  domain = connection ? look_up_domain (connection) : NULL;
  if (connection && domain == NULL)
    set_libvirt_error (&error, AST_ERROR_GUEST_LOST, "");
  if (domain == NULL || !plug_in_cards (self, domain, &plugged, &error))
    return g_task_return_error (task, error);
  if (!is_taken_on || plugged > 0)
    ast_renew_run (domain, is_windows (self));
  g_task_return_boolean (task, TRUE);
}

static void
on_renewed (GObject *source, GAsyncResult *result, gpointer unused)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (source);
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  if (error && !self->was_ended)
    ast_machine_emit_failed (AST_MACHINE (self), error);
}

// Nobody waits for it.
static void
renew (AstLibvirtMachine *self, gboolean is_taken_on)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_renewed, NULL);

  g_task_set_task_data (task, GINT_TO_POINTER (is_taken_on), NULL);
  g_task_run_in_thread (task, renew_thread);
}

static void
start_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  g_autoptr (virConnect) connection = NULL;
  g_autoptr (virDomain) domain = NULL;
  GError *error = NULL;

  if ((connection = get_connection (self->host, &error)) == NULL
      || g_cancellable_set_error_if_cancelled (cancellable, &error))
    return g_task_return_error (task, error);
  domain = self->how.pair ? restore_domain (self, connection, cancellable, &error)
                          : boot_domain (self, connection, &error);
  if (domain == NULL)
    {
      // A restored one may be there and not to be used; or nobody knows what became of the call.
      if ((self->how.pair || virConnectIsAlive (connection) != 1) && !end_guest (self->host, NULL))
        error->code = AST_ERROR_STOP;
      return g_task_return_error (task, error);
    }
  if (self->how.pair && !self->how.ahead)
    renew (self, FALSE);
  add_spare (self, domain);
  g_task_return_boolean (task, TRUE);
  add_spare (self, domain);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (source);
  g_autoptr (GTask) outer = data;
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    return g_task_return_error (outer, error);
  self->running = TRUE;
  g_task_return_boolean (outer, TRUE);
  if (self->early_end)
    ast_libvirt_machine_on_stopped (self, self->early_how);
}

static void
ast_libvirt_machine_start_async (AstMachine *machine, const AstStart *how, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (machine);
  g_autoptr (GTask) outer = g_task_new (machine, NULL, callback, data);
  g_autoptr (GTask) task = g_task_new (machine, cancellable, on_started, g_steal_pointer (&outer));

  self->how = *how;
  self->how.seed = g_strdup (how->seed);
  self->how.token = g_strdup (how->token);
  if (how->pair)
    ast_warm_pair_ref ((AstWarmPair *)how->pair);
  // The domain may exist although the task was cancelled meanwhile: its own result counts.
  g_task_set_check_cancellable (task, FALSE);
  g_task_run_in_thread (task, start_thread);
}

// Asks libvirt for something of the running domain, in a task's thread.
static void
ask_domain (GTask *task, int (*question) (virDomainPtr), AstError code, const char *complaint)
{
  AstLibvirtMachine *self = g_task_get_source_object (task);
  g_autoptr (virConnect) connection = NULL;
  g_autoptr (virDomain) domain = NULL;
  GError *error = NULL;

  connection = get_connection (self->host, &error);
  if (connection == NULL)
    return g_task_return_error (task, error);
  domain = look_up_domain (connection);
  if (domain && question (domain) == 0)
    return g_task_return_boolean (task, TRUE);
  set_libvirt_error (&error, code, complaint);
  g_task_return_error (task, error);
}

static void
ask_to_stop_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  // libvirt asks the agent where it is connected, and else presses the ACPI button.
  ask_domain (task, virDomainShutdown, AST_ERROR_STOP, _ ("The guest could not be asked to power off."));
}

static void
ast_libvirt_machine_ask_to_stop_async (AstMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, NULL, callback, data);

  g_task_run_in_thread (task, ask_to_stop_thread);
}

static void
destroy_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  GError *error = NULL;

  if (end_guest (self->host, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
ast_libvirt_machine_destroy_async (AstMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, NULL, callback, data);

  AST_LIBVIRT_MACHINE (machine)->was_ended = TRUE; // the caller knows, and hears nothing more
  g_task_run_in_thread (task, destroy_thread);
}

// A guest that will be waiting runs for a moment: its first keys are answered sooner when it has been about
// them once.
static int
come_to_stand (virDomainPtr domain, GCancellable *cancellable)
{
  guint shift = KEY_LEFTSHIFT;

  for (guint i = 0; i < STAND_LOOKS && !g_cancellable_is_cancelled (cancellable); i++)
    {
      virDomainSendKey (domain, VIR_KEYCODE_SET_LINUX, KEY_HOLD_MSEC, &shift, 1, 0);
      g_usleep (STAND_WAIT_USEC);
    }
  return g_cancellable_is_cancelled (cancellable) ? 0 : virDomainSuspend (domain);
}

static void
stand_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  GError *error = NULL;
  g_autoptr (virConnect) connection = get_connection (self->host, &error);
  g_autoptr (virDomain) domain = connection ? look_up_domain (connection) : NULL;

  if (domain && come_to_stand (domain, cancellable) == 0)
    return g_task_return_boolean (task, TRUE);
  if (connection)
    set_libvirt_error (&error, AST_ERROR_START, _ ("The guest does not stand still."));
  g_task_return_error (task, error);
}

// The task's own answer is that it was called off, however far it had come.
static void
ast_libvirt_machine_stand_async (AstMachine *machine, GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, cancellable, callback, data);

  g_task_run_in_thread (task, stand_thread);
}

static int
resume_domain (virDomainPtr domain)
{
  int state = 0;

  return virDomainGetState (domain, &state, NULL, 0) == 0 && state == VIR_DOMAIN_RUNNING
             ? 0
             : virDomainResume (domain);
}

static void
resume_thread (GTask *task, gpointer source, gpointer first_time, GCancellable *cancellable)
{
  ask_domain (task, resume_domain, AST_ERROR_START, _ ("The guest cannot go on."));
  if (first_time)
    renew (source, FALSE);
}

static void
ast_libvirt_machine_resume_async (AstMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (machine);
  g_autoptr (GTask) task = g_task_new (machine, NULL, callback, data);

  g_task_set_task_data (task, GINT_TO_POINTER (self->how.ahead), NULL);
  self->how.ahead = FALSE;
  g_task_run_in_thread (task, resume_thread);
}

static void
wait_for_desktop_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  GError *error = NULL;
  g_autoptr (virConnect) connection = get_connection (self->host, &error);
  g_autoptr (virDomain) domain = connection ? look_up_domain (connection) : NULL;

  if (connection && domain == NULL)
    set_libvirt_error (&error, AST_ERROR_WARM, _ ("The guest ended before its desktop was there."));
  if (domain
      && ast_desktop_wait (domain, self->appliance->warm_probe, is_windows (self), cancellable, &error))
    return g_task_return_boolean (task, TRUE);
  g_task_return_error (task, error);
}

static void
ast_libvirt_machine_wait_for_desktop_async (AstMachine *machine, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, cancellable, callback, data);

  g_task_run_in_thread (task, wait_for_desktop_thread);
}

// Saves a guest that looks as it is to look.
static gboolean
save_guest (AstLibvirtMachine *self, virDomainPtr domain, const char *memory, GError **error)
{
  ast_renew_mark (domain, is_windows (self));
  // A QXL card renders when it is asked for a picture, and a saved one that was not, is black.
  ast_desktop_look (domain);
  if (virDomainSave (domain, memory) == 0)
    return TRUE;
  set_libvirt_error (error, AST_ERROR_WARM, _ ("The guest could not be saved."));
  return FALSE;
}

// What cannot be mapped is restored as it is.
static gboolean
take_ram_out (virConnectPtr connection, const char *memory, GCancellable *cancellable, GError **error)
{
  g_autofree char *ram = ast_warm_store_name_ram (memory);
  g_autoptr (GError) strange = NULL;
  char *xml = virDomainSaveImageGetXMLDesc (connection, memory, 0);
  gboolean may_be = xml && ast_warm_domain_can_be_mapped (xml);

  free (xml);
  if (may_be && ast_memory_image_check (memory, cancellable, &strange))
    return ast_memory_image_split (memory, ram, cancellable, error);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (strange)
    g_message ("The guest's memory is read at each start, not mapped: %s", strange->message);
  return TRUE;
}

static void
save_thread (GTask *task, gpointer source, gpointer memory, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  GError *error = NULL;
  g_autoptr (virConnect) connection = get_connection (self->host, &error);
  g_autoptr (virDomain) domain = connection ? look_up_domain (connection) : NULL;

  if (connection && domain == NULL)
    set_libvirt_error (&error, AST_ERROR_WARM, _ ("The guest could not be saved."));
  if (domain && save_guest (self, domain, memory, &error)
      && (!self->host->config->map_memory || take_ram_out (connection, memory, cancellable, &error)))
    return g_task_return_boolean (task, TRUE);
  g_task_return_error (task, error);
}

static void
ast_libvirt_machine_save_async (AstMachine *machine, const char *memory, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, cancellable, callback, data);

  AST_LIBVIRT_MACHINE (machine)->was_ended = TRUE; // it ends by being saved, and the caller knows
  g_task_set_task_data (task, g_strdup (memory), g_free);
  g_task_run_in_thread (task, save_thread);
}

// In a thread. The exit status of a program in the guest, or -1.
static int
run_in_guest (AstLibvirtMachine *self, char **command, GCancellable *cancellable, GError **error)
{
  g_autoptr (virConnect) connection = get_connection (self->host, error);
  g_autoptr (virDomain) domain = connection ? look_up_domain (connection) : NULL;

  if (domain)
    return ast_guest_agent_run (domain, command, cancellable, error);
  if (connection)
    set_libvirt_error (error, AST_ERROR_GUEST_LOST, "");
  return -1;
}

static void
write_out_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  AstLibvirtMachine *self = source;
  gboolean windows = is_windows (self);
  g_auto (GStrv) command = ast_write_out_command (data, windows);
  int status = run_in_guest (self, command, cancellable, &error);
  AstWritten written = ast_write_out_read_status (status, windows);

  if (written == AST_WRITTEN_NOT)
    g_message ("The guest does not write out what it holds back (%d): %s", status,
               error ? error->message : "");
  g_task_return_int (task, (gssize)written);
}

static void
ast_libvirt_machine_write_out_async (AstMachine *machine, AstUsbDevice *device, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, cancellable, callback, data);

  // The thread may wait for an answer that does not come.
  g_task_set_return_on_cancel (task, TRUE);
  g_task_set_task_data (task, ast_usb_device_ref (device), (GDestroyNotify)ast_usb_device_unref);
  g_task_run_in_thread (task, write_out_thread);
}

static int
open_screen (AstLibvirtMachine *self, GError **error)
{
  g_autoptr (virConnect) connection = get_connection (self->host, error);
  g_autoptr (virDomain) domain = connection ? look_up_domain (connection) : NULL;
  int fd = domain ? virDomainOpenGraphicsFD (domain, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH) : -1;

  if (connection && fd < 0)
    set_libvirt_error (error, AST_ERROR_SCREEN, _ ("The guest's screen could not be opened."));
  return fd;
}

static void
open_screen_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  GError *error = NULL;
  int fd = open_screen (self, &error);

  if (fd < 0)
    return g_task_return_error (task, error);
  if (g_task_return_error_if_cancelled (task))
    {
      close (fd);
      return;
    }
  g_task_return_int (task, fd);
}

static void
ast_libvirt_machine_open_screen_async (AstMachine *machine, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer data)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (machine);
  g_autoptr (GTask) task = g_task_new (machine, cancellable, callback, data);
  int spare = take_spare (self);

  g_task_set_check_cancellable (task, FALSE);
  if (spare >= 0)
    g_task_return_int (task, spare);
  else
    g_task_run_in_thread (task, open_screen_thread);
}

// A daemon that went away may take a while to come back, and to know its guests again.
static virConnectPtr
wait_for_connection (AstLibvirtHost *self)
{
  for (guint i = 0; i < GONE_TRIES; i++)
    {
      virConnectPtr connection = get_connection (self, NULL);

      if (connection)
        return connection;
      g_usleep (GONE_WAIT_USEC);
    }
  return NULL;
}

static void
confirm_gone_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  AstLibvirtMachine *self = source;
  g_autoptr (virConnect) connection = wait_for_connection (self->host);

  g_task_return_boolean (task, connection && is_gone (self->host, connection));
}

static void
on_confirmed_gone (GObject *source, GAsyncResult *result, gpointer data)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (source);

  if (!g_task_propagate_boolean (G_TASK (result), NULL) || self->was_ended)
    return;
  self->was_ended = TRUE;
  ast_machine_emit_ended (AST_MACHINE (self), GPOINTER_TO_INT (data));
}

// The event carries only the name, and an earlier guest's may come late: ask before it is believed.
static void
ast_libvirt_machine_on_stopped (AstLibvirtMachine *self, AstEnd end)
{
  g_autoptr (GTask) task = NULL;

  if (self->was_ended)
    return;
  if (!self->running)
    {
      self->early_end = TRUE;
      self->early_how = end;
      return;
    }
  task = g_task_new (self, NULL, on_confirmed_gone, GINT_TO_POINTER (end));
  g_task_run_in_thread (task, confirm_gone_thread);
}

static void
ast_libvirt_machine_take_on (AstMachine *machine, AstAppliance *appliance, const char *overlay)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (machine);

  self->appliance = ast_appliance_ref (appliance);
  self->overlay = g_strdup (overlay);
  self->running = TRUE;
  if (appliance->start_mode == AST_START_WARM && ast_appliance_is_usable (appliance))
    renew (self, TRUE);
  if (self->early_end)
    ast_libvirt_machine_on_stopped (self, self->early_how);
}

static void
ast_libvirt_machine_finalize (GObject *object)
{
  AstLibvirtMachine *self = AST_LIBVIRT_MACHINE (object);

  for (int fd = take_spare (self); fd >= 0; fd = take_spare (self))
    close (fd);
  g_async_queue_unref (self->spares);
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  if (self->how.pair)
    ast_warm_pair_unref ((AstWarmPair *)self->how.pair);
  g_free ((char *)self->how.seed);
  g_free ((char *)self->how.token);
  g_clear_object (&self->host);
  g_free (self->overlay);
  G_OBJECT_CLASS (ast_libvirt_machine_parent_class)->finalize (object);
}

static void
ast_libvirt_machine_class_init (AstLibvirtMachineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_libvirt_machine_finalize;
}

static void
ast_libvirt_machine_init (AstLibvirtMachine *self)
{
  self->spares = g_async_queue_new ();
}

static void
ast_libvirt_machine_iface_init (AstMachineInterface *iface)
{
  iface->start_async = ast_libvirt_machine_start_async;
  iface->ask_to_stop_async = ast_libvirt_machine_ask_to_stop_async;
  iface->destroy_async = ast_libvirt_machine_destroy_async;
  iface->open_screen_async = ast_libvirt_machine_open_screen_async;
  iface->stand_async = ast_libvirt_machine_stand_async;
  iface->resume_async = ast_libvirt_machine_resume_async;
  iface->wait_for_desktop_async = ast_libvirt_machine_wait_for_desktop_async;
  iface->save_async = ast_libvirt_machine_save_async;
  iface->write_out_async = ast_libvirt_machine_write_out_async;
  iface->take_on = ast_libvirt_machine_take_on;
}
