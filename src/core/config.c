// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "config.h"
#include "appliance.h"
#include "error.h"
#include "failure-note.h"
#include "key-file.h"
#include "text.h"
#include "usb-rule.h"
#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_FILE     "asteroide.conf"
#define CONFIG_DROP_INS "asteroide.conf.d"
#define MAX_BYTES       (1024 * 1024)
#define MAX_SECONDS     3600
#define MAX_RESERVE_MIB (16 * 1024 * 1024)
#define MAX_MINUTES     (24 * 60)
#define SHARES          "shares"

typedef struct
{
  AstConfig *config;
  const char *path;
  GKeyFile *keys;
  GHashTable *lines; // "group" and "group\nkey" → its line, from 1
} File;

typedef struct Setting Setting;

// Reads one key; FALSE with error where its value is none of those allowed.
typedef gboolean (*ReadFunc) (File *file, const Setting *setting, char *value, gpointer field,
                              GError **error);

struct Setting
{
  const char *group;
  const char *key;
  ReadFunc read;
  gsize offset; // of the field in AstConfig
  guint min, max;
  const char *const *words; // of an enum, in its order
};

static gboolean fail (const File *file, const Setting *setting, GError **error, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static guint
line_of (const File *file, const char *group, const char *key)
{
  g_autofree char *place = key ? g_strdup_printf ("%s\n%s", group, key) : g_strdup (group);

  return GPOINTER_TO_UINT (g_hash_table_lookup (file->lines, place));
}

// Values and names stand in it as the file has them.
static gboolean
fail (const File *file, const Setting *setting, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *key = ast_text_drop_controls (setting->key);
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  shown = ast_text_drop_controls (text);
  g_set_error (error, AST_ERROR, AST_ERROR_CONFIGURATION, "%s:%u: [%s] %s: %s", file->path,
               line_of (file, setting->group, setting->key), setting->group, key, shown);
  return FALSE;
}

static void
set_text (gpointer field, const char *text)
{
  char **at = field;

  g_free (*at);
  *at = g_strdup (text);
}

// A path as the program uses it: absolute, whatever folder it is started in.
static char *
resolve (const File *file, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (file->path);

  return g_canonicalize_filename (path, folder);
}

static gboolean
read_text (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  if (!value[0])
    return fail (file, setting, error, _ ("The value is empty. Write one, or remove the line."));
  set_text (field, value);
  return TRUE;
}

static gboolean
read_path (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_autofree char *path = resolve (file, value);

  if (!value[0])
    return fail (file, setting, error, _ ("The path is empty. Write one, or remove the line."));
  set_text (field, path);
  return TRUE;
}

static gboolean
read_paths (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ";", -1);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  char ***at = field;
  guint count = 0;

  for (guint i = 0; parts[i]; i++)
    {
      g_autofree char *path = resolve (file, g_strstrip (parts[i]));

      if (!parts[i][0])
        continue;
      g_strv_builder_add (paths, path);
      count++;
    }
  if (count < setting->min)
    return fail (file, setting, error,
                 _ ("The list is empty. Write at least one folder, or remove the line."));
  g_strfreev (*at);
  *at = g_strv_builder_end (paths);
  return TRUE;
}

static gboolean
read_uri (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_autofree char *scheme = g_uri_parse_scheme (value);

  if (!scheme || strpbrk (value, " \t"))
    return fail (file, setting, error, _ ("“%s” is not an address of libvirt, as in qemu:///session."),
                 value);
  set_text (field, value);
  return TRUE;
}

static gboolean
read_enum (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_autofree char *list = g_strjoinv (", ", (char **)setting->words);

  for (guint i = 0; setting->words[i]; i++)
    if (g_str_equal (value, setting->words[i]))
      {
        *(guint *)field = i;
        return TRUE;
      }
  return fail (file, setting, error, _ ("“%s” is not known. Write one of: %s."), value, list);
}

