// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "spice-redirector.h"
#include "disc-reads.h"
#include "discs.h"
#include "error.h"
#include "release.h"
#include "usb-policy.h"
#include <glib/gi18n.h>
#include <libusb.h>

// One more try by itself for a device, this much later; then it is up to people.
#define RETRY_MSEC 2000
#define MAX_TRIES  2
// The kernel sets a device's functions up one after the other; how often, and when, it is looked at again.
#define LOOK_MSEC 200
#define MAX_LOOKS 25
#define WAIT_USEC 100
#define MAX_WAITS 100000
// How often it is looked whether QEMU has spoken about a drive that has left, and how often at the most.
#define SETTLE_MSEC      50
#define MAX_SETTLE_LOOKS 100

typedef struct
{
  AstRedirection *line;   // what people see of it
  SpiceUsbDevice *device; // NULL: a disc that is not in the emulated drive
  char *disc;             // path of the disc; NULL: something plugged in
  char *mark;             // which disc is in the drive
  guint tries;            // by itself, since it came or the guest started
  gboolean is_released;   // by somebody: not offered again by itself
  gboolean is_wanted;     // by somebody: an image is not offered otherwise
  gboolean turns_back;    // it is to leave as soon as it has come
  gboolean is_waiting;    // its emulated drive connects as soon as QEMU has let go of the last one
  gboolean is_gone;       // the disc is not there any more; the entry goes when the emulated drive has
  guint retry;
  char *reason;         // by which rule something plugged in may be passed on, or not; NULL of a disc
  AstUsbDevice *usb;    // of what the guest has to write to before it leaves, else NULL
  GCancellable *asking; // while the guest is asked to; ends with the entry
  AstWritten written;   // how that ended
  struct stat file;     // of the disc that the guest was given last
} Entry;

struct _AstSpiceRedirector
{
  GObject parent;

  SpiceSession *session; // borrowed: it outlives this
  AstMachine *machine;
  AstUsbPolicy policy; // holds a reference to the appliance
  char *filter;        // the same for the manager
  SpiceUsbDeviceManager *manager;
  GCancellable *cancellable;
  AstDiscs *discs;    // NULL: the policy opens none
  GPtrArray *entries; // Entry*
  Entry *making;      // the disc whose emulated drive is about to be told of; borrowed
  guint places;       // ways into the guest; each takes one device
  guint settle;       // the timer of those looks
  guint settle_looks;
  gulong first_read; // bytes that had come from QEMU when a drive left, …
  gulong last_read;  // … and by the last look
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstSpiceRedirector, ast_spice_redirector, G_TYPE_OBJECT)

// ---------------------------------------------------------------------------------------------------------------
// Entries

static void
clear_device (Entry *entry)
{
  if (entry->device)
    g_boxed_free (SPICE_TYPE_USB_DEVICE, entry->device);
  entry->device = NULL;
}

static void
stop_asking (Entry *self)
{
  if (self->asking)
    g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
}

static void
entry_free (Entry *self)
{
  g_clear_handle_id (&self->retry, g_source_remove);
  stop_asking (self);
  g_clear_pointer (&self->usb, ast_usb_device_unref);
  clear_device (self);
  ast_redirection_free (self->line);
  g_free (self->disc);
  g_free (self->mark);
  g_free (self->reason);
  g_free (self);
}

static Entry *
find_id (AstSpiceRedirector *self, const char *id)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (g_str_equal (((Entry *)self->entries->pdata[i])->line->id, id))
      return self->entries->pdata[i];
  return NULL;
}

static Entry *
find_device (AstSpiceRedirector *self, const SpiceUsbDevice *device)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (((Entry *)self->entries->pdata[i])->device == device)
      return self->entries->pdata[i];
  return NULL;
}

