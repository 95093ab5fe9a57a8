// SPDX-License-Identifier: GPL-3.0-or-later
#include "station-root.h"
#include "station-accounts.h"
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

AstStationRoot *
ast_station_root_new (const char *folder)
{
  AstStationRoot *self = g_new0 (AstStationRoot, 1);
  g_autofree char *absolute = folder ? g_canonicalize_filename (folder, NULL) : NULL;

  self->folder = g_strdup (absolute && strcmp (absolute, "/") != 0 ? absolute : "");
  self->may_chown = geteuid () == 0;
  return self;
}

void
ast_station_root_free (AstStationRoot *self)
{
  g_free (self->folder);
  g_free (self);
}

gboolean
ast_station_root_is_offline (const AstStationRoot *self)
{
  return self->folder[0] != '\0';
}

char *
ast_station_root_locate (const AstStationRoot *self, const char *path)
{
  return g_strconcat (self->folder, path, NULL);
}

char *
ast_station_root_read (const AstStationRoot *self, const char *path)
{
  g_autofree char *place = ast_station_root_locate (self, path);
  char *text = NULL;

  g_file_get_contents (place, &text, NULL, NULL);
  return text;
}

gboolean
ast_station_root_write (const AstStationRoot *self, const char *path, const char *text, gsize length,
                        guint mode, GError **error)
{
  g_autofree char *place = ast_station_root_locate (self, path);

  if (!g_file_set_contents_full (place, text, length,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, mode, error))
    return FALSE;
  // The mode of a file that was there has been kept, and the umask has been at a new one.
  if (g_chmod (place, mode) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("%s cannot be written."), place);
  return FALSE;
}

gboolean
ast_station_root_find_user (const AstStationRoot *self, const char *name, guint *uid, guint *gid)
{
  g_autofree char *passwd = ast_station_root_read (self, "/etc/passwd");
  g_autofree char *user = ast_station_account_field (passwd, name, 2);
  g_autofree char *group = ast_station_account_field (passwd, name, 3);
  guint64 numbers[2];

  if (user == NULL || group == NULL
      || !g_ascii_string_to_unsigned (user, 10, 0, G_MAXUINT32 - 1, &numbers[0], NULL)
      || !g_ascii_string_to_unsigned (group, 10, 0, G_MAXUINT32 - 1, &numbers[1], NULL))
    return FALSE;
  *uid = numbers[0];
  *gid = numbers[1];
  return TRUE;
}

// Words with --root behind the program's name, where the tree is another machine's.
static GStrv
complete_words (const AstStationRoot *self, const char *const *words)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, words[0]);
  if (ast_station_root_is_offline (self))
    {
      g_autofree char *option = g_strdup_printf ("--root=%s", self->folder);

      g_strv_builder_add (builder, option);
    }
  g_strv_builder_addv (builder, (const char **)words + 1);
  return g_strv_builder_end (builder);
}

static GSubprocess *
run_words (const AstStationRoot *self, const char *const *words, char **output, char **complaint,
           GError **error)
{
  g_auto (GStrv) complete = complete_words (self, words);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;

  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)complete, error);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, NULL, NULL, output, complaint, error))
    return NULL;
  return g_steal_pointer (&process);
}

gboolean
ast_station_root_run (const AstStationRoot *self, const char *const *words, GError **error)
{
  g_autofree char *output = NULL;
  g_autofree char *complaint = NULL;
  g_autoptr (GSubprocess) process = run_words (self, words, &output, &complaint, error);

  if (process == NULL)
    return FALSE;
  if (g_subprocess_get_successful (process))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("%s failed: %s"), words[0], g_strstrip (complaint));
  return FALSE;
}

char *
ast_station_root_ask (const AstStationRoot *self, const char *const *words, GError **error)
{
  char *output = NULL;
  g_autofree char *complaint = NULL;
  g_autoptr (GSubprocess) process = run_words (self, words, &output, &complaint, error);

  return process ? g_strstrip (output) : NULL;
}
