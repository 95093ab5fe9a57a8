// SPDX-License-Identifier: GPL-3.0-or-later
// One error domain: one code for each thing that somebody has to do about it.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define AST_ERROR (ast_error_quark ())
GQuark ast_error_quark (void);

typedef enum
{
  AST_ERROR_CONFIGURATION,     // the station's configuration is wrong: the admin mends the file
  AST_ERROR_DESCRIPTOR,        // an appliance.xml is wrong: its teacher mends it
  AST_ERROR_NO_SUCH_APPLIANCE, // the id is in no appliance folder
  AST_ERROR_IMAGE_MISSING,     // a disk, layer or ISO is not where the descriptor says
  AST_ERROR_IMAGE_UNREADABLE,  // it is there, the kiosk's user may not read it
  AST_ERROR_IMAGE_FORMAT,      // it is of another format than its use needs
  AST_ERROR_IMAGE_CORRUPT,     // it is damaged: copy it again
  AST_ERROR_IMAGE_DIGEST,      // its SHA-256 is not the descriptor's
  AST_ERROR_NO_SPACE,          // the overlay folder is too full for a start
  AST_ERROR_STORE,             // the overlay folder cannot be used
  AST_ERROR_BUSY,              // another guest runs on this station
  AST_ERROR_NO_LIBVIRT,        // libvirt does not answer
  AST_ERROR_NO_QEMU,           // QEMU is not installed or cannot run
  AST_ERROR_START,             // libvirt or QEMU refused the domain
  AST_ERROR_GUEST_LOST,        // the guest died by itself, without being asked
  AST_ERROR_GUEST_CRASHED,     // the system in the guest crashed, and said so
  AST_ERROR_NO_MEMORY,         // the station ran out of memory, and the guest was killed for it
  AST_ERROR_SCREEN,            // the guest runs, its screen cannot be shown
  AST_ERROR_STOP,              // the guest could not be brought to an end
  AST_ERROR_NO_KIOSK,          // no kiosk runs that could be steered
  AST_ERROR_NO_DISPLAY,        // the kiosk has no X or Wayland display to draw on
  AST_ERROR_NO_SUCH_DEVICE,    // no such device in the list of a running guest's
  AST_ERROR_WARM,              // what was prepared for a warm start is broken, or none can be prepared
  AST_ERROR_DEVICE_REFUSED,    // a rule of the station or the appliance keeps it from the guest
} AstError;

// The code's stable word ("image-missing"), for --json, D-Bus, the journal and the failure screen. Static.
const char *ast_error_word (AstError code);
// The word of any GError: AST_ERROR's own word, "cancelled" for a cancellation, else "internal". Static.
const char *ast_error_word_of (const GError *error);
// The error that has this word and message; G_IO_ERROR_FAILED where the word is none of ours. The caller
// frees it.
GError *ast_error_from_word (const char *word, const char *message);
// What it is for a store that a file could not be written, by its errno: NO_SPACE or STORE.
AstError ast_error_of_errno (int code);
// What the person in front of the screen can do about it, translated, a full sentence. Static.
const char *ast_error_advice (AstError code);
// What to tell the admin, or what the admin does, translated, a full sentence. Static.
const char *ast_error_admin_advice (AstError code);

// Lets each code cross D-Bus as org.asteroide.Error.Word; both sides call it once before they talk.
void ast_error_register_on_dbus (void);

G_END_DECLS
