// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "error.h"
#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

G_DEFINE_QUARK (ast - error - quark, ast_error)

typedef struct
{
  const char *word;
  const char *advice;
  const char *admin;
} AstErrorText;

#define CHOOSE_OTHER N_ ("Choose another appliance, or call the person who looks after this room.")
#define TRY_AGAIN    N_ ("Try again. If it happens twice, call the person who looks after this room.")

static const AstErrorText texts[] = {
  [AST_ERROR_CONFIGURATION]
  = { "bad-configuration",
      N_ ("This station is not set up correctly. Call the person who looks after this room."),
      N_ ("Mend the station's configuration and start the kiosk again.") },
  [AST_ERROR_DESCRIPTOR]
  = { "bad-descriptor", CHOOSE_OTHER,
      N_ ("Mend the appliance's descriptor: asteroidectl check names file, line and column.") },
  [AST_ERROR_NO_SUCH_APPLIANCE] = { "no-such-appliance", CHOOSE_OTHER,
                                    N_ ("Check the appliance's id and the configured appliance folders.") },
  [AST_ERROR_IMAGE_MISSING]
  = { "image-missing", CHOOSE_OTHER,
      N_ ("Copy the image that is named to its place, or mend its name in the descriptor.") },
  [AST_ERROR_IMAGE_UNREADABLE] = { "image-unreadable", CHOOSE_OTHER,
                                   N_ ("Let the kiosk's user read the image and the folders above it.") },
  [AST_ERROR_IMAGE_FORMAT] = { "image-format", CHOOSE_OTHER,
                               N_ ("Convert the image: disks and layers are qcow2 (or raw, named .raw or "
                                   ".img), CDs are ISO images.") },
  [AST_ERROR_IMAGE_CORRUPT]
  = { "image-corrupt", CHOOSE_OTHER, N_ ("The image is damaged: copy it to this station again.") },
  [AST_ERROR_IMAGE_DIGEST]
  = { "image-digest", CHOOSE_OTHER,
      N_ ("The image is not the one that the descriptor means: copy it again, or correct the digest.") },
  [AST_ERROR_NO_SPACE]
  = { "no-space", CHOOSE_OTHER,
      N_ ("Free space on the file system of the overlays; asteroidectl reset drops kept states.") },
  [AST_ERROR_STORE]
  = { "overlay-store", TRY_AGAIN,
      N_ ("Make the overlay folder writable for the kiosk's user, and only for that user.") },
  [AST_ERROR_BUSY] = { "busy", N_ ("End the running appliance first."),
                       N_ ("asteroidectl status tells what runs; asteroidectl stop ends it.") },
  [AST_ERROR_NO_LIBVIRT]
  = { "no-libvirt", TRY_AGAIN,
      N_ ("Check that libvirt is installed and that the kiosk's user can reach the configured address.") },
  [AST_ERROR_NO_QEMU] = { "no-qemu", N_ ("Call the person who looks after this room."),
                          N_ ("Install QEMU for this machine's architecture (Debian: qemu-system-x86).") },
  [AST_ERROR_START]
  = { "start-failed", TRY_AGAIN,
      N_ ("The hypervisor refused the guest: its own words stand above and in the journal.") },
  [AST_ERROR_GUEST_LOST]
  = { "guest-lost", TRY_AGAIN,
      N_ ("The guest's process ended by itself: its log is in the libvirt log folder of the kiosk's user.") },
  [AST_ERROR_GUEST_CRASHED]
  = { "guest-crashed", TRY_AGAIN,
      N_ ("The system inside the appliance panicked. If it happens again, its teacher has to look at it.") },
  [AST_ERROR_NO_MEMORY]
  = { "no-memory", CHOOSE_OTHER,
      N_ ("Give the appliance less memory, the station more, or end what else runs on it.") },
  [AST_ERROR_SCREEN] = { "screen-lost", TRY_AGAIN,
                         N_ ("The guest ran, but its SPICE screen could not be shown: see the journal.") },
  [AST_ERROR_STOP]
  = { "stop-failed", N_ ("Call the person who looks after this room before anyone else works here."),
      N_ ("The guest could not be verified gone: look for its QEMU process, then run asteroidectl stop "
          "--force.") },
  [AST_ERROR_NO_KIOSK] = { "no-kiosk", N_ ("Call the person who looks after this room."),
                           N_ ("Start the kiosk, or look at its journal.") },
  [AST_ERROR_NO_DISPLAY]
  = { "no-display", N_ ("Call the person who looks after this room."),
      N_ ("Start the kiosk inside an X or Wayland session (DISPLAY or WAYLAND_DISPLAY).") },
  [AST_ERROR_NO_SUCH_DEVICE]
  = { "no-such-device", N_ ("Look at the devices on the bar at the top of the screen."),
      N_ ("asteroidectl devices lists what the running guest has and could have.") },
  [AST_ERROR_WARM] = { "warm", TRY_AGAIN,
                       N_ ("The appliance starts cold until “asteroidectl warm” has prepared it again; "
                           "“asteroidectl warm --list” "
                           "tells why.") },
  [AST_ERROR_DEVICE_REFUSED]
  = { "device-refused", N_ ("Ask the person who looks after this room."),
      N_ ("The rules are in the appliance's descriptor and in the station's configuration.") },
};

const char *
ast_error_word (AstError code)
{
  g_return_val_if_fail ((guint)code < G_N_ELEMENTS (texts), "internal");
  return texts[code].word;
}

const char *
ast_error_word_of (const GError *error)
{
  if (error->domain == AST_ERROR)
    return ast_error_word (error->code);
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "cancelled" : "internal";
}

AstError
ast_error_of_errno (int code)
{
  return code == ENOSPC || code == EDQUOT ? AST_ERROR_NO_SPACE : AST_ERROR_STORE;
}

GError *
ast_error_from_word (const char *word, const char *message)
{
  for (guint code = 0; code < G_N_ELEMENTS (texts); code++)
    if (g_strcmp0 (word, texts[code].word) == 0)
      return g_error_new_literal (AST_ERROR, code, message);
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, message);
}

const char *
ast_error_advice (AstError code)
{
  g_return_val_if_fail ((guint)code < G_N_ELEMENTS (texts), "");
  return _ (texts[code].advice);
}

const char *
ast_error_admin_advice (AstError code)
{
  g_return_val_if_fail ((guint)code < G_N_ELEMENTS (texts), "");
  return _ (texts[code].admin);
}

// "image-missing" → "org.asteroide.Error.ImageMissing"
static char *
dbus_name (const char *word)
{
  g_auto (GStrv) parts = g_strsplit (word, "-", -1);
  g_autoptr (GString) name = g_string_new ("org.asteroide.Error.");

  for (guint i = 0; parts[i]; i++)
    {
      parts[i][0] = g_ascii_toupper (parts[i][0]);
      g_string_append (name, parts[i]);
    }
  return g_string_free (g_steal_pointer (&name), FALSE);
}

void
ast_error_register_on_dbus (void)
{
  for (guint code = 0; code < G_N_ELEMENTS (texts); code++)
    {
      g_autofree char *name = dbus_name (texts[code].word);

      g_dbus_error_register_error (AST_ERROR, code, name);
    }
}
