// SPDX-License-Identifier: GPL-3.0-or-later
// The texts of passwd, shadow and group: what they say of a user, and how to take a user out again. Pure.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// A field of the line that begins with `name` and a colon; the name is field 0. NULL where there is none; the
// caller frees it. `text` may be NULL.
char *ast_station_account_field (const char *text, const char *name, guint field);
// Is there a line of this name?
gboolean ast_station_account_is_listed (const char *text, const char *name);
// Is the user in the member list (the last field) of the group?
gboolean ast_station_account_is_member (const char *group, const char *name, const char *user);
// The text without the lines of `name`. All other bytes stay. The caller frees it.
char *ast_station_account_without (const char *text, const char *name);
// The text without the user in the member list of the group. All other bytes stay. The caller frees it.
char *ast_station_account_without_member (const char *text, const char *name, const char *user);

// Are there authorized keys for ssh below this home folder?
typedef gboolean (*AstStationHasKeys) (const char *home, gpointer data);
// The first user who may administer the machine over ssh: root with authorized keys (Debian's ssh takes no
// password of root's), or a member of sudo with a shell, and a password or authorized keys. NULL where there
// is none; the caller frees it.
char *ast_station_account_find_admin (const char *passwd, const char *shadow, const char *group,
                                      AstStationHasKeys has_keys, gpointer data);

G_END_DECLS
