// SPDX-License-Identifier: GPL-3.0-or-later
// The <domain> element of a descriptor, merged into the domain that was built.
//
// - Inside <devices>, a <video>, <sound>, <memballoon>, <panic> or <watchdog> takes the place of all those
//   that were built, and a <controller> the place of the one with its type and index. Every other device is added.
// - <cpu> and <clock> take the place of those that were built.
// - Every other element that was built is kept and added to: attributes and text are laid over it, and its
//   children are treated in the same way. An element that was not built is added. So
//   <memory unit="GiB">3</memory> replaces the amount, and <features><pae/></features> adds one feature.
// - Elements of QEMU's namespace (http://libvirt.org/schemas/domain/qemu/1.0) are added as they are:
//   overrides, capabilities, and of QEMU's own arguments those that open nothing on the station (-cpu,
//   -fw_cfg, -global, -msg, -no-hpet, -rtc, -smbios, with no file= in their values).
// - The chain of an added disk ends with the last image that is named: its header is not followed.
//
// Refused, because a promise of the kiosk hangs on it: attributes of <domain>; <name>, <uuid>, <metadata>,
// <on_…> and <sysinfo type="smbios">; <graphics>, <emulator> and <audio>; a disk or a shared folder that is
// not <readonly/>; a host device that is storage; and anything that opens a network socket (devices of type
// tcp, udp, server, client or mcast). Refused as well is what reaches the station past these: serial lines
// and channels that are files, pipes, devices or named sockets; logs; programs; port forwarding; random
// numbers from other files than the kernel's; a TPM that is not emulated, or outlives the guest; the port of
// a shared folder; a <smartcard> or <filesystem> where the policy has no smartcard or share; <shmem>, <vsock>
// and every device that is not known here; disks of other formats than raw and qcow2; <launchSecurity>,
// <seclabel>, firmware that can be written to, and memory that is a file or locked; a watchdog that dumps the
// guest's memory. And what libvirt might read otherwise than we do: elements of other namespaces, however
// deep, and a second <source>, <driver>, <backend>, … beside the first.
//
// Under exam only what leads nowhere is added: a disk of a file, and devices that stay within the guest.
// Those of QEMU's namespace, and every device that reaches the station or beyond it (network cards, host and
// USB devices, shared folders and memory, channels, serial lines, …) are refused; a network card, a USB
// device and a smartcard are not where the policy leaves network, USB and smartcard open.
#pragma once
#include "policy.h"
#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

#define AST_QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

// Merges `additions` (a serialised <domain> element) into `domain`, whose root is <domain>, as far as
// `policy` leaves them. Fails with AST_ERROR_DESCRIPTOR and a sentence; `domain` is then of no further use.
gboolean ast_domain_merge (xmlDoc *domain, const char *additions, const AstPolicy *policy, GError **error);

// QEMU's namespace, declared on the root as `qemu` when it is first asked for.
xmlNs *ast_domain_qemu_ns (xmlDoc *domain);

G_END_DECLS
