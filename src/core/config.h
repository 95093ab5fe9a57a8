// SPDX-License-Identifier: GPL-3.0-or-later
// The station's configuration: a key file and its drop-ins, read once at the top and handed down as a value.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  AST_ACCEL_AUTO, // KVM where a probe says that it runs guests, else emulation
  AST_ACCEL_KVM,
  AST_ACCEL_TCG,
} AstAccel;

typedef enum
{
  AST_BUS_AUTO, // the session bus where there is one, else the system bus
  AST_BUS_SESSION,
  AST_BUS_SYSTEM,
} AstBusChoice;

// Each key is named as its field, with - for _ (`stop-seconds`), but for `default` and `timeout` of
// [launcher], and `rules` of [usb]. A comment may follow a value after a blank and #; only in `title`, # is
// text.
typedef struct
{
  // [station]
  char *name;     // default: the host's name
  gboolean exam;  // the whole station is under exam, whatever the descriptors say; default FALSE
  char *help_url; // of the page that the code on a failure screen leads to, see failure-note.h; NULL = none
  // [paths]
  char **appliances; // absolute folders, first wins
  char **images;     // image stores outside the appliance folders; may be empty
  char **discs;      // folders with ISO images that can be put into a running guest's drive; may be empty
  char *overlays;
  char *runtime;
  char *warm; // of the pairs for warm starts; belongs to the kiosk's user
  // [libvirt]
  char *uri;
  AstAccel accel;
  // [launcher]
  char *default_id;      // `default`; NULL = no countdown
  guint timeout_seconds; // `timeout`, of the countdown, up to 3600; 0 = none; default 30
  // [session]
  guint stop_seconds; // grace of a stop before it is forced, 1 to 3600; default 60
  guint reserve_mib;  // free space, MiB, that a start needs in the overlay folder, and that no guest takes;
                      // default 1024
  guint overlay_mib;  // most that one overlay may take, MiB; 0 = as much as is free; default 0
  guint idle_minutes; // nobody touches anything for so long, and the session ends, up to 1440; 0 = never
  char *bar_chord;    // GTK accelerator name that opens the host bar; default "<Control><Alt>Home"
  gboolean grab; // every key comes to the kiosk, whoever has the focus; no = for a screen reader; default yes
  // [warm]
  guint quota_mib;        // most that all pairs may take, MiB; default 16384
  gboolean map_memory;    // a prepared guest's RAM is mapped, not read; default yes
  gboolean restore_ahead; // the most used warm appliance waits, restored, behind the launcher; default no
  // [usb]
  GPtrArray *usb_rules; // `rules`: AstUsbRule*, the first that fits counts; may be empty
  // [sound]
  guint volume; // of the station when a session begins, 0 to 100, see AstVolume; default 100
  // [shares]
  GHashTable *shares; // char*, the name in <share folder="…"> → char*, absolute folder; may be empty
  // [dbus]
  AstBusChoice bus;
  // [branding]
  char *title;      // default "ASTEROIDE"
  char *logo;       // absolute path of an SVG or PNG, or NULL
  char *accent;     // CSS colour, or NULL
  char *background; // CSS colour, or NULL
  char *wallpaper;  // absolute path of an image behind the launcher, or NULL

  GPtrArray *warnings; // char*: unknown groups and keys, by file and line; they change nothing
} AstConfig;

// `file`: replaces /etc/asteroide/asteroide.conf and its drop-ins; NULL = those, where they exist (defaults
// where not). Relative paths in a file are relative to that file's folder. Fails with
// AST_ERROR_CONFIGURATION, the message naming file, line where known, group and key.
AstConfig *ast_config_load (const char *file, GError **error);
// The same of `folder`/asteroide.conf and then `folder`/asteroide.conf.d/*.conf in the order of their names
// (bytes); a later file's key replaces an earlier one's. `folder`: what /etc/asteroide is on a station.
AstConfig *ast_config_load_folder (const char *folder, GError **error);
// What one file of them says, given its bytes (zero-terminated): laid over `self`, which is of no further use
// when it fails. `path`: absolute; for messages and relative paths. No file is opened.
gboolean ast_config_read (AstConfig *self, const char *path, const char *bytes, gsize length, GError **error);
// All defaults: what the kiosk falls back to, behind a failure screen, when the configuration cannot be read.
AstConfig *ast_config_new_default (void);
// The configuration as it counts, as a key file that can be read again; keys that have no value are left out.
// The caller frees it.
char *ast_config_to_text (const AstConfig *self);
void ast_config_free (AstConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstConfig, ast_config_free)

G_END_DECLS
