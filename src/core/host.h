// SPDX-License-Identifier: GPL-3.0-or-later
// The seam behind which a guest runs: a host makes machines, a machine is one guest. Today's host is libvirt;
// another one may start a remote desktop.
#pragma once
#include <gio/gio.h>
#include "appliance.h"
#include "state.h"
#include "usb-device.h"
#include "warm-store.h"

G_BEGIN_DECLS

typedef enum
{
  AST_END_POWERED_OFF, // the guest shut itself down, or was asked to
  AST_END_DESTROYED,   // somebody ended it from outside
  AST_END_PANICKED,    // its system has crashed, and said so
  AST_END_LOST,        // it died
} AstEnd;

typedef struct // how a guest is started
{
  gboolean with_screen;    // somebody will ask for its screen at once
  gboolean to_be_saved;    // it boots without the network cards that it will get at each warm start
  const AstWarmPair *pair; // it is restored from this; NULL = it boots
  const char *seed;        // it boots, and its overlay stands on this besides the appliance's images; or NULL
  const char *token;       // of the session, written into what runs; NULL = nobody will look for it
  gboolean ahead;          // restored for nobody yet: it gets its network cards with ast_machine_resume_async
} AstStart;

typedef enum // of what a guest held back of a device
{
  AST_WRITTEN_NOT,  // nobody knows: it could not be asked, or did not come to an end
  AST_WRITTEN_OPEN, // all of it, and something in the guest still uses the device
  AST_WRITTEN_ALL,  // all of it, and the guest has let go of the device
} AstWritten;

#define AST_TYPE_MACHINE (ast_machine_get_type ())
// Signals, on the main context: "ended" (AstEnd): the guest runs no more; "desktop-ready": the guest's own
// agent reports that it is up; "paused" (AstPause, never none): QEMU stopped it at a write that failed;
// "resumed": it runs again; "rebooted": the guest has started anew; "failed" (GError): it runs, and lacks
// something that it cannot do without.
G_DECLARE_INTERFACE (AstMachine, ast_machine, AST, MACHINE, GObject)

// Each call is asynchronous and calls back on the thread-default main context of the call.
struct _AstMachineInterface
{
  GTypeInterface parent;
  void (*start_async) (AstMachine *, const AstStart *, GCancellable *, GAsyncReadyCallback, gpointer);
  void (*ask_to_stop_async) (AstMachine *, GAsyncReadyCallback, gpointer);
  void (*destroy_async) (AstMachine *, GAsyncReadyCallback, gpointer);
  void (*open_screen_async) (AstMachine *, GCancellable *, GAsyncReadyCallback, gpointer);
  void (*stand_async) (AstMachine *, GCancellable *, GAsyncReadyCallback, gpointer);
  void (*resume_async) (AstMachine *, GAsyncReadyCallback, gpointer);
  void (*wait_for_desktop_async) (AstMachine *, GCancellable *, GAsyncReadyCallback, gpointer);
  void (*save_async) (AstMachine *, const char *, GCancellable *, GAsyncReadyCallback, gpointer);
  void (*write_out_async) (AstMachine *, AstUsbDevice *, GCancellable *, GAsyncReadyCallback, gpointer);
  void (*take_on) (AstMachine *, AstAppliance *, const char *overlay);
};