static gboolean
read_number (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (value, 10, setting->min, setting->max, &number, NULL))
    return fail (file, setting, error, _ ("“%s” is not a whole number from %u to %u."), value, setting->min,
                 setting->max);
  *(guint *)field = (guint)number;
  return TRUE;
}

// Empty is a way to take back, in a drop-in, what an earlier file has set.
static gboolean
read_id (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  if (value[0] && !ast_appliance_id_is_valid (value))
    return fail (file, setting, error, _ ("“%s” cannot be an appliance's id."), value);
  set_text (field, value[0] ? value : NULL);
  return TRUE;
}

// Empty is a way to take back, in a drop-in, what an earlier file has set.
static gboolean
read_help_url (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_autofree char *fault = value[0] ? ast_failure_note_find_fault (value) : NULL;

  if (fault)
    return fail (file, setting, error, "%s", fault);
  set_text (field, value[0] ? value : NULL);
  return TRUE;
}

static gboolean
read_chord (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  if (!g_regex_match_simple ("^(<[A-Za-z0-9]+>)*[A-Za-z0-9_]+$", value, 0, 0))
    return fail (file, setting, error, _ ("“%s” is not a key chord, as in <Control><Alt>Home."), value);
  set_text (field, value);
  return TRUE;
}

static gboolean
read_colour (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  if (!g_regex_match_simple ("^(#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})|[a-z]+|rgba?\\([0-9., %]+\\))$", value,
                             G_REGEX_CASELESS, 0))
    return fail (file, setting, error, _ ("“%s” is not a colour, as in #1a5fb4."), value);
  set_text (field, value);
  return TRUE;
}

static gboolean
read_picture (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_autofree char *lower = g_ascii_strdown (value, -1);

  if (value[0] && !g_str_has_suffix (lower, ".svg") && !g_str_has_suffix (lower, ".png")
      && !(setting->max && (g_str_has_suffix (lower, ".jpg") || g_str_has_suffix (lower, ".jpeg"))))
    return fail (file, setting, error, _ ("“%s” is not a picture that can be shown: its name ends in %s."),
                 value, setting->max ? ".svg, .png, .jpg" : ".svg, .png");
  return read_path (file, setting, value, field, error);
}

static gboolean
read_rule (File *file, const Setting *setting, const char *text, GPtrArray *rules, GError **error)
{
  g_autofree char *fault = NULL;
  AstUsbRule *rule = ast_usb_rule_parse (text, &fault);

  if (!rule)
    return fail (file, setting, error, "%s", fault);
  g_ptr_array_add (rules, rule);
  return rules->len <= setting->max
         || fail (file, setting, error, _ ("There are more than %u rules."), setting->max);
}

// Empty is a way to take back, in a drop-in, what an earlier file has set.
static gboolean
read_rules (File *file, const Setting *setting, char *value, gpointer field, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ";", -1);
  g_autoptr (GPtrArray) rules = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_usb_rule_free);
  GPtrArray **at = field;

  for (guint i = 0; parts[i]; i++)
    if (g_strstrip (parts[i])[0] && !read_rule (file, setting, parts[i], rules, error))
      return FALSE;
  g_ptr_array_unref (*at);
  *at = g_steal_pointer (&rules);
  return TRUE;
}

static const char *const accels[] = { "auto", "kvm", "tcg", NULL };
static const char *const answers[] = { "no", "yes", NULL };
static const char *const buses[] = { "auto", "session", "system", NULL };

G_STATIC_ASSERT (sizeof (AstAccel) == sizeof (guint) && sizeof (AstBusChoice) == sizeof (guint)
                 && sizeof (gboolean) == sizeof (guint));

#define FIELD(name) offsetof (AstConfig, name)

