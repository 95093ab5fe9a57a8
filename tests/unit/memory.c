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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/read", test_read);
  return g_test_run ();
}
