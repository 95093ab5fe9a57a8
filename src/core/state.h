// SPDX-License-Identifier: GPL-3.0-or-later
// What the station is doing, one enum seen the same by the screen, the command line and the bus.
#pragma once
#include <glib.h>
#include "error.h"

G_BEGIN_DECLS

typedef enum
{
  AST_STATE_IDLE,       // nothing runs: the launcher
  AST_STATE_PREPARING,  // lock, checks, overlay
  AST_STATE_STARTING,   // libvirt creates the domain
  AST_STATE_BOOTING,    // the guest runs and has not reported a desktop yet
  AST_STATE_READY,      // its desktop is there, or it has run for a while and has no agent that could say so
  AST_STATE_STOPPING,   // asked to power off, then forced
  AST_STATE_DISCARDING, // verified gone; the overlay goes
  AST_STATE_FAILED,     // all is cleaned up as far as possible; `failure` says what happened
} AstState;

// The state's stable word ("idle"). Static.
const char *ast_state_word (AstState state);
// FALSE when `word` is none of them.
gboolean ast_state_from_word (const char *word, AstState *state);

// Nothing runs: idle or failed.
gboolean ast_is_at_rest (AstState state);

typedef enum // why QEMU lets the guest stand still
{
  AST_PAUSE_NONE,
  AST_PAUSE_NO_SPACE,   // its overlay has reached its bound, or the disk below it is full
  AST_PAUSE_DISK_ERROR, // the station's disk failed
  AST_PAUSE_WATCHDOG,   // its system does not answer any more, says the watchdog in it
} AstPause;

// How full the guest's overlay is, bytes.
typedef struct
{
  guint64 used;  // taken on the station's disk
  guint64 bound; // how much it may take; 0 = there is no overlay, or it is not known
  guint64 left;  // free on that disk, for everybody
} AstRoom;

// The percentages at which a person is warned.
#define AST_ROOM_WARN  80
#define AST_ROOM_ALARM 95

// How full the overlay is, percent: of its bound, or of what the disk still has for it, whichever ends first.
guint ast_room_percent (const AstRoom *room);

// "no-space", "disk-error", "watchdog", NULL for none. Static.
const char *ast_pause_word (AstPause pause);
// The pause of this word; none for any other text, also NULL.
AstPause ast_pause_from_word (const char *word);

// The state and what belongs to it, as a value.
typedef struct
{
  AstState state;
  char *appliance;       // id, or NULL while idle
  gint64 since;          // microseconds since the epoch at which `state` began; 0 = never
  char *failure_code;    // AST_STATE_FAILED only: the error's word
  char *failure_message; // … and its sentence
  AstPause paused;       // only while a guest runs
  gboolean exam;         // the whole station is under exam, whatever runs
  gboolean warming;      // what runs is being prepared for warm starts; nobody sees it
  guint filled;          // AST_ROOM_WARN or AST_ROOM_ALARM once the overlay is so full; else 0
  gboolean tampered;     // somebody wrote into an image below the running guest
  gboolean resumable;    // AST_STATE_FAILED only: what was written is kept until the person has chosen
  AstRoom room;          // where somebody asked for it
} AstStatus;

AstStatus *ast_status_new (AstState state, const char *appliance, gint64 since);
AstStatus *ast_status_copy (const AstStatus *self);
void ast_status_free (AstStatus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstStatus, ast_status_free)
// {"state":…,"appliance":…,"since":…,"failure":…,"paused":…,"exam":…,"warming":…,"resumable":…,"room":…}, as
// `asteroidectl status --json` prints it. The caller frees it.
char *ast_status_to_json (const AstStatus *self);
// NULL when the bytes are not such an object. The room is not read: it is another one by then.
AstStatus *ast_status_from_json (const char *json, gssize length);

// The status that a runner left in the run-time folder, whether or not it still lives: state.json. Idle if
// there is none. Never NULL.
AstStatus *ast_status_load (const char *runtime);
// Written whole or not at all.
gboolean ast_status_save (const AstStatus *self, const char *runtime, GError **error);

G_END_DECLS
