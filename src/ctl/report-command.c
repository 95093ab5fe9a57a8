// SPDX-License-Identifier: GPL-3.0-or-later
// report: one archive with what a bug report needs, and nothing that strangers must not read.
#include "ast-build.h"
#include "command.h"
#include "json-print.h"
#include "report-archive.h"
#include "report-parts.h"
#include "scrub.h"
#include <gio/gio.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEFT_OUT                                                                                             \
  "Left out: the machine's id; the contents of images, overlays, memory images and shared folders;\n"        \
  "descriptors; command lines and variables of processes.\n\n"                                               \
  "Blanked, as " AST_SCRUB_BLANK ": what descriptors hand to libvirt as passwords, keys, user names and\n"   \
  "variables; all that is called a password, secret, token or key; variables of QEMU; users and passwords\n" \
  "in addresses, and help-url but for its host; UUIDs, MAC addresses and serial numbers of guests, which\n"  \
  "are made from the machine's id; names of people's folders.\n\n"                                           \
  "Names of the station, of appliances, files and devices are in it: look through it before you hand it\n"   \
  "on.\n"

// The kiosk makes the run-time folder, or it was made for it.
static uid_t
find_kiosk (const AstConfig *config)
{
  struct stat about;

  return stat (config->runtime, &about) == 0 ? about.st_uid : geteuid ();
}

// Of what appliances hand to libvirt nothing may come to light anywhere, whoever quotes it.
static void
learn_descriptors (AstScrub *scrub, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  for (const char *name = dir ? g_dir_read_name (dir) : NULL; name; name = g_dir_read_name (dir))
    {
      g_autofree char *path = g_build_filename (folder, name, "appliance.xml", NULL);
      g_autofree char *bytes = NULL;
      gsize length;

      if (g_file_get_contents (path, &bytes, &length, NULL))
        ast_scrub_learn_descriptor (scrub, bytes, length);
    }
}

static void
hide_address (AstConfig *config)
{
  g_autofree char *address = config->help_url;

  config->help_url = address ? ast_scrub_address (address) : NULL;
}

static char *
describe (const AstReport *report, const char *when)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "A report of ASTEROIDE %s, station %s, made %s by %s.\n\n", AST_VERSION,
                          report->config->name, when,
                          geteuid () == 0               ? "root"
                          : geteuid () == report->kiosk ? "the kiosk's user"
                                                        : "another user");
  for (const AstReportPart *part = ast_report_parts; part->file; part++)
    g_string_append_printf (text, "%-20s %s\n", part->file, part->subject);
  g_string_append (text, "\nEach file tells what could not be found out.\n\n" LEFT_OUT);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add (AstReportArchive *archive, const AstScrub *scrub, const char *file, const char *text)
{
  g_autofree char *scrubbed = ast_scrub_text (scrub, text);

  ast_report_archive_add (archive, file, scrubbed);
}

static gboolean
write_report (const AstReport *report, const AstScrub *scrub, const char *path, const char *name,
              const char *when, GError **error)
{
  AstReportArchive *archive = ast_report_archive_new (path, name, error);
  g_autofree char *about = describe (report, when);

  if (archive == NULL)
    return FALSE;
  add (archive, scrub, "about.txt", about);
  for (const AstReportPart *part = ast_report_parts; part->file; part++)
    {
      g_autofree char *text = part->compose (report);

      add (archive, scrub, part->file, text);
    }
  return ast_report_archive_close (archive, error);
}

// A station's name may be anything.
static char *
make_name (const char *station, GDateTime *now)
{
  g_autofree char *plain = g_strdup (station);
  g_autofree char *date = g_date_time_format (now, "%Y%m%d-%H%M%S");

  g_strcanon (plain, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._", '-');
  return g_strdup_printf ("asteroide-report-%.64s-%s", plain, date);
}

static void
tell (const AstInvocation *invocation, const char *path)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!invocation->json)
    return g_print ("%s\n", path);
  json_builder_begin_object (builder);
  ast_json_add_string (builder, "file", path);
  json_builder_end_object (builder);
  ast_json_print (builder);
}

AstExit
ast_command_report (const AstInvocation *invocation)
{
  g_autoptr (GError) trouble = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (AstConfig) config
      = ast_config_load (invocation->config_file, &trouble) ?: ast_config_new_default ();
  uid_t kiosk = find_kiosk (config);
  const struct passwd *user = getpwuid (kiosk);
  g_autofree char *home = user ? g_strdup (user->pw_dir) : NULL;
  const AstReport report = { invocation->config_file, config, trouble, kiosk, home };
  g_autoptr (AstScrub) scrub = ast_scrub_new (user ? user->pw_name : NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *when = g_date_time_format (now, "%FT%T%:z");
  g_autofree char *name = make_name (config->name, now);
  g_autofree char *file
      = invocation->output ? g_strdup (invocation->output) : g_strconcat (name, ".tar.gz", NULL);
  g_autofree char *path = g_canonicalize_filename (file, NULL);

  hide_address (config);
  for (guint i = 0; config->appliances[i]; i++)
    learn_descriptors (scrub, config->appliances[i]);
  if (!write_report (&report, scrub, path, name, when, &error))
    return ast_command_fail (error);
  tell (invocation, path);
  return AST_EXIT_DONE;
}
