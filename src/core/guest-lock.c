// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "guest-lock.h"
#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct _AstGuestLock
{
  int fd;
  char *path;
};

static char *
lock_path (const char *runtime)
{
  return g_build_filename (runtime, "guest.lock", NULL);
}

// An open-file-description lock: unlike a process lock it is not lost when some library opens and closes the
// file.
static gboolean
try_lock (int fd)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  return fcntl (fd, F_OFD_SETLK, &whole) == 0;
}

// A holder removes the file when it lets go, so a lock on a file that has lost its name is worth nothing.
static gboolean
still_has_its_name (int fd, const char *path)
{
  struct stat held, named;

  return fstat (fd, &held) == 0 && lstat (path, &named) == 0 && held.st_dev == named.st_dev
         && held.st_ino == named.st_ino;
}

static void
write_pid (int fd)
{
  g_autofree char *pid = g_strdup_printf ("%d\n", getpid ());

  // For people who look; nothing is decided by it.
  if (ftruncate (fd, 0) != 0 || pwrite (fd, pid, strlen (pid), 0) < 0)
    g_debug ("The lock file could not be written: %s", g_strerror (errno));
}

AstGuestLock *
ast_guest_lock_acquire (const char *runtime, GError **error)
{
  g_autofree char *path = lock_path (runtime);

  if (g_mkdir_with_parents (runtime, 0755) != 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_CONFIGURATION,
                   _ ("The run-time folder %s cannot be made: %s."), runtime, g_strerror (errno));
      return NULL;
    }
  while (TRUE)
    {
      int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
      AstGuestLock *self;

      if (fd < 0)
        {
          g_set_error (error, AST_ERROR, AST_ERROR_CONFIGURATION, _ ("The lock %s cannot be opened: %s."),
                       path, g_strerror (errno));
          return NULL;
        }
      if (!try_lock (fd))
        {
          close (fd);
          g_set_error (error, AST_ERROR, AST_ERROR_BUSY,
                       _ ("Another appliance is already running on this station."));
          return NULL;
        }
      if (!still_has_its_name (fd, path))
        {
          close (fd);
          continue;
        }
      write_pid (fd);
      self = g_new0 (AstGuestLock, 1);
      self->fd = fd;
      self->path = g_steal_pointer (&path);
      return self;
    }
}

void
ast_guest_lock_release (AstGuestLock *self)
{
  g_unlink (self->path);
  close (self->fd);
  g_free (self->path);
  g_free (self);
}

int
ast_guest_lock_ask (const char *path)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  int result, error;

  if (fd < 0)
    return -1;
  result = fcntl (fd, F_OFD_GETLK, &whole) == 0 ? whole.l_type != F_UNLCK : -1;
  error = errno;
  close (fd);
  errno = error;
  return result;
}

gboolean
ast_guest_lock_is_held (const char *runtime)
{
  g_autofree char *path = lock_path (runtime);

  return ast_guest_lock_ask (path) == 1;
}
