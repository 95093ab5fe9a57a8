// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "failure-note.h"
#include <glib/gi18n.h>
#include <string.h>

// Longer ones make a code that no phone reads from a screen.
#define MAX_URL_BYTES 300

static char *
format_time (const AstFailureNote *self)
{
  return g_date_time_format (self->when, "%FT%T%:z");
}

char *
ast_failure_note_to_text (const AstFailureNote *self)
{
  g_autofree char *time = format_time (self);

  return g_strdup_printf ("ASTEROIDE\nstation %s\ncode %s\ntime %s%s%s", self->station, self->code, time,
                          self->appliance ? "\nappliance " : "", self->appliance ? self->appliance : "");
}

// Replaces each {word} by what is known under it. NULL where one is not known, or a brace stands alone.
static char *
fill_in (const char *pattern, GHashTable *values)
{
  g_autoptr (GString) filled = g_string_new (NULL);

  for (const char *at = pattern; *at; at++)
    {
      const char *end = *at == '{' ? strchr (at, '}') : NULL;
      g_autofree char *word = end ? g_strndup (at + 1, end - at - 1) : NULL;
      const char *value = word ? g_hash_table_lookup (values, word) : NULL;

      if (*at == '}' || (*at == '{' && value == NULL))
        return NULL;
      if (value == NULL)
        {
          g_string_append_c (filled, *at);
          continue;
        }
      g_string_append (filled, value);
      at = end;
    }
  return g_string_free (g_steal_pointer (&filled), FALSE);
}

static void
add_value (GHashTable *values, const char *word, const char *value)
{
  g_hash_table_insert (values, (char *)word, g_uri_escape_string (value, NULL, FALSE));
}

char *
ast_failure_note_to_url (const AstFailureNote *self, const char *help_url)
{
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autofree char *time = format_time (self);

  add_value (values, "station", self->station);
  add_value (values, "code", self->code);
  add_value (values, "time", time);
  add_value (values, "appliance", self->appliance ? self->appliance : "");
  return fill_in (help_url, values);
}

static gboolean
is_web_address (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri ? g_uri_get_scheme (uri) : "";

  return (g_str_equal (scheme, "http") || g_str_equal (scheme, "https")) && g_uri_get_host (uri)
         && g_uri_get_host (uri)[0];
}

char *
ast_failure_note_find_fault (const char *help_url)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (0);
  const AstFailureNote sample = { "station", "code", when, "appliance" };
  g_autofree char *filled = ast_failure_note_to_url (&sample, help_url);

  if (strlen (help_url) > MAX_URL_BYTES)
    return g_strdup_printf (_ ("The address is longer than %d bytes: no phone would read it from a screen."),
                            MAX_URL_BYTES);
  if (filled == NULL)
    return g_strdup (
        _ ("Braces stand around a word that is replaced: {station}, {code}, {time} or {appliance}."));
  // Not repeated in the sentence: somebody may have written a password into it.
  if (strpbrk (help_url, " \t") || !is_web_address (filled))
    return g_strdup (
        _ ("This is not an address of a page, as in https://help.example.org/?station={station}."));
  return NULL;
}
