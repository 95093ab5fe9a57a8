// SPDX-License-Identifier: GPL-3.0-or-later
#include "station-accounts.h"
#include <string.h>

enum // fields
{
  PASSWORD = 1,
  PASSWD_GID = 3,
  PASSWD_HOME = 5,
  PASSWD_SHELL = 6,
  GROUP_GID = 2,
  GROUP_MEMBERS = 3,
};

static gboolean
is_line_of (const char *line, const char *name)
{
  gsize length = strlen (name);

  return strncmp (line, name, length) == 0 && line[length] == ':';
}

char *
ast_station_account_field (const char *text, const char *name, guint field)
{
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (guint i = 0; lines[i]; i++)
    {
      g_auto (GStrv) fields = is_line_of (lines[i], name) ? g_strsplit (lines[i], ":", -1) : NULL;

      if (fields)
        return field < g_strv_length (fields) ? g_strdup (fields[field]) : NULL;
    }
  return NULL;
}

gboolean
ast_station_account_is_listed (const char *text, const char *name)
{
  g_autofree char *found = ast_station_account_field (text, name, 0);

  return found != NULL;
}

gboolean
ast_station_account_is_member (const char *group, const char *name, const char *user)
{
  g_autofree char *list = ast_station_account_field (group, name, GROUP_MEMBERS);
  g_auto (GStrv) members = list ? g_strsplit (list, ",", -1) : NULL;

  return members && g_strv_contains ((const char *const *)members, user);
}

// Each line goes through `change`, which returns what takes its place (a new string), or NULL for none.
static char *
map_lines (const char *text, const char *name, char *(*change) (const char *line, const char *user),
           const char *user)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; lines[i]; i++)
    {
      char *line = is_line_of (lines[i], name) ? change (lines[i], user) : g_strdup (lines[i]);

      if (line)
        g_ptr_array_add (kept, line);
    }
  g_ptr_array_add (kept, NULL);
  return g_strjoinv ("\n", (char **)kept->pdata);
}

static char *
drop_line (const char *line, const char *user)
{
  return NULL;
}

static char *
drop_member (const char *line, const char *user)
{
  const char *list = strrchr (line, ':') + 1;
  g_auto (GStrv) members = g_strsplit (list, ",", -1);
  g_autoptr (GStrvBuilder) kept = g_strv_builder_new ();
  g_auto (GStrv) left = NULL;
  g_autofree char *joined = NULL;

  for (guint i = 0; members[i]; i++)
    if (strcmp (members[i], user) != 0)
      g_strv_builder_add (kept, members[i]);
  left = g_strv_builder_end (kept);
  joined = g_strjoinv (",", left);
  return g_strdup_printf ("%.*s%s", (int)(list - line), line, joined);
}

char *
ast_station_account_without (const char *text, const char *name)
{
  return map_lines (text, name, drop_line, NULL);
}

char *
ast_station_account_without_member (const char *text, const char *name, const char *user)
{
  return map_lines (text, name, drop_member, user);
}

typedef struct // what the search for an administrator looks at
{
  const char *shadow;
  const char *group;
  AstStationHasKeys has_keys;
  gpointer data;
} AstSearch;

static gboolean
is_in_sudo (const AstSearch *search, const char *name, const char *gid)
{
  g_autofree char *sudo = ast_station_account_field (search->group, "sudo", GROUP_GID);

  return g_strcmp0 (sudo, gid) == 0 || ast_station_account_is_member (search->group, "sudo", name);
}

// A hash as crypt(3) makes it, not the marks of a locked or empty password.
static gboolean
has_password (const AstSearch *search, const char *name)
{
  g_autofree char *hash = ast_station_account_field (search->shadow, name, PASSWORD);

  return hash && hash[0] == '$';
}

static gboolean
has_shell (const char *shell)
{
  return !g_str_has_suffix (shell, "/nologin") && !g_str_has_suffix (shell, "/false");
}

static gboolean
may_administer (const AstSearch *search, char **fields)
{
  gboolean has_keys = search->has_keys (fields[PASSWD_HOME], search->data);

  if (!has_shell (fields[PASSWD_SHELL]))
    return FALSE;
  if (strcmp (fields[0], "root") == 0)
    return has_keys;
  return is_in_sudo (search, fields[0], fields[PASSWD_GID]) && (has_keys || has_password (search, fields[0]));
}

char *
ast_station_account_find_admin (const char *passwd, const char *shadow, const char *group,
                                AstStationHasKeys has_keys, gpointer data)
{
  AstSearch search = { shadow, group, has_keys, data };
  g_auto (GStrv) lines = g_strsplit (passwd ? passwd : "", "\n", -1);

  for (guint i = 0; lines[i]; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], ":", -1);

      if (g_strv_length (fields) > PASSWD_SHELL && may_administer (&search, fields))
        return g_strdup (fields[0]);
    }
  return NULL;
}
