// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "descriptor.h"
#include "document.h"
#include "text.h"
#include "usb-rule.h"
#include <glib/gi18n.h>
#include <string.h>

#define MAX_PROBLEMS       50
#define MAX_NAME           100
#define MAX_SUMMARY        500
#define MAX_CATEGORY       40
#define MAX_CPUS           64
#define MIN_MEMORY_MIB     16
#define MAX_MEMORY_MIB     (1024 * 1024)
#define MAX_HEADS          4
#define MAX_USB_PORTS      8
#define MAX_INTERFACE_NAME 15 // the kernel's IFNAMSIZ, less its NUL
#define SHA256_DIGITS      64
#define KIB_IN_MIB         1024
#define MIB_IN_GIB         1024

// The state of one text that stands in several languages, of which one is chosen.
typedef struct
{
  GHashTable *languages; // those seen, folded; "" = none named
  guint rank;            // of the one chosen; less is better
} Translated;

typedef struct
{
  AstAppliance *appliance;
  const AstDocument *document;
  const char *file;
  const char *const *languages;
  gboolean silent; // the tree is not whole: take what is there, the one problem is told already
  Translated name;
  Translated summary;
} Reader;

typedef enum
{
  CONTENT_NONE,
  CONTENT_TEXT,
  CONTENT_ELEMENTS,
  CONTENT_ANY,
} Content;

typedef struct
{
  const char *name;
  Content content;
  gboolean repeats;
  void (*read) (Reader *self, const xmlNode *node);
  const char *attributes[4];
} Rule;

