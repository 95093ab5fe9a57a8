// SPDX-License-Identifier: GPL-3.0-or-later
// Appliance + overlay + station → libvirt domain XML. Pure: no file, no connection, no clock; small ordered
// steps.
#pragma once
#include "appliance.h"
#include "image.h"
#include "os-traits.h"
#include "policy.h"
#include "usb-policy.h"

G_BEGIN_DECLS

// The name of the one domain.
#define AST_DOMAIN_NAME "asteroide"
// Of <appliance id="…" runtime="…" session="…"/> in the domain's <metadata>: by it a kiosk that was started
// again knows what runs.
#define AST_DOMAIN_NAMESPACE "urn:asteroide:domain:1"
// What the aliases of the builder's network cards begin with.
#define AST_DOMAIN_CARD_ALIAS "ua-net"
// The port over which a guest reads a shared folder, as its WebDAV daemon (spice-webdavd) knows it.
#define AST_SHARE_PORT "org.spice-space.webdav.0"

// What the station brings to a domain.
typedef struct
{
  gboolean kvm;               // else software emulation
  const char *machine;        // pinned type, "pc-q35-7.2"
  const char *emulator;       // absolute path
  const char *machine_id;     // of /etc/machine-id: with the appliance id it gives UUID and MAC addresses
  const char *runtime;        // the run-time folder, written into the metadata; NULL = not written
  const char *session;        // the session's token, written there, too; NULL = not written
  gboolean exam;              // the whole station is under exam
  const GPtrArray *usb_rules; // AstUsbRule* of its configuration; NULL = none
  guint64 memory_mib;         // of the station; 0 = not known, and not looked at
} AstDomainStation;

// The guest's disk, as the overlay store made it.
typedef struct
{
  const char *path; // absolute
  guint64 bound;    // bytes of the file that QEMU may use; the file must be as long
} AstDomainOverlay;

// `overlay`: NULL for an appliance without a disk. `disk_format`: of the appliance's disk, by
// ast_image_probe (layers are always qcow2). The images of the appliance have their paths. Returns the whole
// domain XML, indented, ending in a newline, the same bytes for the same arguments; NULL with
// AST_ERROR_DESCRIPTOR when the appliance's <domain> additions cannot be merged (see domain-merge.h), also
// because an exam closes them, or a path cannot be written in XML. What the guest gets of devices and
// networks is what ast_policy_of leaves; under exam a network that is closed becomes an isolated one, so that
// the guest finds the same card. The caller frees it with g_free.
char *ast_domain_compose (const AstAppliance *appliance, const AstOsTraits *traits,
                          const AstDomainOverlay *overlay, AstImageFormat disk_format,
                          const AstDomainStation *station, GError **error);

// The same after a look at the disk's first bytes for its format, and at the overlay's length, which is its
// bound: the one step that is not pure, and so apart. `overlay`: absolute path, or NULL. Fails also as
// ast_image_probe does, with AST_ERROR_STORE where there is no such overlay, and as ast_domain_check
// does.
char *ast_domain_build (const AstAppliance *appliance, const AstOsTraits *traits, const char *overlay,
                        const AstDomainStation *station, GError **error);

// Of the domain whose metadata element this is: "runtime" (which station's kiosk started it), "session" (in
// which of its sessions); NULL where it does not say. The caller frees it.
char *ast_domain_read_metadata (const char *metadata, const char *name);

G_END_DECLS
