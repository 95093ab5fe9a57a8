// SPDX-License-Identifier: GPL-3.0-or-later
// The station's volume: steps, their ends, and what becomes of a sample.
#include "volume.h"

static AstVolume
turn (guint percent, gboolean muted, AstVolumeTurn turn)
{
  return ast_volume_turn ((AstVolume){ percent, muted }, turn);
}

static void
assert_volume (AstVolume volume, guint percent, gboolean muted)
{
  g_assert_cmpuint (volume.percent, ==, percent);
  g_assert_cmpint (volume.muted, ==, muted);
}

static void
test_turn (void)
{
  assert_volume (turn (70, FALSE, AST_VOLUME_LOUDER), 80, FALSE);
  assert_volume (turn (70, FALSE, AST_VOLUME_QUIETER), 60, FALSE);
  assert_volume (turn (70, FALSE, AST_VOLUME_MUTE), 70, TRUE);
  assert_volume (turn (70, TRUE, AST_VOLUME_MUTE), 70, FALSE);
}

static void
test_ends (void)
{
  assert_volume (turn (100, FALSE, AST_VOLUME_LOUDER), 100, FALSE);
  assert_volume (turn (95, FALSE, AST_VOLUME_LOUDER), 100, FALSE);
  assert_volume (turn (5, FALSE, AST_VOLUME_QUIETER), 0, FALSE);
  assert_volume (turn (0, FALSE, AST_VOLUME_QUIETER), 0, FALSE);
}

static void
test_muted (void)
{
  assert_volume (turn (70, TRUE, AST_VOLUME_LOUDER), 80, FALSE);
  assert_volume (turn (100, TRUE, AST_VOLUME_LOUDER), 100, FALSE);
  assert_volume (turn (70, TRUE, AST_VOLUME_QUIETER), 60, TRUE);
}

static void
test_equal (void)
{
  AstVolume volume = { 70, FALSE };

  g_assert_true (ast_volume_equal (volume, (AstVolume){ 70, FALSE }));
  g_assert_false (ast_volume_equal (volume, (AstVolume){ 70, TRUE }));
  g_assert_false (ast_volume_equal (volume, (AstVolume){ 60, FALSE }));
}

static void
assert_gain (guint percent, gboolean muted, double guest, double gain)
{
  g_assert_cmpfloat_with_epsilon (ast_volume_get_gain ((AstVolume){ percent, muted }, guest), gain, 1e-9);
}

static void
test_gain (void)
{
  assert_gain (100, FALSE, 1, 1); // untouched
  assert_gain (50, FALSE, 1, 0.125);
  assert_gain (100, FALSE, 0.5, 0.125);
  assert_gain (50, FALSE, 0.5, 0.015625);
  assert_gain (0, FALSE, 1, 0);
  assert_gain (100, FALSE, 0, 0);
  assert_gain (100, TRUE, 1, 0);
  assert_gain (100, FALSE, 7, 1); // nothing that a guest says makes it louder than it plays
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/volume/turn", test_turn);
  g_test_add_func ("/volume/ends", test_ends);
  g_test_add_func ("/volume/muted", test_muted);
  g_test_add_func ("/volume/equal", test_equal);
  g_test_add_func ("/volume/gain", test_gain);
  return g_test_run ();
}
