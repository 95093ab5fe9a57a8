// SPDX-License-Identifier: GPL-3.0-or-later
// What a report consists of: a table of texts, each of which tells in its own lines what it could not find
// out.
#pragma once
#include "config.h"
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  const char *config_file; // NULL = the station's
  const AstConfig *config; // the defaults where it cannot be read
  const GError *trouble;   // … and why; else NULL
  uid_t kiosk;             // the kiosk's user: whose the run-time folder is, or who asks where there is none
  const char *kiosk_home;  // NULL = it has none
} AstReport;

typedef struct
{
  const char *file;
  const char *subject;
  char *(*compose) (const AstReport *report); // never NULL; not yet scrubbed
} AstReportPart;

// Ended by one without a file. In English whatever the station speaks: whoever mends ASTEROIDE reads it.
extern const AstReportPart ast_report_parts[];

G_END_DECLS
