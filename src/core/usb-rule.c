// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "usb-rule.h"
#include "text.h"
#include "usb-class.h"
#include <glib/gi18n.h>
#include <string.h>

#define MAX_PORT_LENGTH 31

const char *const ast_usb_rule_keys[] = { "class", "vendor", "product", "port", NULL };

// The numbers are those of the USB Implementers Forum's list of class codes.
static const struct
{
  guint8 number;
  const char *word;
  const char *name;
} classes[] = {
  { 0x01, "audio", N_ ("Sound device") },
  { 0x02, "communications", N_ ("Modem or network adapter") },
  { AST_USB_CLASS_HID, "hid", N_ ("Input device") },
  { 0x05, "physical", N_ ("Force feedback device") },
  { 0x06, "imaging", N_ ("Camera or phone") },
  { 0x07, "printer", N_ ("Printer") },
  { 0x08, "storage", N_ ("Memory stick or disk") },
  { AST_USB_CLASS_HUB, "hub", N_ ("USB hub") },
  { 0x0a, "data", N_ ("Modem or network adapter") },
  { 0x0b, "smartcard", N_ ("Smartcard reader") },
  { 0x0d, "security", N_ ("Security device") },
  { 0x0e, "video", N_ ("Camera") },
  { 0x0f, "healthcare", N_ ("Health device") },
  { 0x10, "audio-video", N_ ("Camera") },
  { 0xdc, "diagnostic", N_ ("Diagnostic device") },
  { 0xe0, "wireless", N_ ("Wireless adapter") },
  { AST_USB_CLASS_MISCELLANEOUS, "miscellaneous", N_ ("USB device") },
  { 0xfe, "application", N_ ("USB device") },
  { 0xff, "vendor", N_ ("USB device") },
};

AstUsbRule *
ast_usb_rule_new (gboolean allow)
{
  AstUsbRule *self = g_new0 (AstUsbRule, 1);

  self->allow = allow;
  self->class = self->vendor = self->product = AST_USB_ANY;
  return self;
}

void
ast_usb_rule_free (AstUsbRule *self)
{
  g_free (self->port);
  g_free (self);
}

char *
ast_usb_class_word (guint8 class)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (classes[i].number == class)
      return g_strdup (classes[i].word);
  return g_strdup_printf ("0x%02x", class);
}

const char *
ast_usb_class_name (guint8 class)
{
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (classes[i].number == class)
      return _ (classes[i].name);
  return _ ("USB device");
}

static char *
list_class_words (void)
{
  g_autoptr (GString) words = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    g_string_append_printf (words, "%s%s", i ? ", " : "", classes[i].word);
  return g_string_free (g_steal_pointer (&words), FALSE);
}

// A number of a class is written with 0x: without it, "10" would be another class to one reader than to the
// next.
static gboolean
read_class (const char *value, int *class)
{
  guint64 number;

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_str_equal (classes[i].word, value))
      {
        *class = classes[i].number;
        return TRUE;
      }
  if (!g_str_has_prefix (value, "0x")
      || !g_ascii_string_to_unsigned (value + 2, 16, 0, G_MAXUINT8, &number, NULL))
    return FALSE;
  *class = (int)number;
  return TRUE;
}

// As lsusb prints it, 046d, or with 0x. Four digits, as it is everywhere: 825 may be one that lost its zero.
static gboolean
read_id (const char *value, int *id)
{
  const char *digits = g_str_has_prefix (value, "0x") ? value + 2 : value;
  guint64 number;

  if (strlen (digits) != 4 || !g_ascii_string_to_unsigned (digits, 16, 0, G_MAXUINT16, &number, NULL))
    return FALSE;
  *id = (int)number;
  return TRUE;
}

static gboolean
read_port (const char *value, char **port)
{
  gsize length = strlen (value);

  if (length == 0 || length > MAX_PORT_LENGTH || strspn (value, "0123456789.-*?") != length)
    return FALSE;
  g_free (*port);
  *port = g_strdup (value);
  return TRUE;
}

