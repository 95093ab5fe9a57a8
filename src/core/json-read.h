// SPDX-License-Identifier: GPL-3.0-or-later
// Members of JSON that somebody else has written, and that may be of any type, or missing.
#pragma once
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

// The object that the text is, which the caller releases. NULL where it is none, is nested deeper than 64, or
// has escapes of half a character (\ud83d\ude00 for a smiley).
JsonObject *ast_json_read_object (const char *text, gssize length);
// NULL where it is no string; it belongs to the object.
const char *ast_json_get_string (JsonObject *object, const char *name);
// FALSE where it is no boolean.
gboolean ast_json_get_boolean (JsonObject *object, const char *name);
// `otherwise` where it is no whole number.
gint64 ast_json_get_number (JsonObject *object, const char *name, gint64 otherwise);

G_END_DECLS
