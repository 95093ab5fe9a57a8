// SPDX-License-Identifier: GPL-3.0-or-later
#include "scrub.h"
#include <libxml/parser.h>
#include <string.h>

#define LEAST_BYTES 4

#define WORDS "passw|passphrase|secret|token|credential"
#define HEX   "[0-9a-f]"
// A name that holds one of the words. Each is looked at once, however long a line is.
#define START  "(?<![\\w+.-])"
#define SECRET "(?>[\\w.-]*(?:" WORDS ")[\\w.-]*)"
#define KEY    "(?>[\\w.-]*key)"
#define QUOTE  "[\"']"
#define HOMES  "((?<![\\w.-])(?:/home/|/media/|/run/media/))" // the kiosk's own may end in home
#define VALUE  "(?:\"(?:[^\"\\\\]|\\\\.)*\"|'[^']*'|[^\\s,;&}\"']+)"

static const struct
{
  const char *pattern; // case-insensitive, ^ and $ at each line
  const char *instead;
} rules[] = {
  // The user and the query of an address.
  { START "([a-z][\\w+.-]*://)[^/\\s@\"'”]+@", "\\1" AST_SCRUB_BLANK "@" },
  { "(https?://[^\\s?\"'”]{0,500}\\?)[^\\s\"'”]+", "\\1" AST_SCRUB_BLANK },
  // libvirt begins a guest's log with the variables that QEMU got.
  { "^([a-z_][a-z0-9_]*)=.*\\\\$", "\\1=" AST_SCRUB_BLANK " \\\\" },
  // With a colon only as JSON has it, or as a word of its own: an appliance may be named after its secrets.
  { "(" START SECRET QUOTE "?\\s*=\\s*|" QUOTE SECRET QUOTE "\\s*:\\s*|" START
    "(?:password|passwd|passphrase|secret|token)\\s*:\\s*)" VALUE,
    "\\1" AST_SCRUB_BLANK },
  { "(" QUOTE KEY QUOTE "\\s*:\\s*|" START KEY "\\s*=\\s*|" QUOTE "data" QUOTE "\\s*:\\s*|,data=)" VALUE,
    "\\1" AST_SCRUB_BLANK },
  // What a guest is known by is made from the machine's id.
  { "\\b" HEX "{8}(?:-" HEX "{4}){3}-" HEX "{12}\\b", AST_SCRUB_BLANK },
  { "(?<!" HEX ")" HEX "{32}(?!" HEX ")", AST_SCRUB_BLANK },
  { "(?<![0-9a-f:])(?:" HEX "{2}:){5}" HEX "{2}(?![0-9a-f:])", AST_SCRUB_BLANK },
  { "\\bAST-" HEX "{10}\\b", AST_SCRUB_BLANK },
};

struct AstScrub
{
  GPtrArray *secrets; // char*
  GRegex *homes;
  GRegex *patterns[G_N_ELEMENTS (rules)];
};

static GRegex *
compile (const char *pattern, GRegexCompileFlags flags)
{
  g_autoptr (GError) error = NULL;
  GRegex *regex = g_regex_new (pattern, flags | G_REGEX_OPTIMIZE, 0, &error);

  g_assert_no_error (error);
  return regex;
}

AstScrub *
ast_scrub_new (const char *user)
{
  AstScrub *self = g_new0 (AstScrub, 1);
  g_autofree char *own = user ? g_regex_escape_string (user, -1) : NULL;
  g_autofree char *but_own = own ? g_strdup_printf ("(?!%s(?:[^\\w.-]|$))", own) : g_strdup ("");
  g_autofree char *homes = g_strdup_printf (HOMES "%s[\\w.-]+", but_own);

  self->secrets = g_ptr_array_new_with_free_func (g_free);
  self->homes = compile (homes, G_REGEX_MULTILINE);
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    self->patterns[i] = compile (rules[i].pattern, G_REGEX_CASELESS | G_REGEX_MULTILINE);
  return self;
}

