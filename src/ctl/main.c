// SPDX-License-Identifier: GPL-3.0-or-later
// asteroidectl: the command table and the way to it.
#include "ast-build.h"
#include "command.h"
#include "error.h"
#include "journal.h"
#include "text.h"
#include <glib/gi18n.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_LINE 4000 // characters; what QEMU complains of has some hundred

static const AstCommand commands[] = {
  { "list", "", N_ ("list the appliances of this station"), AST_TAKES_JSON, 0, 0, ast_command_list },
  { "show", "ID", N_ ("show one appliance"), AST_TAKES_JSON, 1, 1, ast_command_show },
  { "check", "[FILE|ID]…", N_ ("check configuration, descriptors and images; all of them by default"),
    AST_TAKES_JSON | AST_TAKES_DIGEST, 0, G_MAXUINT, ast_command_check },
  { "status", "", N_ ("tell what the station is doing"), AST_TAKES_JSON, 0, 0, ast_command_status },
  { "start", "ID", N_ ("start an appliance on the running kiosk"), AST_TAKES_HEADLESS, 1, 1,
    ast_command_start },
  { "stop", "", N_ ("end the running appliance"), AST_TAKES_FORCE, 0, 0, ast_command_stop },
  { "reset", "ID…|--all", N_ ("drop what appliances have kept between sessions"),
    AST_TAKES_FORCE | AST_TAKES_ALL, 0, G_MAXUINT, ast_command_reset },
  { "warm", "ID…|--all", N_ ("prepare appliances, so that they start in a second"),
    AST_TAKES_ALL | AST_TAKES_WARM | AST_TAKES_JSON, 0, G_MAXUINT, ast_command_warm },
  { "devices", "", N_ ("list the devices that the running appliance has or could have"), AST_TAKES_JSON, 0, 0,
    ast_command_devices },
  { "give", "DEVICE", N_ ("give a device, or put a disc, into the running appliance"), 0, 1, 1,
    ast_command_give },
  { "take", "DEVICE", N_ ("take a device or a disc out of it"), 0, 1, 1, ast_command_take },
  { "station", "ACTION", N_ ("make a station of this machine, or take that back: enable, disable, check"),
    AST_TAKES_JSON | AST_TAKES_FORCE | AST_TAKES_DRY_RUN | AST_TAKES_SESSION | AST_TAKES_ROOT
        | AST_TAKES_NO_CONFIG,
    1, 1, ast_command_station },
  { "usb", "ACTION…", N_ ("tell of USB devices: list them, or explain which of them a guest may have"),
    AST_TAKES_JSON | AST_TAKES_APPLIANCE, 1, G_MAXUINT, ast_command_usb },
  { "report", "", N_ ("bundle what a bug report needs into one file, without secrets"),
    AST_TAKES_JSON | AST_TAKES_OUTPUT | AST_TAKES_NO_CONFIG, 0, 0, ast_command_report },
  { "version", "", N_ ("tell the version"), AST_TAKES_JSON, 0, 0, ast_command_version },
};

typedef struct
{
  AstInvocation invocation;
  gboolean help;
  gboolean version;
  char **words; // the command and its arguments
} AstLine;

char *
ast_command_make_line (const char *text)
{
  return ast_text_label (text ? text : "", MAX_LINE);
}

AstExit
ast_command_fail (const GError *error)
{
  g_autoptr (GError) told = g_error_copy (error);
  g_autofree char *line = NULL;

  if (g_dbus_error_strip_remote_error (told))
    line = ast_command_make_line (told->message);
  g_printerr ("asteroidectl: %s\n", line ? line : told->message);
  return AST_EXIT_FAILED;
}

AstCatalogue *
ast_command_load_catalogue (const AstInvocation *invocation)
{
  const AstConfig *config = invocation->config;
  AstCatalogue *catalogue = ast_catalogue_new ((const char *const *)config->appliances,
                                               (const char *const *)config->images, g_get_language_names ());

  ast_catalogue_load (catalogue);
  return catalogue;
}

AstAppliance *
ast_command_find_appliance (AstCatalogue *catalogue, const char *id, GError **error)
{
  AstAppliance *appliance = ast_catalogue_find (catalogue, id);

  if (appliance == NULL)
    g_set_error (error, AST_ERROR, AST_ERROR_NO_SUCH_APPLIANCE,
                 _ ("There is no appliance “%s” on this station."), id);
  return appliance;
}

