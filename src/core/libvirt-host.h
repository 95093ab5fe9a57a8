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

G_END_DECLS
