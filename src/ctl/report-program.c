// SPDX-License-Identifier: GPL-3.0-or-later
#include "report-program.h"
#include <gio/gio.h>
#include <signal.h>
#include <unistd.h>

#define PATIENCE 60 // s

typedef struct
{
  GString *text;
  GMainLoop *loop;
  GCancellable *patience;
  GSubprocess *process;
} Run;

static void
on_own_group (gpointer unused)
{
  setpgid (0, 0);
}

// With what it has started itself.
static gboolean
on_patience_lost (gpointer data)
{
  Run *run = data;
  const char *id = g_subprocess_get_identifier (run->process);
  gint64 group = id ? g_ascii_strtoll (id, NULL, 10) : 0;

  if (group > 1)
    kill ((pid_t)-group, SIGKILL);
  g_cancellable_cancel (run->patience);
  return G_SOURCE_CONTINUE;
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  g_autoptr (GBytes) said = NULL;
  gboolean ended = g_subprocess_communicate_finish (run->process, result, &said, NULL, NULL);

  if (!ended)
    g_string_append_printf (run->text, "It did not end within %d seconds.\n", PATIENCE);
  else
    g_string_append_len (run->text, g_bytes_get_data (said, NULL), (gssize)g_bytes_get_size (said));
  if (ended && g_subprocess_get_if_signaled (run->process))
    g_string_append_printf (run->text, "It died of signal %d.\n", g_subprocess_get_term_sig (run->process));
  else if (ended && g_subprocess_get_exit_status (run->process) != 0)
    g_string_append_printf (run->text, "Exit status %d.\n", g_subprocess_get_exit_status (run->process));
  g_main_loop_quit (run->loop);
}

static GSubprocess *
spawn (const char *const *words, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *path = g_strdup_printf ("%s:/usr/sbin:/sbin", g_getenv ("PATH") ?: "/usr/bin:/bin");

  g_subprocess_launcher_setenv (launcher, "PATH", path, TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_subprocess_launcher_unsetenv (launcher, "LANGUAGE");
  // No session bus is started for it.
  g_subprocess_launcher_unsetenv (launcher, "DISPLAY");
  g_subprocess_launcher_set_child_setup (launcher, on_own_group, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, words, error);
}

void
ast_report_append_program (GString *text, const char *const *words)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) patience = g_cancellable_new ();
  g_autofree char *line = g_strjoinv (" ", (char **)words);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = spawn (words, &error);
  Run run = { text, loop, patience, process };
  guint timer;

  g_string_append_printf (text, "$ %s\n", line);
  if (process == NULL)
    {
      g_string_append_printf (text, "%s\n", error->message);
      return;
    }
  timer = g_timeout_add_seconds (PATIENCE, on_patience_lost, &run);
  g_subprocess_communicate_async (process, NULL, patience, on_ended, &run);
  g_main_loop_run (loop);
  g_source_remove (timer);
}
