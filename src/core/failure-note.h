// SPDX-License-Identifier: GPL-3.0-or-later
// What the phone of whoever looks after a room reads off a failure screen.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *station; // its name
  const char *code;    // the error's word
  GDateTime *when;
  const char *appliance; // its id; NULL where none is concerned
} AstFailureNote;

// A line each: ASTEROIDE, station, code, time (ISO 8601 with zone), and the appliance. The caller frees it.
char *ast_failure_note_to_text (const AstFailureNote *self);
// `help_url` with {station}, {code}, {time} and {appliance} in it replaced, percent-encoded. The caller frees
// it.
char *ast_failure_note_to_url (const AstFailureNote *self, const char *help_url);

// Why this cannot be a station's help-url, a translated sentence that the caller frees; NULL = it can.
char *ast_failure_note_find_fault (const char *help_url);

G_END_DECLS
