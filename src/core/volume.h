// SPDX-License-Identifier: GPL-3.0-or-later
// How loud the station is: a value that only takes away from what a guest plays, and that the guest neither
// sees nor changes. The guest's own mixer stands beside it.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint percent; // 0 to 100, of what can be heard and not of the voltage; 100 = as the guest plays it
  gboolean muted;
} AstVolume;

typedef enum // what a key or a button does to it
{
  AST_VOLUME_QUIETER,
  AST_VOLUME_LOUDER,
  AST_VOLUME_MUTE, // or no longer
} AstVolumeTurn;

// The volume after a turn, by a tenth of the whole. Who wants it louder wants to hear it: that ends muting,
// too.
AstVolume ast_volume_turn (AstVolume self, AstVolumeTurn turn);
gboolean ast_volume_equal (AstVolume a, AstVolume b);
// By how much to multiply samples: 0 to 1. `guest`: where the guest's own mixer stands, 0 to 1, on the same
// scale as percent. The cube of both, as sound servers do: equal steps sound equal.
double ast_volume_get_gain (AstVolume self, double guest);

G_END_DECLS
