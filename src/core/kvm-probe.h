// SPDX-License-Identifier: GPL-3.0-or-later
// Does KVM run guests here? A device that exists and opens is no proof: the proof is a guest that was run.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define AST_KVM_DEVICE "/dev/kvm"

// Makes a virtual machine of one CPU and lets it calculate, in a child process that is given three
// seconds. Blocking, some ten milliseconds where KVM works; call it in a thread. FALSE sets `reason` to a
// translated sentence that says why not, which the caller frees. `device` is AST_KVM_DEVICE but in tests.
gboolean ast_kvm_probe (const char *device, char **reason);

G_END_DECLS
