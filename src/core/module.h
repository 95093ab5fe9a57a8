// SPDX-License-Identifier: GPL-3.0-or-later
// The parts that are loaded when they are needed: what runs guests, and what shows them.
#pragma once
#include "config.h"
#include "error.h"
#include "host.h"

G_BEGIN_DECLS

// Every module exports one function, ast_module_make, of the type that belongs to its kind. The module stays
// loaded.
#define AST_MODULE_MAKE "ast_module_make"
typedef AstHost *(*AstModuleMakeHost) (const AstConfig *config);

// The function of "asteroide-libvirt", "asteroide-spice", …: found along the program's own library path,
// never the environment's. NULL with `code` and the loader's words. Milliseconds; callable from any thread.
gpointer ast_module_load (const char *name, AstError code, GError **error);

// The host of this station's guests; full reference. NULL with AST_ERROR_NO_LIBVIRT. The configuration is
// borrowed for the host's life. Call it on the main thread.
AstHost *ast_module_make_host (const AstConfig *config, GError **error);

G_END_DECLS
