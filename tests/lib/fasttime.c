// SPDX-License-Identifier: GPL-3.0-or-later
// To be loaded before the kiosk (LD_PRELOAD): its clocks run at another rate than the station's, and jump.
// What they show is in the file FASTTIME, which a test goes on writing (stationkit/fasttime.py); its children
// have the station's own time again. What the kiosk waits for passes at the same rate: poll, nanosleep, and
// the waits of threads for each other, by futex (GLib's) and by condition (libvirt's).
//
// Others do not live faster: libvirt's daemon has to answer the kiosk's keepalive within real seconds, so
// these stay as they are. A test slows the clock down where the kiosk waits for a guest to begin or to end.
#include "interpose.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "asteroide"
#define SECOND  INT64_C (1000000000)
// Who waits looks at the rate again so often: it may be another one by now. Real nanoseconds.
#define LOOK_AGAIN (SECOND / 20)
// A time that is given as one of a clock is the wall's from here on: no machine is up for thirty years.
#define WALL_SECONDS 1000000000
// Of the file; the ticks behind it are only ever added.
#define FILE_BYTES 65536

typedef struct
{
  int64_t since;     // real monotonic ns
  int64_t monotonic; // what the clock that never jumps showed then, ns
  int64_t wall;      // … and the wall's, ns since the epoch
  double rate;
} Tick;

typedef struct
{
  _Atomic uint64_t count;
  double most; // the highest rate there will be
  Tick ticks[];
} Page;

static Page *page;

__attribute__ ((constructor)) static void
begin (void)
{
  const char *path = getenv ("FASTTIME");
  int fd
      = path && strcmp (program_invocation_short_name, PROGRAM) == 0 ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *found = fd >= 0 ? mmap (NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

  if (fd >= 0)
    close (fd);
  if (found == MAP_FAILED)
    return;
  page = found;
  unsetenv ("LD_PRELOAD");
}

// ---------------------------------------------------------------------------------------------------------------
// What the clocks show

static int
get_real (clockid_t id, struct timespec *now)
{
  return NEXT (clock_gettime) (id, now);
}

static int64_t
to_ns (const struct timespec *span)
{
  return span->tv_sec * SECOND + span->tv_nsec;
}

static struct timespec
from_ns (int64_t ns)
{
  return (struct timespec){ .tv_sec = ns / SECOND, .tv_nsec = ns % SECOND };
}

static int64_t
real_ns (clockid_t id)
{
  struct timespec now;

  get_real (id, &now);
  return to_ns (&now);
}

static const Tick *
last_tick (void)
{
  return &page->ticks[atomic_load_explicit (&page->count, memory_order_acquire) - 1];
}

static bool
is_wall (clockid_t id)
{
  return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
}

static bool
is_scaled (clockid_t id)
{
  return page
         && (is_wall (id) || id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW
             || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME);
}

// Not back, either: between the moment that a tick is of and the one in which it comes here, others were told
// more.
static int64_t
never_back (int64_t now)
{
  static _Atomic int64_t most;
  int64_t before = atomic_load (&most);

  while (before < now)
    if (atomic_compare_exchange_weak (&most, &before, now))
      return now;
  return before;
}

static int64_t
scaled_ns (clockid_t id)
{
  const Tick *tick = last_tick ();
  int64_t passed = (int64_t)((double)(real_ns (CLOCK_MONOTONIC) - tick->since) * tick->rate);

  return is_wall (id) ? tick->wall + passed : never_back (tick->monotonic + passed);
}

// Real nanoseconds until a clock shows `end`, but no more than until the next look. 0: it does.
static int64_t
real_left (clockid_t id, int64_t end)
{
  double left = (double)(end - scaled_ns (id)) / last_tick ()->rate;

  if (left <= 0)
    return 0;
  return left < 1 ? 1 : left > LOOK_AGAIN ? LOOK_AGAIN : (int64_t)left;
}

EXPORT int
clock_gettime (clockid_t id, struct timespec *now)
{
  if (!is_scaled (id))
    return get_real (id, now);
  *now = from_ns (scaled_ns (id));
  return 0;
}

EXPORT int
gettimeofday (struct timeval *restrict value, void *restrict zone)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  *value = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
  return 0;
}

