// SPDX-License-Identifier: GPL-3.0-or-later
// One device that a guest could have of its station, and who has it now: a line of the device tray.
#pragma once
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum
{
  AST_REDIRECTION_USB,   // something plugged in
  AST_REDIRECTION_DRIVE, // a CD or DVD drive, with what is in it
  AST_REDIRECTION_DISC,  // an ISO image of a teacher's
} AstRedirectionKind;

typedef enum
{
  AST_REDIRECTION_OUT,     // the station has it
  AST_REDIRECTION_COMING,  // on its way into the guest
  AST_REDIRECTION_IN,      // the guest has it
  AST_REDIRECTION_LEAVING, // on its way back
  AST_REDIRECTION_REFUSED, // the station has it, and it stays there: `note` says by which rule
  AST_REDIRECTION_FAILED,  // the station has it; `note` says why the guest has not
} AstRedirectionState;

typedef struct
{
  char *id; // "usb:1-2.3" (bus and ports), "drive:/dev/sr0", "disc:FILE"
  AstRedirectionKind kind;
  AstRedirectionState state;
  gboolean is_present; // FALSE: a drive without a disc in it
  char *name;          // for people; no markup
  char *note;          // for people, or NULL
} AstRedirection;

// The texts are copied.
AstRedirection *ast_redirection_new (const char *id, AstRedirectionKind kind, const char *name);
AstRedirection *ast_redirection_copy (const AstRedirection *self);
void ast_redirection_free (AstRedirection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstRedirection, ast_redirection_free)
// A list that frees what is in it.
GPtrArray *ast_redirection_list_new (void);

// Words of the command line and the bus: "out", "coming", "in", "leaving", "refused", "failed".
const char *ast_redirection_state_word (AstRedirectionState state);
// An unknown word: FALSE, `state` untouched.
gboolean ast_redirection_state_from_word (const char *word, AstRedirectionState *state);
// "usb", "drive", "disc".
const char *ast_redirection_kind_word (AstRedirectionKind kind);
gboolean ast_redirection_kind_from_word (const char *word, AstRedirectionKind *kind);
// Who has it, for people; static.
const char *ast_redirection_owner_text (const AstRedirection *self);

// As it goes over the bus: an array of (id, kind, state, name, note, present). Floating.
GVariant *ast_redirection_list_to_variant (const GPtrArray *list);
// Entries with words that this version does not know are left out; names and notes are made fit to be shown.
GPtrArray *ast_redirection_list_from_variant (GVariant *variant);
// An array of objects: id, kind, state, present, name, note (or null).
void ast_redirection_list_add_to_json (const GPtrArray *list, JsonBuilder *builder);

G_END_DECLS
