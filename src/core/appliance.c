// SPDX-License-Identifier: GPL-3.0-or-later
#include "appliance.h"
#include <string.h>

AstImage *
ast_image_new (const char *href, const char *sha256)
{
  AstImage *self = g_new0 (AstImage, 1);

  self->href = g_strdup (href);
  self->sha256 = g_strdup (sha256);
  return self;
}

void
ast_image_free (AstImage *self)
{
  g_free (self->href);
  g_free (self->path);
  g_free (self->sha256);
  g_free (self);
}

AstNetwork *
ast_network_new (AstNetworkType type, const char *source)
{
  AstNetwork *self = g_new0 (AstNetwork, 1);

  self->type = type;
  self->source = g_strdup (source);
  return self;
}

void
ast_network_free (AstNetwork *self)
{
  g_free (self->source);
  g_free (self);
}

AstProblem *
ast_problem_new (const char *file, guint line, guint column, const char *format, ...)
{
  AstProblem *self = g_new0 (AstProblem, 1);
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  self->file = g_strdup (file);
  self->line = line;
  self->column = column;
  self->text = g_utf8_make_valid (text, -1);
  return self;
}

void
ast_problem_free (AstProblem *self)
{
  g_free (self->file);
  g_free (self->text);
  g_free (self);
}

char *
ast_problem_to_string (const AstProblem *self)
{
  if (self->line == 0)
    return g_strdup_printf ("%s: %s", self->file, self->text);
  if (self->column == 0)
    return g_strdup_printf ("%s:%u: %s", self->file, self->line, self->text);
  return g_strdup_printf ("%s:%u:%u: %s", self->file, self->line, self->column, self->text);
}

AstAppliance *
ast_appliance_new (const char *id, const char *folder)
{
  AstAppliance *self = g_atomic_rc_box_new0 (AstAppliance);

  self->id = g_strdup (id);
  self->folder = g_strdup (folder);
  self->name = g_strdup (id);
  self->cpus = 1;
  self->memory_mib = 1024;
  self->heads = 1;
  self->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) ast_image_free);
  self->cdroms = g_ptr_array_new_with_free_func ((GDestroyNotify) ast_image_free);
  self->networks = g_ptr_array_new_with_free_func ((GDestroyNotify) ast_network_free);
  self->problems = g_ptr_array_new_with_free_func ((GDestroyNotify) ast_problem_free);
  return self;
}

AstAppliance *
ast_appliance_ref (AstAppliance *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
ast_appliance_clear (AstAppliance *self)
{
  g_free (self->id);
  g_free (self->folder);
  g_free (self->name);
  g_free (self->summary);
  g_free (self->category);
  g_free (self->icon);
  g_free (self->os_id);
  g_clear_pointer (&self->disk, ast_image_free);
  g_ptr_array_unref (self->layers);
  g_ptr_array_unref (self->cdroms);
  g_ptr_array_unref (self->networks);
  g_free (self->domain_xml);
  g_ptr_array_unref (self->problems);
}

void
ast_appliance_unref (AstAppliance *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) ast_appliance_clear);
}

gboolean
ast_appliance_is_usable (const AstAppliance *self)
{
  return self->problems->len == 0;
}

gboolean
ast_appliance_matches (const AstAppliance *self, const char *words)
{
  g_autofree char *text = g_strjoin (" ", self->name, self->id, self->category ? self->category : "",
                                     self->summary ? self->summary : "", NULL);
  g_auto (GStrv) wanted = g_str_tokenize_and_fold (words, NULL, NULL);
  g_auto (GStrv) ascii = NULL;
  g_auto (GStrv) had = g_str_tokenize_and_fold (text, NULL, &ascii);

  for (guint i = 0; wanted[i]; i++)
    {
      gboolean found = FALSE;

      for (guint j = 0; had[j] && !found; j++)
        found = g_str_has_prefix (had[j], wanted[i]);
      for (guint j = 0; ascii[j] && !found; j++)
        found = g_str_has_prefix (ascii[j], wanted[i]);
      if (!found)
        return FALSE;
    }
  return TRUE;
}
