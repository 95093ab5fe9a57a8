// SPDX-License-Identifier: GPL-3.0-or-later
// The file tree of a station: this machine's, or another one's below a folder.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *folder;       // what stands before each path: empty for this machine, else without a slash at its end
  gboolean may_chown; // only root can give files away; in a tree of somebody else owners are left alone
} AstStationRoot;

// `folder`: NULL = this machine. Never fails; whether the folder is there shows at the first use.
AstStationRoot *ast_station_root_new (const char *folder);
void ast_station_root_free (AstStationRoot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstStationRoot, ast_station_root_free)

// Another machine's tree: nothing of it runs.
gboolean ast_station_root_is_offline (const AstStationRoot *self);
// Where `path` (absolute, in the station's own words) lies here. The caller frees it.
char *ast_station_root_locate (const AstStationRoot *self, const char *path);
// The file's text, NULL where there is none that can be read. The caller frees it.
char *ast_station_root_read (const AstStationRoot *self, const char *path);
// Replaces or makes a file as a whole. `mode` as in chmod(2). The folder must be there.
gboolean ast_station_root_write (const AstStationRoot *self, const char *path, const char *text, gsize length,
                                 guint mode, GError **error);
// The number of a user in the station's own passwd; FALSE where there is no such user.
gboolean ast_station_root_find_user (const AstStationRoot *self, const char *name, guint *uid, guint *gid);
// Runs one of systemd's programs on the tree, and waits for it. `words`: the program, which must know --root,
// and its arguments. Fails with what it says on standard error.
gboolean ast_station_root_run (const AstStationRoot *self, const char *const *words, GError **error);
// The same, for what it answers on standard output, whatever its exit status; NULL only where it cannot be
// run.
char *ast_station_root_ask (const AstStationRoot *self, const char *const *words, GError **error);

G_END_DECLS