EXPORT time_t
time (time_t *place)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (place)
    *place = now.tv_sec;
  return now.tv_sec;
}

// ---------------------------------------------------------------------------------------------------------------
// What is waited for

EXPORT int
poll (struct pollfd *fds, nfds_t count, int timeout)
{
  int64_t end, left;
  int found;

  if (page == NULL || timeout <= 0)
    return NEXT (poll) (fds, count, timeout);
  end = scaled_ns (CLOCK_MONOTONIC) + timeout * (SECOND / 1000);
  do
    {
      struct timespec span = from_ns (real_left (CLOCK_MONOTONIC, end));

      found = NEXT (ppoll) (fds, count, &span, NULL);
      left = end - scaled_ns (CLOCK_MONOTONIC);
    }
  while (found == 0 && left > 0);
  return found;
}

EXPORT int
nanosleep (const struct timespec *asked, struct timespec *rest)
{
  int64_t end, left;

  if (page == NULL)
    return NEXT (nanosleep) (asked, rest);
  end = scaled_ns (CLOCK_MONOTONIC) + to_ns (asked);
  while ((left = real_left (CLOCK_MONOTONIC, end)) > 0)
    {
      struct timespec span = from_ns (left);

      if (NEXT (nanosleep) (&span, NULL) == 0)
        continue;
      if (rest)
        *rest = from_ns (end > scaled_ns (CLOCK_MONOTONIC) ? end - scaled_ns (CLOCK_MONOTONIC) : 0);
      return -1;
    }
  return 0;
}

EXPORT int
pthread_cond_timedwait (pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                        const struct timespec *restrict until)
{
  clockid_t id = until->tv_sec >= WALL_SECONDS ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  int64_t end = to_ns (until);
  int result;

  if (page == NULL)
    return NEXT_VERSION (pthread_cond_timedwait, "GLIBC_2.3.2") (condition, mutex, until);
  do
    {
      struct timespec real = from_ns (real_ns (id) + real_left (id, end));

      result = NEXT_VERSION (pthread_cond_timedwait, "GLIBC_2.3.2") (condition, mutex, &real);
    }
  while (result == ETIMEDOUT && scaled_ns (id) < end);
  return result;
}

// GLib's threads wait for each other in this way, and tell how long.
static long
wait_on_futex (const long *words)
{
  const struct timespec *asked = (const struct timespec *)words[3];
  int64_t end = scaled_ns (CLOCK_MONOTONIC) + to_ns (asked);
  long result;

  do
    {
      struct timespec span = from_ns (real_left (CLOCK_MONOTONIC, end));

      result = NEXT (syscall) (SYS_futex, words[0], words[1], words[2], &span);
    }
  while (result == -1 && errno == ETIMEDOUT && scaled_ns (CLOCK_MONOTONIC) < end);
  return result;
}

EXPORT long
syscall (long number, ...)
{
  long words[6];
  va_list list;

  va_start (list, number);
  for (unsigned i = 0; i < 6; i++)
    words[i] = va_arg (list, long);
  va_end (list);
  if (page && number == SYS_futex && (words[1] & FUTEX_CMD_MASK) == FUTEX_WAIT && words[3])
    return wait_on_futex (words);
  return NEXT (syscall) (number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

// ---------------------------------------------------------------------------------------------------------------
// What stays as it is

int virConnectSetKeepAlive (void *connection, int interval, unsigned count);

// libvirt is loaded by a module, and stands behind nobody.
EXPORT int
virConnectSetKeepAlive (void *connection, int interval, unsigned count)
{
  static __typeof__ (virConnectSetKeepAlive) *next;

  if (next == NULL)
    *(void **)&next = dlsym (dlopen ("libvirt.so.0", RTLD_LAZY | RTLD_NOLOAD), "virConnectSetKeepAlive");
  return next (connection, page ? (int)(interval * page->most) : interval, count);
}
