// SPDX-License-Identifier: GPL-3.0-or-later
// What virtual hardware an operating system can drive, by the osinfo database.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean virtio_disk;  // else SATA
  gboolean virtio_net;   // else e1000e
  gboolean virtio_video; // virtio-gpu; else qxl
  gboolean usb3;         // qemu-xhci; else ich9-ehci + companions
  gboolean windows;      // local time in the clock, Hyper-V enlightenments, one video card a monitor
  gboolean known;        // FALSE: no OS named or not in the database, and the others are a guess
} AstOsTraits;

// Looks up an id such as "http://debian.org/debian/11". Reads the database's own file of that OS and of those
// that it derives from, not the whole database as libosinfo would: that takes a quarter of a second and keeps
// 13 MB for good, this takes a millisecond and keeps nothing. Thread-safe. NULL or unknown: a current Linux,
// or for an id of microsoft.com a Windows without extra drivers.
AstOsTraits ast_os_traits_lookup (const char *os_id);

// The same from another database folder than /etc/osinfo and /usr/share/osinfo; `folders` ends with NULL,
// first wins.
AstOsTraits ast_os_traits_lookup_in (const char *const *folders, const char *os_id);

G_END_DECLS
