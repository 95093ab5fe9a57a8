// SPDX-License-Identifier: GPL-3.0-or-later
// The appliances of this station: the configured folders, read and watched.
#pragma once
#include <gio/gio.h>
#include "appliance.h"

G_BEGIN_DECLS

#define AST_TYPE_CATALOGUE (ast_catalogue_get_type ())
// Signal "changed" (no arguments), on the thread-default main context of construction: the list is another
// one now. Bursts are gathered, at most ~4 signals a second; a new folder is told within a second.
G_DECLARE_FINAL_TYPE (AstCatalogue, ast_catalogue, AST, CATALOGUE, GObject)

// `folders`: absolute, in order of precedence; an id found twice is the first folder's; the other is
// told in ast_catalogue_problems. `image_stores`: further folders in which images may lie (may be NULL). A
// folder that does not exist yet is watched for. `languages` as in ast_descriptor_parse.
AstCatalogue *ast_catalogue_new (const char *const *folders, const char *const *image_stores,
                                 const char *const *languages);
// Reads everything now, synchronously, in parallel. 1,000 descriptors take about a tenth of a second.
void ast_catalogue_load (AstCatalogue *self);
// After load: follow the folders live (GFileMonitor, non-recursive: each root and each appliance folder).
void ast_catalogue_watch (AstCatalogue *self);
// The appliances, sorted by name (collation of the locale), AstAppliance*, borrowed; valid until "changed".
GPtrArray *ast_catalogue_list (AstCatalogue *self);
// Borrowed, or NULL.
AstAppliance *ast_catalogue_find (AstCatalogue *self, const char *id);
// Problems that belong to no appliance (an unreadable appliance folder): AstProblem*, borrowed.
GPtrArray *ast_catalogue_problems (AstCatalogue *self);

// One appliance folder or appliance.xml file, read and its images looked for; full reference, never NULL.
AstAppliance *ast_catalogue_read (const char *path, const char *const *image_stores,
                                  const char *const *languages);

G_END_DECLS
