// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "redirection.h"
#include "json-print.h"
#include "text.h"
#include <glib/gi18n.h>

#define LIST_TYPE  "a(sssssb)"
#define ENTRY_TYPE "(sssssb)"
// Characters: far more than a kiosk has ever told.
#define MAX_TEXT 500

static const char *const state_words[] = { "out", "coming", "in", "leaving", "refused", "failed", NULL };
static const char *const kind_words[] = { "usb", "drive", "disc", NULL };

AstRedirection *
ast_redirection_new (const char *id, AstRedirectionKind kind, const char *name)
{
  AstRedirection *self = g_new0 (AstRedirection, 1);

  self->id = g_strdup (id);
  self->kind = kind;
  self->name = g_strdup (name);
  self->is_present = TRUE;
  return self;
}

AstRedirection *
ast_redirection_copy (const AstRedirection *self)
{
  AstRedirection *copy = ast_redirection_new (self->id, self->kind, self->name);

  copy->state = self->state;
  copy->is_present = self->is_present;
  copy->note = g_strdup (self->note);
  return copy;
}

void
ast_redirection_free (AstRedirection *self)
{
  g_free (self->id);
  g_free (self->name);
  g_free (self->note);
  g_free (self);
}

GPtrArray *
ast_redirection_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)ast_redirection_free);
}

static gboolean
find_word (const char *const *words, const char *word, guint *number)
{
  for (guint i = 0; words[i]; i++)
    if (g_strcmp0 (words[i], word) == 0)
      {
        *number = i;
        return TRUE;
      }
  return FALSE;
}

const char *
ast_redirection_state_word (AstRedirectionState state)
{
  return state_words[state];
}

gboolean
ast_redirection_state_from_word (const char *word, AstRedirectionState *state)
{
  return find_word (state_words, word, state);
}

const char *
ast_redirection_kind_word (AstRedirectionKind kind)
{
  return kind_words[kind];
}

gboolean
ast_redirection_kind_from_word (const char *word, AstRedirectionKind *kind)
{
  return find_word (kind_words, word, kind);
}

const char *
ast_redirection_owner_text (const AstRedirection *self)
{
  static const char *const texts[]
      = { N_ ("not in this machine"), N_ ("on its way into this machine"), N_ ("in this machine"),
          N_ ("on its way back"),     N_ ("not for this machine"),         N_ ("not in this machine") };

  return self->is_present ? _ (texts[self->state]) : _ ("no disc in it");
}

GVariant *
ast_redirection_list_to_variant (const GPtrArray *list)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (LIST_TYPE));
  for (guint i = 0; i < list->len; i++)
    {
      const AstRedirection *entry = list->pdata[i];

      g_variant_builder_add (&builder, ENTRY_TYPE, entry->id, kind_words[entry->kind],
                             state_words[entry->state], entry->name, entry->note ? entry->note : "",
                             entry->is_present);
    }
  return g_variant_builder_end (&builder);
}

GPtrArray *
ast_redirection_list_from_variant (GVariant *variant)
{
  GPtrArray *list = ast_redirection_list_new ();
  const char *id, *kind_word, *state_word, *name, *note;
  gboolean is_present;
  GVariantIter iter;

  g_variant_iter_init (&iter, variant);
  while (
      g_variant_iter_next (&iter, "(&s&s&s&s&sb)", &id, &kind_word, &state_word, &name, &note, &is_present))
    {
      g_autofree char *label = ast_text_label (name, MAX_TEXT);
      g_autoptr (AstRedirection) entry = ast_redirection_new (id, AST_REDIRECTION_USB, label);

      entry->note = *note ? ast_text_label (note, MAX_TEXT) : NULL;
      entry->is_present = is_present;
      if (ast_redirection_kind_from_word (kind_word, &entry->kind)
          && ast_redirection_state_from_word (state_word, &entry->state))
        g_ptr_array_add (list, g_steal_pointer (&entry));
    }
  return list;
}

void
ast_redirection_list_add_to_json (const GPtrArray *list, JsonBuilder *builder)
{
  json_builder_begin_array (builder);
  for (guint i = 0; i < list->len; i++)
    {
      const AstRedirection *entry = list->pdata[i];

      json_builder_begin_object (builder);
      ast_json_add_string (builder, "id", entry->id);
      ast_json_add_string (builder, "kind", kind_words[entry->kind]);
      ast_json_add_string (builder, "state", state_words[entry->state]);
      ast_json_add_boolean (builder, "present", entry->is_present);
      ast_json_add_string (builder, "name", entry->name);
      ast_json_add_string (builder, "note", entry->note);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}
