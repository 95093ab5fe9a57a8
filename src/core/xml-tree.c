// SPDX-License-Identifier: GPL-3.0-or-later
#include "xml-tree.h"
#include <stdarg.h>

#define X(string) ((const xmlChar *)(string))

xmlNode *
ast_xml_add (xmlNode *parent, const char *name, ...)
{
  xmlNode *node = xmlNewChild (parent, NULL, X (name), NULL);
  const char *attribute;
  va_list args;

  va_start (args, name);
  while ((attribute = va_arg (args, const char *)))
    {
      const char *value = va_arg (args, const char *);

      if (value)
        xmlNewProp (node, X (attribute), X (value));
    }
  va_end (args);
  return node;
}

xmlNode *
ast_xml_add_text (xmlNode *parent, const char *name, const char *text)
{
  return xmlNewTextChild (parent, NULL, X (name), X (text));
}

gboolean
ast_xml_is (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && xmlStrEqual (node->name, X (name));
}

xmlNode *
ast_xml_child (const xmlNode *parent, const char *name)
{
  for (xmlNode *node = parent->children; node; node = node->next)
    if (ast_xml_is (node, name))
      return node;
  return NULL;
}

char *
ast_xml_get (const xmlNode *node, const char *attribute)
{
  xmlChar *value = xmlGetNoNsProp (node, X (attribute));
  char *copy = g_strdup ((const char *)value);

  xmlFree (value);
  return copy;
}
