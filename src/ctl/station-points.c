// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "station-points.h"
#include "station-accounts.h"
#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNITS "/etc/systemd/system/"
#define BOTH  (AST_STATION_X11 | AST_STATION_CAGE)

typedef struct
{
  const char *verb; // with the subject in it, marked for translation; NULL where there is nothing to apply
  char *(*check) (const AstStationPoint *point, const AstStationRoot *root);
  gboolean (*apply) (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
                     GError **error);
} AstPointKind;

struct _AstStationPoint
{
  const char *name;
  const AstPointKind *kind;
  const char *subject; // a path, a unit
  const char *source;  // of a file: its name in the station folder; of a program: its Debian package; of a
                      // unit that is enabled: the target that wants it
  guint mode;           // of a folder
  gboolean is_stations; // a folder that belongs to the station's user, not to root
  AstStationSession sessions;
};

// ---------------------------------------------------------------------------------------------------------------
// Conditions: a way in for the administrator, and the programs

static gboolean
has_keys (const char *home, gpointer data)
{
  g_autofree char *path = g_build_filename (home, ".ssh", "authorized_keys", NULL);
  g_autofree char *text = ast_station_root_read (data, path);

  return text && g_regex_match_simple ("^\\s*[^#\\s]", text, G_REGEX_MULTILINE | G_REGEX_RAW, 0);
}

static char *
check_administrator (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *passwd = ast_station_root_read (root, "/etc/passwd");
  g_autofree char *shadow = ast_station_root_read (root, "/etc/shadow");
  g_autofree char *group = ast_station_root_read (root, "/etc/group");
  g_autofree char *name = ast_station_account_find_admin (passwd, shadow, group, has_keys, (gpointer)root);

  return name ? NULL
              : g_strdup (_ ("Nobody could administer this machine over ssh: neither has root authorized "
                             "keys, nor has a member of the group sudo a password or authorized keys."));
}

static char *
ask_systemctl (const AstStationRoot *root, const char *verb, const char *unit, const char *other)
{
  const char *const words[] = { "systemctl", verb, unit, other, NULL };
  char *answer = ast_station_root_ask (root, words, NULL);

  return answer ? answer : g_strdup ("");
}

static gboolean
has_line (const char *text, const char *line)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  return g_strv_contains ((const char *const *)lines, line);
}

static char *
check_ssh (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *answer = ask_systemctl (root, "is-enabled", "ssh.service", "ssh.socket");

  return has_line (answer, "enabled")
             ? NULL
             : g_strdup (_ ("No ssh server is enabled, and a station has no other way in."));
}

static char *
check_program (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *place = ast_station_root_locate (root, point->subject);

  if (g_file_test (place, G_FILE_TEST_IS_EXECUTABLE))
    return NULL;
  return g_strdup_printf (_ ("%s is missing; it is in the package %s."), point->subject, point->source);
}

static const AstPointKind ssh = { NULL, check_ssh, NULL };
static const AstPointKind administrator = { NULL, check_administrator, NULL };
static const AstPointKind program = { NULL, check_program, NULL };

// ---------------------------------------------------------------------------------------------------------------
// Files

static char *
read_shipped (const AstStationPoint *point, const AstStationRoot *root, GError **error)
{
  g_autofree char *path = g_build_filename (AST_STATIONDIR, point->source, NULL);
  char *text = ast_station_root_read (root, path);

  if (text == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("%s is missing: ASTEROIDE is not installed completely."), path);
  return text;
}

// A link counts as another file: what it leads to is not under our control.
static gboolean
is_plain_file (const AstStationRoot *root, const char *path)
{
  g_autofree char *place = ast_station_root_locate (root, path);
  struct stat found;

  return g_lstat (place, &found) == 0 && S_ISREG (found.st_mode) && (found.st_mode & 0022) == 0
         && (!root->may_chown || found.st_uid == 0);
}

static char *
check_file_at (const AstStationPoint *point, const AstStationRoot *root, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *shipped = read_shipped (point, root, &error);
  g_autofree char *text = ast_station_root_read (root, path);

  if (shipped == NULL)
    return g_strdup (error->message);
  if (text == NULL)
    return g_strdup_printf (_ ("%s is missing."), path);
  if (strcmp (text, shipped) != 0)
    return g_strdup_printf (_ ("%s is not as ASTEROIDE brings it."), path);
  return is_plain_file (root, path)
             ? NULL
             : g_strdup_printf (_ ("%s is not a file that only root can write."), path);
}

