// SPDX-License-Identifier: GPL-3.0-or-later
// What a session leaves behind for the kiosk that comes after one that died, and the one place where it is
// decided whether that session still belongs to whoever sits there.
#pragma once
#include "appliance.h"

G_BEGIN_DECLS

// Nobody was served for so long (ms): whoever sits there now may be somebody else.
#define AST_SESSION_AWAY_LIMIT (10 * 60 * 1000)

typedef struct
{
  char *boot;         // id of the system's start, and of the login, in which the session began
  char *token;        // random, and written into the guest's domain: of no other guest
  char *appliance;    // id
  char *folder;       // absolute: the appliance's
  char *overlay;      // absolute path, or NULL
  char *seed;         // absolute path of what the overlay stands on besides the appliance's images, or NULL
  gboolean exam;      // the whole station was under exam
  gboolean ending;    // its end had begun
  char *failure_code; // its guest died, and the person has not chosen yet: the error's word, …
  char *failure_message; // … and its sentence; or NULL
  gint64 seen;           // when its kiosk was there last, ms of ast_session_clock
  gint64 touched;        // when somebody used a key or the pointer, ms of ast_session_clock
} AstSessionFacts;

// How things are when the next kiosk asks.
typedef struct
{
  const char *boot;
  gint64 clock;       // ms of ast_session_clock
  guint idle_seconds; // so long without a touch, and the person has gone; 0 = no limit
  gboolean exam;
} AstSessionNow;

typedef enum
{
  AST_RESCUE_GO_ON,        // the same person sits there
  AST_RESCUE_NONE,         // there was no session, or nobody knows what it was
  AST_RESCUE_OTHER_BOOT,   // the station was started, or logged in, anew
  AST_RESCUE_ENDED,        // its end had begun
  AST_RESCUE_OTHER_PERSON, // nobody was served, or nobody touched anything, for longer than the limit
  AST_RESCUE_OTHER_RULES,  // an exam has begun or ended
} AstRescue;

// Facts of a session that begins now, with a new token; the caller fills in the rest.
AstSessionFacts *ast_session_facts_new (const AstAppliance *appliance);
void ast_session_facts_free (AstSessionFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstSessionFacts, ast_session_facts_free)

// Bytes of the file → facts, or NULL where they are not such a file, or say what no kiosk would.
AstSessionFacts *ast_session_facts_parse (const char *bytes, gsize length);
// The bytes; the caller frees them.
char *ast_session_facts_print (const AstSessionFacts *self);

// Of the session whose kiosk used this run-time folder; NULL = there was none that can be known.
AstSessionFacts *ast_session_facts_load (const char *runtime);
// Written whole or not at all.
gboolean ast_session_facts_save (const AstSessionFacts *self, const char *runtime, GError **error);
// Keeps a copy of the appliance's descriptor beside them: the session goes on as it began, whatever its
// teacher has written since.
gboolean ast_session_facts_keep_descriptor (const AstAppliance *appliance, const char *runtime,
                                            GError **error);
// The appliance as it was, its images looked for; full reference, never NULL.
AstAppliance *ast_session_facts_read_appliance (const AstSessionFacts *self, const char *runtime,
                                                const char *const *image_stores);
// The session is over: nobody goes on with it.
void ast_session_facts_remove (const char *runtime);

// Pure. `self` may be NULL.
AstRescue ast_session_facts_judge (const AstSessionFacts *self, const AstSessionNow *now);
// A sentence for the journal, not translated. Static.
const char *ast_rescue_reason (AstRescue rescue);

// Milliseconds since the system started, the time that it slept included (CLOCK_BOOTTIME): no date that
// somebody sets moves it.
gint64 ast_session_clock (void);
// The kernel's id of this start, and logind's of the kiosk's login if there is one (XDG_SESSION_ID): what
// ends a login ends its guest, whether or not its kiosk had the time to say so. The caller frees it. Empty
// where it cannot be read, which is like no other.
char *ast_session_boot (void);

G_END_DECLS
