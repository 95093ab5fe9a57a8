// SPDX-License-Identifier: GPL-3.0-or-later
#include "half-written.h"
#include "folder.h"

static void
test_stem (void)
{
  static const struct
  {
    const char *name;
    gsize stem;
  } cases[] = {
    { "session.A1B2C3", 7 },   { "session.xml.ZZZ999", 11 },
    { "state.json", 0 },       { "session", 0 },
    { ".A1B2C3", 0 },          { "session.A1B2C", 0 },
    { "session.A1B2C3D", 0 },  { "session.a1B2C3", 0 },
    { "session.A1B2C3.x", 0 }, { "", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (ast_half_written_stem (cases[i].name), ==, cases[i].stem);
}

static gboolean
has (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
put (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
test_sweep (void)
{
  g_autoptr (TestFolder) folder = make_folder ();

  put (folder, "state.json");
  put (folder, "state.json.A1B2C3");
  put (folder, "session.xml.123456");
  ast_half_written_sweep (folder);
  g_assert_true (has (folder, "state.json"));
  g_assert_false (has (folder, "state.json.A1B2C3"));
  g_assert_false (has (folder, "session.xml.123456"));
  ast_half_written_sweep ("/not/there");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/half-written/stem", test_stem);
  g_test_add_func ("/half-written/sweep", test_sweep);
  return g_test_run ();
}
