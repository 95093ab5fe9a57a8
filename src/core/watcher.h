// SPDX-License-Identifier: GPL-3.0-or-later
// Paths of interest → "something happened there", for paths that exist and for those that may come to exist.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _AstWatcher AstWatcher;
// Told in the thread-default main context in which ast_watcher_set was called.
typedef void (*AstWatcherFunc) (gpointer data, gpointer subject);

AstWatcher *ast_watcher_new (AstWatcherFunc touched, gpointer data);
void ast_watcher_free (AstWatcher *self);
// From now on `subject` (only compared, never followed) is told of events at `paths` (char*, absolute; "DIR/"
// = of anything in DIR), and no longer at others; NULL = of nothing. Where a path's folder does not exist, of
// the coming of the first folder that is missing. TRUE when a folder is watched that was not before: what
// happened there until now was not seen. Not to be called from within `touched`.
gboolean ast_watcher_set (AstWatcher *self, gpointer subject, const GPtrArray *paths);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstWatcher, ast_watcher_free)

G_END_DECLS
