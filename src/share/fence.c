// SPDX-License-Identifier: GPL-3.0-or-later
#include "fence.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
// Of what can be made, files and folders: a link could lead a program of the station astray later.
#define WRITING                                                                                              \
  (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE            \
   | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define REST                                                                                                 \
  (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK                  \
   | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
// Files between folders; Linux 5.19. Before that, a file cannot be moved into another folder.
#define ABI_WITH_MOVES 2

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "%s: %s", what, g_strerror (errno));
  return FALSE;
}

static gboolean
add_folder (int rules, int folder, guint64 access)
{
  const struct landlock_path_beneath_attr beneath = { .allowed_access = access, .parent_fd = folder };

  return syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

gboolean
ast_fence_close (int folder, gboolean writable, GError **error)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  guint64 moving = abi >= ABI_WITH_MOVES ? LANDLOCK_ACCESS_FS_REFER : 0;
  const struct landlock_ruleset_attr all = { .handled_access_fs = READING | WRITING | REST | moving };
  long rules = abi < 0 ? -1 : syscall (SYS_landlock_create_ruleset, &all, sizeof all, 0);
  gboolean closed;

  if (rules < 0)
    return fail (error, "The kernel has no Landlock");
  closed = add_folder ((int)rules, folder, READING | (writable ? WRITING | moving : 0))
           && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
           && syscall (SYS_landlock_restrict_self, (int)rules, 0) == 0;
  if (!closed)
    fail (error, "The folder cannot be fenced in");
  close ((int)rules);
  return closed;
}

static gboolean
opens_beneath (int folder, const char *path)
{
  const struct open_how how
      = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
  long fd = syscall (SYS_openat2, folder, path[0] ? path : ".", &how, sizeof how);

  if (fd >= 0)
    close ((int)fd);
  return fd >= 0;
}

gboolean
ast_fence_holds (int folder, const char *path)
{
  const char *inside = path + strspn (path, "/");
  g_autofree char *bare = g_strdup (inside);
  g_autofree char *parent = NULL;

  while (bare[0] && bare[strlen (bare) - 1] == '/')
    bare[strlen (bare) - 1] = '\0';
  if (opens_beneath (folder, bare))
    return TRUE;
  if (errno != ENOENT)
    return FALSE;
  // A link that leads nowhere is there, and would be written through.
  if (faccessat (folder, bare, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return FALSE;
  parent = g_path_get_dirname (bare);
  return opens_beneath (folder, parent);
}
