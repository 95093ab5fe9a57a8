// SPDX-License-Identifier: GPL-3.0-or-later
// The failure that was told to the journal last.
#pragma once
#include <glib.h>
#include <string.h>

static GHashTable *last_entry; // field → text; NULL before there is one

// For g_log_set_writer_func.
static inline GLogWriterOutput
keep_entry (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer unused)
{
  g_autoptr (GHashTable) entry = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (gsize i = 0; i < count; i++)
    if (fields[i].length == -1)
      g_hash_table_insert (entry, g_strdup (fields[i].key), g_strdup (fields[i].value));
  if (!g_hash_table_contains (entry, "ASTEROIDE_CODE"))
    return g_log_writer_default (level, fields, count, NULL);
  g_clear_pointer (&last_entry, g_hash_table_unref);
  last_entry = g_steal_pointer (&entry);
  return G_LOG_WRITER_HANDLED;
}

static inline void
forget_entry (void)
{
  g_clear_pointer (&last_entry, g_hash_table_unref);
}

// `appliance` NULL: the entry has no such field.
static inline void
assert_entry (const char *code, const char *station, const char *state, const char *appliance)
{
  g_assert_nonnull (last_entry);
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "ASTEROIDE_CODE"), ==, code);
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "ASTEROIDE_STATION"), ==, station);
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "ASTEROIDE_STATE"), ==, state);
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "ASTEROIDE_APPLIANCE"), ==, appliance);
  g_assert_cmpstr (g_hash_table_lookup (last_entry, "PRIORITY"), ==, "5");
  g_assert_nonnull (strstr (g_hash_table_lookup (last_entry, "MESSAGE"), code));
}
