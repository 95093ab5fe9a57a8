// SPDX-License-Identifier: GPL-3.0-or-later
// Appliance + overlay + station → libvirt domain XML. Pure: no file, no connection, no clock; small ordered steps.
#pragma once
#include "appliance.h"

G_BEGIN_DECLS

// What the operating system in the guest can drive; by libosinfo where the descriptor names an OS.
typedef struct
{
  gboolean virtio_disk;  // else SATA
  gboolean virtio_net;   // else e1000e
  gboolean virtio_video; // virtio-gpu; else qxl
  gboolean usb3;         // qemu-xhci; else ich9-ehci + companions
  gboolean known;        // FALSE: no OS named or not in the database, today's Linux is assumed
} AstOsTraits;

// Looks the id up in the libosinfo database; loads it at the first call (about a second, thread-safe: call it in
// a thread first). NULL or unknown id: traits of a current Linux.
AstOsTraits ast_os_traits_lookup (const char *os_id);

// What the station brings to a domain.
typedef struct
{
  gboolean kvm;           // else software emulation
  const char *machine;    // pinned type, "pc-q35-7.2"
  const char *emulator;   // absolute path
  const char *machine_id; // of /etc/machine-id: with the appliance id it gives UUID and MAC addresses
} AstDomainStation;

// `overlay`: absolute path, NULL for an appliance without a disk. Returns the whole domain XML, indented, ending in a
// newline; NULL with AST_ERROR_DESCRIPTOR when the appliance's <domain> additions cannot be merged.
char *ast_domain_build (const AstAppliance *appliance, const AstOsTraits *traits, const char *overlay,
                        const AstDomainStation *station, GError **error);

// The name of the one domain.
#define AST_DOMAIN_NAME "asteroide"

G_END_DECLS
