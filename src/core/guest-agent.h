// SPDX-License-Identifier: GPL-3.0-or-later
// QEMU's agent in a guest, over libvirt: runs a program there. Blocking: for threads.
#pragma once
#include <gio/gio.h>
#include <libvirt/libvirt.h>

G_BEGIN_DECLS

// Does the agent answer? Within seconds.
gboolean ast_guest_agent_is_there (virDomainPtr domain);

// Runs the program `command` (with its arguments, ending in NULL; UTF-8) in the guest, and waits for its end:
// as long as the agent goes on answering, within seconds each time, and nobody cancels. What is cancelled
// goes on in the guest. Returns the exit status (0 to 255), or -1 with an error of libvirt's words, in
// G_IO_ERROR, where there is no agent or it refuses, and where the program was ended by a signal.
int ast_guest_agent_run (virDomainPtr domain, char **command, GCancellable *cancellable, GError **error);

G_END_DECLS
