// SPDX-License-Identifier: GPL-3.0-or-later
// What was there before a station was made of a machine, kept so that all of it can be taken back exactly.
#pragma once
#include "station-root.h"

G_BEGIN_DECLS

#define AST_STATION_STATE_FILE  "/var/lib/asteroide/station.state"
#define AST_STATION_USER        "asteroide"
#define AST_STATION_ADMIN_GROUP "asteroide-admin"
#define AST_STATION_KVM_GROUP   "kvm"

typedef struct _AstStationJournal AstStationJournal;

// The station's journal; an empty one where the machine is none. `root` must outlive it. Fails where the file
// is there and cannot be read or understood.
AstStationJournal *ast_station_journal_load (const AstStationRoot *root, GError **error);
void ast_station_journal_free (AstStationJournal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstStationJournal, ast_station_journal_free)

// The word of the session that the machine was made a station with; NULL where it is none. Borrowed.
const char *ast_station_journal_get_session (const AstStationJournal *self);
// Begins the file, if there is none.
gboolean ast_station_journal_begin (AstStationJournal *self, const char *session, GError **error);

// To be called before anything at `path` changes: keeps what is there (nothing, a file, a link, a folder),
// makes the folders above it that are missing and keeps that, too. It is on the disk when the call returns. A
// path that was kept before stays as it was first.
gboolean ast_station_journal_note (AstStationJournal *self, const char *path, GError **error);
// The same for the station's user and groups.
gboolean ast_station_journal_note_accounts (AstStationJournal *self, GError **error);

// For each thing that was taken back, and each folder that is not empty and stays.
typedef void (*AstStationTold) (const char *path, gboolean is_kept);
// Takes everything back, the last change first, and removes the file. Stops at the first thing that fails;
// what was taken back until then does no harm when it is tried again.
gboolean ast_station_journal_revert (AstStationJournal *self, AstStationTold told, GError **error);
// Tells each path that it would take back.
void ast_station_journal_foreach (AstStationJournal *self, AstStationTold told);

G_END_DECLS
