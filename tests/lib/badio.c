// SPDX-License-Identifier: GPL-3.0-or-later
// To be loaded before a program (LD_PRELOAD): storage that fails.
// A disc that is scratched: of the file whose path is in SCRATCHED_DISC, whatever lies behind the first
// SCRATCHED_FROM bytes takes a second to read, as a drive tries again and again, and is not read.
// A disk that breaks: while the file BROKEN_SWITCH is there, files whose path begins with BROKEN_READS are
// not read, and those whose path begins with BROKEN_WRITES not written, at a place (pread and its like). The
// switch's first line is the number of the error.
#include "interpose.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Is it a regular file whose path begins like this?
static bool
is_below (int fd, const char *start)
{
  char link[sizeof "/proc/self/fd/" + 3 * sizeof fd];
  char path[PATH_MAX] = "";
  struct stat facts;

  if (start == NULL || fstat (fd, &facts) != 0 || !S_ISREG (facts.st_mode))
    return false;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  return readlink (link, path, sizeof path - 1) > 0 && strncmp (path, start, strlen (start)) == 0;
}

static bool
is_scratched (int fd, size_t count)
{
  off_t from = lseek (fd, 0, SEEK_CUR);

  return from >= 0 && from + (off_t)count > atoll (getenv ("SCRATCHED_FROM"));
}

// The number of the error, 0 = none now. Without a call that this library has taken over.
static int
get_error (void)
{
  const char *path = getenv ("BROKEN_SWITCH");
  int fd = path ? (int)syscall (SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
  char text[16] = "";

  if (fd < 0)
    return 0;
  syscall (SYS_read, fd, text, sizeof text - 1);
  close (fd);
  return atoi (text);
}

static bool
fails (int fd, const char *start)
{
  int error = start ? get_error () : 0;

  if (error == 0 || !is_below (fd, start))
    return false;
  errno = error;
  return true;
}

EXPORT ssize_t
read (int fd, void *buffer, size_t count)
{
  if (!is_below (fd, getenv ("SCRATCHED_DISC")) || !is_scratched (fd, count))
    return NEXT (read) (fd, buffer, count);
  sleep (1);
  errno = EIO;
  return -1;
}

// Where a file's place has 64 bits, both names are of the same function.
#define AT_A_PLACE(name, buffer_type, count_type, variable)                                                  \
  EXPORT ssize_t name (int fd, buffer_type buffer, count_type count, off64_t at)                             \
  {                                                                                                          \
    return fails (fd, getenv (variable)) ? -1 : NEXT (name) (fd, buffer, count, at);                         \
  }

AT_A_PLACE (pread64, void *, size_t, "BROKEN_READS")
AT_A_PLACE (preadv64, const struct iovec *, int, "BROKEN_READS")
AT_A_PLACE (pwrite64, const void *, size_t, "BROKEN_WRITES")
AT_A_PLACE (pwritev64, const struct iovec *, int, "BROKEN_WRITES")