void
ast_command_print_padded (const char *text, glong width)
{
  g_print ("%s%*s", text, (int)MAX (width - g_utf8_strlen (text, -1), 0), "");
}

AstExit
ast_command_fail_usage (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("asteroidectl: %s\n%s\n", text, _ ("“asteroidectl --help” lists the commands and options."));
  return AST_EXIT_USAGE;
}

static void
print_option (const AstCommand *command, AstTakes takes, const char *option, const char *text)
{
  if (command->takes & takes)
    g_print ("  %-16s %s\n", option, text);
}

static void
print_command_help (const AstCommand *command)
{
  g_print (_ ("Usage: asteroidectl %s [OPTION…] %s\n\n"), command->name, command->synopsis);
  g_print ("  %s\n\n", _ (command->description));
  print_option (command, AST_TAKES_JSON, "--json", _ ("print JSON"));
  print_option (command, AST_TAKES_DIGEST, "--digest",
                _ ("also compare the images' SHA-256, which reads them whole"));
  print_option (command, AST_TAKES_HEADLESS, "--headless",
                _ ("run it here, without a kiosk and without a screen, until it ends"));
  print_option (command, AST_TAKES_ALL, "--all", _ ("all appliances"));
  print_option (command, AST_TAKES_FORCE, "--force",
                command->run == ast_command_station
                    ? _ ("also where nobody could come in any more, or a program is missing")
                    : _ ("end a running appliance at once, without asking it"));
  print_option (command, AST_TAKES_WARM, "--anew", _ ("also where what is prepared is still good"));
  print_option (command, AST_TAKES_WARM, "--list",
                _ ("only tell what is prepared, and whether it is still good"));
  print_option (command, AST_TAKES_WARM, "--drop", _ ("drop what is prepared"));
  print_option (command, AST_TAKES_SESSION, "--session NAME", _ ("on which display server: x11 or cage"));
  print_option (command, AST_TAKES_APPLIANCE, "--appliance ID", _ ("as in a session of this appliance"));
  print_option (command, AST_TAKES_ROOT, "--root DIR",
                _ ("work on the system in this folder, not on this machine"));
  print_option (command, AST_TAKES_OUTPUT, "--output FILE", _ ("write to this file"));
  print_option (command, AST_TAKES_DRY_RUN, "--dry-run", _ ("only tell what would be changed"));
  g_print ("  %-16s %s\n", "--config FILE", _ ("read this configuration instead of the station's"));
}

static void
print_help (void)
{
  g_print ("%s\n\n%s\n", _ ("Usage: asteroidectl [--config FILE] COMMAND [OPTION…] [ARGUMENT…]"),
           _ ("Commands:"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      // Padded by what a terminal shows, not by bytes.
      int blanks = 12 - (int)g_utf8_strlen (commands[i].synopsis, -1);

      g_print ("  %-8s %s%*s %s\n", commands[i].name, commands[i].synopsis, blanks, "",
               _ (commands[i].description));
    }
  g_print ("\n%s\n%s\n", _ ("“asteroidectl COMMAND --help” tells a command's options."),
           _ ("Exit status: 0 done, 1 refused or failed, 2 wrong usage."));
}

static const AstCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name))
      return &commands[i];
  return NULL;
}

static const char *
option_not_taken (const AstCommand *command, const AstInvocation *given)
{
  if (given->json && !(command->takes & AST_TAKES_JSON))
    return "--json";
  if (given->force && !(command->takes & AST_TAKES_FORCE))
    return "--force";
  if (given->all && !(command->takes & AST_TAKES_ALL))
    return "--all";
  if (given->digest && !(command->takes & AST_TAKES_DIGEST))
    return "--digest";
  if (given->headless && !(command->takes & AST_TAKES_HEADLESS))
    return "--headless";
  if (given->anew && !(command->takes & AST_TAKES_WARM))
    return "--anew";
  if (given->list && !(command->takes & AST_TAKES_WARM))
    return "--list";
  if (given->drop && !(command->takes & AST_TAKES_WARM))
    return "--drop";
  if (given->dry_run && !(command->takes & AST_TAKES_DRY_RUN))
    return "--dry-run";
  if (given->session && !(command->takes & AST_TAKES_SESSION))
    return "--session";
  if (given->appliance && !(command->takes & AST_TAKES_APPLIANCE))
    return "--appliance";
  if (given->root && !(command->takes & AST_TAKES_ROOT))
    return "--root";
  if (given->output && !(command->takes & AST_TAKES_OUTPUT))
    return "--output";
  return NULL;
}

