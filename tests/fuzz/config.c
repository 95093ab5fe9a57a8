// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes at all → a configuration of which each value is one that is allowed, or the line that is wrong.
#include "appliance.h"
#include "config.h"
#include "error.h"
#include "fuzz.h"
#include "usb-rule.h"
#include <string.h>

#define FILE_NAME "/etc/asteroide/asteroide.conf"

static guint
count_lines (const char *text)
{
  guint lines = 1;

  for (; *text; text++)
    lines += *text == '\n';
  return lines;
}

// "FILE:LINE: …", or for what GLib found "FILE: …"
static void
check_message (const char *message, guint lines, gboolean needs_line)
{
  const char *rest = message + strlen (FILE_NAME);
  guint64 line;
  char *end;

  fuzz_assert_short (message, 2000);
  g_assert_true (g_str_has_prefix (message, FILE_NAME ":"));
  g_assert_true (needs_line || rest[1] == ' ' || g_ascii_isdigit (rest[1]));
  if (!needs_line && rest[1] == ' ')
    return;
  line = g_ascii_strtoull (rest + 1, &end, 10);
  g_assert_true (line >= 1 && line <= lines && g_str_has_prefix (end, ": "));
}

static void
check_path (const char *path)
{
  fuzz_assert_shown (path);
  g_assert_true (!path || g_path_is_absolute (path));
}

static void
check_paths (char **paths)
{
  for (guint i = 0; paths[i]; i++)
    check_path (paths[i]);
}

static void
check_share (gpointer name, gpointer path, gpointer unused)
{
  g_assert_true (ast_appliance_id_is_valid (name));
  check_path (path);
}

static void
check_places (const AstConfig *config)
{
  g_assert_nonnull (config->appliances[0]);
  check_paths (config->appliances);
  check_paths (config->images);
  check_paths (config->discs);
  check_path (config->overlays);
  check_path (config->runtime);
  check_path (config->warm);
  check_path (config->logo);
  check_path (config->wallpaper);
  g_hash_table_foreach (config->shares, check_share, NULL);
}

static void
check_numbers (const AstConfig *config)
{
  g_assert_true (config->exam <= 1 && config->grab <= 1 && config->map_memory <= 1
                 && config->restore_ahead <= 1);
  g_assert_cmpuint (config->accel, <=, AST_ACCEL_TCG);
  g_assert_cmpuint (config->bus, <=, AST_BUS_SYSTEM);
  g_assert_cmpuint (config->timeout_seconds, <=, 3600);
  g_assert_true (config->stop_seconds >= 1 && config->stop_seconds <= 3600);
  g_assert_cmpuint (config->volume, <=, 100);
  g_assert_cmpuint (config->usb_rules->len, <=, AST_USB_MAX_RULES);
}

static void
check_texts (const AstConfig *config)
{
  fuzz_assert_short (config->name, 2000);
  fuzz_assert_short (config->title, 2000);
  fuzz_assert_short (config->uri, 2000);
  fuzz_assert_short (config->bar_chord, 2000);
  // They go into a style sheet.
  g_assert_true (!config->accent || !strpbrk (config->accent, ";{}/\\\"'*\n"));
  g_assert_true (!config->background || !strpbrk (config->background, ";{}/\\\"'*\n"));
  g_assert_true (!config->default_id || ast_appliance_id_is_valid (config->default_id));
}

static void
check_same (const AstConfig *one, const AstConfig *other)
{
  g_assert_cmpstr (one->name, ==, other->name);
  g_assert_cmpstr (one->default_id, ==, other->default_id);
  g_assert_cmpstr (one->overlays, ==, other->overlays);
  g_assert_cmpstr (one->accent, ==, other->accent);
  g_assert_cmpuint (one->reserve_mib, ==, other->reserve_mib);
  g_assert_cmpuint (one->usb_rules->len, ==, other->usb_rules->len);
  g_assert_cmpuint (g_hash_table_size (one->shares), ==, g_hash_table_size (other->shares));
  fuzz_assert_same_strings (one->appliances, other->appliances);
  fuzz_assert_same_strings (one->images, other->images);
}

// A drop-in that says the same again changes nothing.
static void
check_again (AstConfig *config, const char *text, gsize length)
{
  g_autoptr (AstConfig) twice = ast_config_new_default ();
  g_autoptr (GError) error = NULL;

  ast_config_read (twice, FILE_NAME, text, length, &error);
  g_assert_no_error (error);
  ast_config_read (twice, FILE_NAME, text, length, &error);
  g_assert_no_error (error);
  check_same (config, twice);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  g_autofree char *text = g_strndup ((const char *)bytes, length);
  g_autoptr (AstConfig) config = ast_config_new_default ();
  g_autoptr (GError) error = NULL;
  gboolean read;

  // What stands behind a zero byte is looked at, too.
  memcpy (text, bytes, length);
  read = ast_config_read (config, FILE_NAME, text, length, &error);
  g_assert_true (read == (error == NULL));
  for (guint i = 0; i < config->warnings->len; i++)
    check_message (config->warnings->pdata[i], count_lines (text), TRUE);
  if (error)
    {
      g_assert_error (error, AST_ERROR, AST_ERROR_CONFIGURATION);
      check_message (error->message, strlen (text) < length ? G_MAXUINT : count_lines (text), FALSE);
      return 0;
    }
  check_places (config);
  check_numbers (config);
  check_texts (config);
  if (length % 4 == 1)
    check_again (config, text, length);
  return 0;
}
