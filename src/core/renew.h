// SPDX-License-Identifier: GPL-3.0-or-later
// What a guest that is restored again and again must not have twice: its clock, its random numbers, an id
// that it gave itself. Blocking: for threads.
#pragma once
#include <libvirt/libvirt.h>
#include <glib.h>

G_BEGIN_DECLS

// Before the guest is saved. `windows`: nothing is to be done there.
void ast_renew_mark (virDomainPtr domain, gboolean windows);
// Once it runs again: random bytes of the station's, a new machine id where the guest made one, and the
// time. What fails goes to the journal: a guest without an agent is as it was saved.
void ast_renew_run (virDomainPtr domain, gboolean windows);

G_END_DECLS
