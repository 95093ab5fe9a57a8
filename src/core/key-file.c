// SPDX-License-Identifier: GPL-3.0-or-later
#include "key-file.h"
#include "error.h"
#include <string.h>

gboolean
ast_key_file_has_good_escapes (const char *raw, gboolean list)
{
  for (const char *at = strchr (raw, '\\'); at; at = strchr (at + 2, '\\'))
    if (at[1] == '\0' || !strchr (list ? "sntr\\;" : "sntr\\", at[1]))
      return FALSE;
  return TRUE;
}

static gboolean
is_sound_group (GKeyFile *file, const char *group)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  for (guint i = 0; keys && keys[i]; i++)
    {
      g_autofree char *raw = g_key_file_get_value (file, group, keys[i], NULL);

      if (!raw || !ast_key_file_has_good_escapes (raw, TRUE))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_sound (GKeyFile *file)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (guint i = 0; groups[i]; i++)
    if (!is_sound_group (file, groups[i]))
      return FALSE;
  return TRUE;
}

GKeyFile *
ast_key_file_parse (const char *bytes, gsize length)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  return g_key_file_load_from_data (file, bytes, length, G_KEY_FILE_NONE, NULL) && is_sound (file)
             ? g_steal_pointer (&file)
             : NULL;
}

GKeyFile *
ast_key_file_load (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize length;

  return g_file_get_contents (path, &bytes, &length, NULL) ? ast_key_file_parse (bytes, length) : NULL;
}

gboolean
ast_key_file_save (GKeyFile *file, const char *path, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GError) problem = NULL;
  gsize length;

  data = g_key_file_to_data (file, &length, NULL);
  if (g_file_set_contents_full (path, data, (gssize)length,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &problem))
    return TRUE;
  g_set_error_literal (error, AST_ERROR,
                       g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? AST_ERROR_NO_SPACE
                                                                                   : AST_ERROR_STORE,
                       problem->message);
  return FALSE;
}
