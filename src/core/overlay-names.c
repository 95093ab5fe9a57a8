// SPDX-License-Identifier: GPL-3.0-or-later
#include "overlay-names.h"
#include "half-written.h"
#include <string.h>

#define RANDOM_DIGITS 12
#define MAX_ID_BYTES  64

static gboolean
is_id (const char *text, gsize length)
{
  if (length == 0 || length > MAX_ID_BYTES || !g_ascii_isalnum (text[0]))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_islower (text[i]) && !g_ascii_isdigit (text[i]) && strchr ("._-", text[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
is_id_and_random (const char *text, gsize length)
{
  gsize id_length = length - RANDOM_DIGITS - 1;

  if (length <= RANDOM_DIGITS + 1 || text[id_length] != '-')
    return FALSE;
  for (gsize i = id_length + 1; i < length; i++)
    if (!g_ascii_isxdigit (text[i]))
      return FALSE;
  return is_id (text, id_length);
}

static gboolean
is_half_written (const char *name)
{
  gsize length = ast_half_written_stem (name);
  g_autofree char *stem = g_strndup (name, length);

  return strcmp (stem, AST_OVERLAY_LAST_USED) == 0
         || (g_str_has_suffix (stem, AST_OVERLAY_INFO_SUFFIX)
             && is_id (stem, length - strlen (AST_OVERLAY_INFO_SUFFIX)));
}

AstOverlayKind
ast_overlay_classify (const char *name)
{
  gsize length = strlen (name);

  if (g_str_has_suffix (name, AST_OVERLAY_VOLATILE_SUFFIX)
      && is_id_and_random (name, length - strlen (AST_OVERLAY_VOLATILE_SUFFIX)))
    return AST_OVERLAY_VOLATILE;
  if (g_str_has_suffix (name, AST_OVERLAY_HALF_MADE_SUFFIX)
      && is_id_and_random (name, length - strlen (AST_OVERLAY_HALF_MADE_SUFFIX)))
    return AST_OVERLAY_HALF_MADE;
  if (g_str_has_suffix (name, AST_OVERLAY_KEPT_SUFFIX)
      && is_id (name, length - strlen (AST_OVERLAY_KEPT_SUFFIX)))
    return AST_OVERLAY_KEPT;
  return is_half_written (name) ? AST_OVERLAY_HALF_MADE : AST_OVERLAY_NONE;
}

gboolean
ast_overlay_is_id (const char *id)
{
  return is_id (id, strlen (id));
}

// The last group of a version 4 UUID is twelve random digits.
char *
ast_overlay_make_name (const char *id, const char *suffix)
{
  g_autofree char *uuid = g_uuid_string_random ();

  return g_strconcat (id, strrchr (uuid, '-'), suffix, NULL);
}

gboolean
ast_overlay_is_name_of (const char *name, const char *id, const char *suffix)
{
  gsize length = strlen (id);

  return g_str_has_prefix (name, id) && g_str_has_suffix (name, suffix)
         && strlen (name) == length + 1 + RANDOM_DIGITS + strlen (suffix)
         && is_id_and_random (name, length + 1 + RANDOM_DIGITS);
}
