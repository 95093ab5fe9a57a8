// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "xml-tree.h"

// How many children of this name?
static inline guint
count_elements (const xmlNode *parent, const char *name)
{
  guint count = 0;

  for (const xmlNode *node = parent->children; node; node = node->next)
    count += ast_xml_is (node, name);
  return count;
}
