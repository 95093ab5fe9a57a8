// SPDX-License-Identifier: GPL-3.0-or-later
// A new archive (tar, gzip) of texts, readable for nobody but whoever makes it.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct AstReportArchive AstReportArchive;

// `folder`: in which everything lies in the archive. NULL with error where there is something at `path`
// already, or nothing can be made there.
AstReportArchive *ast_report_archive_new (const char *path, const char *folder, GError **error);
// What goes wrong here is told when the archive is closed.
void ast_report_archive_add (AstReportArchive *self, const char *name, const char *text);
// Frees it. FALSE with error where not all of it could be written: then there is no file.
gboolean ast_report_archive_close (AstReportArchive *self, GError **error);

G_END_DECLS
