// SPDX-License-Identifier: GPL-3.0-or-later
// A whole domain, as it is handed to libvirt, against what the station has: no matter whether the descriptor
// or its <domain> asked for it.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// `xml`: of ast_domain_compose. `memory_mib`: of the station; 0 = not known. Blocking: reads the headers of
// the qcow2 images that are disks without an image below. Fails with AST_ERROR_DESCRIPTOR for a guest with
// more memory than the station, with more than 64 processors, with more than 1 GiB of video memory, or with a
// disk whose header names an image that the domain does not name; and as ast_qcow2_read does, with
// IMAGE_MISSING, and with IMAGE_UNREADABLE.
gboolean ast_domain_check (const char *xml, guint64 memory_mib, GError **error);

G_END_DECLS
