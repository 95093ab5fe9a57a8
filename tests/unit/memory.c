// SPDX-License-Identifier: GPL-3.0-or-later
#include "memory.h"

static void
test_read (void)
{
  g_assert_cmpuint (ast_memory_read_available ("MemTotal:  100 kB\nMemFree: 7 kB\nMemAvailable:    42 kB\n"),
                    ==, 42 * 1024);
  g_assert_cmpuint (ast_memory_read_available ("MemTotal:  100 kB\n"), ==, 0);
  g_assert_cmpuint (ast_memory_read_available (""), ==, 0);
  g_assert_cmpuint (ast_memory_get_available (), >, 0);
}

static void
test_read_oom_kills (void)
{
  g_assert_cmpuint (ast_memory_read_oom_kills ("pgfault 5\nnot_oom_kill 9\noom_kill 3\nnuma_hit 7\n"), ==, 3);
  g_assert_cmpuint (ast_memory_read_oom_kills ("oom_kill 3\n"), ==, 3);
  g_assert_cmpuint (ast_memory_read_oom_kills ("pgfault 5\n"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/read", test_read);
  g_test_add_func ("/memory/oom-kills", test_read_oom_kills);
  return g_test_run ();
}
