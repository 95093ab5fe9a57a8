// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON that the commands print and the runner leaves in files.
#pragma once
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

// A member of the object that is being built; a `value` of NULL is null.
void ast_json_add_string (JsonBuilder *builder, const char *name, const char *value);
void ast_json_add_boolean (JsonBuilder *builder, const char *name, gboolean value);
void ast_json_add_number (JsonBuilder *builder, const char *name, gint64 value);
// What was built, indented. The caller frees it.
char *ast_json_to_text (JsonBuilder *builder);
// Prints the same on standard output.
void ast_json_print (JsonBuilder *builder);

G_END_DECLS
