// SPDX-License-Identifier: GPL-3.0-or-later
#include "json-read.h"

static JsonNode *
find (JsonObject *object, const char *name, GType type)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type ? node : NULL;
}

const char *
ast_json_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = find (object, name, G_TYPE_STRING);

  return node ? json_node_get_string (node) : NULL;
}

gboolean
ast_json_get_boolean (JsonObject *object, const char *name)
{
  JsonNode *node = find (object, name, G_TYPE_BOOLEAN);

  return node && json_node_get_boolean (node);
}

gint64
ast_json_get_number (JsonObject *object, const char *name, gint64 otherwise)
{
  JsonNode *node = find (object, name, G_TYPE_INT64);

  return node ? json_node_get_int (node) : otherwise;
}