static void
set_line (AstSpiceRedirector *self, Entry *entry, AstRedirectionState state, const char *note)
{
  g_autofree char *old = entry->line->note;

  entry->line->state = state;
  entry->line->note = g_strdup (note);
  g_debug ("%s: %s%s%s", entry->line->id, ast_redirection_state_word (state), note ? ", " : "",
           note ? note : "");
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
remove_entry (AstSpiceRedirector *self, Entry *entry)
{
  if (self->making == entry)
    self->making = NULL;
  g_ptr_array_remove (self->entries, entry);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

// ---------------------------------------------------------------------------------------------------------------
// Into the guest

typedef struct
{
  AstSpiceRedirector *self;
  char *id;
} Request;

static Request *
new_request (AstSpiceRedirector *self, const Entry *entry)
{
  Request *request = g_new0 (Request, 1);

  request->self = g_object_ref (self);
  request->id = g_strdup (entry->line->id);
  return request;
}

static void
request_free (Request *self)
{
  g_object_unref (self->self);
  g_free (self->id);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

static void offer (AstSpiceRedirector *self, Entry *entry);
static void leave (AstSpiceRedirector *self, Entry *entry);

static gboolean
on_retry (gpointer data)
{
  const Request *request = data;
  Entry *entry = find_id (request->self, request->id);

  if (entry == NULL)
    return G_SOURCE_REMOVE;
  entry->retry = 0;
  offer (request->self, entry);
  return G_SOURCE_REMOVE;
}

// A wish has failed. Where it was ours, it is tried once more.
static void
fail (AstSpiceRedirector *self, Entry *entry, const GError *error)
{
  stop_asking (entry);
  g_message ("“%s” (%s) does not get into the guest: %s", entry->line->name, entry->line->id, error->message);
  set_line (self, entry, AST_REDIRECTION_FAILED, _ ("The machine did not take it."));
  if (entry->tries > 0 && entry->tries < MAX_TRIES && entry->retry == 0)
    entry->retry = g_timeout_add_full (G_PRIORITY_DEFAULT, RETRY_MSEC, on_retry, new_request (self, entry),
                                       (GDestroyNotify)request_free);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Request) request = data;
  g_autoptr (GError) error = NULL;
  Entry *entry;

  spice_usb_device_manager_connect_device_finish (SPICE_USB_DEVICE_MANAGER (source), result, &error);
  entry = find_id (request->self, request->id);
  // In between it may have been rejected, or be gone. The error alone does not tell that we cancelled it:
  // where polkit says no, the library calls that cancelled, too.
  if (entry == NULL || entry->line->state != AST_REDIRECTION_COMING
      || g_cancellable_is_cancelled (request->self->cancellable))
    return;
  if (error)
    return fail (request->self, entry, error);
  set_line (request->self, entry, AST_REDIRECTION_IN,
            entry->usb ? _ ("Before you pull it out, eject it there or switch it off here.") : entry->reason);
  if (entry->turns_back)
    leave (request->self, entry);
}

// The second of three places that hold the rules, beside the verdict on which the entry was made, and QEMU.
static gboolean
passes_filter (AstSpiceRedirector *self, const Entry *entry)
{
  g_autoptr (GPtrArray) passing
      = spice_usb_device_manager_get_devices_with_filter (self->manager, self->filter);

  return g_ptr_array_find (passing, entry->device, NULL);
}

// Bytes that have come from QEMU over all ways into the guest.
static gulong
count_read (AstSpiceRedirector *self)
{
  GList *channels = spice_session_get_channels (self->session);
  gulong sum = 0, bytes;

  for (GList *at = channels; at; at = at->next)
    if (SPICE_IS_USBREDIR_CHANNEL (at->data))
      {
        g_object_get (at->data, "total-read-bytes", &bytes, NULL);
        sum += bytes;
      }
  g_list_free (channels);
  return sum;
}

static void connect_device (AstSpiceRedirector *self, Entry *entry);

static gboolean
on_settle (gpointer data)
{
  AstSpiceRedirector *self = data;
  gulong now = count_read (self);
  gboolean has_spoken = now != self->first_read && now == self->last_read;

  self->last_read = now;
  if (!has_spoken && ++self->settle_looks < MAX_SETTLE_LOOKS)
    return G_SOURCE_CONTINUE;
  self->settle = 0;
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = self->entries->pdata[i];
      gboolean was_waiting = entry->is_waiting;

      entry->is_waiting = FALSE;
      if (was_waiting && entry->device && entry->line->state == AST_REDIRECTION_COMING)
        connect_device (self, entry);
    }
  return G_SOURCE_REMOVE;
}

// QEMU confirms that a drive has left. A drive that is connected over the same channel before that has come
// makes the library take the word for one that nobody waits for. So the next one waits until QEMU has spoken,
// and fallen silent.
static void
begin_to_settle (AstSpiceRedirector *self)
{
  g_clear_handle_id (&self->settle, g_source_remove);
  self->settle_looks = 0;
  self->first_read = self->last_read = count_read (self);
  self->settle = g_timeout_add (SETTLE_MSEC, on_settle, self);
}

static void
connect_device (AstSpiceRedirector *self, Entry *entry)
{
  g_autoptr (GError) error = NULL;

  entry->is_waiting = entry->disc && self->settle;
  if (entry->is_waiting)
    return set_line (self, entry, AST_REDIRECTION_COMING, NULL);
  if (!passes_filter (self, entry))
    return set_line (self, entry, AST_REDIRECTION_REFUSED, _ ("The station's filter is against it."));
  if (!spice_usb_device_manager_can_redirect_device (self->manager, entry->device, &error))
    return fail (self, entry, error);
  set_line (self, entry, AST_REDIRECTION_COMING, NULL);
  spice_usb_device_manager_connect_device_async (self->manager, entry->device, self->cancellable,
                                                 on_connected, new_request (self, entry));
}

// The emulated drive is told of with the next turn of the main loop, and nothing in what is told says whose
// it is: one is made after the other.
static void
make_drive (AstSpiceRedirector *self, Entry *entry)
{
  g_autoptr (GError) error = NULL;

  set_line (self, entry, AST_REDIRECTION_COMING, NULL);
  if (stat (entry->disc, &entry->file) != 0)
    entry->file.st_ino = 0; // which is no file's
  if (spice_usb_device_manager_create_shared_cd_device (self->manager, entry->disc, &error))
    self->making = entry;
  else
    fail (self, entry, error);
}

static guint
count_taken (AstSpiceRedirector *self)
{
  guint taken = 0;

  for (guint i = 0; i < self->entries->len; i++)
    {
      AstRedirectionState state = ((Entry *)self->entries->pdata[i])->line->state;

      taken += state == AST_REDIRECTION_COMING || state == AST_REDIRECTION_IN
               || state == AST_REDIRECTION_LEAVING;
    }
  return taken;
}

static void
begin (AstSpiceRedirector *self, Entry *entry)
{
  g_clear_handle_id (&entry->retry, g_source_remove);
  entry->turns_back = FALSE;
  if (count_taken (self) >= self->places)
    set_line (self, entry, AST_REDIRECTION_FAILED,
              _ ("All the machine's places are taken: take something else out of it first."));
  else if (entry->device)
    connect_device (self, entry);
  else
    make_drive (self, entry);
}

static gboolean
is_idle (const Entry *entry)
{
  return entry->line->state == AST_REDIRECTION_OUT || entry->line->state == AST_REDIRECTION_FAILED;
}

// By itself, as a real machine would have it.
static void
offer (AstSpiceRedirector *self, Entry *entry)
{
  if (self->places == 0 || self->making || !is_idle (entry) || !entry->line->is_present || entry->is_released
      || (entry->line->kind == AST_REDIRECTION_DISC && !entry->is_wanted) || entry->tries >= MAX_TRIES)
    return;
  // A place that is not there is no try.
  if (count_taken (self) < self->places)
    entry->tries++;
  begin (self, entry);
}

static void
offer_all (AstSpiceRedirector *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    offer (self, self->entries->pdata[i]);
}

// What is on its way already has begun its first try: firmware may start a machine anew once more.
void
ast_spice_redirector_offer_again (AstSpiceRedirector *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = self->entries->pdata[i];

      entry->tries = entry->line->state == AST_REDIRECTION_COMING ? 1 : 0;
    }
  offer_all (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Out of the guest

static void
on_disconnected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Request) request = data;
  g_autoptr (GError) error = NULL;
  Entry *entry;

  if (!spice_usb_device_manager_disconnect_device_finish (SPICE_USB_DEVICE_MANAGER (source), result, &error))
    g_message ("%s does not leave the guest: %s", request->id, error->message);
  entry = find_id (request->self, request->id);
  // An emulated drive is out when the manager tells that it is gone.
  if (entry == NULL || entry->line->state != AST_REDIRECTION_LEAVING || entry->disc)
    return;
  set_line (request->self, entry, AST_REDIRECTION_OUT,
            entry->usb ? ast_release_note (entry->written) : entry->reason);
  offer_all (request->self);
}

