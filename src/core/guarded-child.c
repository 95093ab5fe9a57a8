// SPDX-License-Identifier: GPL-3.0-or-later
#include "guarded-child.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// A killed child that is not gone by then sits in the kernel; it is left there.
#define MILLISECONDS_TO_DIE 200
// The child's own end, should its parent die first.
#define SECONDS_OF_GRACE 1

static void __attribute__ ((noreturn)) be_child (AstGuardedJob job, const void *data, guint milliseconds)
{
  sigset_t alarm_only;

  signal (SIGALRM, SIG_DFL);
  sigemptyset (&alarm_only);
  sigaddset (&alarm_only, SIGALRM);
  sigprocmask (SIG_UNBLOCK, &alarm_only, NULL);
  alarm (milliseconds / 1000 + SECONDS_OF_GRACE);
  _exit (job (data));
}

static gboolean
has_ended (int pidfd, guint milliseconds)
{
  gint64 deadline = g_get_monotonic_time () + (gint64)milliseconds * 1000;
  struct pollfd poller = { .fd = pidfd, .events = POLLIN };
  int rc;

  do
    {
      gint64 left = MAX (deadline - g_get_monotonic_time (), 0);

      rc = poll (&poller, 1, (int)((left + 999) / 1000));
    }
  while (rc < 0 && errno == EINTR);
  return rc > 0;
}

static int
reap (pid_t pid)
{
  int status = 0;
  pid_t rc;

  do
    rc = waitpid (pid, &status, 0);
  while (rc < 0 && errno == EINTR);
  return rc == pid && WIFEXITED (status) ? WEXITSTATUS (status) : AST_GUARDED_CRASHED;
}

static int
watch (pid_t pid, int pidfd, guint milliseconds)
{
  if (has_ended (pidfd, milliseconds))
    return reap (pid);
  kill (pid, SIGKILL);
  if (has_ended (pidfd, MILLISECONDS_TO_DIE))
    reap (pid);
  return AST_GUARDED_HUNG;
}

int
ast_guarded_child_run (AstGuardedJob job, const void *data, guint milliseconds)
{
  pid_t pid = fork ();
  int pidfd;
  int answer;

  if (pid < 0)
    return AST_GUARDED_NONE;
  if (pid == 0)
    be_child (job, data, milliseconds);
  pidfd = (int)syscall (SYS_pidfd_open, pid, 0);
  // Without a descriptor to wait for, the child's own alarm bounds the wait.
  if (pidfd < 0)
    return reap (pid);
  answer = watch (pid, pidfd, milliseconds);
  close (pidfd);
  return answer;
}
