// SPDX-License-Identifier: GPL-3.0-or-later
// The names of the files in the overlay folder: what the store calls its own, and nothing else.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define AST_OVERLAY_VOLATILE_SUFFIX  ".volatile.qcow2" // after ID-RANDOM
#define AST_OVERLAY_HALF_MADE_SUFFIX ".new.qcow2"      // after ID-RANDOM; a kept one before it gets its name
#define AST_OVERLAY_KEPT_SUFFIX      ".kept.qcow2"     // after ID
#define AST_OVERLAY_INFO_SUFFIX      ".kept.info"      // after ID
#define AST_OVERLAY_LAST_USED        "last-used"

typedef enum
{
  AST_OVERLAY_NONE, // not one of these
  AST_OVERLAY_VOLATILE,
  AST_OVERLAY_HALF_MADE, // also what GLib leaves of a key file that it was writing
  AST_OVERLAY_KEPT,
} AstOverlayKind;

// Is it an appliance's id, safe to begin a file's name with?
gboolean ast_overlay_is_id (const char *id);
// What is a file of this name (no folder in it)?
AstOverlayKind ast_overlay_classify (const char *name);
// A name that nobody can guess: ID-RANDOM and the suffix. The caller frees it.
char *ast_overlay_make_name (const char *id, const char *suffix);
// Is the name one of those?
gboolean ast_overlay_is_name_of (const char *name, const char *id, const char *suffix);

G_END_DECLS
