// SPDX-License-Identifier: GPL-3.0-or-later
// Which appliances start warm as things stand, for those who tell people.
#pragma once
#include "host.h"
#include "warm-store.h"

G_BEGIN_DECLS

typedef struct
{
  char *id;
  AstWarmth warmth;
  char *why;         // it is stale or damaged, translated; or NULL
  AstWarmPair *pair; // fresh; or NULL
} AstWarmLine;

#define AST_TYPE_WARM_TABLE (ast_warm_table_get_type ())
// Signal "changed": it was looked at all of them.
G_DECLARE_FINAL_TYPE (AstWarmTable, ast_warm_table, AST, WARM_TABLE, GObject)

AstWarmTable *ast_warm_table_new (AstHost *host, AstWarmStore *store);
// Looks at those of the appliances (AstAppliance*) that may start warm, in the background; "changed" follows
// in any case.
void ast_warm_table_look (AstWarmTable *self, GPtrArray *appliances);
// AstWarmLine*, of the last look that came to its end; borrowed, until the next "changed".
GPtrArray *ast_warm_table_list (AstWarmTable *self);
// The line of this appliance; borrowed, NULL = it starts cold, and is meant to.
const AstWarmLine *ast_warm_table_find (AstWarmTable *self, const char *id);

G_END_DECLS
