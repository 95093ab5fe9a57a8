// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "document.h"
#include "text.h"
#include <glib/gi18n.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define MAX_SENTENCE    300

typedef struct
{
  AstDocument *document;
  const char *file;
} Parse;

void
ast_document_free (AstDocument *self)
{
  g_clear_pointer (&self->tree, xmlFreeDoc);
  g_clear_pointer (&self->problem, ast_problem_free);
  g_free (self);
}

static void
locate_offset (const AstDocument *self, gsize offset, guint *line, guint *column)
{
  const char *start = self->bytes;
  const char *end = self->bytes + MIN (offset, self->length);
  const char *next;

  if (self->length >= 3 && memcmp (start, BYTE_ORDER_MARK, 3) == 0)
    start += MIN (3, end - start);
  *line = 1;
  while ((next = memchr (start, '\n', (gsize)(end - start))))
    {
      start = next + 1;
      (*line)++;
    }
  *column = (guint)g_utf8_strlen (start, end - start) + 1;
}

// libxml2's tree holds lines only: the start of each node was put into the field that it leaves to its
// callers.
void
ast_document_locate (const AstDocument *self, const xmlNode *node, guint *line, guint *column)
{
  locate_offset (self, GPOINTER_TO_SIZE (node->_private), line, column);
}

static void complain (Parse *parse, gsize offset, const char *format, ...) G_GNUC_PRINTF (3, 4);

// The first mistake is the one to mend: what follows it is often only its echo.
static void
complain (Parse *parse, gsize offset, const char *format, ...)
{
  AstDocument *document = parse->document;
  g_autofree char *text = NULL;
  g_autofree char *sentence = NULL;
  guint line, column;
  va_list args;

  if (document->problem)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  locate_offset (document, offset, &line, &column);
  // libxml2 quotes names and values whole: one may have 50,000 letters, and line breaks.
  sentence = ast_text_label (text, MAX_SENTENCE);
  document->problem = ast_problem_new (parse->file, line, column, "%s", sentence);
}

static gsize
offset_of (xmlParserCtxt *context, const AstDocument *document)
{
  long consumed = xmlByteConsumed (context);

  return consumed < 0 ? 0 : MIN ((gsize)consumed, document->length);
}

// The parser stands behind what it has just read: go back to where that began.
static gsize
back_to (const AstDocument *document, gsize offset, char mark)
{
  for (gsize at = offset; at > 0; at--)
    if (document->bytes[at - 1] == mark)
      return at - 1;
  return offset;
}

static void
complain_of_end_tag (Parse *parse, gsize offset, const xmlError *error)
{
  if (error->str1 && error->str2)
    complain (parse, back_to (parse->document, offset, '<'),
              _ ("</%s> does not close <%s> of line %d. Write </%s> here, or close what stands between."),
              error->str2, error->str1, error->int1, error->str1);
  else
    complain (parse, offset, _ ("This closing tag does not fit the opening one."));
}

static void
complain_of_other (Parse *parse, gsize offset, const xmlError *error)
{
  g_autofree char *words = g_strdup (error->message ? error->message : "");

  complain (parse, offset, _ ("This is not correct XML: %s."), g_strchomp (words));
}

// libxml2 speaks to programmers, in English.
static void
complain_of (Parse *parse, gsize offset, const xmlError *error)
{
  const AstDocument *document = parse->document;
  const char *word = error->str1 ? error->str1 : "";

  switch (error->code)
    {
    case XML_ERR_TAG_NAME_MISMATCH:
      complain_of_end_tag (parse, offset, error);
      break;
    case XML_ERR_TAG_NOT_FINISHED:
      complain (parse, offset, _ ("<%s> of line %d is never closed: the file ends too early."), word,
                error->int1);
      break;
    case XML_ERR_DOCUMENT_EMPTY:
      complain (parse, offset, _ ("This is not XML: a descriptor begins with <appliance …>."));
      break;
    case XML_ERR_DOCUMENT_END:
      complain (parse, offset, _ ("There is more after the end of the descriptor. Remove it."));
      break;
    case XML_ERR_UNDECLARED_ENTITY:
    case XML_WAR_UNDECLARED_ENTITY:
      complain (parse, back_to (document, offset, '&'),
                _ ("&%s; is not known here. Write the character itself, or &amp; for an ampersand."), word);
      break;
    case XML_ERR_NAME_REQUIRED:
    case XML_ERR_ENTITYREF_SEMICOL_MISSING:
    case XML_ERR_LT_IN_ATTRIBUTE:
      complain (
          parse, offset,
          _ ("Something is wrong at or before this place. End each tag with >, and in text write &amp; for "
             "an ampersand and &lt; for a less-than sign."));
      break;
    case XML_ERR_ATTRIBUTE_NOT_STARTED:
    case XML_ERR_ATTRIBUTE_NOT_FINISHED:
    case XML_ERR_ATTRIBUTE_WITHOUT_VALUE:
      complain (parse, offset, _ ("An attribute needs a value in quotes, as in count=\"2\"."));
      break;
    case XML_ERR_ATTRIBUTE_REDEFINED:
      complain (parse, offset, _ ("The attribute “%s” is written twice. Keep one."), word);
      break;
    case XML_ERR_GT_REQUIRED:
      complain (parse, offset, _ ("This tag is not finished: a > is missing."));
      break;
    case XML_ERR_INVALID_CHAR:
      complain (parse, offset, _ ("There is a control character here. Remove it."));
      break;
    case XML_NS_ERR_UNDEFINED_NAMESPACE:
      complain (parse, offset,
                _ ("The prefix “%s” is not declared. Add xmlns:%s=\"…\" to the first element."), word, word);
      break;
    case XML_ERR_UNKNOWN_ENCODING:
    case XML_ERR_UNSUPPORTED_ENCODING:
    case XML_ERR_INVALID_ENCODING:
      complain (parse, offset, _ ("The file names an encoding other than UTF-8. Save it as UTF-8."));
      break;
    default:
      complain_of_other (parse, offset, error);
    }
}