static const Setting settings[] = {
  { "station", "name", read_text, FIELD (name) },
  { "station", "exam", read_enum, FIELD (exam), .words = answers },
  { "station", "help-url", read_help_url, FIELD (help_url) },
  { "paths", "appliances", read_paths, FIELD (appliances), .min = 1 },
  { "paths", "images", read_paths, FIELD (images) },
  { "paths", "discs", read_paths, FIELD (discs) },
  { "paths", "overlays", read_path, FIELD (overlays) },
  { "paths", "runtime", read_path, FIELD (runtime) },
  { "paths", "warm", read_path, FIELD (warm) },
  { "libvirt", "uri", read_uri, FIELD (uri) },
  { "libvirt", "accel", read_enum, FIELD (accel), .words = accels },
  { "launcher", "default", read_id, FIELD (default_id) },
  { "launcher", "timeout", read_number, FIELD (timeout_seconds), 0, MAX_SECONDS },
  { "session", "stop-seconds", read_number, FIELD (stop_seconds), 1, MAX_SECONDS },
  { "session", "reserve-mib", read_number, FIELD (reserve_mib), 0, MAX_RESERVE_MIB },
  { "session", "overlay-mib", read_number, FIELD (overlay_mib), 0, MAX_RESERVE_MIB },
  { "session", "idle-minutes", read_number, FIELD (idle_minutes), 0, MAX_MINUTES },
  { "session", "bar-chord", read_chord, FIELD (bar_chord) },
  { "session", "grab", read_enum, FIELD (grab), .words = answers },
  { "warm", "quota-mib", read_number, FIELD (quota_mib), 0, MAX_RESERVE_MIB },
  { "warm", "map-memory", read_enum, FIELD (map_memory), .words = answers },
  { "warm", "restore-ahead", read_enum, FIELD (restore_ahead), .words = answers },
  { "usb", "rules", read_rules, FIELD (usb_rules), .max = AST_USB_MAX_RULES },
  { "sound", "volume", read_number, FIELD (volume), 0, 100 },
  { "dbus", "bus", read_enum, FIELD (bus), .words = buses },
  { "branding", "title", read_text, FIELD (title) },
  { "branding", "logo", read_picture, FIELD (logo) },
  { "branding", "accent", read_colour, FIELD (accent) },
  { "branding", "background", read_colour, FIELD (background) },
  { "branding", "wallpaper", read_picture, FIELD (wallpaper), .max = 1 }, // photographs too
};

static const Setting *
find_setting (const char *group, const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    if (g_str_equal (settings[i].group, group) && (!key || g_str_equal (settings[i].key, key)))
      return &settings[i];
  return NULL;
}

static void
warn (File *file, guint line, char *text)
{
  g_autofree char *shown = ast_text_drop_controls (text);

  g_ptr_array_add (file->config->warnings, g_strdup_printf ("%s:%u: %s", file->path, line, shown));
  g_free (text);
}

static void
warn_of_keys (File *file, const char *group)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file->keys, group, NULL, NULL);

  for (guint i = 0; keys && keys[i]; i++)
    if (!find_setting (group, keys[i]))
      warn (file, line_of (file, group, keys[i]),
            g_strdup_printf (_ ("[%s] has no key “%s”."), group, keys[i]));
}

// Also by a key file's own way to write one: \n, \t.
static gboolean
check_controls (const File *file, const Setting *setting, const char *value, GError **error)
{
  g_autofree char *without = ast_text_drop_controls (value);

  return g_str_equal (without, value)
         || fail (file, setting, error, _ ("There is a control character here. Remove it."));
}

// GKeyFile takes a comment that follows a value for a part of it.
static void
cut_comment (char *value)
{
  for (char *at = strchr (value, '#'); at; at = strchr (at + 1, '#'))
    if (at == value || g_ascii_isspace (at[-1]))
      {
        *at = '\0';
        return;
      }
}

static void
cut_comment_of (const Setting *setting, char *value)
{
  gboolean is_share = !setting->read;

  // A colour begins with the same sign, and a title may hold it.
  if (is_share || !g_str_equal (setting->key, "title"))
    cut_comment (setting->read == read_colour && value[0] ? value + 1 : value);
}

