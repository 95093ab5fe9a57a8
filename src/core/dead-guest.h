// SPDX-License-Identifier: GPL-3.0-or-later
// What a killed libvirtd has noted of a guest that is dead, too.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Before a session's libvirtd begins: removes its note of our domain (`runtime`: the user's run-time folder)
// where neither a libvirtd nor the guest's QEMU runs. It may tell of a job that nobody holds, for which the
// next libvirtd would wait for half a minute at each call, and keep the domain. Never fails; what cannot be
// told for sure stays.
void ast_dead_guest_forget (const char *runtime);

G_END_DECLS
