// SPDX-License-Identifier: GPL-3.0-or-later
// The strip at the top of a session, drawn by the kiosk and never by the guest: what runs, what becomes of
// it, the way out.
#pragma once
#include "policy.h"
#include "state.h"
#include "volume.h"
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define AST_TYPE_HOST_BAR (ast_host_bar_get_type ())
// Signals, all of what the person wants: "end": the session to end; "force": … without waiting for the guest;
// "restart": the same appliance anew; "go-on": a paused guest to try again; "chord": Ctrl+Alt+Del in the
// guest; "redirect" (const char *id, gboolean in): a device there; "turn-volume", with an AstVolumeTurn:
// louder, quieter, silent; "closed": back to work. And "refresh": the bar is open, and shows what it is told
// now.
G_DECLARE_FINAL_TYPE (AstHostBar, ast_host_bar, AST, HOST_BAR, GtkRevealer)

GtkWidget *ast_host_bar_new (void);
// A new session, beginning now; the bar is closed.
void ast_host_bar_begin (AstHostBar *self, const AstAppliance *appliance);
// The name of the shared folder that the session's appliance asks for and this station does not have, or
// NULL. To be told before the policy.
void ast_host_bar_set_missing_share (AstHostBar *self, const char *name);
// What the session may use: actions that are closed have no button, and an exam is told.
void ast_host_bar_set_policy (AstHostBar *self, const AstPolicy *policy);
void ast_host_bar_open (AstHostBar *self);
void ast_host_bar_close (AstHostBar *self);
gboolean ast_host_bar_is_open (AstHostBar *self);
// How loud the station is.
void ast_host_bar_set_volume (AstHostBar *self, AstVolume volume);
// How full the overlay is.
void ast_host_bar_set_room (AstHostBar *self, const AstRoom *room);
// What the guest has or could have of its station, AstRedirection*.
void ast_host_bar_show_devices (AstHostBar *self, const GPtrArray *list);
// The guest stands still, or does no more: opens, says why, and stays open as long as it is so.
void ast_host_bar_set_paused (AstHostBar *self, AstPause pause);
// Would a paused guest get further if it went on?
void ast_host_bar_set_can_go_on (AstHostBar *self, gboolean can_go_on);
// The guest was asked to power off: opens, and counts down until it is forced (seconds; 0 = it is not waited
// for).
void ast_host_bar_set_stopping (AstHostBar *self, guint seconds_to_force);

G_END_DECLS
