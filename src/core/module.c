// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "module.h"
#include <dlfcn.h>
#include <glib/gi18n.h>

#define HOST_MODULE "asteroide-libvirt"

gpointer
ast_module_load (const char *name, AstError code, GError **error)
{
  g_autofree char *file = g_strconcat (name, ".so", NULL);
  void *module = dlopen (file, RTLD_NOW | RTLD_LOCAL);
  gpointer make = module ? dlsym (module, AST_MODULE_MAKE) : NULL;

  if (make == NULL)
    g_set_error (error, AST_ERROR, code, _ ("A part of ASTEROIDE cannot be loaded: %s."), dlerror ());
  return make;
}

AstHost *
ast_module_make_host (const AstConfig *config, GError **error)
{
  AstModuleMakeHost make = ast_module_load (HOST_MODULE, AST_ERROR_NO_LIBVIRT, error);

  return make ? make (config) : NULL;
}
