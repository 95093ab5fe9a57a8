// SPDX-License-Identifier: GPL-3.0-or-later
#include "config.h"
#include "error.h"
#include "folder.h"
#include "usb-rule.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

typedef struct
{
  char *folder;
  char *file;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = make_folder ();
  self->file = g_build_filename (self->folder, "asteroide.conf", NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  remove_folder (self->folder);
  g_free (self->file);
}

static void
write_file (const Fixture *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static AstConfig *
load (const Fixture *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  AstConfig *config;

  write_file (self, "asteroide.conf", text);
  config = ast_config_load (self->file, &error);
  g_assert_no_error (error);
  return config;
}

// `expected` follows the file's path.
static void
assert_error (const Fixture *self, const GError *error, const char *expected)
{
  g_assert_error (error, AST_ERROR, AST_ERROR_CONFIGURATION);
  g_assert_true (g_str_has_prefix (error->message, self->file));
  g_assert_cmpstr (error->message + strlen (self->file), ==, expected);
}

static void
assert_fails (const Fixture *self, const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;

  write_file (self, "asteroide.conf", text);
  g_assert_null (ast_config_load (self->file, &error));
  assert_error (self, error, expected);
}

static void
assert_warning (const Fixture *self, const AstConfig *config, guint at, const char *expected)
{
  const char *warning;

  g_assert_cmpuint (config->warnings->len, >, at);
  warning = g_ptr_array_index (config->warnings, at);
  g_assert_true (g_str_has_prefix (warning, self->file));
  g_assert_cmpstr (warning + strlen (self->file), ==, expected);
}

static void
assert_default (const AstConfig *config)
{
  g_assert_cmpstr (config->name, ==, g_get_host_name ());
  g_assert_false (config->exam);
  g_assert_null (config->help_url);
  g_assert_cmpuint (g_strv_length (config->appliances), ==, 2);
  g_assert_true (g_str_has_suffix (config->appliances[0], "/asteroide/appliances"));
  g_assert_cmpstr (config->appliances[1], ==, "/var/lib/asteroide/appliances");
  g_assert_cmpuint (g_strv_length (config->images), ==, 0);
  g_assert_cmpstr (config->overlays, ==, "/var/lib/asteroide/overlays");
  g_assert_cmpstr (config->runtime, ==, "/run/asteroide");
  g_assert_cmpstr (config->uri, ==, "qemu:///session");
  g_assert_cmpint (config->accel, ==, AST_ACCEL_AUTO);
  g_assert_null (config->default_id);
  g_assert_cmpuint (config->timeout_seconds, ==, 30);
  g_assert_cmpuint (config->stop_seconds, ==, 60);
  g_assert_cmpuint (config->reserve_mib, ==, 1024);
  g_assert_cmpuint (config->overlay_mib, ==, 0);
  g_assert_cmpuint (config->idle_minutes, ==, 0);
  g_assert_cmpstr (config->bar_chord, ==, "<Control><Alt>Home");
  g_assert_cmpuint (config->usb_rules->len, ==, 0);
  g_assert_cmpuint (config->volume, ==, 100);
  g_assert_cmpint (config->bus, ==, AST_BUS_AUTO);
  g_assert_cmpstr (config->title, ==, "ASTEROIDE");
  g_assert_null (config->logo);
  g_assert_null (config->accent);
  g_assert_null (config->background);
  g_assert_null (config->wallpaper);
  g_assert_cmpuint (config->warnings->len, ==, 0);
}

static void
test_default (Fixture *self, gconstpointer data)
{
  g_autoptr (AstConfig) none = ast_config_new_default ();
  g_autoptr (AstConfig) empty = load (self, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (AstConfig) absent = NULL;

  assert_default (none);
  assert_default (empty);
  g_unlink (self->file);
  absent = ast_config_load_folder (self->folder, &error);
  g_assert_no_error (error);
  assert_default (absent);
}

// The example of the design, word for word.
static void
test_example (Fixture *self, gconstpointer data)
{
  g_autoptr (AstConfig) config = load (
      self,
      "[station]\n"
      "name=b12-07\n"
      "[paths]\n"
      "appliances=/etc/asteroide/appliances;/var/lib/asteroide/appliances\n"
      "overlays=/var/lib/asteroide/overlays\n"
      "runtime=/run/asteroide\n"
      "[libvirt]\n"
      "uri=qemu:///session\n"
      "accel=auto            # auto | kvm | tcg; auto probes, a /dev/kvm that opens may still not work\n"
      "[launcher]\n"
      "default=netlab\n"
      "timeout=30\n");

  g_assert_cmpstr (config->name, ==, "b12-07");
  g_assert_cmpuint (g_strv_length (config->appliances), ==, 2);
  g_assert_cmpstr (config->appliances[0], ==, "/etc/asteroide/appliances");
  g_assert_cmpstr (config->appliances[1], ==, "/var/lib/asteroide/appliances");
  g_assert_cmpint (config->accel, ==, AST_ACCEL_AUTO);
  g_assert_cmpstr (config->default_id, ==, "netlab");
  g_assert_cmpuint (config->timeout_seconds, ==, 30);
  g_assert_cmpuint (config->warnings->len, ==, 0);
}

static void
assert_rules (const AstConfig *config, const char *expected)
{
  g_autoptr (GString) rules = g_string_new (NULL);

  for (guint i = 0; i < config->usb_rules->len; i++)
    {
      g_autofree char *text = ast_usb_rule_to_text (g_ptr_array_index (config->usb_rules, i));

      g_string_append_printf (rules, "%s%s", i ? ";" : "", text);
    }
  g_assert_cmpstr (rules->str, ==, expected);
}

// A list counts as a whole: a later file takes the earlier one's rules back, and an empty one all of them.
static void
test_rules (Fixture *self, gconstpointer data)
{
  g_autoptr (GString) many = g_string_new ("[usb]\nrules=");
  g_autoptr (GError) error = NULL;
  g_autoptr (AstConfig) replaced = NULL;
  g_autoptr (AstConfig) emptied = NULL;

  write_file (self, "asteroide.conf", "[usb]\nrules=deny class=video;deny class=audio\n");
  write_file (self, "asteroide.conf.d/1.conf", "[usb]\nrules=deny class=printer\n");
  replaced = ast_config_load_folder (self->folder, &error);
  g_assert_no_error (error);
  assert_rules (replaced, "deny class=printer");
  write_file (self, "asteroide.conf.d/2.conf", "[usb]\nrules=\n");
  emptied = ast_config_load_folder (self->folder, &error);
  g_assert_no_error (error);
  assert_rules (emptied, "");
  for (guint i = 0; i < 65; i++)
    g_string_append (many, "deny;");
  assert_fails (self, many->str, ":2: [usb] rules: There are more than 64 rules.");
}

static void
test_every_key (Fixture *self, gconstpointer data)
{
  g_autoptr (AstConfig) config = load (
      self, "# a comment\n\n"
            "[station]\n name = b12-08 # in the corner\nexam=yes # until noon\n"
            "help-url=https://help/?s={station}#{code} # tickets\n"
            "[paths]\n"
            "appliances=lab;/srv/lab ;\n"
            "images=../images;\n"
            "overlays=overlays # on tmpfs\n"
            "runtime=./run/../run\n"
            "[libvirt]\nuri=qemu:///system # for all\naccel = tcg # slow\n"
            "[launcher]\ndefault=0.a_b-c\ntimeout=0 # none\n"
            "[session]\nstop-seconds=5\nreserve-mib=0\noverlay-mib=64\nidle-minutes=45\nbar-chord=<Super>F12\n"
            "[usb]\nrules = deny class=video ; allow vendor=046d product=0825;; deny port=1-4*; # the rest\n"
            "[sound]\nvolume=0 # silent\n"
            "[dbus]\nbus=system\n"
            "[branding]\ntitle=Room # 12\nlogo=logo.svg\naccent=#1a5fb4 # blue\n"
            "background=rgb(1, 2, 3)\nwallpaper=/srv/wall.JPG\n");
  g_autofree char *lab = g_build_filename (self->folder, "lab", NULL);
  g_autofree char *overlays = g_build_filename (self->folder, "overlays", NULL);
  g_autofree char *runtime = g_build_filename (self->folder, "run", NULL);
  g_autofree char *logo = g_build_filename (self->folder, "logo.svg", NULL);
  g_autofree char *parent = g_path_get_dirname (self->folder);
  g_autofree char *images = g_build_filename (parent, "images", NULL);

  g_assert_cmpstr (config->name, ==, "b12-08");
  g_assert_true (config->exam);
  g_assert_cmpstr (config->help_url, ==, "https://help/?s={station}#{code}");
  g_assert_cmpuint (g_strv_length (config->appliances), ==, 2);
  g_assert_cmpstr (config->appliances[0], ==, lab);
  g_assert_cmpstr (config->appliances[1], ==, "/srv/lab");
  g_assert_cmpuint (g_strv_length (config->images), ==, 1);
  g_assert_cmpstr (config->images[0], ==, images);
  g_assert_cmpstr (config->overlays, ==, overlays);
  g_assert_cmpstr (config->runtime, ==, runtime);
  g_assert_cmpstr (config->uri, ==, "qemu:///system");
  g_assert_cmpint (config->accel, ==, AST_ACCEL_TCG);
  g_assert_cmpstr (config->default_id, ==, "0.a_b-c");
  g_assert_cmpuint (config->timeout_seconds, ==, 0);
  g_assert_cmpuint (config->stop_seconds, ==, 5);
  assert_rules (config, "deny class=video;allow vendor=046d product=0825;deny port=1-4*");
  g_assert_cmpuint (config->reserve_mib, ==, 0);
  g_assert_cmpuint (config->overlay_mib, ==, 64);
  g_assert_cmpuint (config->idle_minutes, ==, 45);
  g_assert_cmpstr (config->bar_chord, ==, "<Super>F12");
  g_assert_cmpuint (config->volume, ==, 0);
  g_assert_cmpint (config->bus, ==, AST_BUS_SYSTEM);
  g_assert_cmpstr (config->title, ==, "Room # 12");
  g_assert_cmpstr (config->logo, ==, logo);
  g_assert_cmpstr (config->accent, ==, "#1a5fb4");
  g_assert_cmpstr (config->background, ==, "rgb(1, 2, 3)");
  g_assert_cmpstr (config->wallpaper, ==, "/srv/wall.JPG");
  g_assert_cmpuint (config->warnings->len, ==, 0);
}

// What is written is read as it was.
static void
test_to_text (Fixture *self, gconstpointer data)
{
  g_autoptr (AstConfig) first
      = load (self, "[station]\nname=Salle 2 \\\\ é\nexam=yes\nhelp-url=https://help/?s={station}#x\n"
                    "[paths]\nappliances=/a b;/c\nimages=\n[libvirt]\naccel=kvm\n[session]\nreserve-mib=7\n"
                    "[usb]\nrules=deny class=video;allow vendor=046d product=0825\n"
                    "[shares]\ncourse=/srv/course\n[branding]\ntitle=Room # 12\naccent=#1a5fb4\n");
  g_autoptr (AstConfig) none = ast_config_new_default ();
  g_autofree char *text = ast_config_to_text (first);
  g_autofree char *defaults = ast_config_to_text (none);
  g_autoptr (AstConfig) second = load (self, text);
  g_autofree char *again = ast_config_to_text (second);
  g_autoptr (AstConfig) third = load (self, defaults);

  g_assert_cmpstr (again, ==, text);
  g_assert_cmpuint (second->warnings->len, ==, 0);
  g_assert_cmpstr (second->name, ==, "Salle 2 \\ é");
  g_assert_cmpstr (second->help_url, ==, "https://help/?s={station}#x");
  g_assert_cmpstr (second->appliances[0], ==, "/a b");
  g_assert_cmpuint (g_strv_length (second->images), ==, 0);
  g_assert_cmpint (second->accel, ==, AST_ACCEL_KVM);
  g_assert_cmpuint (second->reserve_mib, ==, 7);
  assert_rules (second, "deny class=video;allow vendor=046d product=0825");
  g_assert_cmpstr (g_hash_table_lookup (second->shares, "course"), ==, "/srv/course");
  g_assert_cmpstr (second->title, ==, "Room # 12");
  g_assert_cmpstr (second->accent, ==, "#1a5fb4");
  assert_default (third);
}

static void
test_bad_values (Fixture *self, gconstpointer data)
{
  assert_fails (self, "[libvirt]\naccel=fast\n",
                ":2: [libvirt] accel: “fast” is not known. Write one of: auto, kvm, tcg.");
  assert_fails (self, "[libvirt]\n\nuri=local\n",
                ":3: [libvirt] uri: “local” is not an address of libvirt, as in qemu:///session.");
  assert_fails (self, "[station]\nhelp-url=help.example.org\n",
                ":2: [station] help-url: This is not an address of a page, as in "
                "https://help.example.org/?station={station}.");
  assert_fails (self, "[station]\nhelp-url=https://help/{room}\n",
                ":2: [station] help-url: Braces stand around a word that is replaced: {station}, {code}, "
                "{time} or {appliance}.");
  assert_fails (self, "[launcher]\ntimeout=soon\n",
                ":2: [launcher] timeout: “soon” is not a whole number from 0 to 3600.");
  assert_fails (self, "[launcher]\ntimeout=-1\n",
                ":2: [launcher] timeout: “-1” is not a whole number from 0 to 3600.");
  assert_fails (self, "[launcher]\ndefault=Net Lab\n",
                ":2: [launcher] default: “Net Lab” cannot be an appliance's id.");
  assert_fails (self, "[session]\nstop-seconds=0\n",
                ":2: [session] stop-seconds: “0” is not a whole number from 1 to 3600.");
  assert_fails (self, "[sound]\nvolume=101\n",
                ":2: [sound] volume: “101” is not a whole number from 0 to 100.");
  assert_fails (self, "[session]\nbar-chord=Ctrl+Home\n",
                ":2: [session] bar-chord: “Ctrl+Home” is not a key chord, as in <Control><Alt>Home.");
  assert_fails (self, "[usb]\nrules=deny class=audio;forbid class=video\n",
                ":2: [usb] rules: “forbid class=video” is not a rule. A rule begins with allow or deny.");
  assert_fails (self, "[usb]\nrules=deny product=0825\n",
                ":2: [usb] rules: A product needs its vendor beside it.");
  assert_fails (self, "[dbus]\nbus=tram\n",
                ":2: [dbus] bus: “tram” is not known. Write one of: auto, session, system.");
  assert_fails (self, "[branding]\naccent=#12345\n",
                ":2: [branding] accent: “#12345” is not a colour, as in #1a5fb4.");
  assert_fails (self, "[branding]\naccent=red; } * {\n",
                ":2: [branding] accent: “red; } * {” is not a colour, as in #1a5fb4.");
  assert_fails (
      self, "[branding]\nlogo=logo.gif\n",
      ":2: [branding] logo: “logo.gif” is not a picture that can be shown: its name ends in .svg, .png.");
  assert_fails (self, "[branding]\ntitle=\n",
                ":2: [branding] title: The value is empty. Write one, or remove the line.");
  assert_fails (
      self, "[branding]\ntitle=Room\\q\\\n",
      ":2: [branding] title: A backslash in the value means nothing. Write two where one is meant.");
  assert_fails (self, "[station]\nname=b12\\n08\n",
                ":2: [station] name: There is a control character here. Remove it.");
  assert_fails (self, "[paths]\noverlays= # none\n",
                ":2: [paths] overlays: The path is empty. Write one, or remove the line.");
  assert_fails (self, "[paths]\nappliances=;\n",
                ":2: [paths] appliances: The list is empty. Write at least one folder, or remove the line.");
}

static void
test_bad_lines (Fixture *self, gconstpointer data)
{
  assert_fails (self, "[paths]\noverlays\n",
                ":2: This line is neither a [group], nor a key=value, nor a comment beginning with #.");
  assert_fails (self, "# here\nname=x\n", ":2: A key stands before the first [group].");
  assert_fails (self, "[paths\n", ":1: A group is written in brackets, alone on its line, as in [paths].");
  assert_fails (self, "[paths] # folders\n",
                ":1: A group is written in brackets, alone on its line, as in [paths].");
  assert_fails (self, "[station]\nname=Caf\xe9\n", ":2: This is not UTF-8 text. Save the file as UTF-8.");
}

static void
test_zero_byte (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (self->file, "[station]\n\0name=x\n", 18, NULL));
  g_assert_null (ast_config_load (self->file, &error));
  assert_error (self, error, ":2: There is a zero byte here: this is not a text file.");
}

static void
test_warnings (Fixture *self, gconstpointer data)
{
  g_autoptr (AstConfig) config
      = load (self, "[station]\nname=a\nroom=b12\n\n[extra]\nx=1\n[station]\nname=b\n");

  g_assert_cmpstr (config->name, ==, "b");
  g_assert_cmpuint (config->warnings->len, ==, 3);
  assert_warning (self, config, 0, ":8: [station] name is set twice; this line counts.");
  assert_warning (self, config, 1, ":3: [station] has no key “room”.");
  assert_warning (self, config, 2, ":5: There is no group [extra].");
}

static void
test_drop_ins (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstConfig) config = NULL;
  g_autoptr (AstConfig) alone = NULL;
  g_autofree char *lab = g_build_filename (self->folder, "asteroide.conf.d", "lab", NULL);

  write_file (self, "asteroide.conf",
              "[station]\nname=main\nhelp-url=https://help/\n[launcher]\ndefault=netlab\ntimeout=10\n");
  write_file (self, "asteroide.conf.d/20-b.conf",
              "[station]\nhelp-url=\n[launcher]\ntimeout=22\ndefault=\n[paths]\nappliances=lab\n");
  write_file (self, "asteroide.conf.d/10-a.conf", "[launcher]\ntimeout=11\n[branding]\ntitle=A\n");
  write_file (self, "asteroide.conf.d/30-c.conf~", "[launcher]\ntimeout=33\n");
  write_file (self, "asteroide.conf.d/.40.conf", "[launcher]\ntimeout=44\n");
  config = ast_config_load_folder (self->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (config->name, ==, "main");
  g_assert_cmpuint (config->timeout_seconds, ==, 22);
  g_assert_null (config->default_id);
  g_assert_null (config->help_url);
  g_assert_cmpstr (config->title, ==, "A");
  g_assert_cmpstr (config->appliances[0], ==, lab);
  alone = ast_config_load (self->file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (alone->timeout_seconds, ==, 10);
  write_file (self, "asteroide.conf.d/50-d.conf", "[libvirt]\naccel=x\n");
  g_assert_null (ast_config_load_folder (self->folder, &error));
  g_assert_nonnull (strstr (error->message, "asteroide.conf.d/50-d.conf:2: [libvirt] accel:"));
}

static void
test_drop_ins_alone (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstConfig) config = NULL;

  write_file (self, "asteroide.conf.d/a.conf", "[station]\nname=dropped\n");
  config = ast_config_load_folder (self->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (config->name, ==, "dropped");
}

static void
test_files (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) folder = NULL;
  g_autoptr (GError) pipe_error = NULL;

  g_assert_null (ast_config_load (self->file, &missing));
  assert_error (self, missing, ": There is no such configuration file.");
  g_assert_cmpint (g_mkdir (self->file, 0755), ==, 0);
  g_assert_null (ast_config_load (self->file, &folder));
  assert_error (self, folder, ": This is a folder. Name the configuration file in it.");
  g_rmdir (self->file);
  g_assert_cmpint (mkfifo (self->file, 0644), ==, 0);
  g_assert_null (ast_config_load (self->file, &pipe_error));
  assert_error (self, pipe_error, ": This is not an ordinary file.");
}

static void
test_unreadable (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  uid_t user = geteuid ();

  write_file (self, "asteroide.conf", "");
  g_assert_cmpint (g_chmod (self->folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (self->file, 0000), ==, 0);
  g_assert_true (user != 0 || seteuid (NOBODY) == 0);
  g_assert_null (ast_config_load (self->file, &error));
  g_assert_cmpint (seteuid (user), ==, 0);
  assert_error (self, error, ": Permission denied");
}

// A file that another program grew without end is not read into memory.
static void
test_too_large (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_file (self, "asteroide.conf", "");
  g_assert_cmpint (truncate (self->file, 10 * 1024 * 1024), ==, 0);
  g_assert_null (ast_config_load (self->file, &error));
  assert_error (self, error, ": The file is far too large for a configuration.");
}

static const char *
share (const AstConfig *config, const char *name)
{
  return g_hash_table_lookup (config->shares, name);
}

// Names of the station's own, each a folder; a drop-in changes one and takes one back.
static void
test_shares (Fixture *self, gconstpointer data)
{
  g_autofree char *beside = g_build_filename (self->folder, "beside", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (AstConfig) config = NULL;

  write_file (self, "asteroide.conf",
              "[shares]\ncourse=/srv/course # read by all\nhand-in.2=beside\nold=/srv/old\nnew=/srv/a\n");
  write_file (self, "asteroide.conf.d/room.conf", "[shares]\nold=\nnew=/srv/b\n");
  config = ast_config_load_folder (self->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (config->shares), ==, 3);
  g_assert_cmpstr (share (config, "course"), ==, "/srv/course");
  g_assert_cmpstr (share (config, "hand-in.2"), ==, beside);
  g_assert_cmpstr (share (config, "new"), ==, "/srv/b");
  g_assert_cmpuint (config->warnings->len, ==, 0);
  assert_fails (self, "[shares]\n\nMy Course=/srv\n",
                ":3: [shares] My Course: “My Course” cannot be the name of a shared folder, as in "
                "course=/srv/course.");
  assert_fails (self, "[shares]\ncourse=/srv/\\q\n",
                ":2: [shares] course: A backslash in the value means nothing. Write two where one is meant.");
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/config/default", test_default);
  add ("/config/example", test_example);
  add ("/config/every-key", test_every_key);
  add ("/config/to-text", test_to_text);
  add ("/config/bad-values", test_bad_values);
  add ("/config/bad-lines", test_bad_lines);
  add ("/config/zero-byte", test_zero_byte);
  add ("/config/warnings", test_warnings);
  add ("/config/rules", test_rules);
  add ("/config/shares", test_shares);
  add ("/config/drop-ins", test_drop_ins);
  add ("/config/drop-ins/alone", test_drop_ins_alone);
  add ("/config/files", test_files);
  add ("/config/unreadable", test_unreadable);
  add ("/config/too-large", test_too_large);
  return g_test_run ();
}
