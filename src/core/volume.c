// SPDX-License-Identifier: GPL-3.0-or-later
#include "volume.h"

#define STEP_PERCENT 10

AstVolume
ast_volume_turn (AstVolume self, AstVolumeTurn turn)
{
  switch (turn)
    {
    case AST_VOLUME_QUIETER:
      self.percent -= MIN (self.percent, STEP_PERCENT);
      break;
    case AST_VOLUME_LOUDER:
      self.percent = MIN (self.percent + STEP_PERCENT, 100);
      self.muted = FALSE;
      break;
    case AST_VOLUME_MUTE:
      self.muted = !self.muted;
      break;
    }
  return self;
}

gboolean
ast_volume_equal (AstVolume a, AstVolume b)
{
  return a.percent == b.percent && a.muted == b.muted;
}

double
ast_volume_get_gain (AstVolume self, double guest)
{
  double heard = self.muted ? 0 : self.percent / 100.0 * CLAMP (guest, 0, 1);

  return heard * heard * heard;
}
