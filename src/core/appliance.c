// SPDX-License-Identifier: GPL-3.0-or-later
#include "appliance.h"
#include "usb-rule.h"
#include <string.h>

#define MAX_ID_LENGTH     64
#define DEFAULT_USB_PORTS 4

const char *const ast_allowance_words[]
    = { "network",   "usb",     "dvd",        "clipboard", "end",       "restart",
        "send-keys", "devices", "microphone", "share",     "smartcard", NULL };

AstImage *
ast_image_new (const char *href, const char *sha256)
{
  AstImage *self = g_new0 (AstImage, 1);

  self->href = g_strdup (href);
  self->sha256 = g_strdup (sha256);
  return self;
}

void
ast_image_free (AstImage *self)
{
  g_free (self->href);
  g_free (self->path);
  g_free (self->sha256);
  g_free (self);
}

AstNetwork *
ast_network_new (AstNetworkType type, const char *source)
{
  AstNetwork *self = g_new0 (AstNetwork, 1);

  self->type = type;
  self->source = g_strdup (source);
  return self;
}

void
ast_network_free (AstNetwork *self)
{
  g_free (self->source);
  g_free (self);
}

AstProblem *
ast_problem_new (const char *file, guint line, guint column, const char *format, ...)
{
  AstProblem *self = g_new0 (AstProblem, 1);
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  self->file = g_strdup (file);
  self->line = line;
  self->column = column;
  self->text = g_utf8_make_valid (text, -1);
  return self;
}

void
ast_problem_free (AstProblem *self)
{
  g_free (self->file);
  g_free (self->text);
  g_free (self);
}

char *
ast_problem_to_string (const AstProblem *self)
{
  if (self->line == 0)
    return g_strdup_printf ("%s: %s", self->file, self->text);
  if (self->column == 0)
    return g_strdup_printf ("%s:%u: %s", self->file, self->line, self->text);
  return g_strdup_printf ("%s:%u:%u: %s", self->file, self->line, self->column, self->text);
}

gboolean
ast_appliance_id_is_valid (const char *text)
{
  gsize length = strlen (text);

  return length >= 1 && length <= MAX_ID_LENGTH && (g_ascii_islower (text[0]) || g_ascii_isdigit (text[0]))
         && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

AstAppliance *
ast_appliance_new (const char *id, const char *folder)
{
  AstAppliance *self = g_atomic_rc_box_new0 (AstAppliance);

  self->id = g_strdup (id);
  self->folder = g_strdup (folder);
  self->name = g_strdup (id);
  self->cpus = 1;
  self->memory_mib = 1024;
  self->heads = 1;
  self->usb_rules = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_usb_rule_free);
  self->usb_ports = DEFAULT_USB_PORTS;
  self->layers = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_image_free);
  self->cdroms = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_image_free);
  self->networks = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_network_free);
  self->problems = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);
  self->warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);
  return self;
}

AstAppliance *
ast_appliance_ref (AstAppliance *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
ast_appliance_clear (AstAppliance *self)
{
  g_free (self->id);
  g_free (self->folder);
  g_free (self->name);
  g_free (self->summary);
  g_free (self->category);
  g_free (self->icon);
  g_free (self->os_id);
  g_clear_pointer (&self->disk, ast_image_free);
  g_ptr_array_unref (self->usb_rules);
  g_ptr_array_unref (self->layers);
  g_ptr_array_unref (self->cdroms);
  g_ptr_array_unref (self->networks);
  g_free (self->share);
  g_free (self->warm_probe);
  g_free (self->domain_xml);
  g_ptr_array_unref (self->problems);
  g_ptr_array_unref (self->warnings);
}

void
ast_appliance_unref (AstAppliance *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify)ast_appliance_clear);
}

gboolean
ast_appliance_is_usable (const AstAppliance *self)
{
  return self->problems->len == 0;
}

// Compatibility forms taken apart, accents dropped, case folded: "Réseau" and "reseau" become one.
static char *
fold (const char *text)
{
  g_autofree char *apart = g_utf8_normalize (text, -1, G_NORMALIZE_ALL);
  g_autoptr (GString) bare = g_string_new (NULL);

  for (const char *at = apart ? apart : ""; *at; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      if (g_unichar_ismark (letter))
        continue;
      g_string_append_unichar (bare, g_unichar_isalnum (letter) ? letter : ' ');
    }
  return g_utf8_casefold (bare->str, (gssize)bare->len);
}

static gboolean
begins_a_word (char **words, const char *wanted)
{
  for (guint i = 0; words[i]; i++)
    if (g_str_has_prefix (words[i], wanted))
      return TRUE;
  return FALSE;
}

gboolean
ast_appliance_matches (const AstAppliance *self, const char *words)
{
  g_autofree char *text = g_strjoin (" ", self->name, self->id, self->category ? self->category : "",
                                     self->summary ? self->summary : "", NULL);
  g_autofree char *folded_text = fold (text);
  g_autofree char *folded_words = fold (words);
  g_auto (GStrv) had = g_strsplit (folded_text, " ", -1);
  g_auto (GStrv) wanted = g_strsplit (folded_words, " ", -1);

  for (guint i = 0; wanted[i]; i++)
    if (!begins_a_word (had, wanted[i]))
      return FALSE;
  return TRUE;
}
