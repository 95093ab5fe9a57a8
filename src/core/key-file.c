// SPDX-License-Identifier: GPL-3.0-or-later
#include "key-file.h"
#include "error.h"

gboolean
ast_key_file_save (GKeyFile *file, const char *path, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GError) problem = NULL;
  gsize length;

  data = g_key_file_to_data (file, &length, NULL);
  if (g_file_set_contents_full (path, data, (gssize)length,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &problem))
    return TRUE;
  g_set_error_literal (error, AST_ERROR,
                       g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? AST_ERROR_NO_SPACE
                                                                                   : AST_ERROR_STORE,
                       problem->message);
  return FALSE;
}