// The library lets go of its emulated drive in a thread, and notes that it waits for QEMU's answer only after
// it has asked: an answer that this loop reads before that is a mistake to it. So the loop stands still for
// the fraction of a millisecond that the thread takes; on a machine too busy to begin it, for longer.
static void
wait_for_thread (AstSpiceRedirector *self, const Entry *entry)
{
  for (guint i = 0;
       i < MAX_WAITS && spice_usb_device_manager_is_device_connected (self->manager, entry->device); i++)
    g_usleep (WAIT_USEC);
}

static void
disconnect_device (AstSpiceRedirector *self, Entry *entry)
{
  if (entry->disc)
    begin_to_settle (self);
  spice_usb_device_manager_disconnect_device_async (self->manager, entry->device, NULL, on_disconnected,
                                                    new_request (self, entry));
  if (entry->disc)
    wait_for_thread (self, entry);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Request) request = data;
  AstWritten written;
  Entry *entry;

  // Cancelled: it is out already, and what has its id now may be another one.
  if (!ast_release_finish (result, &written))
    return;
  entry = find_id (request->self, request->id);
  g_clear_object (&entry->asking);
  entry->written = written;
  disconnect_device (request->self, entry);
}

// A disc is never written to, so that no guest has to be asked.
static void
leave (AstSpiceRedirector *self, Entry *entry)
{
  entry->turns_back = entry->line->state == AST_REDIRECTION_COMING;
  if (entry->line->state != AST_REDIRECTION_IN
      || !spice_usb_device_manager_is_device_connected (self->manager, entry->device))
    return;
  set_line (self, entry, AST_REDIRECTION_LEAVING,
            entry->usb ? _ ("This machine is still writing to it: leave it plugged in.") : NULL);
  if (entry->usb == NULL)
    return disconnect_device (self, entry);
  entry->asking = g_cancellable_new ();
  ast_release_async (self->machine, entry->usb, entry->asking, on_released, new_request (self, entry));
}

