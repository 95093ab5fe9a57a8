// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes → an XML tree that knows where each element stands, or the first thing that is not XML about them.
#pragma once
#include <glib.h>
#include <libxml/tree.h>
#include "appliance.h"

G_BEGIN_DECLS

// Elements may be nested this deep; libvirt's own XML needs about eight.
#define AST_DOCUMENT_MAX_DEPTH 64

typedef struct
{
  xmlDoc *tree;        // what could be read; NULL where nothing could. No entity, no document type in it
  AstProblem *problem; // why `tree` is not whole, or NULL
  const char *bytes;   // borrowed from the caller
  gsize length;
} AstDocument;

// `bytes` must outlive the document. `file` names them in the problem. Opens no file, reaches no network,
// prints nothing, defines no entity. Always returns a document; free it with ast_document_free.
AstDocument *ast_document_parse (const char *bytes, gsize length, const char *file);
void ast_document_free (AstDocument *self);
// Where an element's '<' or the first letter of a text stands, in lines and characters, both from 1.
void ast_document_locate (const AstDocument *self, const xmlNode *node, guint *line, guint *column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstDocument, ast_document_free)

G_END_DECLS
