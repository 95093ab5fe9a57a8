// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest-lock.h"
#include "error.h"
#include "image-tools.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RIVALS 8
#define ROUNDS 200

static AstGuestLock *
acquire (const char *runtime)
{
  g_autoptr (GError) error = NULL;
  AstGuestLock *lock = ast_guest_lock_acquire (runtime, &error);

  g_assert_no_error (error);
  g_assert_nonnull (lock);
  return lock;
}

static void
assert_refused (const char *runtime, AstError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ast_guest_lock_acquire (runtime, &error));
  g_assert_error (error, AST_ERROR, (int)code);
  g_test_message ("%s", error->message);
}

static void
test_one_holder (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *runtime = g_build_filename (folder, "a", "b", NULL);
  g_autofree char *file = g_build_filename (runtime, "guest.lock", NULL);
  g_autofree char *text = NULL;
  AstGuestLock *lock;

  g_assert_false (ast_guest_lock_is_held (runtime));
  lock = acquire (runtime);
  g_assert_true (ast_guest_lock_is_held (runtime));
  assert_refused (runtime, AST_ERROR_BUSY);
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_cmpint (atoi (text), ==, getpid ());
  ast_guest_lock_release (lock);
  g_assert_false (ast_guest_lock_is_held (runtime));
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  ast_guest_lock_release (acquire (runtime));
}

// Some library, or another command, opens and closes the file: a process lock would be lost by that.
static void
test_survives_other_openers (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *file = g_build_filename (folder, "guest.lock", NULL);
  g_autoptr (AstGuestLock) lock = acquire (folder);

  close (open (file, O_RDWR | O_CLOEXEC));
  g_assert_true (ast_guest_lock_is_held (folder));
  assert_refused (folder, AST_ERROR_BUSY);
}

static pid_t
fork_holder (const char *folder, int *told)
{
  int ends[2];
  pid_t child;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  child = fork ();
  if (child == 0)
    {
      AstGuestLock *lock = ast_guest_lock_acquire (folder, NULL);

      if (lock == NULL || write (ends[1], "x", 1) != 1)
        _exit (1);
      while (TRUE)
        pause ();
    }
  close (ends[1]);
  *told = ends[0];
  return child;
}

static void
test_dead_holder (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *file = g_build_filename (folder, "guest.lock", NULL);
  int told;
  pid_t child = fork_holder (folder, &told);
  char byte;

  g_assert_cmpint (read (told, &byte, 1), ==, 1);
  close (told);
  g_assert_true (ast_guest_lock_is_held (folder));
  assert_refused (folder, AST_ERROR_BUSY);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  // The file is left, the lock is not.
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_false (ast_guest_lock_is_held (folder));
  ast_guest_lock_release (acquire (folder));
}

// Takes and leaves the lock; while it is held, nobody else is in. Does not return.
static void
be_a_rival (const char *folder)
{
  g_autofree char *inside = g_build_filename (folder, "inside", NULL);
  guint got = 0;

  while (got < ROUNDS)
    {
      AstGuestLock *lock = ast_guest_lock_acquire (folder, NULL);
      int fd;

      if (lock == NULL)
        continue;
      got++;
      fd = open (inside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
      if (fd < 0 || close (fd) != 0 || unlink (inside) != 0)
        _exit (1);
      ast_guest_lock_release (lock);
    }
  _exit (0);
}

static void
test_rivals (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  pid_t children[RIVALS];

  for (guint i = 0; i < RIVALS; i++)
    {
      children[i] = fork ();
      if (children[i] == 0)
        be_a_rival (folder);
    }
  for (guint i = 0; i < RIVALS; i++)
    {
      int status;

      g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
      g_assert_true (WIFEXITED (status));
      g_assert_cmpint (WEXITSTATUS (status), ==, 0);
    }
}

static void
test_not_to_be_used (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  g_autofree char *below = g_build_filename (file, "run", NULL);
  g_autofree char *lock = g_build_filename (folder, "guest.lock", NULL);

  write_file (file, "", 0);
  assert_refused (file, AST_ERROR_CONFIGURATION);
  assert_refused (below, AST_ERROR_CONFIGURATION);
  g_assert_false (ast_guest_lock_is_held (below));
  g_assert_cmpint (g_mkdir (lock, 0700), ==, 0);
  assert_refused (folder, AST_ERROR_CONFIGURATION);
  g_assert_false (ast_guest_lock_is_held (folder));
}

// A link that somebody has laid there is not followed: no file elsewhere is emptied.
static void
test_link (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *victim = g_build_filename (folder, "victim", NULL);
  g_autofree char *lock = g_build_filename (folder, "guest.lock", NULL);
  g_autofree char *text = NULL;

  write_file (victim, "mine", 4);
  g_assert_cmpint (symlink (victim, lock), ==, 0);
  assert_refused (folder, AST_ERROR_CONFIGURATION);
  g_assert_true (g_file_get_contents (victim, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guest-lock/one-holder", test_one_holder);
  g_test_add_func ("/guest-lock/survives-other-openers", test_survives_other_openers);
  g_test_add_func ("/guest-lock/dead-holder", test_dead_holder);
  g_test_add_func ("/guest-lock/rivals", test_rivals);
  g_test_add_func ("/guest-lock/not-to-be-used", test_not_to_be_used);
  g_test_add_func ("/guest-lock/link", test_link);
  return g_test_run ();
}
