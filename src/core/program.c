// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "program.h"

char *
ast_program_find (const char *name, const char *folder)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *bin = self ? g_path_get_dirname (self) : NULL;
  g_autofree char *source = bin ? g_path_get_dirname (bin) : NULL;
  char *built = source ? g_build_filename (source, folder, name, NULL) : NULL;

  if (built && g_file_test (built, G_FILE_TEST_IS_EXECUTABLE))
    return built;
  g_free (built);
  return g_build_filename (AST_PKGLIBDIR, name, NULL);
}
