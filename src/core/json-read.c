// SPDX-License-Identifier: GPL-3.0-or-later
#include "json-read.h"
#include <string.h>

// Ours are nested three deep.
#define MAX_DEPTH 64

// An escape \ud800 to \udfff: half of a pair.
static gboolean
is_surrogate (const char *text, gsize length)
{
  return length >= 4 && text[1] == 'u' && g_ascii_tolower (text[2]) == 'd'
         && g_ascii_xdigit_value (text[3]) >= 8;
}

// json-glib calls itself for each bracket until the stack ends; takes several values one after the other and
// forgets to free all but one; knows comments, which JSON does not; and makes of half a pair what is not
// UTF-8. None of that is in what is written for us, where letters stand for themselves.
static gboolean
is_one_object (const char *text, gsize length)
{
  gboolean in_string = FALSE;
  gboolean is_closed = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < length; i++)
    {
      char letter = text[i];

      if (in_string && letter == '\\' && is_surrogate (text + i, length - i))
        return FALSE;
      if (in_string && letter == '\\')
        i++;
      else if (in_string || (depth > 0 && letter == '"'))
        in_string = in_string != (letter == '"');
      else if (g_ascii_isspace (letter))
        continue;
      else if (is_closed || (depth == 0 && letter != '{') || strchr ("/'", letter))
        return FALSE;
      else if (letter == '{' || letter == '[')
        depth++;
      else if (letter == '}' || letter == ']')
        is_closed = --depth == 0;
      if (depth > MAX_DEPTH)
        return FALSE;
    }
  return is_closed;
}

JsonObject *
ast_json_read_object (const char *text, gssize length)
{
  gsize bytes = length < 0 ? strlen (text) : (gsize)length;
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root;

  if (!is_one_object (text, bytes) || !json_parser_load_from_data (parser, text, (gssize)bytes, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  return root && JSON_NODE_HOLDS_OBJECT (root) ? json_object_ref (json_node_get_object (root)) : NULL;
}

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
