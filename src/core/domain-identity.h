// SPDX-License-Identifier: GPL-3.0-or-later
// By what a guest system recognises its machine: derived from the station and the appliance, so that a guest
// never thinks that it was moved to another one. Never change a formula: licences hang on the results.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Each is the caller's, to be freed with g_free. The machine id cannot be found from any of them.

// RFC 9562, version 8: a UUID from a hash of one's own choice.
char *ast_domain_identity_uuid (const char *machine_id, const char *appliance_id);
// Of the appliance's network card `index`, from 0; begins with 52:54:00 as QEMU's and libvirt's do.
char *ast_domain_identity_mac (const char *machine_id, const char *appliance_id, guint index);
// The machine's serial number.
char *ast_domain_identity_serial (const char *machine_id, const char *appliance_id);

G_END_DECLS