// The value without its comment and the blanks around it. GKeyFile takes one with a wrong escape as it is,
// and trips over itself where a second one follows.
static char *
get_value (File *file, const Setting *setting, GError **error)
{
  g_autofree char *raw = g_key_file_get_value (file->keys, setting->group, setting->key, NULL);
  g_autofree char *value = NULL;

  cut_comment_of (setting, raw);
  if (!ast_key_file_has_good_escapes (raw, FALSE))
    {
      fail (file, setting, error,
            _ ("A backslash in the value means nothing. Write two where one is meant."));
      return NULL;
    }
  g_key_file_set_value (file->keys, setting->group, setting->key, raw);
  value = g_strstrip (g_key_file_get_string (file->keys, setting->group, setting->key, NULL));
  return check_controls (file, setting, value, error) ? g_steal_pointer (&value) : NULL;
}

// The keys of this group are names of the station's own. An empty value takes back what an earlier file has
// set.
static gboolean
read_share (File *file, const char *name, GError **error)
{
  const Setting setting = { SHARES, name };
  g_autofree char *value = NULL;
  g_autofree char *path = NULL;

  if (!ast_appliance_id_is_valid (name))
    return fail (file, &setting, error,
                 _ ("“%s” cannot be the name of a shared folder, as in course=/srv/course."), name);
  value = get_value (file, &setting, error);
  if (!value)
    return FALSE;
  path = resolve (file, value);
  if (value[0])
    g_hash_table_replace (file->config->shares, g_strdup (name), g_steal_pointer (&path));
  else
    g_hash_table_remove (file->config->shares, name);
  return TRUE;
}

static gboolean
read_shares (File *file, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file->keys, SHARES, NULL, NULL);

  for (guint i = 0; names && names[i]; i++)
    if (!read_share (file, names[i], error))
      return FALSE;
  return TRUE;
}

static void
warn_of_unknown (File *file)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file->keys, NULL);

  for (guint i = 0; groups[i]; i++)
    if (find_setting (groups[i], NULL))
      warn_of_keys (file, groups[i]);
    else if (!g_str_equal (groups[i], SHARES))
      warn (file, line_of (file, groups[i], NULL),
            g_strdup_printf (_ ("There is no group [%s]."), groups[i]));
}

static gboolean
read_setting (File *file, const Setting *setting, GError **error)
{
  g_autofree char *value = NULL;

  if (!g_key_file_has_key (file->keys, setting->group, setting->key, NULL))
    return TRUE;
  value = get_value (file, setting, error);
  if (!value)
    return FALSE;
  return setting->read (file, setting, value, G_STRUCT_MEMBER_P (file->config, setting->offset), error);
}

static gboolean
fail_file (const char *path, GError **error, const char *text)
{
  g_set_error (error, AST_ERROR, AST_ERROR_CONFIGURATION, "%s: %s", path, text);
  return FALSE;
}

static gboolean
fail_line (const File *file, guint line, GError **error, const char *text)
{
  g_set_error (error, AST_ERROR, AST_ERROR_CONFIGURATION, "%s:%u: %s", file->path, line, text);
  return FALSE;
}

static gboolean
index_key (File *file, char *text, guint line, const char *group, GError **error)
{
  char *equals = strchr (text, '=');
  g_autofree char *place = NULL;

  if (!equals || equals == text)
    return fail_line (file, line, error,
                      _ ("This line is neither a [group], nor a key=value, nor a comment beginning with #."));
  if (!group)
    return fail_line (file, line, error, _ ("A key stands before the first [group]."));
  *equals = '\0';
  place = g_strdup_printf ("%s\n%s", group, g_strchomp (text));
  if (g_hash_table_contains (file->lines, place))
    warn (file, line, g_strdup_printf (_ ("[%s] %s is set twice; this line counts."), group, text));
  g_hash_table_replace (file->lines, g_steal_pointer (&place), GUINT_TO_POINTER (line));
  return TRUE;
}