// ---------------------------------------------------------------------------------------------------------------
// What the manager tells

// Where it is plugged in, as the kernel names the place; empty for what is soldered in.
static char *
find_path (const SpiceUsbDevice *device)
{
  libusb_device *usb = (libusb_device *)spice_usb_device_get_libusb_device (device);
  g_autoptr (GString) path = g_string_new (NULL);
  guint8 ports[8];
  int depth = libusb_get_port_numbers (usb, ports, G_N_ELEMENTS (ports));

  if (depth > 0)
    g_string_printf (path, "%u-%u", libusb_get_bus_number (usb), ports[0]);
  for (int i = 1; i < depth; i++)
    g_string_append_printf (path, ".%u", ports[i]);
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static void
add_usb (AstSpiceRedirector *self, SpiceUsbDevice *device, AstUsbDevice *usb, const AstUsbVerdict *verdict)
{
  g_autofree char *id = g_strdup_printf ("%s:%s", ast_redirection_kind_word (AST_REDIRECTION_USB), usb->path);
  Entry *entry = g_new0 (Entry, 1);

  entry->line = ast_redirection_new (id, AST_REDIRECTION_USB, usb->name);
  entry->device = g_boxed_copy (SPICE_TYPE_USB_DEVICE, device);
  entry->reason = ast_usb_verdict_explain (verdict);
  if (ast_release_is_needed (usb))
    entry->usb = ast_usb_device_ref (usb);
  g_ptr_array_add (self->entries, entry);
  set_line (self, entry, verdict->allowed ? AST_REDIRECTION_OUT : AST_REDIRECTION_REFUSED, entry->reason);
  offer (self, entry);
}

typedef struct
{
  AstSpiceRedirector *self;
  SpiceUsbDevice *device;
  guint looks;
} Look;

static void
look_free (Look *self)
{
  g_object_unref (self->self);
  g_boxed_free (SPICE_TYPE_USB_DEVICE, self->device);
  g_free (self);
}

// FALSE: the kernel has not set it up yet.
static gboolean
look_at_usb (AstSpiceRedirector *self, SpiceUsbDevice *device)
{
  libusb_device *known = (libusb_device *)spice_usb_device_get_libusb_device (device);
  g_autofree char *path = find_path (device);
  g_autoptr (AstUsbDevice) usb = *path ? ast_usb_device_read (path) : NULL;
  AstUsbVerdict verdict;

  // In between another one may have been plugged in there, which is told of by itself.
  if (usb == NULL || usb->address != libusb_get_device_address (known))
    return TRUE;
  verdict = ast_usb_policy_judge (&self->policy, usb);
  if (verdict.reason == AST_USB_NOT_SET_UP)
    return FALSE;
  // The station's own keyboard is no news.
  if (!ast_usb_reason_is_final (verdict.reason))
    add_usb (self, device, usb, &verdict);
  return TRUE;
}

static gboolean
on_look (gpointer data)
{
  Look *look = data;

  look->looks++;
  if (look->self->manager == NULL || look_at_usb (look->self, look->device) || look->looks >= MAX_LOOKS)
    return G_SOURCE_REMOVE;
  return G_SOURCE_CONTINUE;
}

static void
add_drive (AstSpiceRedirector *self, SpiceUsbDevice *device)
{
  Entry *entry = self->making;

  if (entry == NULL)
    return;
  self->making = NULL;
  entry->device = g_boxed_copy (SPICE_TYPE_USB_DEVICE, device);
  connect_device (self, entry);
  offer_all (self);
}

static void
on_device_added (SpiceUsbDeviceManager *manager, SpiceUsbDevice *device, AstSpiceRedirector *self)
{
  Look *look;

  if (spice_usb_device_manager_is_device_shared_cd (manager, device))
    return add_drive (self, device);
  if (look_at_usb (self, device))
    return;
  look = g_new0 (Look, 1);
  look->self = g_object_ref (self);
  look->device = g_boxed_copy (SPICE_TYPE_USB_DEVICE, device);
  g_timeout_add_full (G_PRIORITY_DEFAULT, LOOK_MSEC, on_look, look, (GDestroyNotify)look_free);
}

// The emulated drive is gone: the guest has ejected the disc, or somebody here has, or it never got in.
static void
on_drive_removed (AstSpiceRedirector *self, Entry *entry)
{
  gboolean by_guest = entry->line->state == AST_REDIRECTION_IN;

  if (by_guest)
    begin_to_settle (self);
  clear_device (entry);
  if (entry->is_gone)
    return remove_entry (self, entry);
  entry->is_released = entry->is_released || by_guest;
  entry->is_wanted = entry->is_wanted && !by_guest;
  if (entry->line->kind == AST_REDIRECTION_DRIVE && entry->is_released && entry->line->is_present)
    ast_disc_eject (entry->disc);
  if (entry->line->state != AST_REDIRECTION_FAILED)
    set_line (self, entry, AST_REDIRECTION_OUT, NULL);
}

static void
on_device_removed (SpiceUsbDeviceManager *manager, SpiceUsbDevice *device, AstSpiceRedirector *self)
{
  Entry *entry = find_device (self, device);

  if (entry == NULL)
    return;
  if (entry->disc)
    on_drive_removed (self, entry);
  else
    remove_entry (self, entry);
  offer_all (self);
}

static void
on_device_error (SpiceUsbDeviceManager *manager, SpiceUsbDevice *device, const GError *error,
                 AstSpiceRedirector *self)
{
  Entry *entry = find_device (self, device);

  if (entry)
    fail (self, entry, error);
}

static void
on_channel_event (SpiceChannel *channel, SpiceChannelEvent event, AstSpiceRedirector *self)
{
  if (event != SPICE_CHANNEL_OPENED)
    return;
  self->places++;
  offer_all (self);
}

static void
on_channel_new (SpiceSession *session, SpiceChannel *channel, AstSpiceRedirector *self)
{
  if (SPICE_IS_USBREDIR_CHANNEL (channel))
    g_signal_connect_object (channel, "channel-event", G_CALLBACK (on_channel_event), self, 0);
}

// ---------------------------------------------------------------------------------------------------------------
// Discs

static const AstDisc *
find_disc (AstSpiceRedirector *self, const char *path)
{
  const GPtrArray *discs = ast_discs_list (self->discs);

  for (guint i = 0; i < discs->len; i++)
    if (g_str_equal (((const AstDisc *)discs->pdata[i])->path, path))
      return discs->pdata[i];
  return NULL;
}

static Entry *
add_disc (AstSpiceRedirector *self, const AstDisc *disc)
{
  AstRedirectionKind kind = disc->is_drive ? AST_REDIRECTION_DRIVE : AST_REDIRECTION_DISC;
  g_autofree char *id = g_strdup_printf ("%s:%s", ast_redirection_kind_word (kind), disc->path);
  Entry *entry = find_id (self, id);

  if (entry)
    return entry;
  entry = g_new0 (Entry, 1);
  entry->line = ast_redirection_new (id, kind, disc->name);
  entry->line->is_present = FALSE;
  entry->disc = g_strdup (disc->path);
  g_ptr_array_add (self->entries, entry);
  return entry;
}

// A disc that was put in by hand is a new wish, whatever was wished for the one before it.
static void
update_disc (AstSpiceRedirector *self, Entry *entry, const AstDisc *disc)
{
  gboolean is_same = disc->has_disc == entry->line->is_present && g_strcmp0 (disc->mark, entry->mark) == 0;

  entry->is_gone = FALSE;
  if (is_same && g_str_equal (disc->name, entry->line->name))
    return;
  g_free (entry->line->name);
  entry->line->name = g_strdup (disc->name);
  entry->line->is_present = disc->has_disc;
  g_free (entry->mark);
  entry->mark = g_strdup (disc->mark);
  if (!is_same)
    {
      entry->tries = 0;
      entry->is_released = FALSE;
      leave (self, entry);
    }
  if (is_idle (entry) || entry->line->state == AST_REDIRECTION_REFUSED)
    set_line (self, entry, disc->has_disc && !disc->is_data ? AST_REDIRECTION_REFUSED : AST_REDIRECTION_OUT,
              disc->has_disc && !disc->is_data ? _ ("Only discs with data can go into this machine.") : NULL);
}

static void
drop_disc (AstSpiceRedirector *self, Entry *entry)
{
  if (entry->device == NULL && self->making != entry)
    return remove_entry (self, entry);
  entry->is_gone = TRUE;
  leave (self, entry);
}

// The line says so as long as the disc is in: it may be readable elsewhere.
static void
tell_of_scratches (AstSpiceRedirector *self, Entry *entry, const GError *error)
{
  const char *note = _ ("Not all of it can be read: is it scratched, or damaged?");

  if (entry->line->state != AST_REDIRECTION_IN || g_strcmp0 (entry->line->note, note) == 0)
    return;
  g_message ("“%s” (%s) cannot be read: %s", entry->line->name, entry->line->id, error->message);
  set_line (self, entry, AST_REDIRECTION_IN, note);
}

static Entry *
find_file (AstSpiceRedirector *self, const struct stat *file)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = self->entries->pdata[i];

      if (entry->disc && entry->file.st_dev == file->st_dev && entry->file.st_ino == file->st_ino)
        return entry;
    }
  return NULL;
}