// libxml2's own prototype for this callback differs between versions in a `const`.
#if LIBXML_VERSION >= 21200
#define CONST_ERROR const xmlError
#else
#define CONST_ERROR xmlError
#endif

static void
on_error (void *data, CONST_ERROR *error)
{
  xmlParserCtxt *context = data;
  Parse *parse = context->_private;

  if (error->level >= XML_ERR_ERROR)
    complain_of (parse, offset_of (context, parse->document), error);
}

static void
on_start_document (void *data)
{
  xmlParserCtxt *context = data;
  Parse *parse = context->_private;
  const char *encoding = (const char *)(context->encoding ? context->encoding : context->input->encoding);

  xmlSAX2StartDocument (data);
  if (!encoding || g_ascii_strcasecmp (encoding, "UTF-8") == 0 || g_ascii_strcasecmp (encoding, "UTF8") == 0)
    return;
  complain (parse, 0, _ ("The file says that its encoding is “%s”. Save it as UTF-8."), encoding);
  xmlStopParser (context);
}

// Stopped before anything that it defines is read: neither entity bombs nor other files get a chance.
static void
on_document_type (void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
  xmlParserCtxt *context = data;
  Parse *parse = context->_private;
  const char *bytes = parse->document->bytes;
  const char *start = g_strrstr_len (bytes, (gssize)offset_of (context, parse->document), "<!DOCTYPE");

  complain (parse, start ? (gsize)(start - bytes) : 0,
            _ ("A document type (<!DOCTYPE …>) is not allowed, and no entity can be defined. Remove it."));
  xmlStopParser (context);
}

static void
on_start_element (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                  int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
                  const xmlChar **attributes)
{
  xmlParserCtxt *context = data;
  Parse *parse = context->_private;
  gsize offset = back_to (parse->document, offset_of (context, parse->document), '<');

  xmlSAX2StartElementNs (data, name, prefix, uri, n_namespaces, namespaces, n_attributes, n_defaulted,
                         attributes);
  if (context->node)
    context->node->_private = GSIZE_TO_POINTER (offset);
  if (context->nodeNr <= AST_DOCUMENT_MAX_DEPTH)
    return;
  complain (parse, offset, _ ("Elements stand more than %d deep in one another."), AST_DOCUMENT_MAX_DEPTH);
  xmlStopParser (context);
}

static gsize
count_blanks (const char *text, gsize length)
{
  gsize count = 0;

  while (count < length && g_ascii_isspace (text[count]))
    count++;
  return count;
}

// The parser hands out its own buffer, standing before or behind it, or a copy of what it has just passed.
static gsize
offset_of_text (xmlParserCtxt *context, const AstDocument *document, const xmlChar *text, gsize length)
{
  gsize offset = offset_of (context, document);
  const xmlParserInput *input = context->input;

  if (text < input->base || text >= input->end)
    return offset - MIN (offset, length);
  return text >= input->cur ? offset + (gsize)(text - input->cur) : offset - (gsize)(input->cur - text);
}

// Text that stands where none may is told where it begins, not where its element does.
static void
on_characters (void *data, const xmlChar *text, int length)
{
  xmlParserCtxt *context = data;
  const Parse *parse = context->_private;
  gsize start = offset_of_text (context, parse->document, text, (gsize)length);
  gsize blanks = count_blanks ((const char *)text, (gsize)length);

  xmlSAX2Characters (data, text, length);
  if (blanks < (gsize)length && context->node && context->node->last && !context->node->last->_private)
    context->node->last->_private = GSIZE_TO_POINTER (start + blanks);
}

static gboolean
is_text (Parse *parse)
{
  const AstDocument *document = parse->document;
  const char *end;

  if (document->length == 0)
    {
      complain (parse, 0, _ ("The file is empty."));
      return FALSE;
    }
  if (g_utf8_validate_len (document->bytes, document->length, &end))
    return TRUE;
  if (*end == '\0')
    complain (parse, (gsize)(end - document->bytes),
              _ ("There is a zero byte here: this is not a text file."));
  else
    complain (parse, (gsize)(end - document->bytes), _ ("This is not UTF-8 text. Save the file as UTF-8."));
  return FALSE;
}

static void
parse_tree (Parse *parse)
{
  AstDocument *document = parse->document;
  xmlParserCtxt *context = xmlCreateMemoryParserCtxt (document->bytes, (int)document->length);

  context->_private = parse;
  context->sax->serror = on_error;
  context->sax->startDocument = on_start_document;
  context->sax->internalSubset = on_document_type;
  context->sax->startElementNs = on_start_element;
  context->sax->characters = on_characters;
  context->sax->ignorableWhitespace = on_characters;
  xmlCtxtUseOptions (context, XML_PARSE_NONET | XML_PARSE_NOCDATA);
  xmlParseDocument (context);
  document->tree = g_steal_pointer (&context->myDoc);
  if (!context->wellFormed)
    complain (parse, document->length, _ ("This is not correct XML."));
  xmlFreeParserCtxt (context);
}

AstDocument *
ast_document_parse (const char *bytes, gsize length, const char *file)
{
  AstDocument *self = g_new0 (AstDocument, 1);
  Parse parse = { .document = self, .file = file };

  self->bytes = bytes ? bytes : "";
  self->length = length;
  if (!is_text (&parse))
    return self;
  xmlInitParser ();
  parse_tree (&parse);
  return self;
}
