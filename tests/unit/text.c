// SPDX-License-Identifier: GPL-3.0-or-later
#include "text.h"
#include <string.h>

static void
assert_label (const char *bytes, const char *label)
{
  g_autofree char *made = ast_text_label (bytes, 8);

  g_assert_cmpstr (made, ==, label);
}

static void
test_label (void)
{
  assert_label ("", "");
  assert_label (" \n\t ", "");
  assert_label ("Stick", "Stick");
  assert_label ("  two\r\n\n words ", "two word…");
  assert_label ("12345678", "12345678");
  assert_label ("123456789", "12345678…");
  assert_label ("1234567 89", "1234567…");
  assert_label ("a\033[31mb", "a[31mb");
  assert_label ("a\xe2\x80\xae"
                "b\xe2\x80\x8f",
                "ab");
  assert_label ("\xff\xfe"
                "x",
                "\xef\xbf\xbd\xef\xbf\xbdx");
  assert_label ("é\xc3", "é\xef\xbf\xbd");
  assert_label ("<b>&amp;", "<b>&amp;");
}

// Whatever the bytes are, the label can be printed.
static void
test_random (void)
{
  for (guint round = 0; round < 5000; round++)
    {
      char bytes[33] = { 0 };
      g_autofree char *label = NULL;

      for (guint i = 0; i < sizeof bytes - 1; i++)
        bytes[i] = (char)g_test_rand_int_range (0, 256);
      label = ast_text_label (bytes, 20);
      g_assert_true (g_utf8_validate (label, -1, NULL));
      g_assert_cmpint (g_utf8_strlen (label, -1), <=, 21);
      for (const char *at = label; *at; at = g_utf8_next_char (at))
        g_assert_true (g_unichar_isprint (g_utf8_get_char (at)));
    }
}

static void
test_quote (void)
{
  g_autofree char *many = g_strnfill (61, 'x');
  g_autofree char *quoted = ast_text_quote ("a\nb");
  g_autofree char *cut = ast_text_quote (many);

  g_assert_cmpstr (quoted, ==,
                   "a\xef\xbf\xbd"
                   "b");
  g_assert_cmpint (g_utf8_strlen (cut, -1), ==, 61);
  g_assert_true (g_str_has_suffix (cut, "x…"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/label", test_label);
  g_test_add_func ("/text/random", test_random);
  g_test_add_func ("/text/quote", test_quote);
  return g_test_run ();
}
