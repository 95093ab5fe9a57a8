// SPDX-License-Identifier: GPL-3.0-or-later
// An appliance: what a teacher's appliance.xml says, as an immutable value.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  AST_NETWORK_USER,     // NAT inside the kiosk user's QEMU; needs no privilege
  AST_NETWORK_BRIDGE,   // on a bridge of the station, named by `source`
  AST_NETWORK_ISOLATED, // a card with no way out
  AST_NETWORK_NONE,     // no card at all
} AstNetworkType;

typedef struct
{
  AstNetworkType type;
  char *source; // bridge only: the bridge's name
} AstNetwork;

typedef struct
{
  char *href;   // as written in the descriptor
  char *path;   // absolute, symbolic links not resolved; set by the catalogue, NULL where no file was found
  char *sha256; // 64 lower-case hexadecimal digits, or NULL
  guint line;   // where the descriptor names it; 0 = nowhere
  guint column;
} AstImage;

typedef enum
{
  AST_KEEPING_VOLATILE, // the overlay is discarded at the end
  AST_KEEPING_KEPT,     // the overlay is kept for the next start, until a reset
} AstKeeping;

typedef enum
{
  AST_START_COLD,
  AST_START_WARM,
} AstStartMode;

typedef enum // what the guest may use; absent = not allowed
{
  AST_DEVICE_USB = 1 << 0,
  AST_DEVICE_DVD = 1 << 1,
  AST_DEVICE_SOUND = 1 << 2,
  AST_DEVICE_CLIPBOARD_IN = 1 << 3,  // what is copied on the display of the kiosk reaches the guest
  AST_DEVICE_MICROPHONE = 1 << 4,    // only with sound
  AST_DEVICE_CLIPBOARD_OUT = 1 << 5, // what is copied in the guest reaches the display of the kiosk
  AST_DEVICE_CLIPBOARD = AST_DEVICE_CLIPBOARD_IN | AST_DEVICE_CLIPBOARD_OUT,
  AST_DEVICE_SHARE = 1 << 6,       // reads a folder of the station
  AST_DEVICE_SHARE_WRITE = 1 << 7, // also writes there; only with share
  AST_DEVICE_SMARTCARD = 1 << 8,
} AstDevices;

typedef enum // what <exam allow="…"> leaves open
{
  AST_ALLOW_NETWORK = 1 << 0,
  AST_ALLOW_USB = 1 << 1,
  AST_ALLOW_DVD = 1 << 2,
  AST_ALLOW_CLIPBOARD = 1 << 3,
  AST_ALLOW_END = 1 << 4,
  AST_ALLOW_RESTART = 1 << 5,
  AST_ALLOW_SEND_KEYS = 1 << 6,
  AST_ALLOW_DEVICES = 1 << 7,
  AST_ALLOW_MICROPHONE = 1 << 8,
  AST_ALLOW_SHARE = 1 << 9, // to read, and to write where the descriptor has it so
  AST_ALLOW_SMARTCARD = 1 << 10,
} AstAllowances;

// The descriptor's words for them, in the order of their bits, ended by NULL.
extern const char *const ast_allowance_words[];

// One thing that is wrong with an appliance, for its teacher.
typedef struct
{
  char *file;   // path as it was opened
  guint line;   // from 1; 0 = the file as a whole
  guint column; // from 1; 0 = the line as a whole
  char *text;   // a translated sentence, UTF-8
} AstProblem;

// Read-only for everybody but the parser and the catalogue, which build it before anyone else sees it.
typedef struct
{
  char *id;        // the folder's name; [a-z0-9][a-z0-9._-]{0,63}
  char *folder;    // absolute
  char *name;      // in the reader's language; never NULL (the id where the descriptor has none)
  char *summary;   // in the reader's language, or NULL
  char *category;  // or NULL
  char *icon;      // absolute path of an SVG, or NULL (also where the file is missing)
  guint icon_line; // where the descriptor names the icon; 0 = nowhere
  guint icon_column;
  char *os_id;         // libosinfo id, or NULL
  guint cpus;          // 1 to 64
  guint memory_mib;    // MiB, 16 to 1048576
  AstImage *disk;      // or NULL
  GPtrArray *layers;   // AstImage*, from the disk upwards
  GPtrArray *cdroms;   // AstImage*
  GPtrArray *networks; // AstNetwork*; empty = none
  guint heads;         // monitors, 1 to 4
  AstDevices devices;
  GPtrArray *usb_rules; // AstUsbRule*; the first that fits counts
  guint usb_ports;      // real USB devices at once, 1 to 8; only with AST_DEVICE_USB
  char *share;          // with AST_DEVICE_SHARE: the name by which the station knows the folder; else NULL
  gboolean exam;        // the descriptor has an <exam>
  AstAllowances exam_allows; // nothing without an <exam>
  AstKeeping keeping;
  AstStartMode start_mode;
  char *warm_probe;       // a command line that succeeds in the guest once its desktop is there, or NULL
  gboolean warm_licensed; // the descriptor says that its licence allows warm starts
  char *domain_xml;       // the descriptor's <domain> element, serialised with its own root, or NULL
  GPtrArray *problems;    // AstProblem*; empty = usable
  GPtrArray *warnings;    // AstProblem*: worth mending, yet the appliance works (a missing icon)
} AstAppliance;

// Has the text the form of an id, [a-z0-9][a-z0-9._-]{0,63}?
gboolean ast_appliance_id_is_valid (const char *text);
AstAppliance *ast_appliance_new (const char *id, const char *folder);
AstAppliance *ast_appliance_ref (AstAppliance *self);
void ast_appliance_unref (AstAppliance *self);
gboolean ast_appliance_is_usable (const AstAppliance *self);
// Case- and accent-insensitive: does each of `words` begin a word of name, summary, category or id?
gboolean ast_appliance_matches (const AstAppliance *self, const char *words);

AstImage *ast_image_new (const char *href, const char *sha256);
AstNetwork *ast_network_new (AstNetworkType type, const char *source);
void ast_image_free (AstImage *self);
void ast_network_free (AstNetwork *self);

AstProblem *ast_problem_new (const char *file, guint line, guint column, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
void ast_problem_free (AstProblem *self);
// "file:line:column: sentence", leaving out what is 0. The caller frees it.
char *ast_problem_to_string (const AstProblem *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstAppliance, ast_appliance_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstImage, ast_image_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstNetwork, ast_network_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstProblem, ast_problem_free)

G_END_DECLS