static gboolean
is_disc (const struct stat *file, gpointer data)
{
  return find_file (data, file) != NULL;
}

static void
on_read_failed (const struct stat *file, const GError *error, gpointer data)
{
  Entry *entry = find_file (data, file);

  if (entry)
    tell_of_scratches (data, entry, error);
}

// By a guest that has started anew, or has lost patience: the library's drive answers no more, and another
// one takes its place.
static void
on_read_called_off (const struct stat *file, gpointer data)
{
  Entry *entry = find_file (data, file);

  if (entry)
    leave (data, entry);
}

static const AstDiscReads disc_reads
    = { .is_disc = is_disc, .failed = on_read_failed, .called_off = on_read_called_off };

static void
on_discs_changed (AstSpiceRedirector *self)
{
  const GPtrArray *discs = ast_discs_list (self->discs);

  for (guint i = self->entries->len; i-- > 0;)
    {
      Entry *entry = self->entries->pdata[i];

      if (entry->disc && find_disc (self, entry->disc) == NULL)
        drop_disc (self, entry);
    }
  for (guint i = 0; i < discs->len; i++)
    update_disc (self, add_disc (self, discs->pdata[i]), discs->pdata[i]);
  offer_all (self);
}

// ---------------------------------------------------------------------------------------------------------------

