// SPDX-License-Identifier: GPL-3.0-or-later
// To be loaded before a program (LD_PRELOAD): a disc that is scratched. Of the file whose path is in
// SCRATCHED_DISC, whatever lies behind the first SCRATCHED_FROM bytes takes a second to read, as a drive
// tries again and again, and is not read.
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_disc (int fd)
{
  const char *disc = getenv ("SCRATCHED_DISC");
  char link[sizeof "/proc/self/fd/" + 3 * sizeof fd];
  char path[PATH_MAX] = "";
  struct stat facts;

  if (disc == NULL || fstat (fd, &facts) != 0 || !S_ISREG (facts.st_mode))
    return false;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  return readlink (link, path, sizeof path - 1) > 0 && strcmp (path, disc) == 0;
}

static bool
is_scratched (int fd, size_t count)
{
  off_t from = lseek (fd, 0, SEEK_CUR);

  return from >= 0 && from + (off_t)count > atoll (getenv ("SCRATCHED_FROM"));
}

__attribute__ ((visibility ("default"))) ssize_t
read (int fd, void *buffer, size_t count)
{
  static ssize_t (*next) (int, void *, size_t);

  if (next == NULL)
    *(void **)&next = dlsym (RTLD_NEXT, "read");
  if (!is_disc (fd) || !is_scratched (fd, count))
    return next (fd, buffer, count);
  sleep (1);
  errno = EIO;
  return -1;
}
