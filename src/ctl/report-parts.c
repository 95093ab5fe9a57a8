// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "report-parts.h"
#include "report-program.h"
#include "station-journal.h"
#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#define JOURNAL_LINES "2000"
#define PACKAGES                                                                                             \
  "dpkg-query -W cage gstreamer1.0-plugins-good libarchive13 libglib2.0-0 libgtk-3-0 libosinfo-1.0-0 "       \
  "libphodav-3.0-0 libqrencode4 librsvg2-2 libspice-client-glib-2.0-8 libspice-client-gtk-3.0-5 "            \
  "libusb-1.0-0 libvirt-daemon libvirt-daemon-driver-qemu libvirt-glib-1.0-0 libvirt0 osinfo-db "            \
  "qemu-system-x86 qemu-utils systemd xserver-xorg-core"
#define LOG_BYTES (64 * 1024)

// ---------------------------------------------------------------------------------------------------------------
// Programs

// A program of this one's own kind: the commands tell what they tell everybody.
static char *
run_self (const AstReport *report, const char *first, const char *second)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *words[] = { self ? self : "asteroidectl", NULL, NULL, NULL, NULL, NULL };
  GString *text = g_string_new (NULL);
  guint count = 1;

  if (report->config_file)
    {
      words[count++] = "--config";
      words[count++] = report->config_file;
    }
  words[count++] = first;
  words[count++] = second;
  ast_report_append_program (text, words);
  return g_string_free (text, FALSE);
}

static char *
compose_status (const AstReport *report)
{
  return run_self (report, "status", NULL);
}

static char *
compose_list (const AstReport *report)
{
  return run_self (report, "list", NULL);
}

static char *
compose_check (const AstReport *report)
{
  return run_self (report, "check", NULL);
}

static char *
compose_warm (const AstReport *report)
{
  return run_self (report, "warm", "--list");
}

static char *
compose_usb (const AstReport *report)
{
  return run_self (report, "usb", "list");
}

static char *
compose_station (const AstReport *report)
{
  return g_file_test (AST_STATION_STATE_FILE, G_FILE_TEST_EXISTS)
             ? run_self (report, "station", "check")
             : g_strdup ("This machine was not made a station by asteroidectl.\n");
}

static char *
compose_journal (const AstReport *report)
{
  static const char *const words[] = { "journalctl",
                                       "--no-pager",
                                       "--no-hostname",
                                       "--output=short-iso",
                                       "-t",
                                       "asteroide",
                                       "-t",
                                       "asteroidectl",
                                       "-n",
                                       JOURNAL_LINES,
                                       NULL };
  GString *text = g_string_new (NULL);

  ast_report_append_program (text, words);
  return g_string_free (text, FALSE);
}

// ---------------------------------------------------------------------------------------------------------------
// Files

// Those lines of a file that begin with one of the words, or all of them; why not, where it cannot be read.
static void
append_lines (GString *text, const char *path, const char *const *words)
{
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &bytes, NULL, &error))
    {
      g_string_append_printf (text, "%s\n", error->message);
      return;
    }
  lines = g_strsplit (bytes, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    for (guint word = 0; words[word]; word++)
      if (g_str_has_prefix (lines[i], words[word]))
        g_string_append_printf (text, "%s\n", lines[i]);
}

static char *
compose_versions (const AstReport *report)
{
  static const char *const system[] = { "PRETTY_NAME=", NULL };
  static const char *const qemu[] = { "qemu-system-x86_64", "--version", NULL };
  static const char *const libvirt[] = { "libvirtd", "--version", NULL };
  g_auto (GStrv) packages = g_strsplit (PACKAGES, " ", -1);
  GString *text = g_string_new (NULL);
  struct utsname kernel;

  uname (&kernel);
  g_string_append_printf (text, "ASTEROIDE %s\nGLib %u.%u.%u\n%s %s %s\n", AST_VERSION, glib_major_version,
                          glib_minor_version, glib_micro_version, kernel.sysname, kernel.release,
                          kernel.machine);
  append_lines (text, "/etc/os-release", system);
  ast_report_append_program (text, qemu);
  ast_report_append_program (text, libvirt);
  ast_report_append_program (text, (const char *const *)packages);
  return g_string_free (text, FALSE);
}

static char *
compose_configuration (const AstReport *report)
{
  g_autofree char *text = ast_config_to_text (report->config);
  GString *file = g_string_new (NULL);

  if (report->trouble)
    g_string_append_printf (file,
                            "# The configuration cannot be read. What follows are the defaults.\n# %s\n",
                            report->trouble->message);
  for (guint i = 0; i < report->config->warnings->len; i++)
    g_string_append_printf (file, "# %s\n", (char *)report->config->warnings->pdata[i]);
  g_string_append (file, text);
  return g_string_free (file, FALSE);
}

