// SPDX-License-Identifier: GPL-3.0-or-later
#include "error.h"
#include <gio/gio.h>
#include <string.h>

#define LAST_CODE AST_ERROR_DEVICE_REFUSED

static void
test_words (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (AstError code = 0; code <= LAST_CODE; code++)
    {
      const char *word = ast_error_word (code);

      g_assert_true (g_regex_match_simple ("^[a-z]+(-[a-z]+)*$", word, 0, 0));
      g_assert_true (g_hash_table_add (seen, (char *)word));
    }
}

// Scripts and other stations hold on to these.
static void
test_known_words (void)
{
  g_assert_cmpstr (ast_error_word (AST_ERROR_CONFIGURATION), ==, "bad-configuration");
  g_assert_cmpstr (ast_error_word (AST_ERROR_DESCRIPTOR), ==, "bad-descriptor");
  g_assert_cmpstr (ast_error_word (AST_ERROR_IMAGE_MISSING), ==, "image-missing");
  g_assert_cmpstr (ast_error_word (AST_ERROR_NO_SPACE), ==, "no-space");
  g_assert_cmpstr (ast_error_word (AST_ERROR_BUSY), ==, "busy");
  g_assert_cmpstr (ast_error_word (AST_ERROR_NO_LIBVIRT), ==, "no-libvirt");
  g_assert_cmpstr (ast_error_word (AST_ERROR_GUEST_LOST), ==, "guest-lost");
  g_assert_cmpstr (ast_error_word (AST_ERROR_STOP), ==, "stop-failed");
  g_assert_cmpstr (ast_error_word (AST_ERROR_NO_KIOSK), ==, "no-kiosk");
  g_assert_cmpstr (ast_error_word (AST_ERROR_NO_DISPLAY), ==, "no-display");
}

static void
test_word_of_any (void)
{
  g_autoptr (GError) own = g_error_new (AST_ERROR, AST_ERROR_BUSY, "x");
  g_autoptr (GError) cancelled = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "x");
  g_autoptr (GError) other = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "x");

  g_assert_cmpstr (ast_error_word_of (own), ==, "busy");
  g_assert_cmpstr (ast_error_word_of (cancelled), ==, "cancelled");
  g_assert_cmpstr (ast_error_word_of (other), ==, "internal");
}

static void
test_from_word (void)
{
  g_autoptr (GError) unknown = ast_error_from_word ("internal", "why");
  g_autoptr (GError) none = ast_error_from_word (NULL, "why");

  for (AstError code = 0; code <= LAST_CODE; code++)
    {
      g_autoptr (GError) error = ast_error_from_word (ast_error_word (code), "why");

      g_assert_error (error, AST_ERROR, (int)code);
      g_assert_cmpstr (error->message, ==, "why");
    }
  g_assert_error (unknown, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_error (none, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static void
assert_sentence (const char *text)
{
  g_assert_cmpuint (strlen (text), >, 10);
  g_assert_true (g_unichar_isupper (g_utf8_get_char (text)) || g_str_has_prefix (text, "asteroidectl"));
  g_assert_true (g_str_has_suffix (text, "."));
}

static void
test_advice (void)
{
  for (AstError code = 0; code <= LAST_CODE; code++)
    {
      assert_sentence (ast_error_advice (code));
      assert_sentence (ast_error_admin_advice (code));
    }
}

// What one side sends is what the other side gets.
static void
test_on_dbus (void)
{
  ast_error_register_on_dbus ();
  ast_error_register_on_dbus ();
  for (AstError code = 0; code <= LAST_CODE; code++)
    {
      g_autoptr (GError) sent = g_error_new (AST_ERROR, (int)code, "Why not.");
      g_autofree char *name = g_dbus_error_encode_gerror (sent);
      g_autoptr (GError) got = g_dbus_error_new_for_dbus_error (name, "Why not.");

      g_assert_true (g_regex_match_simple ("^org\\.asteroide\\.Error\\.([A-Z][a-z]+)+$", name, 0, 0));
      g_assert_error (got, AST_ERROR, (int)code);
      g_assert_true (g_dbus_error_strip_remote_error (got));
      g_assert_cmpstr (got->message, ==, "Why not.");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/words", test_words);
  g_test_add_func ("/error/known-words", test_known_words);
  g_test_add_func ("/error/word-of-any", test_word_of_any);
  g_test_add_func ("/error/from-word", test_from_word);
  g_test_add_func ("/error/advice", test_advice);
  g_test_add_func ("/error/on-dbus", test_on_dbus);
  return g_test_run ();
}
