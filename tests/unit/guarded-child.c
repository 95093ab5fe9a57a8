// SPDX-License-Identifier: GPL-3.0-or-later
#include "guarded-child.h"
#include <signal.h>
#include <unistd.h>

static int
answer (const void *data)
{
  return *(const int *)data;
}

static int
crash (const void *data)
{
  signal (SIGSEGV, SIG_DFL);
  return raise (SIGSEGV);
}

static int
hang (const void *data)
{
  while (pause () < 0)
    continue;
  return 0;
}

static void
test_answer (void)
{
  int number = 42;

  g_assert_cmpint (ast_guarded_child_run (answer, &number, 1000), ==, 42);
}

static void
test_crash (void)
{
  g_assert_cmpint (ast_guarded_child_run (crash, NULL, 1000), ==, AST_GUARDED_CRASHED);
}

static void
test_hang (void)
{
  gint64 begin = g_get_monotonic_time ();

  // Had the child's own alarm ended it, it would have crashed.
  g_assert_cmpint (ast_guarded_child_run (hang, NULL, 100), ==, AST_GUARDED_HUNG);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 100 * 1000);
}

static gpointer
hang_in_thread (gpointer data)
{
  return GINT_TO_POINTER (ast_guarded_child_run (hang, NULL, 100));
}

// A caller that blocks all signals hands that to the child; it must be killed all the same.
static void
test_hang_in_thread (void)
{
  sigset_t all;
  sigset_t old;
  GThread *thread;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  thread = g_thread_new ("asker", hang_in_thread, NULL);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, AST_GUARDED_HUNG);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guarded-child/answer", test_answer);
  g_test_add_func ("/guarded-child/crash", test_crash);
  g_test_add_func ("/guarded-child/hang", test_hang);
  g_test_add_func ("/guarded-child/hang-in-thread", test_hang_in_thread);
  return g_test_run ();
}