// GKeyFile tells no lines: note where each group and key stands, and complain of what is neither.
static gboolean
index_lines (File *file, const char *bytes, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (bytes, "\n", -1);
  const char *group = NULL;

  for (guint i = 0; lines[i]; i++)
    {
      char *text = g_strstrip (lines[i]);
      gsize length = strlen (text);

      if (length == 0 || text[0] == '#')
        continue;
      if (text[0] != '[')
        {
          if (!index_key (file, text, i + 1, group, error))
            return FALSE;
          continue;
        }
      if (length < 3 || text[length - 1] != ']')
        return fail_line (file, i + 1, error,
                          _ ("A group is written in brackets, alone on its line, as in [paths]."));
      text[length - 1] = '\0';
      group = text + 1;
      if (!g_hash_table_contains (file->lines, group))
        g_hash_table_insert (file->lines, g_strdup (group), GUINT_TO_POINTER (i + 1));
    }
  return TRUE;
}

static gboolean
check_text (const File *file, const char *bytes, gsize length, GError **error)
{
  const char *end;
  guint line = 1;

  if (g_utf8_validate_len (bytes, length, &end))
    return TRUE;
  for (const char *at = bytes; at < end; at++)
    line += *at == '\n';
  return fail_line (file, line, error,
                    *end ? _ ("This is not UTF-8 text. Save the file as UTF-8.")
                         : _ ("There is a zero byte here: this is not a text file."));
}

static gboolean
read_keys (File *file, const char *bytes, gsize length, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *shown = NULL;

  if (!check_text (file, bytes, length, error) || !index_lines (file, bytes, error))
    return FALSE;
  if (!g_key_file_load_from_data (file->keys, bytes, length, G_KEY_FILE_NONE, &reason))
    {
      shown = ast_text_drop_controls (reason->message);
      return fail_file (file->path, error, shown);
    }
  warn_of_unknown (file);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    if (!read_setting (file, &settings[i], error))
      return FALSE;
  return read_shares (file, error);
}

gboolean
ast_config_read (AstConfig *self, const char *path, const char *bytes, gsize length, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GHashTable) lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  File file = { self, path, keys, lines };

  return read_keys (&file, bytes, length, error);
}

static gboolean
fetch (const char *path, char **bytes, gsize *length, GError **error)
{
  g_autoptr (GError) reason = NULL;
  struct stat about;

  if (stat (path, &about) != 0)
    return fail_file (path, error,
                      errno == ENOENT ? _ ("There is no such configuration file.") : g_strerror (errno));
  if (S_ISDIR (about.st_mode))
    return fail_file (path, error, _ ("This is a folder. Name the configuration file in it."));
  if (!S_ISREG (about.st_mode))
    return fail_file (path, error, _ ("This is not an ordinary file."));
  if (about.st_size > MAX_BYTES)
    return fail_file (path, error, _ ("The file is far too large for a configuration."));
  if (eaccess (path, R_OK) != 0)
    return fail_file (path, error, g_strerror (errno));
  return g_file_get_contents (path, bytes, length, &reason) || fail_file (path, error, reason->message);
}

static gboolean
read_file (AstConfig *config, const char *path, GError **error)
{
  g_autofree char *bytes = NULL;
  gsize length;

  return fetch (path, &bytes, &length, error) && ast_config_read (config, path, bytes, length, error);
}

static char *
join_rules (GPtrArray *rules)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  g_auto (GStrv) parts = NULL;

  for (guint i = 0; i < rules->len; i++)
    {
      g_autofree char *text = ast_usb_rule_to_text (rules->pdata[i]);

      g_strv_builder_add (texts, text);
    }
  parts = g_strv_builder_end (texts);
  return g_strjoinv (";", parts);
}

// What the setting's own function would read. NULL where there is no value.
static char *
value_to_text (const Setting *setting, gconstpointer field)
{
  if (setting->read == read_paths)
    return g_strjoinv (";", *(char ***)field);
  if (setting->read == read_rules)
    return join_rules (*(GPtrArray **)field);
  if (setting->read == read_enum)
    return g_strdup (setting->words[*(const guint *)field]);
  if (setting->read == read_number)
    return g_strdup_printf ("%u", *(const guint *)field);
  return g_strdup (*(char **)field);
}

