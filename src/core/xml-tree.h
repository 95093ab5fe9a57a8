// SPDX-License-Identifier: GPL-3.0-or-later
// The few words that building an XML tree with libxml2 needs, and the clean-ups that libxml2 does not
// declare.
#pragma once
#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

// Appends an element with attributes given as name, value pairs ended by NULL; a pair whose value is NULL is
// left out. Values are UTF-8 and are escaped. Returns the element, owned by the tree.
xmlNode *ast_xml_add (xmlNode *parent, const char *name, ...) G_GNUC_NULL_TERMINATED;
// Appends an element that holds nothing but text. Returns the element, owned by the tree.
xmlNode *ast_xml_add_text (xmlNode *parent, const char *name, const char *text);
// The first child element of this name, in whatever namespace, or NULL.
xmlNode *ast_xml_child (const xmlNode *parent, const char *name);
gboolean ast_xml_is (const xmlNode *node, const char *name);
// The attribute's value, or NULL. The caller frees it with g_free.
char *ast_xml_get (const xmlNode *node, const char *attribute);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlBuffer, xmlBufferFree)

G_END_DECLS
