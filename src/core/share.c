// SPDX-License-Identifier: GPL-3.0-or-later
#include "share.h"
#include "program.h"
#include <gio/gio.h>
#include <glib/gstdio.h>

#define PROGRAM "asteroide-share"

struct _AstShare
{
  GSubprocess *process; // NULL: it could not be started
  char *socket;
};

char *
ast_share_socket (const char *runtime)
{
  return g_build_filename (runtime, "share", NULL);
}

const char *
ast_share_find (GHashTable *shares, const AstAppliance *appliance, const AstPolicy *policy)
{
  gboolean is_open = (policy->devices & AST_DEVICE_SHARE) != 0;

  return is_open && appliance->share ? g_hash_table_lookup (shares, appliance->share) : NULL;
}

AstShare *
ast_share_start (const char *runtime, const char *folder, gboolean writable)
{
  AstShare *self = g_new0 (AstShare, 1);
  g_autofree char *program = ast_program_find (PROGRAM, "share");
  g_autoptr (GError) error = NULL;
  // As in qemu-img.c: without a fork.
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_INHERIT_FDS);

  self->socket = ast_share_socket (runtime);
  self->process = g_subprocess_launcher_spawn (launcher, &error, program, self->socket, folder,
                                               writable ? "write" : "read", NULL);
  if (self->process == NULL)
    g_message ("The folder %s cannot be shared: %s", folder, error->message);
  return self;
}

void
ast_share_end (AstShare *self)
{
  if (self->process)
    g_subprocess_force_exit (self->process);
  g_clear_object (&self->process);
  g_unlink (self->socket);
  g_free (self->socket);
  g_free (self);
}
