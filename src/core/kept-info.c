// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "kept-info.h"
#include "error.h"
#include "key-file.h"
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

static char *
describe_image (const AstImage *image)
{
  struct stat found = { 0 };

  if (stat (image->path, &found) != 0)
    return g_strdup ("");
  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, (gint64)found.st_size,
                          (gint64)found.st_mtime);
}

// Size and time of each image below, from the disk upwards: another version under the same name would tear
// apart a file system that was half written on the old one.
static GStrv
describe_base (const AstAppliance *appliance)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *disk = describe_image (appliance->disk);

  g_strv_builder_add (builder, disk);
  for (guint i = 0; i < appliance->layers->len; i++)
    {
      g_autofree char *layer = describe_image (g_ptr_array_index (appliance->layers, i));

      g_strv_builder_add (builder, layer);
    }
  return g_strv_builder_end (builder);
}

gboolean
ast_kept_info_write (const char *path, const AstAppliance *appliance, GError **error)
{
  g_autoptr (GKeyFile) info = g_key_file_new ();
  g_auto (GStrv) base = describe_base (appliance);
  g_autoptr (GError) problem = NULL;

  g_key_file_set_string_list (info, "base", "images", (const char *const *)base, g_strv_length (base));
  if (ast_key_file_save (info, path, &problem))
    return TRUE;
  g_set_error (error, AST_ERROR, problem->code, _ ("The overlay could not be made. %s"), problem->message);
  return FALSE;
}

gboolean
ast_kept_info_matches (const char *path, const AstAppliance *appliance)
{
  g_autoptr (GKeyFile) info = ast_key_file_load (path);
  g_auto (GStrv) now = describe_base (appliance);
  g_auto (GStrv) then = NULL;

  if (!info)
    return FALSE;
  then = g_key_file_get_string_list (info, "base", "images", NULL, NULL);
  return then != NULL && g_strv_equal ((const char *const *)then, (const char *const *)now);
}
