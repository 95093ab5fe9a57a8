// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "qemu-img.h"
#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>

static char *
take_text (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  return g_utf8_make_valid (data ? data : "", (gssize)length);
}

static GSubprocess *
spawn (const char *const *arguments, int fd, GError **error)
{
  // All descriptors of ours are closed on exec, and only when GLib need not close them it spawns without a
  // fork: a fork copies the page tables of a large process, and can hang in a process of several threads.
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_INHERIT_FDS);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) problem = NULL;
  GSubprocess *process;
  int copy = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, 3);

  if (copy < 0 && fd >= 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_NO_QEMU, _ ("qemu-img cannot be run: %s"), g_strerror (errno));
      return NULL;
    }
  g_ptr_array_add (argv, (gpointer) "qemu-img");
  for (gsize i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer)arguments[i]);
  g_ptr_array_add (argv, NULL);
  if (copy >= 0)
    g_subprocess_launcher_take_fd (launcher, copy, 3);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, &problem);
  if (process == NULL)
    g_set_error (error, AST_ERROR, AST_ERROR_NO_QEMU, _ ("qemu-img cannot be run: %s"), problem->message);
  return process;
}

static void
on_cancelled (GCancellable *cancellable, GSubprocess *process)
{
  g_subprocess_force_exit (process);
}

// GLib 2.74 may not be told of the cancellable: its source for one deadlocks the thread that cancels when the
// waiting thread is just done with it.
static gboolean
communicate (GSubprocess *process, GCancellable *cancellable, GBytes **out, GBytes **err, GError **error)
{
  gulong handler
      = cancellable ? g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), process, NULL) : 0;
  gboolean done = g_subprocess_communicate (process, NULL, NULL, out, err, error);

  g_cancellable_disconnect (cancellable, handler);
  return done;
}

int
ast_qemu_img_run (const char *const *arguments, int fd, GCancellable *cancellable, char **output,
                  char **complaint, GError **error)
{
  g_autoptr (GSubprocess) process = spawn (arguments, fd, error);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  if (process == NULL)
    return -1;
  if (!communicate (process, cancellable, &out, &err, error))
    {
      g_subprocess_force_exit (process);
      g_subprocess_wait (process, NULL, NULL);
      return -1;
    }
  if (!g_subprocess_get_if_exited (process))
    {
      if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        g_set_error (error, AST_ERROR, AST_ERROR_NO_QEMU, _ ("qemu-img was killed by signal %d"),
                     g_subprocess_get_term_sig (process));
      return -1;
    }
  if (output != NULL)
    *output = take_text (out);
  if (complaint != NULL)
    *complaint = g_strchomp (take_text (err));
  return g_subprocess_get_exit_status (process);
}
