// SPDX-License-Identifier: GPL-3.0-or-later
// The host that runs guests as transient libvirt domains: one connection, opened when needed and opened again
// when lost.
#pragma once
#include "config.h"
#include "host.h"

G_BEGIN_DECLS

#define AST_TYPE_LIBVIRT_HOST (ast_libvirt_host_get_type ())
G_DECLARE_FINAL_TYPE (AstLibvirtHost, ast_libvirt_host, AST, LIBVIRT_HOST, GObject)

// Call it on the main thread, where libvirt's events will arrive (default main context). Connects to nothing
// yet.
AstLibvirtHost *ast_libvirt_host_new (const AstConfig *config);
// Does everything that the first start would otherwise wait for: finds QEMU and KVM, opens the connection,
// which may start a session's libvirtd and take seconds. Never needed, and failure is no harm: the start
// tries again and tells.
void ast_libvirt_host_warm_up_async (AstLibvirtHost *self, GAsyncReadyCallback callback, gpointer data);
gboolean ast_libvirt_host_warm_up_finish (AstLibvirtHost *self, GAsyncResult *result, GError **error);
// Known after a warm-up or a start: are guests emulated in software, and why (translated; NULL if they are
// not)? The caller frees it.
char *ast_libvirt_host_get_emulation_reason (AstLibvirtHost *self);

G_END_DECLS