char *
ast_config_to_text (const AstConfig *self)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  GHashTableIter shares;
  gpointer name, folder;

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autofree char *value
          = value_to_text (&settings[i], G_STRUCT_MEMBER_P ((gpointer)self, settings[i].offset));

      if (value)
        g_key_file_set_string (keys, settings[i].group, settings[i].key, value);
    }
  g_hash_table_iter_init (&shares, self->shares);
  while (g_hash_table_iter_next (&shares, &name, &folder))
    g_key_file_set_string (keys, SHARES, name, folder);
  return g_key_file_to_data (keys, NULL, NULL);
}

AstConfig *
ast_config_new_default (void)
{
  static const char *const appliances[]
      = { AST_SYSCONFDIR "/asteroide/appliances", "/var/lib/asteroide/appliances", NULL };
  static const char *const discs[] = { "/var/lib/asteroide/discs", NULL };
  AstConfig *self = g_new0 (AstConfig, 1);

  self->name = g_strdup (g_get_host_name ());
  self->appliances = g_strdupv ((char **)appliances);
  self->images = g_new0 (char *, 1);
  self->discs = g_strdupv ((char **)discs);
  self->overlays = g_strdup ("/var/lib/asteroide/overlays");
  self->runtime = g_strdup ("/run/asteroide");
  self->warm = g_strdup ("/var/lib/asteroide/warm");
  self->uri = g_strdup ("qemu:///session");
  self->accel = AST_ACCEL_AUTO;
  self->timeout_seconds = 30;
  self->stop_seconds = 60;
  self->reserve_mib = 1024;
  self->quota_mib = 16 * 1024;
  self->map_memory = TRUE;
  self->bar_chord = g_strdup ("<Control><Alt>Home");
  self->grab = TRUE;
  self->usb_rules = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_usb_rule_free);
  self->volume = 100;
  self->bus = AST_BUS_AUTO;
  self->shares = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->title = g_strdup ("ASTEROIDE");
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
ast_config_free (AstConfig *self)
{
  g_free (self->name);
  g_free (self->help_url);
  g_strfreev (self->appliances);
  g_strfreev (self->images);
  g_strfreev (self->discs);
  g_free (self->overlays);
  g_free (self->runtime);
  g_free (self->warm);
  g_free (self->uri);
  g_free (self->default_id);
  g_free (self->bar_chord);
  g_ptr_array_unref (self->usb_rules);
  g_hash_table_unref (self->shares);
  g_free (self->title);
  g_free (self->logo);
  g_free (self->accent);
  g_free (self->background);
  g_free (self->wallpaper);
  g_ptr_array_unref (self->warnings);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static gboolean
read_drop_ins (AstConfig *config, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) reason = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &reason);
  const char *name;

  if (!dir)
    return g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NOENT)
           || fail_file (folder, error, reason->message);
  while ((name = g_dir_read_name (dir)))
    if (name[0] != '.' && g_str_has_suffix (name, ".conf"))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, g_ptr_array_index (names, i), NULL);

      if (!read_file (config, path, error))
        return FALSE;
    }
  return TRUE;
}

AstConfig *
ast_config_load_folder (const char *folder, GError **error)
{
  g_autoptr (AstConfig) config = ast_config_new_default ();
  g_autofree char *file = g_build_filename (folder, CONFIG_FILE, NULL);
  g_autofree char *drop_ins = g_build_filename (folder, CONFIG_DROP_INS, NULL);

  if (g_file_test (file, G_FILE_TEST_EXISTS) && !read_file (config, file, error))
    return NULL;
  if (!read_drop_ins (config, drop_ins, error))
    return NULL;
  return g_steal_pointer (&config);
}

AstConfig *
ast_config_load (const char *file, GError **error)
{
  g_autoptr (AstConfig) config = NULL;
  g_autofree char *path = NULL;

  if (!file)
    return ast_config_load_folder (AST_SYSCONFDIR "/asteroide", error);
  config = ast_config_new_default ();
  path = g_canonicalize_filename (file, NULL);
  return read_file (config, path, error) ? g_steal_pointer (&config) : NULL;
}
