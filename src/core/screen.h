// SPDX-License-Identifier: GPL-3.0-or-later
// The seam between a running guest and what shows it: SPICE in the kiosk today.
#pragma once
#include "config.h"
#include "host.h"
#include "policy.h"
#include "redirection.h"
#include "volume.h"

G_BEGIN_DECLS

#define AST_TYPE_SCREEN (ast_screen_get_type ())
// Signals: "shown": the guest's first frame was drawn; "desktop-ready": the guest's session agent is
// connected; "lost": the connection to the screen ended (the guest may have, too: its machine tells);
// "redirections-changed": the list of devices, or something in it, is another one;
// "heads-changed": the number of heads that can be shown is another one.
G_DECLARE_INTERFACE (AstScreen, ast_screen, AST, SCREEN, GObject)

// A monitor that shows one of the guest's heads, among all that do. Pixels are those of the device, however
// large the toolkit draws; the origin is at or beyond the upper left corner of all of them.
typedef struct
{
  guint x;
  guint y;
  guint width;
  guint height;
  guint width_mm; // 0 = not known
  guint height_mm;
} AstHeadPlace;

struct _AstScreenInterface
{
  GTypeInterface parent;
  void (*prepare) (AstScreen *, const AstConfig *, AstAppliance *, const AstPolicy *);
  void (*await) (AstScreen *, AstMachine *);
  void (*attach) (AstScreen *, AstMachine *);
  void (*detach) (AstScreen *);
  void (*send_chord) (AstScreen *, const guint *, guint);
  GPtrArray *(*list_redirections) (AstScreen *);
  gboolean (*redirect) (AstScreen *, const char *, gboolean, GError **);
  void (*set_volume) (AstScreen *, AstVolume);
  guint (*get_n_heads) (AstScreen *);
  GObject *(*get_head) (AstScreen *, guint);
  void (*place_heads) (AstScreen *, const AstHeadPlace *, guint);
};

// A guest of this appliance, which may use what the policy says, will be attached soon: get everything ready
// that needs no guest. `config` outlives the screen, the policy is copied.
void ast_screen_prepare (AstScreen *self, const AstConfig *config, AstAppliance *appliance,
                         const AstPolicy *policy);
// The machine stands still, and may be attached later: connects to its picture, and neither shows nor tells
// anything, nor gives it any device.
void ast_screen_await (AstScreen *self, AstMachine *machine);
// The machine runs: show it.
void ast_screen_attach (AstScreen *self, AstMachine *machine);
// Let go of the guest and forget its picture. Harmless if nothing is attached.
void ast_screen_detach (AstScreen *self);
// Presses and releases keys (GDK key values) together in the guest. Nothing happens if none is shown.
void ast_screen_send_chord (AstScreen *self, const guint *keys, guint n_keys);
// The devices that the guest has or could have, AstRedirection*, oldest first; empty without a guest. The
// caller unrefs it.
GPtrArray *ast_screen_list_redirections (AstScreen *self);
// Gives a device of the list to the guest, or takes it back, a disc out of its drive as well. What comes of
// it is told by the list. Fails with NO_SUCH_DEVICE; with REFUSED where the policy is against it.
gboolean ast_screen_redirect (AstScreen *self, const char *id, gboolean in, GError **error);
// How loud the station plays what guests play: the one that is attached, at once, and those to come.
void ast_screen_set_volume (AstScreen *self, AstVolume volume);
// How many heads (monitors) of the guest can be shown now, the one that the screen itself shows among them.
// One until the guest says more; "heads-changed" tells.
guint ast_screen_get_n_heads (AstScreen *self);
// What shows a further head, 1 and up to the number: a widget, the screen's own. It may stand in a container
// of the caller's; it is taken out of there when the head is gone.
GObject *ast_screen_get_head (AstScreen *self, guint head);
// The heads stand on these monitors, from the first head on; those that have none are switched off in the
// guest. Remembered for a guest that cannot hear it yet. Copied.
void ast_screen_place_heads (AstScreen *self, const AstHeadPlace *places, guint n_places);

// For implementations.
void ast_screen_emit_redirections_changed (AstScreen *self);
void ast_screen_emit_shown (AstScreen *self);
void ast_screen_emit_desktop_ready (AstScreen *self);
void ast_screen_emit_lost (AstScreen *self);
void ast_screen_emit_heads_changed (AstScreen *self);

G_END_DECLS