// Starts the guest. A cancellation that comes too late is no error: the guest then runs, and the caller
// destroys it. A restored guest is given its network cards, and what it must not have twice (renew.h), a
// moment after it runs; "failed" tells where it does not get them. Fails with BUSY, NO_LIBVIRT, NO_QEMU,
// START, DESCRIPTOR; a restore also with WARM, where the pair is broken; there is no guest then.
void ast_machine_start_async (AstMachine *self, const AstStart *how, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean ast_machine_start_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Presses the power button and asks the guest's agent; success says only that the wish was passed on.
void ast_machine_ask_to_stop_async (AstMachine *self, GAsyncReadyCallback callback, gpointer data);
gboolean ast_machine_ask_to_stop_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Ends the guest at once. Success means verified: the guest is gone. Also succeeds where it was gone already.
void ast_machine_destroy_async (AstMachine *self, GAsyncReadyCallback callback, gpointer data);
gboolean ast_machine_destroy_finish (AstMachine *self, GAsyncResult *result, GError **error);
// One more connection to the guest's screen: a socket that the caller owns, or -1 with error.
void ast_machine_open_screen_async (AstMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data);
int ast_machine_open_screen_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Has a guest that was restored ahead run for a moment, about what its first keys will need, and stand still
// then. Called off by the cancellable, it runs. Fails with START, or G_IO_ERROR_CANCELLED.
void ast_machine_stand_async (AstMachine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data);
gboolean ast_machine_stand_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Lets a guest that stands still go on: it tries the write again that had failed. "resumed" tells that it
// does, and "paused" may follow. One that runs goes on running. Fails with START.
void ast_machine_resume_async (AstMachine *self, GAsyncReadyCallback callback, gpointer data);
gboolean ast_machine_resume_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Waits until a guest that nobody looks at stands at its desktop (desktop-wait.h). Fails with WARM.
void ast_machine_wait_for_desktop_async (AstMachine *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer data);
gboolean ast_machine_wait_for_desktop_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Saves the guest's memory into a new file, and what of it can be mapped into another one beside it
// (ast_warm_store_name_ram), where the configuration wants that; and ends the guest with it. Is called off by
// destroying the guest, and by the cancellable as far as it is done without one. Fails with WARM, and the
// guest may then still run; or with NO_SPACE or STORE. The files are of no use then.
void ast_machine_save_async (AstMachine *self, const char *memory, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
gboolean ast_machine_save_finish (AstMachine *self, GAsyncResult *result, GError **error);
// Has the guest's agent write out everything, and let go of the file systems on `device`, which it has. Takes
// as long as the guest writes; a cancellation comes back at once. What fails goes to the journal, and is no
// error: there is nothing that somebody could do.
void ast_machine_write_out_async (AstMachine *self, AstUsbDevice *device, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
AstWritten ast_machine_write_out_finish (AstMachine *self, GAsyncResult *result);

// For implementations.
void ast_machine_emit_ended (AstMachine *self, AstEnd end);
void ast_machine_emit_desktop_ready (AstMachine *self);
void ast_machine_emit_paused (AstMachine *self, AstPause pause);
void ast_machine_emit_resumed (AstMachine *self);
void ast_machine_emit_rebooted (AstMachine *self);
void ast_machine_emit_failed (AstMachine *self, const GError *error);

// The guest that a dead runner left running is this session's: from now on it is told what happens to it,
// also what has happened since it was found.
void ast_machine_take_on (AstMachine *self, AstAppliance *appliance, const char *overlay);

typedef struct // a guest that a dead runner of this station left running
{
  AstMachine *machine; // full reference
  char *token;         // of its session, or NULL
  AstPause paused;
} AstLeftover;

void ast_leftover_free (AstLeftover *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstLeftover, ast_leftover_free)

#define AST_TYPE_HOST (ast_host_get_type ())
G_DECLARE_INTERFACE (AstHost, ast_host, AST, HOST, GObject)

struct _AstHostInterface
{
  GTypeInterface parent;
  AstMachine *(*make_machine) (AstHost *, AstAppliance *, const char *overlay);
  void (*find_leftover_async) (AstHost *, GAsyncReadyCallback, gpointer);
  void (*warm_up_async) (AstHost *, GAsyncReadyCallback, gpointer);
  char *(*get_emulation_reason) (AstHost *);
  void (*describe_async) (AstHost *, AstAppliance *, GAsyncReadyCallback, gpointer);
};

// A machine that has not been started yet. Full reference. `overlay` may be NULL.
AstMachine *ast_host_make_machine (AstHost *self, AstAppliance *appliance, const char *overlay);
// The guest that a dead runner of this station left running, or NULL without error if there is none.
void ast_host_find_leftover_async (AstHost *self, GAsyncReadyCallback callback, gpointer data);
AstLeftover *ast_host_find_leftover_finish (AstHost *self, GAsyncResult *result, GError **error);
// Does everything that the first start would otherwise wait for, which can take seconds. Never needed, and
// failure is no harm: the start tries again and tells.
void ast_host_warm_up_async (AstHost *self, GAsyncReadyCallback callback, gpointer data);
gboolean ast_host_warm_up_finish (AstHost *self, GAsyncResult *result, GError **error);
// What of this host a saved guest of the appliance depends on, as lines of a word and a value: "qemu …",
// "processor …", "domain …". Another text means that the guest cannot be restored.
void ast_host_describe_async (AstHost *self, AstAppliance *appliance, GAsyncReadyCallback callback,
                              gpointer data);
// The caller frees it; NULL with NO_QEMU, CONFIGURATION or DESCRIPTOR.
char *ast_host_describe_finish (AstHost *self, GAsyncResult *result, GError **error);
// Known after a warm-up or a start: are guests emulated in software, and why (translated; NULL if they are
// not)? The caller frees it.
char *ast_host_get_emulation_reason (AstHost *self);

G_END_DECLS