// After its path has been kept, whatever is there makes room.
static gboolean
clear (AstStationJournal *journal, const AstStationRoot *root, const char *path, GError **error)
{
  g_autofree char *place = ast_station_root_locate (root, path);

  if (!ast_station_journal_note (journal, path, error))
    return FALSE;
  if (g_unlink (place) == 0 || errno == ENOENT)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", place, g_strerror (errno));
  return FALSE;
}

static gboolean
apply_file_at (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
               const char *path, GError **error)
{
  g_autofree char *shipped = read_shipped (point, root, error);

  return shipped && clear (journal, root, path, error)
         && ast_station_root_write (root, path, shipped, strlen (shipped), 0644, error);
}

static char *
check_file (const AstStationPoint *point, const AstStationRoot *root)
{
  return check_file_at (point, root, point->subject);
}

static gboolean
apply_file (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
            GError **error)
{
  return apply_file_at (point, root, journal, point->subject, error);
}

static const AstPointKind file = { N_ ("write %s"), check_file, apply_file };

// ---------------------------------------------------------------------------------------------------------------
// The limits of the user's slice, whose name has the user's number in it

static char *
locate_limits (const AstStationRoot *root)
{
  guint uid;
  guint gid;

  if (!ast_station_root_find_user (root, AST_STATION_USER, &uid, &gid))
    return NULL;
  return g_strdup_printf (UNITS "user-%u.slice.d/asteroide.conf", uid);
}

static char *
check_limits (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *path = locate_limits (root);

  return path ? check_file_at (point, root, path)
              : g_strdup (_ ("There are no limits on what guests may use."));
}

static gboolean
apply_limits (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
              GError **error)
{
  g_autofree char *path = locate_limits (root);

  if (path)
    return apply_file_at (point, root, journal, path, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("There is no user %s."), AST_STATION_USER);
  return FALSE;
}

static const AstPointKind limits = { N_ ("write %s"), check_limits, apply_limits };

// ---------------------------------------------------------------------------------------------------------------
// User and groups

static char *
check_user (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *passwd = ast_station_root_read (root, "/etc/passwd");
  g_autofree char *shadow = ast_station_root_read (root, "/etc/shadow");
  g_autofree char *uid = ast_station_account_field (passwd, AST_STATION_USER, 2);
  g_autofree char *shell = ast_station_account_field (passwd, AST_STATION_USER, 6);
  g_autofree char *hash = ast_station_account_field (shadow, AST_STATION_USER, 1);

  if (uid == NULL || strcmp (uid, "0") == 0)
    return g_strdup_printf (_ ("There is no user %s."), AST_STATION_USER);
  if (g_strcmp0 (shell, "/usr/sbin/nologin") != 0)
    return g_strdup_printf (_ ("The user %s has a shell."), AST_STATION_USER);
  if (hash == NULL || (hash[0] != '!' && hash[0] != '*'))
    return g_strdup_printf (_ ("The user %s has a password."), AST_STATION_USER);
  return NULL;
}

static char *
check_accounts (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *group = ast_station_root_read (root, "/etc/group");

  if (!ast_station_account_is_member (group, AST_STATION_KVM_GROUP, AST_STATION_USER))
    return check_user (point, root)
               ?: g_strdup_printf (_ ("The user %s is not in the group %s."), AST_STATION_USER,
                                   AST_STATION_KVM_GROUP);
  if (!ast_station_account_is_listed (group, AST_STATION_ADMIN_GROUP))
    return g_strdup_printf (_ ("There is no group %s."), AST_STATION_ADMIN_GROUP);
  return check_user (point, root);
}

// systemd-sysusers leaves copies of the files as they were. Those that were there before are the
// administrator's.
static const char *const leftovers[]
    = { "/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/.pwd.lock" };

typedef struct
{
  char *text; // NULL where there was none
  gsize length;
  struct stat found;
} AstLeftover;

static void
remember_leftover (const AstStationRoot *root, const char *path, AstLeftover *self)
{
  g_autofree char *place = ast_station_root_locate (root, path);

  *self = (AstLeftover){ 0 };
  if (g_stat (place, &self->found) == 0)
    g_file_get_contents (place, &self->text, &self->length, NULL);
}

