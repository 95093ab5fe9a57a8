// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "dead-guest.h"
#include "domain-builder.h"
#include "guest-lock.h"
#include <errno.h>
#include <glib/gstdio.h>

// libvirt's daemons and its QEMUs hold a lock on the file with their number as long as they live
// (src/util/virpidfile.c).
static gboolean
may_live (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int is_held = ast_guest_lock_ask (path);

  return is_held == 1 || (is_held < 0 && errno != ENOENT);
}

void
ast_dead_guest_forget (const char *runtime)
{
  g_autofree char *libvirt = g_build_filename (runtime, "libvirt", NULL);
  g_autofree char *guests = g_build_filename (libvirt, "qemu", "run", NULL);
  g_autofree char *note = g_build_filename (guests, AST_DOMAIN_NAME ".xml", NULL);

  if (may_live (libvirt, "libvirtd.pid") || may_live (libvirt, "virtqemud.pid")
      || may_live (guests, AST_DOMAIN_NAME ".pid"))
    return;
  if (g_unlink (note) == 0)
    g_message ("libvirtd died with its guest: what it has noted of it is removed");
}
