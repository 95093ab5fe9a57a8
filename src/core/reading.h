// SPDX-License-Identifier: GPL-3.0-or-later
// One appliance folder as it is on disk now: its descriptor read, its images and icon looked for.
#pragma once
#include "appliance.h"

G_BEGIN_DECLS

#define AST_DESCRIPTOR_FILE "appliance.xml"

// Where images may lie besides the appliance's folder, and which language the reader reads. Immutable once
// made, so that threads share it.
typedef struct
{
  char **image_stores; // absolute
  char **languages;    // best first
} AstSources;

typedef struct
{
  char *folder;            // absolute
  AstAppliance *appliance; // NULL where the folder has no descriptor
  char *fingerprint;       // another one when anything of the appliance has changed; NULL with the appliance
  GPtrArray *paths;        // char*: what the result depends on; "DIR/" = anything in DIR
} AstReading;

AstSources *ast_sources_new (const char *const *image_stores, const char *const *languages);
AstSources *ast_sources_ref (AstSources *self);
void ast_sources_unref (AstSources *self);

// An empty reading of a folder, to be filled by one of the functions below.
AstReading *ast_reading_new (const char *folder);
void ast_reading_free (AstReading *self);
// Reads folder/appliance.xml. Blocking, about 50 microseconds.
void ast_reading_run (AstReading *self, const AstSources *sources);
// Reads this file in the place of folder/appliance.xml; a missing one is a problem of the appliance.
void ast_reading_run_file (AstReading *self, const char *file, const AstSources *sources);
// Runs all of AstReading* on all processors, blocking.
void ast_readings_run (GPtrArray *readings, const AstSources *sources);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstReading, ast_reading_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstSources, ast_sources_unref)

G_END_DECLS
