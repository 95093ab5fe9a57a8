// SPDX-License-Identifier: GPL-3.0-or-later
// The only one who knows the order: lock, overlay, domain, screen, stop, discard.
#pragma once
#include "catalogue.h"
#include "config.h"
#include "host.h"
#include "overlay-store.h"
#include "screen.h"
#include "state.h"
#include "warm-store.h"

G_BEGIN_DECLS

#define AST_TYPE_RUNNER (ast_runner_get_type ())
// Signal "changed": the status, or the time at which a stop will be forced, is another one now.
G_DECLARE_FINAL_TYPE (AstRunner, ast_runner, AST, RUNNER, GObject)

// How long is waited for what may never come; milliseconds.
typedef struct
{
  guint silent_guest; // a guest whose agent has not spoken by then has none that is waited for: it is ready
  guint ask_again;    // a guest that was asked to power off is asked again
  guint screen_grace; // between the loss of the screen and the next try, if the guest has not ended by then
  guint discard_wait; // until an overlay that is still in use is tried again
  guint memory_look;  // while a guest is restored ahead: is there still memory for it?
  guint beat;         // between two notes that this runner was there
  guint room_look;    // between two looks at how full the overlay is
  guint64 (*get_memory) (void); // not a time: how much of the station's memory is to be had, bytes
} AstRunnerTimes;

// `warm`: where warm starts are prepared; NULL = all starts are cold. `screen` NULL: the guest runs unseen.
// The configuration is borrowed for life, the objects are referenced.
AstRunner *ast_runner_new (const AstConfig *config, AstHost *host, AstOverlayStore *store, AstWarmStore *warm,
                           AstScreen *screen);
// The same with other times than the usual ones.
AstRunner *ast_runner_new_with_times (const AstConfig *config, AstHost *host, AstOverlayStore *store,
                                      AstWarmStore *warm, AstScreen *screen, const AstRunnerTimes *times);

// Goes on with the session of a runner that died, where whoever sits there is still the same person
// (session-facts.h), and ends what else it left: its guest, its overlays. To be called once, before anything
// else; a start that comes meanwhile waits for it. Does nothing while another process holds the one-guest
// lock.
void ast_runner_recover (AstRunner *self);
// Once the runner has settled: why something may have been left after all; borrowed, NULL = all is clean.
const GError *ast_runner_get_recovery_failure (AstRunner *self);

// Accepts or refuses at once (BUSY, or the appliance's first problem as DESCRIPTOR); everything after it is
// told by the status, ending in booting and ready, idle or failed. A preparation for warm starts gives way,
// and so does another appliance that is restored ahead.
gboolean ast_runner_start (AstRunner *self, AstAppliance *appliance, GError **error);
// Prepares an appliance for warm starts: boots it unseen, waits for its desktop, saves it. Nothing is done,
// and the status soon idle, where the pair is fresh, unless `anew`. Accepts or refuses at once: BUSY,
// DESCRIPTOR, and WARM where the appliance does not start warm, or the station is under exam. The status
// tells it as `warming`.
gboolean ast_runner_warm (AstRunner *self, AstAppliance *appliance, gboolean anew, GError **error);
// Restores a warm appliance, which then stands still until it is started. The status stays idle. Nothing
// happens where something runs already, there is no fresh pair, or memory is short; and it is dropped when
// memory becomes short.
void ast_runner_restore_ahead (AstRunner *self, AstAppliance *appliance);
// The appliance that stands restored; borrowed, NULL = none.
const AstAppliance *ast_runner_get_ahead (AstRunner *self);
// Ends whatever runs, at any stage, down to idle: a guest that is up is asked first and forced after the
// configured grace; before that there is nothing that could be asked. `force`: at once, also in the middle of
// the grace, and where the guest is paused, which hears nothing. A guest that is not verified gone then ends
// in failed (stop-failed), keeps its overlay and the lock, and is tried again by another stop or by reading
// the failure.
void ast_runner_stop (AstRunner *self, gboolean force);
// The same, and ast_runner_is_restarting is true until the next start, a failure, or a stop by anybody else.
// Who asked starts the appliance again as soon as the state is idle.
void ast_runner_restart (AstRunner *self, gboolean force);
gboolean ast_runner_is_restarting (AstRunner *self);
// Where guests are shown; borrowed, NULL where they are not.
AstScreen *ast_runner_get_screen (AstRunner *self);
// How full the guest's overlay is. FALSE: there is no overlay.
gboolean ast_runner_get_room (AstRunner *self, AstRoom *room);
// Would a paused guest get further, as far as can be told?
gboolean ast_runner_can_go_on (AstRunner *self);
// Lets a paused guest go on; what comes of it is told by the status. Harmless if none is paused.
void ast_runner_go_on (AstRunner *self);
// A guest that died leaves its overlay until the person has chosen (the status says `resumable`): go on with
// what was written, by a boot from it, or have it discarded by ast_runner_dismiss_failure or a stop.
void ast_runner_continue (AstRunner *self);
gboolean ast_runner_can_continue (AstRunner *self);
// Somebody used a key or the pointer.
void ast_runner_note_touch (AstRunner *self);
// The failure was read: back to idle. Harmless in any other state.
void ast_runner_dismiss_failure (AstRunner *self);
// Drops the kept state of the named appliances, of all when `ids` is empty. Refuses with BUSY while one of
// them runs here, or any guest in another process. Returns how many there were, or -1.
int ast_runner_reset (AstRunner *self, const char *const *ids, GError **error);

// What is told of; borrowed, NULL = nothing. It may be another version than the catalogue's by now.
const AstAppliance *ast_runner_get_appliance (AstRunner *self);
// Borrowed, until the next "changed".
const AstStatus *ast_runner_get_status (AstRunner *self);
// Seconds until the stop is forced, rounded up; 0 = no such wait is on.
guint ast_runner_get_seconds_to_force (AstRunner *self);
// TRUE when nothing is left that a clean exit would have to wait for.
gboolean ast_runner_is_settled (AstRunner *self);

G_END_DECLS