static char *
complain_of_class (const char *value)
{
  g_autofree char *quoted = ast_text_quote (value);
  g_autofree char *words = list_class_words ();

  return g_strdup_printf (_ ("“%s” is not a class of USB devices. Write a number as in 0x0e, or one of: %s."),
                          quoted, words);
}

char *
ast_usb_rule_add (AstUsbRule *self, const char *key, const char *value)
{
  g_autofree char *quoted = ast_text_quote (value);

  if (g_str_equal (key, "class"))
    return read_class (value, &self->class) ? NULL : complain_of_class (value);
  if (g_str_equal (key, "port") && read_port (value, &self->port))
    return NULL;
  if (g_str_equal (key, "port"))
    return g_strdup_printf (_ ("“%s” is no USB port (as 1-4.2 is) and no pattern of ports (as 1-4.* is)."),
                            quoted);
  if (read_id (value, g_str_equal (key, "vendor") ? &self->vendor : &self->product))
    return NULL;
  return g_strdup_printf (_ ("“%s” is not a number of four digits, as lsusb prints it: 046d."), quoted);
}

char *
ast_usb_rule_check (const AstUsbRule *self)
{
  if (self->product != AST_USB_ANY && self->vendor == AST_USB_ANY)
    return g_strdup (_ ("A product needs its vendor beside it."));
  if (self->allow && self->class == AST_USB_CLASS_HUB)
    return g_strdup (_ ("Hubs stay with the station; no rule can allow them."));
  if (self->allow && self->class == AST_USB_CLASS_HID && self->product == AST_USB_ANY)
    return g_strdup (_ ("A rule that allows input devices names vendor and product."));
  return NULL;
}

static gboolean
is_key (const char *key)
{
  return g_strv_contains (ast_usb_rule_keys, key);
}

static char *
read_condition (AstUsbRule *self, const char *word, GHashTable *seen)
{
  g_auto (GStrv) parts = g_strsplit (word, "=", 2);
  g_autofree char *quoted = ast_text_quote (word);

  if (!parts[1] || !is_key (parts[0]))
    return g_strdup_printf (
        _ ("“%s” is not a condition, as in class=video, vendor=046d, product=0825 or port=1-4."), quoted);
  if (!g_hash_table_add (seen, g_strdup (parts[0])))
    return g_strdup_printf (_ ("“%s” stands twice in one rule. Keep one."), parts[0]);
  return ast_usb_rule_add (self, parts[0], parts[1]);
}

static char *
read_conditions (AstUsbRule *self, char **words)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 1; words[i]; i++)
    {
      char *fault = words[i][0] ? read_condition (self, words[i], seen) : NULL;

      if (fault)
        return fault;
    }
  return ast_usb_rule_check (self);
}

AstUsbRule *
ast_usb_rule_parse (const char *text, char **fault)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  g_auto (GStrv) words = g_strsplit_set (trimmed, " \t", -1);
  g_autofree char *quoted = ast_text_quote (trimmed);
  g_autoptr (AstUsbRule) self = NULL;

  *fault = NULL;
  if (words[0] && (g_str_equal (words[0], "allow") || g_str_equal (words[0], "deny")))
    {
      self = ast_usb_rule_new (g_str_equal (words[0], "allow"));
      *fault = read_conditions (self, words);
    }
  else
    *fault = g_strdup_printf (_ ("“%s” is not a rule. A rule begins with allow or deny."), quoted);
  return *fault ? NULL : g_steal_pointer (&self);
}

char *
ast_usb_rule_to_text (const AstUsbRule *self)
{
  g_autoptr (GString) text = g_string_new (self->allow ? "allow" : "deny");

  if (self->class != AST_USB_ANY)
    {
      g_autofree char *word = ast_usb_class_word ((guint8)self->class);

      g_string_append_printf (text, " class=%s", word);
    }
  if (self->vendor != AST_USB_ANY)
    g_string_append_printf (text, " vendor=%04x", (guint)self->vendor);
  if (self->product != AST_USB_ANY)
    g_string_append_printf (text, " product=%04x", (guint)self->product);
  if (self->port)
    g_string_append_printf (text, " port=%s", self->port);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