static AstExit
run_command (const AstCommand *command, AstLine *line)
{
  AstInvocation *invocation = &line->invocation;
  guint given = g_strv_length (line->words) - 1;
  const char *option = option_not_taken (command, invocation);
  g_autoptr (AstConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  if (option)
    return ast_command_fail_usage (_ ("%s does not take %s."), command->name, option);
  if (given < command->least)
    return ast_command_fail_usage (_ ("%s needs %s."), command->name, command->synopsis);
  if (given > command->most)
    return ast_command_fail_usage (_ ("%s does not take “%s”."), command->name,
                                   line->words[command->most + 1]);
  if (!(command->takes & AST_TAKES_NO_CONFIG))
    config = ast_config_load (invocation->config_file, &error);
  if (error)
    return ast_command_fail (error);
  invocation->config = config;
  invocation->arguments = line->words + 1;
  return command->run (invocation);
}

// What the core has to say reaches people as a plain line, not as a log of ours.
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer program)
{
  // A session's failure: the command tells it at its end.
  if (!g_log_writer_is_journald (STDERR_FILENO)
      && ast_journal_find_field (fields, count, "ASTEROIDE_APPLIANCE"))
    return G_LOG_WRITER_HANDLED;
  return ast_journal_write (level, fields, count, program);
}

// As head goes, which wants no more and needs no complaint.
static gboolean
reader_is_gone (void)
{
  struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

  return poll (&output, 1, 0) == 1 && (output.revents & POLLERR);
}

// A list that was cut short by a full disk is not done.
static AstExit
close_output (AstExit status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  if (!reader_is_gone ())
    g_printerr ("asteroidectl: %s\n", _ ("The output could not be written."));
  return AST_EXIT_FAILED;
}

static AstExit
run_line (AstLine *line)
{
  const AstCommand *command = NULL;

  if (line->version)
    return ast_command_version (&line->invocation);
  if (line->words && line->words[0])
    {
      command = find_command (line->words[0]);
      if (command == NULL)
        return ast_command_fail_usage (_ ("There is no command “%s”."), line->words[0]);
    }
  if (line->help)
    {
      command ? print_command_help (command) : print_help ();
      return AST_EXIT_DONE;
    }
  if (command == NULL)
    return ast_command_fail_usage ("%s", _ ("A command is needed."));
  return run_command (command, line);
}

int
main (int argc, char **argv)
{
  AstLine line = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &line.invocation.config_file, NULL, NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &line.invocation.json, NULL, NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &line.invocation.force, NULL, NULL },
    { "all", 0, 0, G_OPTION_ARG_NONE, &line.invocation.all, NULL, NULL },
    { "digest", 0, 0, G_OPTION_ARG_NONE, &line.invocation.digest, NULL, NULL },
    { "headless", 0, 0, G_OPTION_ARG_NONE, &line.invocation.headless, NULL, NULL },
    { "anew", 0, 0, G_OPTION_ARG_NONE, &line.invocation.anew, NULL, NULL },
    { "list", 0, 0, G_OPTION_ARG_NONE, &line.invocation.list, NULL, NULL },
    { "drop", 0, 0, G_OPTION_ARG_NONE, &line.invocation.drop, NULL, NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &line.invocation.dry_run, NULL, NULL },
    { "session", 0, 0, G_OPTION_ARG_STRING, &line.invocation.session, NULL, NULL },
    { "appliance", 0, 0, G_OPTION_ARG_STRING, &line.invocation.appliance, NULL, NULL },
    { "root", 0, 0, G_OPTION_ARG_FILENAME, &line.invocation.root, NULL, NULL },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &line.invocation.output, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &line.version, NULL, NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &line.help, NULL, NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &line.words, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  AstExit status;

  // A reader that goes away does not end a guest that runs here without its overlay being discarded.
  signal (SIGPIPE, SIG_IGN);
  g_log_set_writer_func (write_log, (gpointer) "asteroidectl", NULL);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, AST_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_help_enabled (context, FALSE);
  status = g_option_context_parse (context, &argc, &argv, &error)
               ? run_line (&line)
               : ast_command_fail_usage ("%s.", error->message);
  g_strfreev (line.words);
  g_free (line.invocation.config_file);
  g_free (line.invocation.session);
  g_free (line.invocation.appliance);
  g_free (line.invocation.root);
  g_free (line.invocation.output);
  return close_output (status);
}