static void complain (Reader *self, const xmlNode *node, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
complain (Reader *self, const xmlNode *node, const char *format, ...)
{
  GPtrArray *problems = self->appliance->problems;
  g_autofree char *text = NULL;
  guint line, column;
  va_list args;

  if (self->silent || problems->len > MAX_PROBLEMS)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  ast_document_locate (self->document, node, &line, &column);
  g_ptr_array_add (problems, ast_problem_new (self->file, line, column, "%s",
                                              problems->len < MAX_PROBLEMS
                                                  ? text
                                                  : _ ("More is wrong from here on. Mend the rest first.")));
}

static const char *
name_of (const xmlNode *node)
{
  return (const char *)node->name;
}

// NULL where the attribute is absent.
static char *
get (const xmlNode *node, const char *attribute)
{
  xmlChar *value = xmlGetNoNsProp (node, (const xmlChar *)attribute);
  char *copy = g_strdup ((const char *)value);

  xmlFree (value);
  return copy;
}

// The attribute without the blanks around it; where it is absent, says so and returns NULL.
static char *
need (Reader *self, const xmlNode *node, const char *attribute)
{
  char *value = get (node, attribute);

  if (!value)
    complain (self, node, _ ("<%s> needs the attribute “%s”."), name_of (node), attribute);
  return value ? g_strstrip (value) : NULL;
}

// The element's text, blanks around it dropped and those within it made one.
static char *
text_of (const xmlNode *node)
{
  xmlChar *content = xmlNodeGetContent (node);
  g_auto (GStrv) words = g_strsplit_set ((const char *)content, " \t\r\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);

  xmlFree (content);
  for (guint i = 0; words[i]; i++)
    if (words[i][0])
      g_string_append_printf (text, "%s%s", text->len ? " " : "", words[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
need_text (Reader *self, const xmlNode *node, glong max)
{
  g_autofree char *raw = text_of (node);
  g_autofree char *text = ast_text_drop_controls (raw);
  glong length = g_utf8_strlen (text, -1);

  if (length == 0)
    complain (self, node, _ ("<%s> is empty. Write its text, or remove it."), name_of (node));
  if (length > max)
    complain (self, node, _ ("<%s> has %ld characters; %ld is the most."), name_of (node), length, max);
  return length > 0 && length <= max ? g_steal_pointer (&text) : NULL;
}

static gboolean
read_number (Reader *self, const xmlNode *node, const char *text, guint min, guint max, guint *number)
{
  g_autofree char *quoted = ast_text_quote (text);
  guint64 value = 0;

  if (!g_ascii_string_to_unsigned (text, 10, min, max, &value, NULL))
    complain (self, node, _ ("<%s> cannot be “%s”. Write a whole number from %u to %u."), name_of (node),
              quoted, min, max);
  *number = (guint)value;
  return value > 0;
}

// The word's place in `words`, or -1.
static int
choose (Reader *self, const xmlNode *node, const char *text, const char *const *words)
{
  g_autofree char *quoted = ast_text_quote (text);
  g_autofree char *list = g_strjoinv (", ", (char **)words);

  for (int i = 0; words[i]; i++)
    if (g_str_equal (text, words[i]))
      return i;
  complain (self, node, _ ("<%s> cannot be “%s”. Write one of: %s."), name_of (node), quoted, list);
  return -1;
}

// Why a path cannot be used, or NULL. It is relative and stays below its folder, whatever it is resolved
// against.
static const char *
path_fault (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);

  if (strpbrk (path, "\\"))
    return N_ ("“%s” has a backslash. Write / between a folder and a file.");
  if (path[0] == '/')
    return N_ ("“%s” begins with /. Write the path from the appliance's folder on.");
  for (const char *at = path; *at; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return N_ ("“%s” has a control character. Give the file another name.");
  if (!parts[0])
    return N_ ("The path “%s” is empty. Write the name of a file.");
  for (guint i = 0; parts[i]; i++)
    {
      if (g_str_equal (parts[i], ".."))
        return N_ ("“%s” leaves the appliance's folder. Put the file into it, or into an image store.");
      if (!parts[i][0])
        return N_ ("“%s” is not the path of a file in the appliance's folder.");
    }
  return NULL;
}

// Not stripped: a file's name may begin with a blank, and then it should be found.
static char *
need_path (Reader *self, const xmlNode *node)
{
  g_autofree char *path = get (node, "href");
  g_autofree char *quoted = path ? ast_text_quote (path) : NULL;
  const char *fault = path ? path_fault (path) : NULL;

  if (!path)
    complain (self, node, _ ("<%s> needs the attribute “%s”."), name_of (node), "href");
  if (!path || !fault)
    return g_steal_pointer (&path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  complain (self, node, _ (fault), quoted);
#pragma GCC diagnostic pop
  return NULL;
}

static gboolean
is_hexadecimal (const char *text, gsize digits)
{
  return strlen (text) == digits && strspn (text, "0123456789abcdefABCDEF") == digits;
}

static char *
read_digest (Reader *self, const xmlNode *node)
{
  g_autofree char *digest = get (node, "sha256");

  if (!digest)
    return NULL;
  if (is_hexadecimal (g_strstrip (digest), SHA256_DIGITS))
    return g_ascii_strdown (digest, -1);
  complain (self, node, _ ("The attribute “sha256” needs the %d digits that sha256sum prints."),
            SHA256_DIGITS);
  return NULL;
}

static AstImage *
read_image (Reader *self, const xmlNode *node)
{
  g_autofree char *path = need_path (self, node);
  g_autofree char *digest = read_digest (self, node);
  AstImage *image = path ? ast_image_new (path, digest) : NULL;

  if (image)
    ast_document_locate (self->document, node, &image->line, &image->column);
  return image;
}

// "fr_FR.UTF-8" and "fr_FR" become "fr-FR", as xml:lang writes it; "C" becomes "".
static char *
language_tag (const char *locale)
{
  g_autofree char *tag = g_strdup (locale);

  tag[strcspn (tag, ".@")] = '\0';
  if (g_str_equal (tag, "C") || g_str_equal (tag, "POSIX"))
    tag[0] = '\0';
  return g_strdelimit (g_steal_pointer (&tag), "_", '-');
}

static guint
language_fit (const char *language, const char *wanted)
{
  gsize length = strlen (wanted);

  if (g_ascii_strcasecmp (language, wanted) == 0)
    return 0;
  return length && g_ascii_strncasecmp (language, wanted, length) == 0 && language[length] == '-' ? 1 : 2;
}

// How well a language ("" = the text without one) suits the reader; less is better, G_MAXUINT is not at all.
static guint
language_rank (const Reader *self, const char *language)
{
  for (guint i = 0; self->languages && self->languages[i]; i++)
    {
      g_autofree char *wanted = language_tag (self->languages[i]);
      guint fit = language_fit (language, wanted);

      if (fit < 2)
        return 2 * i + fit;
    }
  return language[0] ? G_MAXUINT : G_MAXUINT - 1;
}

static gboolean
is_language (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "-", -1);

  for (guint i = 0; parts[i]; i++)
    {
      gsize length = strlen (parts[i]);

      if (length < 1 || length > 8)
        return FALSE;
      for (gsize j = 0; j < length; j++)
        if (i == 0 ? !g_ascii_isalpha (parts[i][j]) : !g_ascii_isalnum (parts[i][j]))
          return FALSE;
    }
  return parts[0] != NULL;
}

// The element's language, folded; "" where it names none; NULL where it is a mistake.
static char *
read_language (Reader *self, const xmlNode *node, Translated *translated)
{
  xmlChar *value = xmlGetNsProp (node, (const xmlChar *)"lang", XML_XML_NAMESPACE);
  g_autofree char *named = g_strdup ((const char *)value);
  g_autofree char *language = g_ascii_strdown (named ? g_strstrip (named) : "", -1);
  g_autofree char *quoted = ast_text_quote (named ? named : "");

  xmlFree (value);
  if (named && !is_language (language))
    complain (self, node, _ ("“%s” is not a language. Write one as in xml:lang=\"fr\" or \"pt-BR\"."),
              quoted);
  else if (g_hash_table_add (translated->languages, g_strdup (language)))
    return g_steal_pointer (&language);
  else if (named)
    complain (self, node, _ ("<%s> stands here twice in the language “%s”. Keep one."), name_of (node),
              quoted);
  else
    complain (self, node, _ ("<%s> stands here twice. Keep one, or give each a language by xml:lang."),
              name_of (node));
  return NULL;
}

static void
read_translated (Reader *self, const xmlNode *node, Translated *translated, glong max, char **chosen)
{
  g_autofree char *language = read_language (self, node, translated);
  g_autofree char *text = need_text (self, node, max);
  guint rank;

  if (!language || !text)
    return;
  rank = language_rank (self, language);
  if (rank >= translated->rank)
    return;
  translated->rank = rank;
  g_free (*chosen);
  *chosen = g_steal_pointer (&text);
}

static void
read_name (Reader *self, const xmlNode *node)
{
  read_translated (self, node, &self->name, MAX_NAME, &self->appliance->name);
}

static void
read_summary (Reader *self, const xmlNode *node)
{
  read_translated (self, node, &self->summary, MAX_SUMMARY, &self->appliance->summary);
}

static void
read_icon (Reader *self, const xmlNode *node)
{
  AstAppliance *appliance = self->appliance;
  g_autofree char *path = need_path (self, node);
  g_autofree char *quoted = path ? ast_text_quote (path) : NULL;

  if (!path)
    return;
  if (!g_str_has_suffix (path, ".svg"))
    {
      complain (self, node, _ ("“%s” is not an SVG drawing (its name must end in .svg)."), quoted);
      return;
    }
  appliance->icon = g_build_filename (appliance->folder, path, NULL);
  ast_document_locate (self->document, node, &appliance->icon_line, &appliance->icon_column);
}

static void
read_category (Reader *self, const xmlNode *node)
{
  self->appliance->category = need_text (self, node, MAX_CATEGORY);
}

// As a browser would take it; whoever shows it finds nothing in it that a screen would obey.
static gboolean
is_address (const char *text)
{
  const char *rest = strstr (text, "://");

  for (const char *at = text; *at; at++)
    if (!g_ascii_isgraph (*at))
      return FALSE;
  return (g_str_has_prefix (text, "http://") || g_str_has_prefix (text, "https://")) && rest[3];
}

static void
read_os (Reader *self, const xmlNode *node)
{
  g_autofree char *id = need (self, node, "id");
  g_autofree char *quoted = id ? ast_text_quote (id) : NULL;

  if (!id)
    return;
  if (is_address (id))
    self->appliance->os_id = g_steal_pointer (&id);
  else
    complain (self, node,
              _ ("“%s” is not a system's id, as in http://debian.org/debian/12 (see osinfo-query os)."),
              quoted);
}

static void
read_cpu (Reader *self, const xmlNode *node)
{
  g_autofree char *count = need (self, node, "count");
  guint number;

  if (count && read_number (self, node, count, 1, MAX_CPUS, &number))
    self->appliance->cpus = number;
}

static void
read_memory (Reader *self, const xmlNode *node)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", NULL };
  static const guint min[] = { MIN_MEMORY_MIB * KIB_IN_MIB, MIN_MEMORY_MIB, 1 };
  static const guint max[] = { MAX_MEMORY_MIB * KIB_IN_MIB, MAX_MEMORY_MIB, MAX_MEMORY_MIB / MIB_IN_GIB };
  g_autofree char *unit = get (node, "unit");
  g_autofree char *text = text_of (node);
  int chosen = unit ? choose (self, node, g_strstrip (unit), units) : 1;
  guint number;

  if (chosen < 0 || !read_number (self, node, text, min[chosen], max[chosen], &number))
    return;
  if (chosen == 0)
    number = (number + KIB_IN_MIB - 1) / KIB_IN_MIB;
  if (chosen == 2)
    number *= MIB_IN_GIB;
  self->appliance->memory_mib = number;
}

static void
read_disk (Reader *self, const xmlNode *node)
{
  self->appliance->disk = read_image (self, node);
}

static void
read_image_into (Reader *self, const xmlNode *node, GPtrArray *images)
{
  AstImage *image = read_image (self, node);

  if (image)
    g_ptr_array_add (images, image);
}

static void
read_layer (Reader *self, const xmlNode *node)
{
  read_image_into (self, node, self->appliance->layers);
}

static void
read_cdrom (Reader *self, const xmlNode *node)
{
  read_image_into (self, node, self->appliance->cdroms);
}

static gboolean
is_interface_name (const char *text)
{
  return g_ascii_isalnum (text[0]) && strlen (text) <= MAX_INTERFACE_NAME
         && text[strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static gboolean
check_bridge (Reader *self, const xmlNode *node, AstNetworkType type, const char *source)
{
  g_autofree char *quoted = source ? ast_text_quote (source) : NULL;

  if (type == AST_NETWORK_BRIDGE && !source)
    complain (self, node, _ ("A bridged network needs the attribute “source”, as in source=\"br0\"."));
  else if (type != AST_NETWORK_BRIDGE && source)
    complain (self, node, _ ("The attribute “source” is only for networks of type “bridge”. Remove it."));
  else if (source && !is_interface_name (source))
    complain (self, node, _ ("“%s” cannot be the name of a bridge, as in source=\"br0\"."), quoted);
  else
    return TRUE;
  return FALSE;
}

static void
read_network (Reader *self, const xmlNode *node)
{
  static const char *const types[] = { "user", "bridge", "isolated", "none", NULL };
  g_autofree char *type = need (self, node, "type");
  g_autofree char *source = get (node, "source");
  int chosen = type ? choose (self, node, type, types) : -1;

  if (source)
    g_strstrip (source);
  if (chosen >= 0 && check_bridge (self, node, (AstNetworkType)chosen, source))
    g_ptr_array_add (self->appliance->networks, ast_network_new ((AstNetworkType)chosen, source));
}

static void
read_display (Reader *self, const xmlNode *node)
{
  g_autofree char *heads = need (self, node, "heads");
  guint number;

  if (heads && read_number (self, node, heads, 1, MAX_HEADS, &number))
    self->appliance->heads = number;
}

// What is wrong with one attribute of a rule, or NULL.
static char *
read_usb_condition (AstUsbRule *rule, const xmlNode *node, const char *key)
{
  g_autofree char *value = get (node, key);

  return value ? ast_usb_rule_add (rule, key, g_strstrip (value)) : NULL;
}

static char *
read_usb_conditions (AstUsbRule *rule, const xmlNode *node)
{
  for (guint i = 0; ast_usb_rule_keys[i]; i++)
    {
      char *fault = read_usb_condition (rule, node, ast_usb_rule_keys[i]);

      if (fault)
        return fault;
    }
  return ast_usb_rule_check (rule);
}

static void
read_usb_rule (Reader *self, const xmlNode *node)
{
  GPtrArray *rules = self->appliance->usb_rules;
  g_autoptr (AstUsbRule) rule = ast_usb_rule_new (g_str_equal (name_of (node), "allow"));
  g_autofree char *fault = read_usb_conditions (rule, node);
  guint column;

  ast_document_locate (self->document, node, &rule->line, &column);
  if (fault)
    complain (self, node, "%s", fault);
  else if (rules->len == AST_USB_MAX_RULES)
    complain (self, node, _ ("There are more than %u rules."), AST_USB_MAX_RULES);
  else
    g_ptr_array_add (rules, g_steal_pointer (&rule));
}

static void read_usb (Reader *self, const xmlNode *node);

static void
read_dvd (Reader *self, const xmlNode *node)
{
  self->appliance->devices |= AST_DEVICE_DVD;
}

static void
read_sound (Reader *self, const xmlNode *node)
{
  static const char *const answers[] = { "no", "yes", NULL };
  g_autofree char *microphone = get (node, "microphone");

  self->appliance->devices |= AST_DEVICE_SOUND;
  if (microphone && choose (self, node, microphone, answers) == 1)
    self->appliance->devices |= AST_DEVICE_MICROPHONE;
}

static void
read_clipboard (Reader *self, const xmlNode *node)
{
  static const char *const directions[] = { "none", "in", "out", "both", NULL };
  static const AstDevices devices[]
      = { 0, AST_DEVICE_CLIPBOARD_IN, AST_DEVICE_CLIPBOARD_OUT, AST_DEVICE_CLIPBOARD };
  g_autofree char *direction = get (node, "direction");
  int chosen = direction ? choose (self, node, direction, directions) : 3;

  if (chosen >= 0)
    self->appliance->devices |= devices[chosen];
}

// A name, never a path: which folder of the station it is, the station decides.
static void
read_share (Reader *self, const xmlNode *node)
{
  static const char *const answers[] = { "no", "yes", NULL };
  g_autofree char *folder = need (self, node, "folder");
  g_autofree char *writable = get (node, "writable");
  g_autofree char *quoted = folder ? ast_text_quote (folder) : NULL;

  if (folder && !ast_appliance_id_is_valid (folder))
    complain (
        self, node,
        _ ("“%s” cannot be the name of a shared folder, as in folder=\"course\". The station knows where it "
           "is."),
        quoted);
  else if (folder)
    self->appliance->share = g_steal_pointer (&folder);
  self->appliance->devices |= AST_DEVICE_SHARE;
  if (writable && choose (self, node, writable, answers) == 1)
    self->appliance->devices |= AST_DEVICE_SHARE_WRITE;
}

static void
read_smartcard (Reader *self, const xmlNode *node)
{
  self->appliance->devices |= AST_DEVICE_SMARTCARD;
}

static void
read_state (Reader *self, const xmlNode *node)
{
  static const char *const states[] = { "volatile", "kept", NULL };
  g_autofree char *text = text_of (node);
  int chosen = choose (self, node, text, states);

  if (chosen >= 0)
    self->appliance->keeping = (AstKeeping)chosen;
}

static void
read_start (Reader *self, const xmlNode *node)
{
  static const char *const modes[] = { "cold", "warm", NULL };
  static const char *const answers[] = { "no", "yes", NULL };
  g_autofree char *licensed = get (node, "licensed");
  g_autofree char *mode = need (self, node, "mode");
  int chosen = mode ? choose (self, node, mode, modes) : -1;

  if (chosen >= 0)
    self->appliance->start_mode = (AstStartMode)chosen;
  self->appliance->warm_probe = get (node, "probe");
  if (self->appliance->warm_probe && g_strstrip (self->appliance->warm_probe)[0] == '\0')
    complain (self, node, _ ("The probe is empty. Write a command that succeeds once the desktop is there."));
  if (licensed && choose (self, node, licensed, answers) == 1)
    self->appliance->warm_licensed = TRUE;
}

static void
allow (Reader *self, const xmlNode *node, const char *word)
{
  AstAllowances *allows = &self->appliance->exam_allows;
  g_autofree char *quoted = ast_text_quote (word);
  g_autofree char *list = g_strjoinv (", ", (char **)ast_allowance_words);
  guint i = 0;

  while (ast_allowance_words[i] && !g_str_equal (word, ast_allowance_words[i]))
    i++;
  if (!ast_allowance_words[i])
    complain (self, node, _ ("<%s> cannot allow “%s”. Write any of: %s."), name_of (node), quoted, list);
  else if (*allows & (1u << i))
    complain (self, node, _ ("<%s> allows “%s” twice. Keep one."), name_of (node), quoted);
  else
    *allows |= 1u << i;
}

static void
read_exam (Reader *self, const xmlNode *node)
{
  g_autofree char *allowed = get (node, "allow");
  g_auto (GStrv) words = allowed ? g_strsplit_set (allowed, " \t\r\n", -1) : NULL;

  self->appliance->exam = TRUE;
  for (guint i = 0; words && words[i]; i++)
    if (words[i][0])
      allow (self, node, words[i]);
}

// The copy takes the name spaces that it uses along, wherever they were declared.
static void
read_domain (Reader *self, const xmlNode *node)
{
  xmlDoc *tree = xmlNewDoc ((const xmlChar *)"1.0");
  xmlNode *copy = xmlDocCopyNode ((xmlNode *)node, tree, 1);
  xmlBuffer *buffer = xmlBufferCreate ();

  xmlDocSetRootElement (tree, copy);
  xmlNodeDump (buffer, tree, copy, 0, 0);
  self->appliance->domain_xml = g_strdup ((const char *)xmlBufferContent (buffer));
  xmlBufferFree (buffer);
  xmlFreeDoc (tree);
}

static void read_devices (Reader *self, const xmlNode *node);

static const Rule rules[] = {
  { "name", CONTENT_TEXT, TRUE, read_name, { "xml:lang" } },
  { "summary", CONTENT_TEXT, TRUE, read_summary, { "xml:lang" } },
  { "icon", CONTENT_NONE, FALSE, read_icon, { "href" } },
  { "category", CONTENT_TEXT, FALSE, read_category },
  { "os", CONTENT_NONE, FALSE, read_os, { "id" } },
  { "cpu", CONTENT_NONE, FALSE, read_cpu, { "count" } },
  { "memory", CONTENT_TEXT, FALSE, read_memory, { "unit" } },
  { "disk", CONTENT_NONE, FALSE, read_disk, { "href", "sha256" } },
  { "layer", CONTENT_NONE, TRUE, read_layer, { "href", "sha256" } },
  { "cdrom", CONTENT_NONE, TRUE, read_cdrom, { "href", "sha256" } },
  { "network", CONTENT_NONE, TRUE, read_network, { "type", "source" } },
  { "display", CONTENT_NONE, FALSE, read_display, { "heads" } },
  { "devices", CONTENT_ELEMENTS, FALSE, read_devices },
  { "exam", CONTENT_NONE, FALSE, read_exam, { "allow" } },
  { "state", CONTENT_TEXT, FALSE, read_state },
  { "start", CONTENT_NONE, FALSE, read_start, { "mode", "probe", "licensed" } },
  { "domain", CONTENT_ANY, FALSE, read_domain },
};

static const Rule device_rules[] = {
  { "usb", CONTENT_ELEMENTS, FALSE, read_usb, { "ports" } },
  { "dvd", CONTENT_NONE, FALSE, read_dvd },
  { "sound", CONTENT_NONE, FALSE, read_sound, { "microphone" } },
  { "clipboard", CONTENT_NONE, FALSE, read_clipboard, { "direction" } },
  { "share", CONTENT_NONE, FALSE, read_share, { "folder", "writable" } },
  { "smartcard", CONTENT_NONE, FALSE, read_smartcard },
};

static const Rule usb_rules[] = {
  { "allow", CONTENT_NONE, TRUE, read_usb_rule, { "class", "vendor", "product", "port" } },
  { "deny", CONTENT_NONE, TRUE, read_usb_rule, { "class", "vendor", "product", "port" } },
};

static const Rule root_rule = { "appliance", CONTENT_ELEMENTS, FALSE, NULL, { "id" } };

static gboolean
is_ours (const xmlNode *node)
{
  return node->ns && xmlStrEqual (node->ns->href, (const xmlChar *)AST_DESCRIPTOR_NAMESPACE);
}

static const Rule *
find_rule (const Reader *self, const xmlNode *node, const Rule *table, guint length)
{
  for (guint i = 0; i < length; i++)
    if (g_str_equal (table[i].name, name_of (node)) && (self->silent || is_ours (node)))
      return &table[i];
  return NULL;
}

static gboolean
rule_allows (const Rule *rule, const xmlAttr *attribute)
{
  const char *name = (const char *)attribute->name;

  for (guint i = 0; i < G_N_ELEMENTS (rule->attributes) && rule->attributes[i]; i++)
    {
      const char *allowed = rule->attributes[i];

      if (!attribute->ns && g_str_equal (name, allowed))
        return TRUE;
      if (attribute->ns && xmlStrEqual (attribute->ns->href, XML_XML_NAMESPACE)
          && g_str_has_prefix (allowed, "xml:") && g_str_equal (name, allowed + strlen ("xml:")))
        return TRUE;
    }
  return FALSE;
}

static void
check_attributes (Reader *self, const xmlNode *node, const Rule *rule)
{
  for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
    {
      g_autofree char *quoted = ast_text_quote ((const char *)attribute->name);
      const char *prefix
          = attribute->ns && attribute->ns->prefix ? (const char *)attribute->ns->prefix : NULL;

      if (!rule_allows (rule, attribute))
        complain (self, node, _ ("<%s> has no attribute “%s%s%s”. Remove it."), name_of (node),
                  prefix ? prefix : "", prefix ? ":" : "", quoted);
    }
}

static gboolean
has_element (const xmlNode *node)
{
  for (const xmlNode *child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      return TRUE;
  return FALSE;
}

static const xmlNode *
find_text (const xmlNode *node)
{
  for (const xmlNode *child = node->children; child; child = child->next)
    if ((child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) && !xmlIsBlankNode (child))
      return child;
  return NULL;
}

static void
check_content (Reader *self, const xmlNode *node, Content content)
{
  const xmlNode *text = find_text (node);

  if ((content == CONTENT_NONE || content == CONTENT_TEXT) && has_element (node))
    complain (self, node, _ ("<%s> holds no other element. Move it out."), name_of (node));
  if ((content == CONTENT_NONE || content == CONTENT_ELEMENTS) && text)
    complain (self, text, _ ("<%s> holds no text of its own. Remove it, or put it into its element."),
              name_of (node));
}

static void
complain_of_unknown (Reader *self, const xmlNode *node, const Rule *table, guint length)
{
  g_autofree char *quoted = ast_text_quote (name_of (node));
  g_autoptr (GString) known = g_string_new (NULL);

  for (guint i = 0; i < length; i++)
    g_string_append_printf (known, "%s%s", i ? ", " : "", table[i].name);
  if (is_ours (node))
    complain (self, node, _ ("<%s> is not known in <%s>. Known are: %s."), quoted, name_of (node->parent),
              known->str);
  else
    complain (self, node, _ ("<%s> is of another XML namespace, which only <domain> may hold."), quoted);
}

static void
read_child (Reader *self, const xmlNode *node, const Rule *table, guint length, guint *seen)
{
  const Rule *rule = find_rule (self, node, table, length);
  guint bit = rule ? 1u << (rule - table) : 0;

  if (!rule)
    {
      complain_of_unknown (self, node, table, length);
      return;
    }
  if ((*seen & bit) && !rule->repeats)
    {
      complain (self, node, _ ("<%s> stands here twice. Keep one."), rule->name);
      return;
    }
  *seen |= bit;
  if (rule->content != CONTENT_ANY)
    check_attributes (self, node, rule);
  check_content (self, node, rule->content);
  rule->read (self, node);
}

static void
read_children (Reader *self, const xmlNode *node, const Rule *table, guint length)
{
  guint seen = 0;

  for (const xmlNode *child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      read_child (self, child, table, length, &seen);
}

static void
read_usb (Reader *self, const xmlNode *node)
{
  g_autofree char *ports = get (node, "ports");
  guint number;

  self->appliance->devices |= AST_DEVICE_USB;
  if (ports && read_number (self, node, g_strstrip (ports), 1, MAX_USB_PORTS, &number))
    self->appliance->usb_ports = number;
  read_children (self, node, usb_rules, G_N_ELEMENTS (usb_rules));
}

static void
read_devices (Reader *self, const xmlNode *node)
{
  read_children (self, node, device_rules, G_N_ELEMENTS (device_rules));
}

static void
check_id (Reader *self, const xmlNode *root)
{
  g_autofree char *id = need (self, root, "id");
  g_autofree char *quoted = id ? ast_text_quote (id) : NULL;
  g_autofree char *folder = ast_text_quote (self->appliance->id);

  if (!id)
    return;
  if (!ast_appliance_id_is_valid (id))
    complain (self, root,
              _ ("“%s” cannot be an id. An id has up to 64 small letters a to z, digits, dots, dashes and "
                 "underscores, and begins with a letter or digit."),
              quoted);
  else if (!g_str_equal (id, self->appliance->id))
    complain (self, root, _ ("The id “%s” is not the folder's name, “%s”. Make both the same."), quoted,
              folder);
}

static const xmlNode *
find_child (const xmlNode *root, const char *name)
{
  for (const xmlNode *child = root->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE && is_ours (child) && g_str_equal (name_of (child), name))
      return child;
  return NULL;
}

static gboolean
has_child (const xmlNode *root, const char *name)
{
  return find_child (root, name) != NULL;
}

// What each element alone cannot tell. Asked of the tree: an element that is there but wrong is not missing.
static void
check_whole (Reader *self, const xmlNode *root)
{
  if (!has_child (root, "name"))
    complain (self, root, _ ("The <name> is missing."));
  else if (!g_hash_table_contains (self->name.languages, ""))
    complain (self, root, _ ("A <name> without xml:lang is missing: it is shown where no translation fits."));
  if (!has_child (root, "disk") && !has_child (root, "cdrom"))
    complain (self, root, _ ("There is nothing to start: add a <disk> or a <cdrom>."));
  if (has_child (root, "layer") && !has_child (root, "disk"))
    complain (self, root, _ ("A <layer> lies on a <disk>, and there is none."));
}

static void
check_networks (Reader *self, const xmlNode *root)
{
  GPtrArray *networks = self->appliance->networks;

  for (guint i = 0; i < networks->len && networks->len > 1; i++)
    {
      const AstNetwork *network = g_ptr_array_index (networks, i);

      if (network->type != AST_NETWORK_NONE)
        continue;
      complain (self, root,
                _ ("A network of type “none” stands beside others. Keep it alone, or remove it."));
      return;
    }
}

// Of a device of the <domain> that ties a guest to what is there now.
static gboolean
ties_guest (const xmlNode *node)
{
  static const char *const devices[] = { "hostdev", "filesystem", "tpm", "disk", "kernel", "initrd", NULL };

  return g_strv_contains (devices, name_of (node));
}

static gboolean
has_word (const xmlNode *node, const char *attribute, const char *first, const char *second)
{
  g_autofree char *value = get (node, attribute);

  return g_strcmp0 (value, first) == 0 || g_strcmp0 (value, second) == 0;
}

// Why a guest with this element below its <domain> cannot be saved, translated; NULL = it can.
static const char *
find_tie (const xmlNode *node)
{
  if (node->type != XML_ELEMENT_NODE)
    return NULL;
  if (g_str_equal (name_of (node), "cpu") && has_word (node, "mode", "host-passthrough", "maximum"))
    return _ ("with the station's own processor (<cpu mode=\"host-passthrough\">)");
  if (has_word (node, "accel3d", "yes", "on")
      || (g_str_equal (name_of (node), "gl") && !has_word (node, "enable", "no", "no")))
    return _ ("with a display that is drawn by the station's graphics card (GL)");
  if (ties_guest (node))
    return _ ("with a device of the station's own (<hostdev>, <filesystem>, <tpm>, <disk>, <kernel>)");
  for (const xmlNode *child = node->children; child; child = child->next)
    {
      const char *tie = find_tie (child);

      if (tie)
        return tie;
    }
  return NULL;
}

// A warm start brings back what was in the memory of a guest that was booted from the images alone.
static void
check_warm (Reader *self, const xmlNode *root)
{
  const AstAppliance *appliance = self->appliance;
  const xmlNode *start = find_child (root, "start");
  const xmlNode *domain = find_child (root, "domain");
  const char *tie = domain ? find_tie (domain) : NULL;

  if (start == NULL || appliance->start_mode != AST_START_WARM)
    return;
  if (appliance->exam)
    complain (self, start,
              _ ("An appliance with an <exam> cannot start warm: each exam begins with a boot."));
  if (appliance->keeping == AST_KEEPING_KEPT)
    complain (self, start,
              _ ("An appliance that keeps its state cannot start warm: what is in a saved memory does not "
                 "fit a disk that has changed since."));
  if (tie)
    // Translators: %s is one of the above, as in “with the station's own processor (…)”.
    complain (self, start, _ ("A guest %s cannot be saved, and so cannot start warm."), tie);
  if (appliance->os_id && g_str_has_prefix (appliance->os_id, "http://microsoft.com/")
      && !appliance->warm_licensed)
    complain (
        self, start,
        _ ("Windows starts warm only where its licence allows that one prepared system is started again and "
           "again: if yours does, write licensed=\"yes\"."));
}

static void
read_root (Reader *self, const xmlNode *root)
{
  if (!g_str_equal (name_of (root), root_rule.name) || !is_ours (root))
    {
      complain (self, root, _ ("A descriptor begins with <appliance xmlns=\"%s\" id=\"…\">."),
                AST_DESCRIPTOR_NAMESPACE);
      self->silent = TRUE;
    }
  check_attributes (self, root, &root_rule);
  check_content (self, root, root_rule.content);
  check_id (self, root);
  read_children (self, root, rules, G_N_ELEMENTS (rules));
  check_whole (self, root);
  check_networks (self, root);
  check_warm (self, root);
}

static void
read_document (Reader *self, AstDocument *document)
{
  const xmlNode *root = document->tree ? xmlDocGetRootElement (document->tree) : NULL;

  self->silent = document->problem != NULL;
  if (document->problem)
    g_ptr_array_add (self->appliance->problems, g_steal_pointer (&document->problem));
  if (root)
    read_root (self, root);
}

static void
translated_init (Translated *self)
{
  self->languages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->rank = G_MAXUINT;
}

AstAppliance *
ast_descriptor_parse (const char *bytes, gsize length, const char *file, const char *id, const char *folder,
                      const char *const *languages)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new (id, folder);
  g_autoptr (AstDocument) document = NULL;
  Reader reader = { .appliance = appliance, .file = file, .languages = languages };

  if (length > AST_DESCRIPTOR_MAX_BYTES)
    {
      g_autofree char *size = g_format_size (length);

      g_ptr_array_add (
          appliance->problems,
          ast_problem_new (file, 0, 0, _ ("The file has %s; a descriptor is never that large."), size));
      return g_steal_pointer (&appliance);
    }
  document = ast_document_parse (bytes, length, file);
  reader.document = document;
  translated_init (&reader.name);
  translated_init (&reader.summary);
  read_document (&reader, document);
  g_hash_table_unref (reader.name.languages);
  g_hash_table_unref (reader.summary.languages);
  return g_steal_pointer (&appliance);
}
