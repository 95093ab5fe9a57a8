// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes of an appliance.xml → an appliance, or what is wrong with them, by line and column. No file is
// opened.
#pragma once
#include "appliance.h"

G_BEGIN_DECLS

#define AST_DESCRIPTOR_NAMESPACE "urn:asteroide:appliance:1"
// A descriptor is written by hand; anything larger is a mistake or an attack.
#define AST_DESCRIPTOR_MAX_BYTES (1024 * 1024)

// `file` names the bytes in problems. `id` and `folder` are the appliance's, from where the bytes were found.
// `languages` is a NULL-terminated list, best first (as g_get_language_names). Always returns an appliance
// (full reference); what is wrong stands in its `problems`, and what could be read (a name above all) is
// filled in.
AstAppliance *ast_descriptor_parse (const char *bytes, gsize length, const char *file, const char *id,
                                    const char *folder, const char *const *languages);

G_END_DECLS
