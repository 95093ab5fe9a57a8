// SPDX-License-Identifier: GPL-3.0-or-later
// Plays what a guest plays: the one place in which the guest's own mixer and the station's volume meet.
#pragma once
#include "volume.h"
#include <spice-client.h>

G_BEGIN_DECLS

#define AST_TYPE_SOUND_PLAYER (ast_sound_player_get_type ())
G_DECLARE_FINAL_TYPE (AstSoundPlayer, ast_sound_player, AST, SOUND_PLAYER, GObject)

// Of a playback channel that is not connected yet, and that is borrowed for the player's life. Opens no sound
// device before the guest's first sound.
AstSoundPlayer *ast_sound_player_new (SpiceChannel *channel, AstVolume volume);
// Counts at once.
void ast_sound_player_set_volume (AstSoundPlayer *self, AstVolume volume);

// Finds GStreamer's plugins and a sound device, for up to half a second, so that the first sound does not
// have to. For any thread.
void ast_sound_player_warm_up (void);
// The library would set the guest's mixer to its own player's volume, which does not play, and open the
// microphone to know how loud that is. Has to be called before the guest's agent says what it can.
void ast_sound_player_leave_mixer_alone (SpiceSession *session);

G_END_DECLS