static const char *
owner_word (const AstReport *report, uid_t owner)
{
  return owner == report->kiosk ? "kiosk" : owner == 0 ? "root" : "other";
}

static void
append_entry (GString *text, const AstReport *report, const char *path, const char *name)
{
  struct stat about;
  g_autoptr (GDateTime) changed = NULL;
  g_autofree char *when = NULL;

  if (lstat (path, &about) != 0)
    {
      g_string_append_printf (text, "%s: %s\n", name, g_strerror (errno));
      return;
    }
  changed = g_date_time_new_from_unix_local (about.st_mtime);
  when = g_date_time_format (changed, "%F %T");
  g_string_append_printf (text, "%06o %-5s %14" G_GINT64_FORMAT " (%" G_GINT64_FORMAT " on the disk) %s %s\n",
                          about.st_mode, owner_word (report, about.st_uid), (gint64)about.st_size,
                          (gint64)about.st_blocks * 512, when, name);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
append_names (GString *text, const AstReport *report, const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (dir == NULL)
    g_string_append_printf (text, "  %s\n", error->message);
  for (const char *name = dir ? g_dir_read_name (dir) : NULL; name; name = g_dir_read_name (dir))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);

      g_string_append (text, "  ");
      append_entry (text, report, path, names->pdata[i]);
    }
}

static void
append_folder (GString *text, const AstReport *report, const char *word, const char *folder)
{
  struct statvfs room;

  g_string_append_printf (text, "%s: ", word);
  append_entry (text, report, folder, folder);
  if (statvfs (folder, &room) == 0)
    g_string_append_printf (text, "  of %" G_GUINT64_FORMAT " MiB there, %" G_GUINT64_FORMAT " are free\n",
                            ((guint64)room.f_blocks * room.f_frsize) >> 20,
                            ((guint64)room.f_bavail * room.f_frsize) >> 20);
}

// What a station writes is listed; of what teachers and admins bring only the room is told.
static char *
compose_folders (const AstReport *report)
{
  const AstConfig *config = report->config;
  const struct
  {
    const char *word;
    char **folders;
  } brought[]
      = { { "appliances", config->appliances }, { "images", config->images }, { "discs", config->discs } };
  const struct
  {
    const char *word;
    const char *folder;
  } written[]
      = { { "overlays", config->overlays }, { "runtime", config->runtime }, { "warm", config->warm } };
  GString *text = g_string_new ("Mode, owner, bytes, time, name.\n\n");

  for (guint i = 0; i < G_N_ELEMENTS (brought); i++)
    for (guint at = 0; brought[i].folders[at]; at++)
      append_folder (text, report, brought[i].word, brought[i].folders[at]);
  for (guint i = 0; i < G_N_ELEMENTS (written); i++)
    {
      append_folder (text, report, written[i].word, written[i].folder);
      append_names (text, report, written[i].folder);
    }
  return g_string_free (text, FALSE);
}

// ---------------------------------------------------------------------------------------------------------------
// The machine

static gboolean
has_flag (const char *line, const char *flag)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  return g_strv_contains ((const char *const *)words, flag);
}

static void
append_processor (GString *text)
{
  static const char *const flags[] = { "vmx", "svm", "hypervisor" };
  g_autofree char *bytes = NULL;
  g_auto (GStrv) lines = NULL;

  g_file_get_contents ("/proc/cpuinfo", &bytes, NULL, NULL);
  lines = g_strsplit (bytes ? bytes : "", "\n", -1);
  g_string_append_printf (text, "processors: %u\n", g_get_num_processors ());
  // Of the first one.
  for (guint i = 0; lines[i] && lines[i][0]; i++)
    {
      if (g_str_has_prefix (lines[i], "model name"))
        g_string_append_printf (text, "%s\n", lines[i]);
      for (guint flag = 0; g_str_has_prefix (lines[i], "flags") && flag < G_N_ELEMENTS (flags); flag++)
        g_string_append_printf (text, "%s: %s\n", flags[flag],
                                has_flag (lines[i], flags[flag]) ? "yes" : "no");
    }
}

static const char *const watched[]
    = { "asteroide", "asteroide-icons", "asteroide-share", "asteroidectl", "cage",
        "libvirtd",  "qemu-",           "virtlogd",        "virtqemud",    "Xorg" };

static gboolean
is_watched (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    if (g_str_has_suffix (watched[i], "-") ? g_str_has_prefix (name, watched[i])
                                           : g_str_equal (name, watched[i]))
      return TRUE;
  return FALSE;
}