GPtrArray *
ast_spice_redirector_list (AstSpiceRedirector *self)
{
  GPtrArray *list = ast_redirection_list_new ();

  for (guint kind = AST_REDIRECTION_USB; kind <= AST_REDIRECTION_DISC; kind++)
    for (guint i = 0; i < self->entries->len; i++)
      if (((const Entry *)self->entries->pdata[i])->line->kind == kind)
        g_ptr_array_add (list, ast_redirection_copy (((const Entry *)self->entries->pdata[i])->line));
  return list;
}

gboolean
ast_spice_redirector_redirect (AstSpiceRedirector *self, const char *id, gboolean in, GError **error)
{
  Entry *entry = find_id (self, id);

  if (entry == NULL || !entry->line->is_present)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_NO_SUCH_DEVICE,
                   entry ? _ ("There is no disc in the drive of “%s”.") : _ ("There is no device “%s” here."),
                   id);
      return FALSE;
    }
  if (entry->line->state == AST_REDIRECTION_REFUSED)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_DEVICE_REFUSED, "%s: %s", entry->line->name,
                   entry->line->note);
      return FALSE;
    }
  entry->is_released = !in;
  entry->is_wanted = in;
  entry->tries = 0;
  if (!in)
    leave (self, entry);
  else
    entry->turns_back = FALSE;
  // Where another drive is being made, it has its turn after that.
  if (in && is_idle (entry) && self->making == NULL)
    {
      entry->tries = MAX_TRIES;
      begin (self, entry);
    }
  return TRUE;
}