void
ast_scrub_free (AstScrub *self)
{
  g_ptr_array_unref (self->secrets);
  g_regex_unref (self->homes);
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    g_regex_unref (self->patterns[i]);
  g_free (self);
}

// The longest first: one may be the beginning of another.
static int
compare_lengths (gconstpointer a, gconstpointer b)
{
  gsize one = strlen (*(const char *const *)a), other = strlen (*(const char *const *)b);

  return one < other ? 1 : one > other ? -1 : 0;
}

void
ast_scrub_learn (AstScrub *self, const char *secret)
{
  if (strlen (secret) < LEAST_BYTES)
    return;
  g_ptr_array_add (self->secrets, g_strdup (secret));
  g_ptr_array_sort (self->secrets, compare_lengths);
}

// ---------------------------------------------------------------------------------------------------------------
// Descriptors

static gboolean
sounds_secret (const xmlChar *name)
{
  return g_regex_match_simple (WORDS "|key|^user(name)?$", (const char *)name, G_REGEX_CASELESS, 0);
}

static void
learn_xml (AstScrub *self, xmlChar *value)
{
  g_autofree char *escaped = value ? g_markup_escape_text ((const char *)value, -1) : NULL;

  if (value == NULL)
    return;
  ast_scrub_learn (self, (const char *)value);
  if (strcmp (escaped, (const char *)value) != 0)
    ast_scrub_learn (self, escaped);
  xmlFree (value);
}

static void
learn_node (AstScrub *self, xmlNode *node)
{
  gboolean is_variable = xmlStrEqual (node->name, BAD_CAST "env"); // <qemu:env name="…" value="…"/>

  if (node->type != XML_ELEMENT_NODE)
    return;
  for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
    if (sounds_secret (attribute->name) || (is_variable && xmlStrEqual (attribute->name, BAD_CAST "value")))
      learn_xml (self, xmlNodeGetContent ((xmlNode *)attribute));
  if (sounds_secret (node->name))
    learn_xml (self, xmlNodeGetContent (node));
  for (xmlNode *child = node->children; child; child = child->next)
    learn_node (self, child);
}

void
ast_scrub_learn_descriptor (AstScrub *self, const char *bytes, gsize length)
{
  xmlDoc *tree
      = length <= G_MAXINT
            ? xmlReadMemory (bytes, (int)length, NULL, NULL,
                             XML_PARSE_RECOVER | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET)
            : NULL;
  xmlNode *root = tree ? xmlDocGetRootElement (tree) : NULL;

  if (root)
    learn_node (self, root);
  g_clear_pointer (&tree, xmlFreeDoc);
}

// ---------------------------------------------------------------------------------------------------------------

static void
replace (char **text, const GRegex *pattern, const char *instead)
{
  g_autofree char *before = *text;

  *text = g_regex_replace (pattern, before, -1, 0, instead, 0, NULL);
  // One that is too much for the pattern is nothing to hand on.
  if (*text == NULL)
    *text = g_strdup (AST_SCRUB_BLANK);
}

char *
ast_scrub_text (const AstScrub *self, const char *text)
{
  g_autoptr (GString) known = g_string_new (text);
  char *scrubbed;

  for (guint i = 0; i < self->secrets->len; i++)
    g_string_replace (known, self->secrets->pdata[i], AST_SCRUB_BLANK, 0);
  scrubbed = g_utf8_make_valid (known->str, (gssize)known->len);
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    replace (&scrubbed, self->patterns[i], rules[i].instead);
  replace (&scrubbed, self->homes, "\\1" AST_SCRUB_BLANK);
  return scrubbed;
}

char *
ast_scrub_address (const char *address)
{
  g_autoptr (GUri) uri = g_uri_parse (address, G_URI_FLAGS_PARSE_RELAXED, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;

  return host && host[0] ? g_strdup_printf ("%s://%s/" AST_SCRUB_BLANK, g_uri_get_scheme (uri), host)
                         : g_strdup (AST_SCRUB_BLANK);
}
