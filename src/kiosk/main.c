// SPDX-License-Identifier: GPL-3.0-or-later
// asteroide: the kiosk's command line.
#include "ast-build.h"
#include "application.h"
#include "error.h"
#include "icon-painter.h"
#include "journal.h"
#include "wayland-reader.h"
#include <glib/gi18n.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_USAGE 2

typedef struct
{
  char *config_file;
  gboolean windowed;
  gboolean version;
} AstOptions;

// What could load code into the kiosk, open the toolkit's inspector or undo a lock of the screen's library.
// The session's unit gives a clean environment, too; this is for every other way to start.
static void
clean_environment (void)
{
  static const char *const names[] = { "GTK_DEBUG",
                                       "GTK_MODULES",
                                       "GTK3_MODULES",
                                       "GTK_PATH",
                                       "GTK_EXE_PREFIX",
                                       "GTK_DATA_PREFIX",
                                       "GTK_IM_MODULE",
                                       "GTK_IM_MODULE_FILE",
                                       "GDK_DEBUG",
                                       "GIO_EXTRA_MODULES",
                                       "GIO_MODULE_DIR",
                                       "GDK_PIXBUF_MODULE_FILE",
                                       "GDK_PIXBUF_MODULEDIR",
                                       "GST_PLUGIN_PATH",
                                       "GST_PLUGIN_SYSTEM_PATH",
                                       "SPICE_NOGRAB",
                                       "SPICE_USB_ACL_BINARY",
                                       "SPICE_PROXY",
                                       "SPICE_DISABLE_CHANNELS",
                                       NULL };

  for (guint i = 0; names[i]; i++)
    g_unsetenv (names[i]);
}

// What the kiosk starts (libvirt, and by it QEMU) has no business on its screen. On Wayland a window of
// theirs would stand over the kiosk's, and nothing that the kiosk may do there would bring it back to the
// front.
static void
forget_display (void)
{
  g_unsetenv ("WAYLAND_DISPLAY");
  g_unsetenv ("WAYLAND_SOCKET");
  g_unsetenv ("DISPLAY");
  g_unsetenv ("XAUTHORITY");
}

// cage ends with its kiosk once nobody holds the pipe any more that it has given to it. What the kiosk starts
// may outlive it, and gets no descriptor that the kiosk was started with.
static void
keep_descriptors (void)
{
  close_range (3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static gboolean
parse_options (AstOptions *options, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config_file,
      N_ ("Read this configuration instead of the station's"), N_ ("FILE") },
    { "windowed", 0, 0, G_OPTION_ARG_NONE, &options->windowed, N_ ("In a window, for trying it on a desk"),
      NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Tell the version and exit"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _ ("The appliances of this station, on the whole screen."));
  g_option_context_set_description (context,
                                    _ ("Exit status: 0 ended as told, 1 it cannot run, 2 wrong usage."));
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc == 1)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("“%s” is not understood"), (*argv)[1]);
  return FALSE;
}

static int
fail_display (const AstConfig *config)
{
  g_autoptr (GError) error
      = g_error_new (AST_ERROR, AST_ERROR_NO_DISPLAY, "%s %s", _ ("There is no display to draw on."),
                     ast_error_admin_advice (AST_ERROR_NO_DISPLAY));

  ast_journal_tell (config->name, AST_STATE_IDLE, NULL, error);
  return EXIT_FAILURE;
}

static int
run_kiosk (const AstOptions *options)
{
  g_autoptr (GError) trouble = NULL;
  g_autoptr (AstConfig) config = ast_config_load (options->config_file, &trouble);
  g_autoptr (AstApplication) application = NULL;

  // A locked screen with a readable reason, never a shell: a bad configuration is shown, not only told.
  if (config == NULL)
    config = ast_config_new_default ();
  if (trouble)
    ast_journal_tell (config->name, AST_STATE_IDLE, NULL, trouble);
  ast_icon_painter_start ();
  // The threads here wait more than they work: an arena of memory for each would only lie about.
  mallopt (M_ARENA_MAX, 2);
  // The kiosk draws with cairo alone: a GL stack would double the time to its first frame, and its memory.
  g_setenv ("GDK_GL", "disable", TRUE);
  if (!gtk_init_check (NULL, NULL))
    return fail_display (config);
  forget_display ();
  ast_wayland_reader_start (gdk_display_get_default ());
  for (guint i = 0; i < config->warnings->len; i++)
    g_message ("%s", (char *)config->warnings->pdata[i]);
  application = ast_application_new (config, trouble, options->windowed);
  ast_application_run (application);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  AstOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;

  g_log_set_writer_func (ast_journal_write, (gpointer) "asteroide", NULL);
  clean_environment ();
  keep_descriptors ();
  gtk_disable_setlocale ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, AST_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("asteroide: %s\n%s\n", error->message, _ ("“asteroide --help” tells the options."));
      status = EXIT_USAGE;
    }
  else if (options.version)
    g_print ("asteroide %s\n", AST_VERSION);
  else
    status = run_kiosk (&options);
  g_free (options.config_file);
  return status;
}
