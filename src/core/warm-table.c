// SPDX-License-Identifier: GPL-3.0-or-later
#include "warm-table.h"

struct _AstWarmTable
{
  GObject parent_instance;

  AstHost *host;
  AstWarmStore *store;
  GPtrArray *lines; // AstWarmLine*
};

typedef struct
{
  AstWarmTable *table;
  GPtrArray *appliances; // those that are still to be looked at, the last one first
  GPtrArray *lines;
} Look;

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstWarmTable, ast_warm_table, G_TYPE_OBJECT)

static void
warm_line_free (gpointer data)
{
  AstWarmLine *line = data;

  g_free (line->id);
  g_free (line->why);
  g_clear_pointer (&line->pair, ast_warm_pair_unref);
  g_free (line);
}

static void
ast_warm_table_finalize (GObject *object)
{
  AstWarmTable *self = AST_WARM_TABLE (object);

  g_object_unref (self->host);
  g_object_unref (self->store);
  g_ptr_array_unref (self->lines);
  G_OBJECT_CLASS (ast_warm_table_parent_class)->finalize (object);
}

static void
ast_warm_table_class_init (AstWarmTableClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_warm_table_finalize;
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", AST_TYPE_WARM_TABLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_warm_table_init (AstWarmTable *self)
{
  self->lines = g_ptr_array_new_with_free_func (warm_line_free);
}

AstWarmTable *
ast_warm_table_new (AstHost *host, AstWarmStore *store)
{
  AstWarmTable *self = g_object_new (AST_TYPE_WARM_TABLE, NULL);

  self->host = g_object_ref (host);
  self->store = g_object_ref (store);
  return self;
}

static void look_at_next (Look *look);

static void
end_look (Look *look)
{
  AstWarmTable *self = look->table;

  g_ptr_array_unref (self->lines);
  self->lines = g_ptr_array_ref (look->lines);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  g_ptr_array_unref (look->lines);
  g_ptr_array_unref (look->appliances);
  g_free (look);
  g_object_unref (self);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer data)
{
  Look *look = data;
  const AstAppliance *appliance = look->appliances->pdata[look->appliances->len - 1];
  g_autofree char *depends = ast_host_describe_finish (AST_HOST (source), result, NULL);
  AstWarmLine *line = g_new0 (AstWarmLine, 1);

  // A host that cannot say it starts nothing, and tells so elsewhere.
  if (depends)
    line->pair = ast_warm_store_find (look->table->store, appliance, depends, &line->warmth, &line->why);
  line->id = g_strdup (appliance->id);
  g_ptr_array_add (look->lines, line);
  g_ptr_array_set_size (look->appliances, (int)look->appliances->len - 1);
  look_at_next (look);
}

static void
look_at_next (Look *look)
{
  if (look->appliances->len == 0)
    end_look (look);
  else
    ast_host_describe_async (look->table->host, look->appliances->pdata[look->appliances->len - 1],
                             on_described, look);
}

// Also where there is nothing to look at, "changed" comes after the call has returned.
static gboolean
on_look (gpointer look)
{
  look_at_next (look);
  return G_SOURCE_REMOVE;
}

void
ast_warm_table_look (AstWarmTable *self, GPtrArray *appliances)
{
  Look *look = g_new0 (Look, 1);

  look->table = g_object_ref (self);
  look->lines = g_ptr_array_new_with_free_func (warm_line_free);
  look->appliances = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_appliance_unref);
  for (guint i = appliances->len; i > 0; i--)
    {
      AstAppliance *appliance = appliances->pdata[i - 1];

      if (appliance->start_mode == AST_START_WARM && ast_appliance_is_usable (appliance))
        g_ptr_array_add (look->appliances, ast_appliance_ref (appliance));
    }
  g_idle_add (on_look, look);
}

GPtrArray *
ast_warm_table_list (AstWarmTable *self)
{
  return self->lines;
}

const AstWarmLine *
ast_warm_table_find (AstWarmTable *self, const char *id)
{
  for (guint i = 0; i < self->lines->len; i++)
    {
      const AstWarmLine *line = self->lines->pdata[i];

      if (g_strcmp0 (line->id, id) == 0)
        return line;
    }
  return NULL;
}
