// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.h"

#define MAX_QUOTED 60

static gboolean
is_obeyed (gunichar letter)
{
  gboolean turns = (letter >= 0x202A && letter <= 0x202E) || (letter >= 0x2066 && letter <= 0x2069);
  gboolean breaks = letter == 0x2028 || letter == 0x2029;

  return turns || breaks || g_unichar_iscntrl (letter);
}

char *
ast_text_quote (const char *value)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint length = 0;

  for (const char *at = value; *at; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      if (length++ == MAX_QUOTED)
        {
          g_string_append (text, "…");
          break;
        }
      g_string_append_unichar (text, g_unichar_isprint (letter) && !is_obeyed (letter) ? letter : 0xFFFD);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
ast_text_drop_controls (const char *text)
{
  g_autoptr (GString) kept = g_string_new (NULL);

  for (const char *place = text; *place; place = g_utf8_next_char (place))
    {
      gunichar character = g_utf8_get_char (place);

      if (!is_obeyed (character))
        g_string_append_unichar (kept, character);
    }
  return g_string_free (g_steal_pointer (&kept), FALSE);
}

char *
ast_text_label (const char *bytes, guint most)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, -1);
  g_autoptr (GString) label = g_string_new (NULL);
  gboolean blank = FALSE;
  guint length = 0;

  for (const char *at = valid; *at; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      if (g_unichar_isspace (letter))
        blank = label->len > 0;
      if (g_unichar_isspace (letter) || !g_unichar_isprint (letter))
        continue;
      length += blank ? 2 : 1;
      if (length > most)
        {
          g_string_append (label, "…");
          break;
        }
      if (blank)
        g_string_append_c (label, ' ');
      g_string_append_unichar (label, letter);
      blank = FALSE;
    }
  return g_string_free (g_steal_pointer (&label), FALSE);
}
