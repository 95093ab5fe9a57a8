// SPDX-License-Identifier: GPL-3.0-or-later
// A library to be loaded before the kiosk or asteroidectl: it counts the steps by which they change something
// that others can see (files below CRASH_ROOT, other programs, what libvirt is told), writes each into
// CRASH_LOG, and stops the process for ever just before step CRASH_AT, after a word to CRASH_TOLD.
// CRASH_BOOT: a file that is read in the place of the kernel's id of the system's start.
#include "interpose.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static atomic_int steps;
static int crash_at;
static int log_fd = -1;
static const char *root;

__attribute__ ((constructor)) static void
begin (void)
{
  const char *at = getenv ("CRASH_AT");
  const char *path = getenv ("CRASH_LOG");
  const char *name = program_invocation_short_name;

  // Children have it loaded, too.
  if (strcmp (name, "asteroide") != 0 && strcmp (name, "asteroidectl") != 0)
    return;
  root = getenv ("CRASH_ROOT");
  crash_at = at ? atoi (at) : 0;
  if (path)
    log_fd = (int)syscall (SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void
say (int fd, const char *text)
{
  if (fd >= 0)
    syscall (SYS_write, fd, text, strlen (text));
}

static void
stop_for_ever (void)
{
  const char *told = getenv ("CRASH_TOLD");
  int fd = told ? (int)syscall (SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT, 0600) : -1;

  say (fd, "now\n");
  kill (getpid (), SIGSTOP);
  while (1)
    pause ();
}

// One step is about to be taken.
static void
step (const char *kind, const char *what)
{
  char line[PATH_MAX + 64];
  int number, error = errno;

  if (root == NULL)
    return;
  number = atomic_fetch_add (&steps, 1) + 1;
  snprintf (line, sizeof line, "%d %s %s\n", number, kind, what);
  say (log_fd, line);
  if (number == crash_at)
    stop_for_ever ();
  errno = error;
}

static void
step_on_path (const char *kind, const char *path)
{
  if (root && path && strncmp (path, root, strlen (root)) == 0)
    step (kind, path + strlen (root));
}

// Where an open file is; FALSE: nowhere.
static int
find_path (int fd, char path[PATH_MAX])
{
  char link[64];
  ssize_t length;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink (link, path, PATH_MAX - 1);
  if (length < 0)
    return 0;
  path[length] = '\0';
  return 1;
}

static void
step_on_fd (const char *kind, int fd)
{
  char path[PATH_MAX];
  int error = errno;

  if (root && fd != log_fd && find_path (fd, path))
    step_on_path (kind, path);
  errno = error;
}

// What is written to libvirt's daemon.
static void
step_on_socket (int fd)
{
  struct sockaddr_un peer = { 0 };
  socklen_t length = sizeof peer - 1;
  int error = errno;

  if (root && getpeername (fd, (struct sockaddr *)&peer, &length) == 0 && peer.sun_family == AF_UNIX
      && strstr (peer.sun_path, "libvirt"))
    step ("tell", "libvirt");
  errno = error;
}

// ---------------------------------------------------------------------------------------------------------------

static const char *
look_up (const char *path, int flags)
{
  const char *boot = path && strcmp (path, BOOT_ID) == 0 ? getenv ("CRASH_BOOT") : NULL;

  if (flags & (O_CREAT | O_WRONLY | O_RDWR))
    step_on_path ("open", path);
  return boot ? boot : path;
}

static mode_t
mode_of (int flags, va_list args)
{
  return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg (args, int) : 0;
}

#define OPEN(name)                                                                                           \
  EXPORT int name (const char *path, int flags, ...)                                                         \
  {                                                                                                          \
    va_list args;                                                                                            \
    mode_t mode;                                                                                             \
    va_start (args, flags);                                                                                  \
    mode = mode_of (flags, args);                                                                            \
    va_end (args);                                                                                           \
    return NEXT (name) (look_up (path, flags), flags, mode);                                                 \
  }

#define OPENAT(name)                                                                                         \
  EXPORT int name (int folder, const char *path, int flags, ...)                                             \
  {                                                                                                          \
    va_list args;                                                                                            \
    mode_t mode;                                                                                             \
    va_start (args, flags);                                                                                  \
    mode = mode_of (flags, args);                                                                            \
    va_end (args);                                                                                           \
    return NEXT (name) (folder, look_up (path, flags), flags, mode);                                         \
  }

OPEN (open)
OPEN (open64)
OPENAT (openat)
OPENAT (openat64)

EXPORT int
rename (const char *from, const char *to)
{
  step_on_path ("rename", to);
  return NEXT (rename) (from, to);
}

EXPORT int
renameat2 (int from_folder, const char *from, int to_folder, const char *to, unsigned int flags)
{
  step_on_path ("rename", to);
  return NEXT (renameat2) (from_folder, from, to_folder, to, flags);
}

EXPORT int
unlink (const char *path)
{
  step_on_path ("unlink", path);
  return NEXT (unlink) (path);
}

EXPORT int
mkdir (const char *path, mode_t mode)
{
  step_on_path ("mkdir", path);
  return NEXT (mkdir) (path, mode);
}

EXPORT int
ftruncate (int fd, off_t length)
{
  step_on_fd ("ftruncate", fd);
  return NEXT (ftruncate) (fd, length);
}

EXPORT int
ftruncate64 (int fd, off64_t length)
{
  step_on_fd ("ftruncate", fd);
  return NEXT (ftruncate64) (fd, length);
}

EXPORT int
fchmod (int fd, mode_t mode)
{
  step_on_fd ("fchmod", fd);
  return NEXT (fchmod) (fd, mode);
}

EXPORT ssize_t
sendfile (int to, int from, off_t *at, size_t count)
{
  step_on_fd ("copy", to);
  return NEXT (sendfile) (to, from, at, count);
}

EXPORT ssize_t
sendfile64 (int to, int from, off64_t *at, size_t count)
{
  step_on_fd ("copy", to);
  return NEXT (sendfile64) (to, from, at, count);
}

EXPORT int
fsync (int fd)
{
  step_on_fd ("fsync", fd);
  return NEXT (fsync) (fd);
}

EXPORT ssize_t
write (int fd, const void *bytes, size_t count)
{
  struct stat found;

  if (root && fstat (fd, &found) == 0)
    {
      if (S_ISREG (found.st_mode))
        step_on_fd ("write", fd);
      else if (S_ISSOCK (found.st_mode))
        step_on_socket (fd);
    }
  return NEXT (write) (fd, bytes, count);
}

EXPORT int
posix_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *attributes, char *const *argv, char *const *env)
{
  step ("spawn", path);
  return NEXT (posix_spawn) (pid, path, actions, attributes, argv, env);
}