// No command line and no variables: they may hold what nobody else should read.
static void
append_process (GString *text, const AstReport *report, const char *pid)
{
  static const char *const told[] = { "State:", "VmRSS:", "Threads:", NULL };
  g_autofree char *folder = g_build_filename ("/proc", pid, NULL);
  g_autofree char *comm = g_build_filename (folder, "comm", NULL);
  g_autofree char *status = g_build_filename (folder, "status", NULL);
  g_autofree char *name = NULL;
  struct stat about;

  if (!g_file_get_contents (comm, &name, NULL, NULL) || !is_watched (g_strchomp (name))
      || stat (folder, &about) != 0)
    return;
  g_string_append_printf (text, "%s %s, %s\n", pid, name, owner_word (report, about.st_uid));
  append_lines (text, status, told);
}

// libvirt may be one that is started by whoever connects to its socket: so nobody does.
static void
append_sockets (GString *text, const AstReport *report)
{
  static const char *const names[] = { "libvirt-sock", "virtqemud-sock" };
  g_autofree char *run = report->kiosk == geteuid () ? g_strdup (g_get_user_runtime_dir ())
                                                     : g_strdup_printf ("/run/user/%u", report->kiosk);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *session = g_build_filename (run, "libvirt", names[i], NULL);
      g_autofree char *machine = g_build_filename ("/run/libvirt", names[i], NULL);

      append_entry (text, report, session, session);
      append_entry (text, report, machine, machine);
    }
}

static char *
compose_machine (const AstReport *report)
{
  static const char *const memory[] = { "MemTotal:", "MemAvailable:", "SwapTotal:", "SwapFree:", NULL };
  static const char *const modules[] = { "kvm", NULL };
  GString *text = g_string_new ("Processor and KVM\n");
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);

  append_processor (text);
  append_lines (text, "/proc/modules", modules);
  append_entry (text, report, "/dev/kvm", "/dev/kvm");
  g_string_append_printf (text, "/dev/kvm can be opened by whoever made this report: %s\n",
                          access ("/dev/kvm", R_OK | W_OK) == 0 ? "yes" : g_strerror (errno));
  g_string_append (text, "\nMemory\n");
  append_lines (text, "/proc/meminfo", memory);
  g_string_append (text, "\nlibvirt's sockets\n");
  append_sockets (text, report);
  g_string_append (text, "\nProcesses\n");
  for (const char *name = processes ? g_dir_read_name (processes) : NULL; name;
       name = g_dir_read_name (processes))
    if (g_ascii_isdigit (name[0]))
      append_process (text, report, name);
  return g_string_free (text, FALSE);
}

// ---------------------------------------------------------------------------------------------------------------
// The guest

static char *
find_guest_log (const AstReport *report)
{
  static const char log[] = "libvirt/qemu/log/asteroide.log";

  if (strstr (report->config->uri, "/system"))
    return g_strdup ("/var/log/libvirt/qemu/asteroide.log");
  if (report->kiosk == geteuid ())
    return g_build_filename (g_get_user_cache_dir (), log, NULL);
  return g_build_filename (report->kiosk_home ? report->kiosk_home : "/", ".cache", log, NULL);
}

static char *
compose_guest (const AstReport *report)
{
  g_autofree char *path = find_guest_log (report);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;
  char *tail;

  if (!g_file_get_contents (path, &bytes, &length, &error))
    return g_strdup_printf ("%s\n", error->message);
  if (length <= LOG_BYTES)
    return g_strdup_printf ("%s, whole:\n%s", path, bytes);
  // From a line's beginning on: half a line might begin behind a word that says that it is secret.
  tail = memchr (bytes + length - LOG_BYTES, '\n', LOG_BYTES);
  return g_strdup_printf ("%s, its end:\n%s", path, tail ? tail + 1 : "");
}

const AstReportPart ast_report_parts[] = {
  { "versions.txt", "ASTEROIDE, libraries, QEMU, libvirt, kernel, release", compose_versions },
  { "configuration.conf", "the station's configuration as it counts", compose_configuration },
  { "status.txt", "what the station is doing", compose_status },
  { "list.txt", "its appliances", compose_list },
  { "check.txt", "what is wrong with configuration, descriptors and images", compose_check },
  { "warm.txt", "what is prepared for quick starts", compose_warm },
  { "usb.txt", "the USB devices that are plugged in", compose_usb },
  { "station.txt", "whether the machine is as a station should be", compose_station },
  { "machine.txt", "processor, KVM, memory, libvirt's sockets, processes", compose_machine },
  { "folders.txt", "room on the disks, names and sizes of what the station writes", compose_folders },
  { "journal.txt", "the last " JOURNAL_LINES " lines of ASTEROIDE in the journal", compose_journal },
  { "guest.txt", "the end of libvirt's log of the guest", compose_guest },
  { NULL },
};
