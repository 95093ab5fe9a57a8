// SPDX-License-Identifier: GPL-3.0-or-later
#include "station-journal.h"
#include "station-accounts.h"
#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <shadow.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACCOUNTS        "accounts" // the group of the key file; those of paths are the paths
#define STATION         "station"
#define STATE_FILE_MODE 0600 // it may hold what others may not read

struct _AstStationJournal
{
  const AstStationRoot *root; // weak
  GKeyFile *file;             // groups in the order of the changes
  char *session;              // NULL = not begun
};

static gboolean
fail (GError **error, const char *path)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  return FALSE;
}

AstStationJournal *
ast_station_journal_load (const AstStationRoot *root, GError **error)
{
  g_autoptr (AstStationJournal) self = g_new0 (AstStationJournal, 1);
  g_autofree char *place = ast_station_root_locate (root, AST_STATION_STATE_FILE);

  self->root = root;
  self->file = g_key_file_new ();
  if (!g_file_test (place, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&self);
  if (g_key_file_load_from_file (self->file, place, G_KEY_FILE_NONE, error))
    self->session = g_key_file_get_string (self->file, STATION, "session", error);
  if (self->session)
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", place);
  return NULL;
}

void
ast_station_journal_free (AstStationJournal *self)
{
  g_key_file_unref (self->file);
  g_free (self->session);
  g_free (self);
}

const char *
ast_station_journal_get_session (const AstStationJournal *self)
{
  return self->session;
}

// ---------------------------------------------------------------------------------------------------------------
// Keeping

static gboolean
save (AstStationJournal *self, GError **error)
{
  gsize length;
  g_autofree char *text = g_key_file_to_data (self->file, &length, NULL);

  return ast_station_root_write (self->root, AST_STATION_STATE_FILE, text, length, STATE_FILE_MODE, error);
}

static void
keep_file (AstStationJournal *self, const char *path, const char *text, gsize length)
{
  g_autofree char *content = g_base64_encode ((const guchar *)text, length);

  g_key_file_set_string (self->file, path, "content", content);
}

static gboolean
keep_content (AstStationJournal *self, const char *path, const char *place, const struct stat *found,
              GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (S_ISLNK (found->st_mode))
    {
      text = g_file_read_link (place, error);
      if (text)
        keep_file (self, path, text, strlen (text));
      return text != NULL;
    }
  if (S_ISDIR (found->st_mode))
    return TRUE;
  if (!g_file_get_contents (place, &text, &length, error))
    return FALSE;
  keep_file (self, path, text, length);
  return TRUE;
}

static const char *
kind_of (const struct stat *found)
{
  if (S_ISLNK (found->st_mode))
    return "link";
  return S_ISDIR (found->st_mode) ? "folder" : "file";
}

static gboolean
keep (AstStationJournal *self, const char *path, GError **error)
{
  g_autofree char *place = ast_station_root_locate (self->root, path);
  struct stat found;

  if (g_lstat (place, &found) != 0 && errno != ENOENT)
    return fail (error, place);
  if (g_lstat (place, &found) != 0)
    {
      g_key_file_set_string (self->file, path, "was", "absent");
      return TRUE;
    }
  g_key_file_set_string (self->file, path, "was", kind_of (&found));
  g_key_file_set_integer (self->file, path, "mode", found.st_mode & 07777);
  g_key_file_set_integer (self->file, path, "uid", found.st_uid);
  g_key_file_set_integer (self->file, path, "gid", found.st_gid);
  return keep_content (self, path, place, &found, error);
}

// Makes the folders above the path that are missing, each one kept before it is made.
static gboolean
make_folders (AstStationJournal *self, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *place = ast_station_root_locate (self->root, folder);

  if (g_file_test (place, G_FILE_TEST_IS_DIR))
    return TRUE;
  if (!make_folders (self, folder, error))
    return FALSE;
  g_key_file_set_string (self->file, folder, "was", "absent");
  if (self->session && !save (self, error))
    return FALSE;
  return g_mkdir (place, 0755) == 0 && g_chmod (place, 0755) == 0 ? TRUE : fail (error, place);
}

gboolean
ast_station_journal_begin (AstStationJournal *self, const char *session, GError **error)
{
  if (self->session)
    return TRUE;
  // The folders that the file itself lies in come first, so that they are the last to go.
  if (!make_folders (self, AST_STATION_STATE_FILE, error))
    return FALSE;
  self->session = g_strdup (session);
  g_key_file_set_string (self->file, STATION, "session", session);
  return save (self, error);
}

gboolean
ast_station_journal_note (AstStationJournal *self, const char *path, GError **error)
{
  if (!make_folders (self, path, error))
    return FALSE;
  if (g_key_file_has_group (self->file, path))
    return TRUE;
  return keep (self, path, error) && save (self, error);
}

gboolean
ast_station_journal_note_accounts (AstStationJournal *self, GError **error)
{
  g_autofree char *passwd = ast_station_root_read (self->root, "/etc/passwd");
  g_autofree char *group = ast_station_root_read (self->root, "/etc/group");
  const char *const groups[] = { AST_STATION_USER, AST_STATION_ADMIN_GROUP, AST_STATION_KVM_GROUP };

  if (g_key_file_has_group (self->file, ACCOUNTS))
    return TRUE;
  g_key_file_set_boolean (self->file, ACCOUNTS, "had-user",
                          ast_station_account_is_listed (passwd, AST_STATION_USER));
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    g_key_file_set_boolean (self->file, ACCOUNTS, groups[i],
                            ast_station_account_is_listed (group, groups[i]));
  g_key_file_set_boolean (self->file, ACCOUNTS, "had-kvm",
                          ast_station_account_is_member (group, AST_STATION_KVM_GROUP, AST_STATION_USER));
  return save (self, error);
}

// ---------------------------------------------------------------------------------------------------------------
// Taking back

static gboolean
remove_what_is_there (const char *place, gboolean *is_kept, GError **error)
{
  struct stat found;

  if (g_lstat (place, &found) != 0)
    return errno == ENOENT ? TRUE : fail (error, place);
  if (!S_ISDIR (found.st_mode))
    return g_unlink (place) == 0 ? TRUE : fail (error, place);
  if (g_rmdir (place) == 0)
    return TRUE;
  // Somebody's images or kept states: not ours to remove.
  *is_kept = errno == ENOTEMPTY || errno == EEXIST;
  return *is_kept ? TRUE : fail (error, place);
}

static gboolean
put_back_mode (AstStationJournal *self, const char *path, const char *place, GError **error)
{
  int mode = g_key_file_get_integer (self->file, path, "mode", NULL);
  int uid = g_key_file_get_integer (self->file, path, "uid", NULL);
  int gid = g_key_file_get_integer (self->file, path, "gid", NULL);

  if (self->root->may_chown && lchown (place, uid, gid) != 0)
    return fail (error, place);
  return g_chmod (place, mode) == 0 ? TRUE : fail (error, place);
}

static gboolean
put_back_content (AstStationJournal *self, const char *path, const char *place, gboolean is_link,
                  GError **error)
{
  g_autofree char *content = g_key_file_get_string (self->file, path, "content", error);
  g_autofree guchar *bytes = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (content == NULL)
    return FALSE;
  bytes = g_base64_decode (content, &length);
  text = g_strndup ((const char *)bytes, length);
  if (is_link)
    return symlink (text, place) == 0 ? TRUE : fail (error, place);
  return ast_station_root_write (self->root, path, (const char *)bytes, length, 0600, error)
         && put_back_mode (self, path, place, error);
}

static gboolean
put_back (AstStationJournal *self, const char *path, gboolean *is_kept, GError **error)
{
  g_autofree char *was = g_key_file_get_string (self->file, path, "was", error);
  g_autofree char *place = ast_station_root_locate (self->root, path);

  if (was == NULL)
    return FALSE;
  if (strcmp (was, "folder") == 0)
    return put_back_mode (self, path, place, error);
  if (!remove_what_is_there (place, is_kept, error))
    return FALSE;
  if (strcmp (was, "absent") == 0)
    return TRUE;
  return put_back_content (self, path, place, strcmp (was, "link") == 0, error);
}

static gboolean
rewrite_accounts (AstStationJournal *self, const char *path, const char *name, const char *member,
                  GError **error)
{
  g_autofree char *place = ast_station_root_locate (self->root, path);
  g_autofree char *before = ast_station_root_read (self->root, path);
  g_autofree char *after = NULL;
  struct stat found;

  if (before == NULL || g_stat (place, &found) != 0)
    return TRUE;
  after = member ? ast_station_account_without_member (before, name, member)
                 : ast_station_account_without (before, name);
  if (strcmp (before, after) == 0)
    return TRUE;
  if (!ast_station_root_write (self->root, path, after, strlen (after), found.st_mode & 07777, error))
    return FALSE;
  return !self->root->may_chown || chown (place, found.st_uid, found.st_gid) == 0 ? TRUE
                                                                                  : fail (error, place);
}

static gboolean
drop_group (AstStationJournal *self, const char *name, const char *member, GError **error)
{
  return rewrite_accounts (self, "/etc/group", name, member, error)
         && rewrite_accounts (self, "/etc/gshadow", name, member, error);
}

static gboolean
had (AstStationJournal *self, const char *key)
{
  return g_key_file_get_boolean (self->file, ACCOUNTS, key, NULL);
}

static gboolean
drop_accounts (AstStationJournal *self, GError **error)
{
  const char *const groups[] = { AST_STATION_USER, AST_STATION_ADMIN_GROUP, AST_STATION_KVM_GROUP };

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (!had (self, groups[i]) && !drop_group (self, groups[i], NULL, error))
      return FALSE;
  if (!had (self, "had-kvm") && !drop_group (self, AST_STATION_KVM_GROUP, AST_STATION_USER, error))
    return FALSE;
  return had (self, "had-user")
         || (rewrite_accounts (self, "/etc/passwd", AST_STATION_USER, NULL, error)
             && rewrite_accounts (self, "/etc/shadow", AST_STATION_USER, NULL, error));
}

// Only on this machine do others write these files, too.
static gboolean
put_back_accounts (AstStationJournal *self, GError **error)
{
  gboolean is_locked = !ast_station_root_is_offline (self->root) && lckpwdf () == 0;
  gboolean done = drop_accounts (self, error);

  if (is_locked)
    ulckpwdf ();
  return done;
}

static gboolean
take_back (AstStationJournal *self, const char *group, AstStationTold told, GError **error)
{
  gboolean is_kept = FALSE;

  if (strcmp (group, STATION) == 0)
    {
      g_autofree char *place = ast_station_root_locate (self->root, AST_STATION_STATE_FILE);

      return g_unlink (place) == 0 || errno == ENOENT ? TRUE : fail (error, place);
    }
  if (strcmp (group, ACCOUNTS) == 0 ? !put_back_accounts (self, error)
                                    : !put_back (self, group, &is_kept, error))
    return FALSE;
  told (strcmp (group, ACCOUNTS) == 0 ? "/etc/passwd" : group, is_kept);
  return TRUE;
}

gboolean
ast_station_journal_revert (AstStationJournal *self, AstStationTold told, GError **error)
{
  gsize count;
  g_auto (GStrv) groups = g_key_file_get_groups (self->file, &count);

  // The group of the station itself stands behind the folders that its file lies in, so the file goes before
  // them.
  for (gsize i = count; i > 0; i--)
    if (!take_back (self, groups[i - 1], told, error))
      return FALSE;
  g_clear_pointer (&self->session, g_free);
  return TRUE;
}

void
ast_station_journal_foreach (AstStationJournal *self, AstStationTold told)
{
  gsize count;
  g_auto (GStrv) groups = g_key_file_get_groups (self->file, &count);

  for (gsize i = count; i > 0; i--)
    if (strcmp (groups[i - 1], STATION) != 0)
      told (strcmp (groups[i - 1], ACCOUNTS) == 0 ? "/etc/passwd" : groups[i - 1], FALSE);
}
