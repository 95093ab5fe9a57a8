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

typedef struct
{
  // [station]
  char *name; // default: the host's name
  // [paths]
  char **appliances; // absolute folders, first wins
  char **images;     // image stores outside the appliance folders; may be empty
  char *overlays;
  char *runtime;
  // [libvirt]
  char *uri;
  AstAccel accel;
  // [launcher]
  char *default_id;      // NULL = no countdown
  guint timeout_seconds; // of the countdown; 0 = none
  // [session]
  guint stop_seconds;    // grace of a stop before it is forced; default 60
  guint reserve_mib;     // free space that must remain in the overlay folder before a start; default 1024
  char *bar_chord;       // GTK accelerator name that opens the host bar; default "<Control><Alt>Home"
  // [branding]
  char *title;      // default "ASTEROIDE"
  char *logo;       // absolute path of an SVG or PNG, or NULL
  char *accent;     // CSS colour, or NULL
  char *background; // CSS colour, or NULL
  char *wallpaper;  // absolute path of an image behind the launcher, or NULL

  GPtrArray *warnings; // char*: unknown groups and keys, by file, in plain words; they change nothing
} AstConfig;

// `file`: replaces /etc/asteroide/asteroide.conf and its drop-ins; NULL = those, where they exist (defaults where
// not). Relative paths in a file are relative to that file's folder. Fails with AST_ERROR_CONFIGURATION, the
// message naming file, line where known, group and key.
AstConfig *ast_config_load (const char *file, GError **error);
// All defaults: what the kiosk falls back to, behind a failure screen, when the configuration cannot be read.
AstConfig *ast_config_new_default (void);
void ast_config_free (AstConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstConfig, ast_config_free)

G_END_DECLS
