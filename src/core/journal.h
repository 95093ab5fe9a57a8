// SPDX-License-Identifier: GPL-3.0-or-later
// The station's journal: one shape for every failure, and the way there.
#pragma once
#include "state.h"

G_BEGIN_DECLS

// An entry for a failure: ASTEROIDE_CODE (the error's word), ASTEROIDE_STATION, ASTEROIDE_STATE (what the
// station was doing when it happened), ASTEROIDE_APPLIANCE, and MESSAGE, which tells appliance, code and
// sentence. `station`: its name. `appliance`: an id; NULL where none is concerned, and then there is no such
// field.
void ast_journal_tell (const char *station, AstState state, const char *appliance, const GError *error);

// For g_log_set_writer_func. Where standard error is the journal, entries go there with all their fields, as
// `program` (const char *): systemd gives that name only to lines, so that “journalctl -t” would not find
// them. Elsewhere messages are plain lines for whoever reads them, "program: …", and the rest is told as GLib
// does.
GLogWriterOutput ast_journal_write (GLogLevelFlags level, const GLogField *fields, gsize count,
                                    gpointer program);
// The field's text, or NULL where the entry has no such field.
const char *ast_journal_find_field (const GLogField *fields, gsize count, const char *key);

G_END_DECLS