static void
ast_spice_redirector_dispose (GObject *object)
{
  AstSpiceRedirector *self = AST_SPICE_REDIRECTOR (object);

  ast_disc_reads_forget (self);
  g_clear_handle_id (&self->settle, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->discs);
  g_clear_object (&self->manager);
  g_clear_object (&self->machine);
  g_clear_pointer ((AstAppliance **)&self->policy.appliance, ast_appliance_unref);
  self->making = NULL;
  g_ptr_array_set_size (self->entries, 0);
  G_OBJECT_CLASS (ast_spice_redirector_parent_class)->dispose (object);
}

static void
ast_spice_redirector_finalize (GObject *object)
{
  g_ptr_array_unref (AST_SPICE_REDIRECTOR (object)->entries);
  g_object_unref (AST_SPICE_REDIRECTOR (object)->cancellable);
  g_free (AST_SPICE_REDIRECTOR (object)->filter);
  G_OBJECT_CLASS (ast_spice_redirector_parent_class)->finalize (object);
}

static void
ast_spice_redirector_class_init (AstSpiceRedirectorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_spice_redirector_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_spice_redirector_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", AST_TYPE_SPICE_REDIRECTOR, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_spice_redirector_init (AstSpiceRedirector *self)
{
  self->cancellable = g_cancellable_new ();
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
}

AstSpiceRedirector *
ast_spice_redirector_new (SpiceSession *session, AstMachine *machine, const AstConfig *config,
                          AstAppliance *appliance, const AstPolicy *policy, GError **error)
{
  g_autoptr (GPtrArray) devices = NULL;
  SpiceUsbDeviceManager *manager;
  AstSpiceRedirector *self;
  GList *channels;

  self = g_object_new (AST_TYPE_SPICE_REDIRECTOR, NULL);
  self->session = session;
  self->machine = g_object_ref (machine);
  self->policy.station_rules = config->usb_rules;
  self->policy.appliance = ast_appliance_ref (appliance);
  self->policy.policy = *policy;
  self->filter = ast_usb_policy_filter_text (&self->policy);
  // Before the manager looks at the session's channels and connects them.
  g_signal_connect_object (session, "channel-new", G_CALLBACK (on_channel_new), self, 0);
  channels = spice_session_get_channels (session);
  for (GList *at = channels; at; at = at->next)
    on_channel_new (session, at->data, self);
  g_list_free (channels);
  manager = spice_usb_device_manager_get (session, error);
  if (manager == NULL)
    {
      g_object_unref (self);
      return NULL;
    }
  self->manager = g_object_ref (manager);
  g_signal_connect_object (manager, "device-added", G_CALLBACK (on_device_added), self, 0);
  g_signal_connect_object (manager, "device-removed", G_CALLBACK (on_device_removed), self, 0);
  g_signal_connect_object (manager, "device-error", G_CALLBACK (on_device_error), self, 0);
  // The library has begun to look for devices with the session, and has told of some already.
  devices = spice_usb_device_manager_get_devices (manager);
  for (guint i = 0; i < devices->len; i++)
    on_device_added (manager, devices->pdata[i], self);
  if (policy->devices & AST_DEVICE_DVD)
    {
      self->discs = ast_discs_new (config->discs, appliance->id);
      g_signal_connect_object (self->discs, "changed", G_CALLBACK (on_discs_changed), self,
                               G_CONNECT_SWAPPED);
      ast_disc_reads_mind (&disc_reads, self);
      on_discs_changed (self);
    }
  return self;
}
