// SPDX-License-Identifier: GPL-3.0-or-later
// The points in which a station differs from another machine: one table, in the order in which they are made.
#pragma once
#include "station-journal.h"

G_BEGIN_DECLS

typedef enum // which display server the kiosk is on; bits, since a point may be of both
{
  AST_STATION_X11 = 1 << 0,
  AST_STATION_CAGE = 1 << 1,
} AstStationSession;

typedef struct _AstStationPoint AstStationPoint;

// The session of this word, 0 where it is none.
AstStationSession ast_station_session_from_word (const char *word);

// The points of a session: AstStationPoint, borrowed. The caller frees the array.
GPtrArray *ast_station_points_of (AstStationSession session);
// A short word for scripts. Static.
const char *ast_station_point_get_name (const AstStationPoint *self);
// What the point is about: a path, a unit, a user. The caller frees it.
char *ast_station_point_get_subject (const AstStationPoint *self, const AstStationRoot *root);
// What apply does, as a sentence without an end: “mask getty@.service”. The caller frees it.
char *ast_station_point_describe (const AstStationPoint *self, const AstStationRoot *root);
// Whether the point must be good before a station can be made of the machine, because nothing here can make
// it so.
gboolean ast_station_point_is_condition (const AstStationPoint *self);
// NULL where all is as it should be, else a sentence that says what is not. The caller frees it.
char *ast_station_point_check (const AstStationPoint *self, const AstStationRoot *root);
// Makes it so; not for conditions. What was there before is in the journal first, which must have begun.
gboolean ast_station_point_apply (const AstStationPoint *self, const AstStationRoot *root,
                                  AstStationJournal *journal, GError **error);

G_END_DECLS