static gboolean
put_back_leftover (const AstStationRoot *root, const char *path, AstLeftover *self, GError **error)
{
  g_autofree char *place = ast_station_root_locate (root, path);
  g_autofree char *text = g_steal_pointer (&self->text);

  if (text == NULL)
    {
      g_unlink (place);
      return TRUE;
    }
  if (!ast_station_root_write (root, path, text, self->length, self->found.st_mode & 07777, error))
    return FALSE;
  if (root->may_chown && chown (place, self->found.st_uid, self->found.st_gid) != 0)
    g_message ("%s: %s", place, g_strerror (errno));
  return TRUE;
}

static gboolean
apply_accounts (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
                GError **error)
{
  const char *const words[] = { "systemd-sysusers", "asteroide.conf", NULL };
  AstLeftover before[G_N_ELEMENTS (leftovers)];
  gboolean done;

  if (!ast_station_journal_note_accounts (journal, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (leftovers); i++)
    remember_leftover (root, leftovers[i], &before[i]);
  done = ast_station_root_run (root, words, error);
  for (guint i = 0; i < G_N_ELEMENTS (leftovers); i++)
    done = put_back_leftover (root, leftovers[i], &before[i], done ? error : NULL) && done;
  return done;
}

static const AstPointKind accounts
    = { N_ ("make the user and the groups of %s"), check_accounts, apply_accounts };

// ---------------------------------------------------------------------------------------------------------------
// Folders

static gboolean
find_owner (const AstStationPoint *point, const AstStationRoot *root, guint *uid, guint *gid)
{
  *uid = *gid = 0;
  return !point->is_stations || ast_station_root_find_user (root, AST_STATION_USER, uid, gid);
}

static char *
describe_mode (const AstStationPoint *point, guint mode)
{
  g_autofree char *is = g_strdup_printf ("%04o", mode);
  g_autofree char *should_be = g_strdup_printf ("%04o", point->mode);

  return g_strdup_printf (_ ("%s has the mode %s, and should have %s."), point->subject, is, should_be);
}

static char *
check_folder (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *place = ast_station_root_locate (root, point->subject);
  struct stat found;
  guint uid;
  guint gid;

  if (g_lstat (place, &found) != 0 || !S_ISDIR (found.st_mode))
    return g_strdup_printf (_ ("%s is no folder."), point->subject);
  if ((found.st_mode & 07777) != point->mode)
    return describe_mode (point, found.st_mode & 07777);
  if (!find_owner (point, root, &uid, &gid)
      || (root->may_chown && (found.st_uid != uid || found.st_gid != gid)))
    return g_strdup_printf (_ ("%s does not belong to %s."), point->subject,
                            point->is_stations ? AST_STATION_USER : "root");
  return NULL;
}

static gboolean
apply_folder (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
              GError **error)
{
  g_autofree char *place = ast_station_root_locate (root, point->subject);
  guint uid;
  guint gid;

  if (!ast_station_journal_note (journal, point->subject, error))
    return FALSE;
  if ((g_mkdir (place, point->mode) == 0 || errno == EEXIST) && find_owner (point, root, &uid, &gid)
      && (!root->may_chown || lchown (place, uid, gid) == 0) && g_chmod (place, point->mode) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", place, g_strerror (errno));
  return FALSE;
}

static const AstPointKind folder = { N_ ("make the folder %s"), check_folder, apply_folder };

// ---------------------------------------------------------------------------------------------------------------
// Units

static char *
read_unit_link (const AstStationRoot *root, const char *unit)
{
  g_autofree char *path = g_strconcat (UNITS, unit, NULL);
  g_autofree char *place = ast_station_root_locate (root, path);

  return g_file_read_link (place, NULL);
}

static char *
check_masked (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *target = read_unit_link (root, point->subject);

  return g_strcmp0 (target, "/dev/null") == 0 ? NULL
                                              : g_strdup_printf (_ ("%s is not masked."), point->subject);
}

static gboolean
run_systemctl (const AstStationRoot *root, const char *verb, const char *unit, GError **error)
{
  const char *const words[] = { "systemctl", "--no-reload", "--quiet", verb, unit, NULL };

  return ast_station_root_run (root, words, error);
}

static gboolean
apply_masked (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
              GError **error)
{
  g_autofree char *path = g_strconcat (UNITS, point->subject, NULL);

  return clear (journal, root, path, error) && run_systemctl (root, "mask", point->subject, error);
}

static char *
check_enabled (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *answer = ask_systemctl (root, "is-enabled", point->subject, NULL);

  return strcmp (answer, "enabled") == 0 ? NULL : g_strdup_printf (_ ("%s is not enabled."), point->subject);
}

static gboolean
apply_enabled (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
               GError **error)
{
  g_autofree char *path = g_strconcat (UNITS, point->source, ".wants/", point->subject, NULL);

  return clear (journal, root, path, error) && run_systemctl (root, "enable", point->subject, error);
}

static char *
check_target (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *answer = ask_systemctl (root, "get-default", NULL, NULL);

  return strcmp (answer, point->subject) == 0
             ? NULL
             : g_strdup_printf (_ ("The default target is not %s."), point->subject);
}

static gboolean
apply_target (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
              GError **error)
{
  return clear (journal, root, UNITS "default.target", error)
         && run_systemctl (root, "set-default", point->subject, error);
}

// Debian's display managers all come up through this one link.
static char *
check_no_link (const AstStationPoint *point, const AstStationRoot *root)
{
  g_autofree char *place = ast_station_root_locate (root, point->subject);
  struct stat found;

  return g_lstat (place, &found) != 0
             ? NULL
             : g_strdup_printf (_ ("%s starts another login screen."), point->subject);
}

static gboolean
apply_no_link (const AstStationPoint *point, const AstStationRoot *root, AstStationJournal *journal,
               GError **error)
{
  return clear (journal, root, point->subject, error);
}

static const AstPointKind masked = { N_ ("mask %s"), check_masked, apply_masked };
static const AstPointKind enabled = { N_ ("enable %s"), check_enabled, apply_enabled };
static const AstPointKind target = { N_ ("make %s the default target"), check_target, apply_target };
static const AstPointKind no_link = { N_ ("take away %s"), check_no_link, apply_no_link };

// ---------------------------------------------------------------------------------------------------------------
// The table

#define FILE_POINT(name, path, source)                                                                       \
  {                                                                                                          \
    name, &file, path, source, 0, FALSE, BOTH                                                                \
  }
#define FOLDER_POINT(name, path, mode, is_stations)                                                          \
  {                                                                                                          \
    name, &folder, path, NULL, mode, is_stations, BOTH                                                       \
  }
#define MASK_POINT(name, unit)                                                                               \
  {                                                                                                          \
    name, &masked, unit, NULL, 0, FALSE, BOTH                                                                \
  }

static const AstStationPoint points[] = {
  { "ssh", &ssh, "ssh.service", NULL, 0, FALSE, BOTH },
  { "administrator", &administrator, "/etc/passwd", NULL, 0, FALSE, BOTH },
  { "kiosk", &program, AST_BINDIR "/asteroide", "asteroide", 0, FALSE, BOTH },
  { "session", &program, AST_LIBEXECDIR "/asteroide-session", "asteroide", 0, FALSE, BOTH },
  { "xorg", &program, "/usr/lib/xorg/Xorg", "xserver-xorg-core", 0, FALSE, AST_STATION_X11 },
  { "xinit", &program, "/usr/bin/xinit", "xinit", 0, FALSE, AST_STATION_X11 },
  { "xauth", &program, "/usr/bin/xauth", "xauth", 0, FALSE, AST_STATION_X11 },
  { "cage", &program, "/usr/bin/cage", "cage", 0, FALSE, AST_STATION_CAGE },
  { "xwayland", &program, "/usr/bin/Xwayland", "xwayland", 0, FALSE,
    AST_STATION_CAGE }, // cage ends without it
  FILE_POINT ("sysusers", "/etc/sysusers.d/asteroide.conf", "sysusers.conf"),
  { "accounts", &accounts, AST_STATION_USER, NULL, 0, FALSE, BOTH },
  { "limits", &limits, UNITS "user-UID.slice.d/asteroide.conf", "limits.conf", 0, FALSE, BOTH },
  FILE_POINT ("tmpfiles", "/etc/tmpfiles.d/asteroide.conf", "tmpfiles.conf"),
  FOLDER_POINT ("appliances", "/var/lib/asteroide/appliances", 0755, FALSE),
  FOLDER_POINT ("home", "/var/lib/asteroide/home", 0700, TRUE),
  FOLDER_POINT ("overlays", "/var/lib/asteroide/overlays", 0700, TRUE),
  FOLDER_POINT ("warm", "/var/lib/asteroide/warm", 0700, TRUE),
  FILE_POINT ("pam", "/etc/pam.d/asteroide", "pam"),
  FILE_POINT ("polkit", "/etc/polkit-1/rules.d/40-asteroide.rules", "polkit.rules"),
  FILE_POINT ("udev", "/etc/udev/rules.d/59-asteroide.rules", "udev.rules"), // before 60-persistent-storage
  FILE_POINT ("dbus", "/etc/dbus-1/system.d/org.asteroide.Kiosk1.conf", "dbus.conf"),
  FILE_POINT ("apparmor", "/etc/apparmor.d/asteroide-kiosk", "apparmor"),
  FILE_POINT ("sysrq", "/etc/sysctl.d/zz-asteroide.conf", "sysctl.conf"), // behind 99-sysctl.conf
  FILE_POINT ("logind", "/etc/systemd/logind.conf.d/asteroide.conf", "logind.conf"),
  FILE_POINT ("ctrl-alt-del-burst", "/etc/systemd/system.conf.d/asteroide.conf", "system.conf"),
  MASK_POINT ("ctrl-alt-del", "ctrl-alt-del.target"),
  MASK_POINT ("kbrequest", "kbrequest.target"), // Alt+Up on a console
  MASK_POINT ("getty", "getty@.service"),
  MASK_POINT ("autovt", "autovt@.service"),
  MASK_POINT ("console-getty", "console-getty.service"),
  MASK_POINT ("getty-static", "getty-static.service"),
  MASK_POINT ("serial-getty", "serial-getty@.service"),
  MASK_POINT ("debug-shell", "debug-shell.service"), // root on tty9, by a word on the kernel's command line
  { "display-manager", &no_link, UNITS "display-manager.service", NULL, 0, FALSE, BOTH },
  { "unit", &file, UNITS "asteroide.service", "asteroide.service", 0, FALSE, AST_STATION_X11 },
  { "unit", &file, UNITS "asteroide-cage.service", "asteroide-cage.service", 0, FALSE, AST_STATION_CAGE },
  { "enabled", &enabled, "asteroide.service", "graphical.target", 0, FALSE, AST_STATION_X11 },
  { "enabled", &enabled, "asteroide-cage.service", "graphical.target", 0, FALSE, AST_STATION_CAGE },
  FILE_POINT ("warm-unit", UNITS "asteroide-warm.service", "asteroide-warm.service"),
  FILE_POINT ("warm-timer", UNITS "asteroide-warm.timer", "asteroide-warm.timer"),
  { "warm-enabled", &enabled, "asteroide-warm.timer", "timers.target", 0, FALSE, BOTH },
  { "target", &target, "graphical.target", NULL, 0, FALSE, BOTH },
};

AstStationSession
ast_station_session_from_word (const char *word)
{
  if (strcmp (word, "x11") == 0)
    return AST_STATION_X11;
  return strcmp (word, "cage") == 0 ? AST_STATION_CAGE : 0;
}

GPtrArray *
ast_station_points_of (AstStationSession session)
{
  GPtrArray *of_session = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    if (points[i].sessions & session)
      g_ptr_array_add (of_session, (gpointer)&points[i]);
  return of_session;
}

const char *
ast_station_point_get_name (const AstStationPoint *self)
{
  return self->name;
}

char *
ast_station_point_get_subject (const AstStationPoint *self, const AstStationRoot *root)
{
  char *path = self->kind == &limits ? locate_limits (root) : NULL;

  return path ? path : g_strdup (self->subject);
}

char *
ast_station_point_describe (const AstStationPoint *self, const AstStationRoot *root)
{
  g_autofree char *subject = ast_station_point_get_subject (self, root);
  g_auto (GStrv) halves = g_strsplit (_ (self->kind->verb), "%s", 2);

  return g_strjoinv (subject, halves);
}

gboolean
ast_station_point_is_condition (const AstStationPoint *self)
{
  return self->kind->apply == NULL;
}

char *
ast_station_point_check (const AstStationPoint *self, const AstStationRoot *root)
{
  return self->kind->check (self, root);
}

gboolean
ast_station_point_apply (const AstStationPoint *self, const AstStationRoot *root, AstStationJournal *journal,
                         GError **error)
{
  return self->kind->apply (self, root, journal, error);
}
