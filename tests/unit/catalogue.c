// SPDX-License-Identifier: GPL-3.0-or-later
#include "catalogue.h"
#include "descriptor.h"
#include "image-tools.h"
#include <string.h>
#include <unistd.h>

#define NOBODY      65534
#define DEADLINE_US (10 * G_USEC_PER_SEC)
// Long enough for what must not happen to happen: several times the catalogue's own delay.
#define QUIET_MS 600

static const char *const english[] = { "en", "C", NULL };

typedef struct
{
  char *base; // below it everything of one test
  char *root;
  char *store;
  const char *folders[3];
  const char *stores[2];
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autofree char *base = make_folder ();

  self->base = realpath (base, NULL);
  self->root = g_build_filename (self->base, "appliances", NULL);
  self->store = g_build_filename (self->base, "store", NULL);
  g_assert_cmpint (g_mkdir (self->root, 0755), ==, 0);
  g_assert_cmpint (g_chmod (self->base, 0755), ==, 0);
  self->folders[0] = self->root;
  self->stores[0] = self->store;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  remove_folder (self->base);
  g_free (self->root);
  g_free (self->store);
}

// `path` is below the fixture's folder, here and in all that follows.
static char *
at (const Fixture *self, const char *path)
{
  return g_build_filename (self->base, path, NULL);
}

static void
put_bytes (const Fixture *self, const char *path, const char *bytes, gsize length)
{
  g_autofree char *file = at (self, path);
  g_autofree char *folder = g_path_get_dirname (file);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (file, bytes, (gssize)length, NULL));
}

static void
put (const Fixture *self, const char *path, const char *text)
{
  put_bytes (self, path, text, strlen (text));
}

static void
put_image (const Fixture *self, const char *path)
{
  static const char zeros[512] = { 0 };

  put_bytes (self, path, zeros, sizeof zeros);
}

static char *
descriptor (const char *id, const char *name, const char *more)
{
  return g_strdup_printf ("<appliance xmlns='" AST_DESCRIPTOR_NAMESPACE
                          "' id='%s'>\n<name>%s</name>\n%s</appliance>\n",
                          id, name, more);
}

static void
put_descriptor (const Fixture *self, const char *root, const char *id, const char *name, const char *more)
{
  g_autofree char *text = descriptor (id, name, more);
  g_autofree char *path = g_build_filename (root, id, "appliance.xml", NULL);

  put (self, path, text);
}

static void
put_appliance (const Fixture *self, const char *root, const char *id, const char *name)
{
  g_autofree char *disk = g_build_filename (root, id, "disk.raw", NULL);

  put_image (self, disk);
  put_descriptor (self, root, id, name, "<disk href='disk.raw'/>\n");
}

static void
put_link (const Fixture *self, const char *path, const char *target)
{
  g_autofree char *file = at (self, path);
  g_autofree char *folder = g_path_get_dirname (file);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (symlink (target, file), ==, 0);
}

static void
erase (const Fixture *self, const char *path)
{
  g_autofree char *file = at (self, path);

  g_assert_cmpint (g_remove (file), ==, 0);
}

static AstCatalogue *
load (const Fixture *self)
{
  AstCatalogue *catalogue = ast_catalogue_new (self->folders, self->stores, english);

  ast_catalogue_load (catalogue);
  return catalogue;
}

// The names of all, in their order; "!" stands before one that cannot be used.
static char *
names_of (AstCatalogue *catalogue)
{
  GPtrArray *list = ast_catalogue_list (catalogue);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < list->len; i++)
    {
      const AstAppliance *appliance = g_ptr_array_index (list, i);

      g_string_append_printf (names, "%s%s%s", i ? ", " : "", ast_appliance_is_usable (appliance) ? "" : "!",
                              appliance->name);
    }
  return g_string_free (g_steal_pointer (&names), FALSE);
}

static void
assert_names (AstCatalogue *catalogue, const char *expected)
{
  g_autofree char *names = names_of (catalogue);

  g_assert_cmpstr (names, ==, expected);
}

// `expected` follows the fixture's folder; NULL = there is no problem at all.
static void
assert_problem (const Fixture *self, const GPtrArray *problems, const char *expected)
{
  g_autofree char *text = problems->len ? ast_problem_to_string (g_ptr_array_index (problems, 0)) : NULL;

  g_assert_cmpuint (problems->len, ==, expected ? 1 : 0);
  if (!expected)
    return;
  g_assert_true (g_str_has_prefix (text, self->base));
  g_assert_cmpstr (text + strlen (self->base), ==, expected);
}

static void
assert_appliance_problem (const Fixture *self, AstCatalogue *catalogue, const char *id, const char *expected)
{
  const AstAppliance *appliance = ast_catalogue_find (catalogue, id);

  g_assert_nonnull (appliance);
  assert_problem (self, appliance->problems, expected);
}

static void
test_list (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  const AstAppliance *appliance;
  g_autofree char *folder = at (self, "appliances/b");
  g_autofree char *disk = at (self, "appliances/b/disk.raw");

  put_appliance (self, "appliances", "b", "Zebra");
  put_appliance (self, "appliances", "a", "apple");
  put_appliance (self, "appliances", "c", "Banana");
  put (self, "appliances/lost+found/x", "");
  put (self, "appliances/.hidden/appliance.xml", "broken");
  put (self, "appliances/README", "not a folder");
  put (self, "appliances/empty/other.xml", "");
  catalogue = load (self);
  assert_names (catalogue, "apple, Banana, Zebra");
  assert_problem (self, ast_catalogue_problems (catalogue), NULL);
  appliance = ast_catalogue_find (catalogue, "b");
  g_assert_cmpstr (appliance->id, ==, "b");
  g_assert_cmpstr (appliance->folder, ==, folder);
  g_assert_cmpstr (appliance->disk->path, ==, disk);
  g_assert_null (ast_catalogue_find (catalogue, "empty"));
  g_assert_null (ast_catalogue_find (catalogue, "z"));
}

static void
test_no_root (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;

  erase (self, "appliances");
  catalogue = load (self);
  assert_names (catalogue, "");
  assert_problem (self, ast_catalogue_problems (catalogue), NULL);
}

static void
test_root_is_file (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;

  erase (self, "appliances");
  put (self, "appliances", "");
  catalogue = load (self);
  assert_problem (self, ast_catalogue_problems (catalogue),
                  "/appliances: This folder of appliances cannot be read: Not a directory.");
}

static void
test_root_unreadable (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  uid_t user = geteuid ();

  g_assert_cmpint (g_chmod (self->root, 0700), ==, 0);
  g_assert_true (user != 0 || seteuid (NOBODY) == 0);
  g_assert_true (user == 0 || g_chmod (self->root, 0000) == 0);
  catalogue = load (self);
  g_assert_cmpint (seteuid (user), ==, 0);
  g_assert_cmpint (g_chmod (self->root, 0700), ==, 0);
  assert_problem (self, ast_catalogue_problems (catalogue),
                  "/appliances: This folder of appliances cannot be read: Permission denied.");
}

// Each stays in the list under its id or name, and takes nobody with it.
static void
test_broken (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;

  put_appliance (self, "appliances", "good", "good");
  put (self, "appliances/folder/appliance.xml/x", "");
  put (self, "appliances/latin/appliance.xml", "<appliance>\xe9");
  put_link (self, "appliances/loop/appliance.xml", "appliance.xml");
  put_link (self, "appliances/nowhere", "gone");
  put (self, "appliances/Capital/appliance.xml", "<appliance xmlns='" AST_DESCRIPTOR_NAMESPACE "'/>");
  catalogue = load (self);
  assert_names (catalogue, "!Capital, !folder, good, !latin, !loop, !nowhere");
  assert_appliance_problem (self, catalogue, "folder",
                            "/appliances/folder/appliance.xml: This is not an ordinary file.");
  assert_appliance_problem (
      self, catalogue, "latin",
      "/appliances/latin/appliance.xml:1:12: This is not UTF-8 text. Save the file as UTF-8.");
  assert_appliance_problem (
      self, catalogue, "loop",
      "/appliances/loop/appliance.xml: The file cannot be read: Too many levels of symbolic links.");
  assert_appliance_problem (self, catalogue, "nowhere",
                            "/appliances/nowhere: The folder is a symbolic link that leads nowhere.");
}

// A pipe would hold a reader for ever.
static void
test_pipe (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *folder = at (self, "appliances/pipe");
  g_autofree char *pipe = at (self, "appliances/pipe/appliance.xml");

  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0644), ==, 0);
  catalogue = load (self);
  assert_appliance_problem (self, catalogue, "pipe",
                            "/appliances/pipe/appliance.xml: This is not an ordinary file.");
}

static void
test_ten_megabytes (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *file = at (self, "appliances/huge/appliance.xml");

  put_appliance (self, "appliances", "good", "good");
  put (self, "appliances/huge/appliance.xml", "<appliance/>");
  g_assert_cmpint (truncate (file, 10 * 1000 * 1000), ==, 0);
  catalogue = load (self);
  assert_names (catalogue, "good, !huge");
  assert_appliance_problem (
      self, catalogue, "huge",
      "/appliances/huge/appliance.xml: The file has 10.0\u00a0MB; a descriptor is never that large.");
}

static void
test_entity_bomb (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *sample = g_test_build_filename (G_TEST_DIST, "data", "bad", "entity-bomb.xml", NULL);
  g_autofree char *bytes = NULL;

  g_assert_true (g_file_get_contents (sample, &bytes, NULL, NULL));
  put_appliance (self, "appliances", "good", "good");
  put (self, "appliances/bomb/appliance.xml", bytes);
  catalogue = load (self);
  assert_names (catalogue, "!bomb, good");
}

static void
test_unreadable (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *closed = at (self, "appliances/closed");
  g_autofree char *lost = at (self, "appliances/lost+found");
  g_autofree char *file = at (self, "appliances/file/appliance.xml");
  uid_t user = geteuid ();

  put_appliance (self, "appliances", "good", "good");
  put_appliance (self, "appliances", "closed", "closed");
  put_appliance (self, "appliances", "file", "file");
  put (self, "appliances/lost+found/x", "");
  g_assert_cmpint (g_chmod (file, 0000), ==, 0);
  g_assert_cmpint (g_chmod (closed, 0000), ==, 0);
  g_assert_cmpint (g_chmod (lost, 0000), ==, 0);
  g_assert_true (user != 0 || seteuid (NOBODY) == 0);
  catalogue = load (self);
  g_assert_cmpint (seteuid (user), ==, 0);
  g_assert_cmpint (g_chmod (closed, 0755), ==, 0);
  g_assert_cmpint (g_chmod (lost, 0755), ==, 0);
  assert_names (catalogue, "!closed, !file, good");
  assert_appliance_problem (self, catalogue, "closed",
                            "/appliances/closed: The folder cannot be read: Permission denied.");
  assert_appliance_problem (self, catalogue, "file",
                            "/appliances/file/appliance.xml: The file cannot be read: Permission denied.");
}

static void
test_images (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  const AstAppliance *appliance;
  g_autofree char *of_id = at (self, "store/lab/one.raw");
  g_autofree char *of_all = at (self, "store/two.raw");
  g_autofree char *own = at (self, "appliances/lab/sub/three.raw");

  put_image (self, "store/lab/one.raw");
  put_image (self, "store/one.raw");
  put_image (self, "store/two.raw");
  put_image (self, "store/sub/three.raw");
  put_image (self, "appliances/lab/sub/three.raw");
  put_descriptor (self, "appliances", "lab", "lab",
                  "<disk href='one.raw'/><layer href='two.raw'/><layer href='sub/three.raw'/>");
  put_descriptor (self, "appliances", "gone", "gone", "<disk\n href='gone.raw'/>");
  put (self, "appliances/text/disk.qcow2", "This is a text.\n");
  put_descriptor (self, "appliances", "text", "text", "<disk href='disk.qcow2'/>");
  catalogue = load (self);
  assert_names (catalogue, "!gone, lab, !text");
  appliance = ast_catalogue_find (catalogue, "lab");
  g_assert_cmpstr (appliance->disk->path, ==, of_id);
  g_assert_cmpstr (((AstImage *)g_ptr_array_index (appliance->layers, 0))->path, ==, of_all);
  g_assert_cmpstr (((AstImage *)g_ptr_array_index (appliance->layers, 1))->path, ==, own);
  appliance = ast_catalogue_find (catalogue, "gone");
  g_assert_null (appliance->disk->path);
  assert_appliance_problem (
      self, catalogue, "gone",
      "/appliances/gone/appliance.xml:3:1: The file “gone.raw” is missing. Copy it into the "
      "appliance's folder or into an image store, or mend its name.");
  appliance = ast_catalogue_find (catalogue, "text");
  g_assert_cmpuint (((AstProblem *)g_ptr_array_index (appliance->problems, 0))->line, ==, 3);
}

static void
test_links (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  static const char text[] = "<disk href='disk.raw'/>";

  put_image (self, "elsewhere/disk.raw");
  put_image (self, "store/disk.raw");
  put_descriptor (self, "appliances", "outside", "outside", text);
  put_link (self, "appliances/outside/disk.raw", "../../elsewhere/disk.raw");
  put_descriptor (self, "appliances", "folder", "folder", "<disk href='sub/disk.raw'/>");
  put_link (self, "appliances/folder/sub", "../../elsewhere");
  put_descriptor (self, "appliances", "inside", "inside", text);
  put_image (self, "appliances/inside/real.raw");
  put_link (self, "appliances/inside/disk.raw", "real.raw");
  put_descriptor (self, "appliances", "stored", "stored", text);
  put_link (self, "appliances/stored/disk.raw", "../../store/disk.raw");
  put_descriptor (self, "appliances", "dangling", "dangling", text);
  put_link (self, "appliances/dangling/disk.raw", "gone");
  put_image (self, "storeroom/disk.raw");
  put_descriptor (self, "appliances", "prefix", "prefix", text);
  put_link (self, "appliances/prefix/disk.raw", "../../storeroom/disk.raw");
  put_appliance (self, "elsewhere", "linked", "linked");
  put_link (self, "appliances/linked", "../elsewhere/linked");
  put (self, "elsewhere/descriptor.xml", "<appliance/>");
  put_link (self, "appliances/xml/appliance.xml", "../../elsewhere/descriptor.xml");
  catalogue = load (self);
  assert_names (catalogue, "!dangling, !folder, inside, linked, !outside, !prefix, stored, !xml");
  assert_appliance_problem (
      self, catalogue, "outside",
      "/appliances/outside/appliance.xml:3:1: “disk.raw” is a symbolic link that leaves the "
      "appliance's folder. Name its target's folder as an image store of this station, or "
      "copy the file.");
  assert_appliance_problem (
      self, catalogue, "dangling",
      "/appliances/dangling/appliance.xml:3:1: “disk.raw” is a symbolic link that leads nowhere.");
  assert_appliance_problem (
      self, catalogue, "xml",
      "/appliances/xml/appliance.xml: The descriptor is a symbolic link that leaves the "
      "appliance's folder.");
}

static void
test_icon (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *icon = at (self, "appliances/there/icon.svg");
  static const char text[] = "<disk href='disk.raw'/>\n  <icon href='icon.svg'/>";
  const AstAppliance *appliance;

  put_appliance (self, "appliances", "there", "there");
  put_descriptor (self, "appliances", "there", "there", text);
  put (self, "appliances/there/icon.svg", "<svg/>");
  put_appliance (self, "appliances", "gone", "gone");
  put_descriptor (self, "appliances", "gone", "gone", text);
  put_appliance (self, "appliances", "linked", "linked");
  put_descriptor (self, "appliances", "linked", "linked", text);
  put_link (self, "appliances/linked/icon.svg", "../there/icon.svg");
  catalogue = load (self);
  assert_names (catalogue, "gone, !linked, there");
  appliance = ast_catalogue_find (catalogue, "there");
  g_assert_cmpstr (appliance->icon, ==, icon);
  appliance = ast_catalogue_find (catalogue, "gone");
  g_assert_null (appliance->icon);
  assert_problem (self, appliance->warnings,
                  "/appliances/gone/appliance.xml:4:3: The icon's file is missing or cannot be read.");
  g_assert_null (((AstAppliance *)ast_catalogue_find (catalogue, "linked"))->icon);
}

static void
test_same_id (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *second = at (self, "second");
  g_autofree char *expected = g_strdup_printf (
      "/second/lab: This appliance is not shown: %s/appliances/lab has the same id and comes first.",
      self->base);

  put_appliance (self, "appliances", "lab", "first");
  put_appliance (self, "second", "lab", "second");
  put_appliance (self, "second", "other", "other");
  self->folders[1] = second;
  catalogue = load (self);
  assert_names (catalogue, "first, other");
  assert_problem (self, ast_catalogue_problems (catalogue), expected);
}

static void
test_same_folder (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autofree char *again = at (self, "./appliances/");

  put_appliance (self, "appliances", "lab", "lab");
  self->folders[1] = again;
  catalogue = load (self);
  assert_names (catalogue, "lab");
  assert_problem (self, ast_catalogue_problems (catalogue), NULL);
}

static void
assert_read (const Fixture *self, const char *path, const char *name, const char *problem)
{
  g_autofree char *file = at (self, path);
  g_autoptr (AstAppliance) appliance = ast_catalogue_read (file, self->stores, english);

  g_assert_cmpstr (appliance->name, ==, name);
  assert_problem (self, appliance->problems, problem);
}

static void
test_read (Fixture *self, gconstpointer data)
{
  put_appliance (self, "appliances", "lab", "The lab");
  assert_read (self, "appliances/lab", "The lab", NULL);
  assert_read (self, "appliances/lab/", "The lab", NULL);
  assert_read (self, "appliances/lab/appliance.xml", "The lab", NULL);
  assert_read (self, "appliances/lab/other.xml", "lab", "/appliances/lab/other.xml: There is no such file.");
  assert_read (self, "appliances", "appliances", "/appliances/appliance.xml: There is no such file.");
}

static void
test_thousand (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  gint64 start;

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = g_strdup_printf ("lab-%04u", i);
      g_autofree char *name = g_strdup_printf ("Lab %04u", i);

      put_appliance (self, "appliances", id, name);
    }
  start = g_get_monotonic_time ();
  catalogue = load (self);
  g_test_message ("1,000 descriptors in %.0f ms", (double)(g_get_monotonic_time () - start) / 1000);
  start = g_get_monotonic_time ();
  ast_catalogue_watch (catalogue);
  g_test_message ("1,001 folders watched in %.0f ms", (double)(g_get_monotonic_time () - start) / 1000);
  g_assert_cmpuint (ast_catalogue_list (catalogue)->len, ==, 1000);
  for (guint i = 0; i < 1000; i++)
    {
      const AstAppliance *appliance = g_ptr_array_index (ast_catalogue_list (catalogue), i);
      g_autofree char *name = g_strdup_printf ("Lab %04u", i);

      g_assert_cmpstr (appliance->name, ==, name);
      g_assert_true (ast_appliance_is_usable (appliance));
    }
}

// Watching, from here on.

static void
on_changed (AstCatalogue *catalogue, gpointer data)
{
  guint *count = data;

  (*count)++;
}

static AstCatalogue *
watch (const Fixture *self, guint *changes)
{
  AstCatalogue *catalogue = load (self);

  g_signal_connect (catalogue, "changed", G_CALLBACK (on_changed), changes);
  ast_catalogue_watch (catalogue);
  return catalogue;
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
on_end (gpointer data)
{
  gboolean *ended = data;

  *ended = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  gboolean ended = FALSE;

  g_timeout_add (ms, on_end, &ended);
  while (!ended)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_names (AstCatalogue *catalogue, const char *expected)
{
  gint64 start = g_get_monotonic_time ();
  guint tick = g_timeout_add (20, on_tick, NULL);
  g_autofree char *names = names_of (catalogue);

  while (g_strcmp0 (names, expected) != 0 && g_get_monotonic_time () - start < DEADLINE_US)
    {
      g_main_context_iteration (NULL, TRUE);
      g_free (names);
      names = names_of (catalogue);
    }
  g_source_remove (tick);
  g_test_message ("“%s” after %.0f ms", expected, (double)(g_get_monotonic_time () - start) / 1000);
  g_assert_cmpstr (names, ==, expected);
}

static void
test_watch_quiet (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;

  put_appliance (self, "appliances", "a", "a");
  catalogue = watch (self, &changes);
  run_for (QUIET_MS);
  put (self, "appliances/a/notes.txt", "nothing of the appliance");
  run_for (QUIET_MS);
  g_assert_cmpuint (changes, ==, 0);
}

static void
test_watch_new (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;

  put_appliance (self, "appliances", "a", "a");
  catalogue = watch (self, &changes);
  put_appliance (self, "appliances", "b", "b");
  wait_for_names (catalogue, "a, b");
  g_assert_cmpuint (changes, >, 0);
}

// As `cp` over a slow network: the folder, much later the descriptor, then the image.
static void
test_watch_slow (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;
  g_autofree char *folder = at (self, "appliances/slow");

  catalogue = watch (self, &changes);
  run_for (QUIET_MS);
  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  run_for (QUIET_MS);
  g_assert_cmpuint (changes, ==, 0);
  put_descriptor (self, "appliances", "slow", "slow", "<disk href='sub/disk.raw'/>");
  wait_for_names (catalogue, "!slow");
  put_image (self, "appliances/slow/sub/disk.raw");
  wait_for_names (catalogue, "slow");
  erase (self, "appliances/slow/sub/disk.raw");
  wait_for_names (catalogue, "!slow");
}

static void
test_watch_rename (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;
  g_autofree char *staged = at (self, "staging/lab");
  g_autofree char *folder = at (self, "appliances/lab");
  g_autofree char *other = at (self, "appliances/old");

  put_appliance (self, "staging", "lab", "lab");
  catalogue = watch (self, &changes);
  run_for (QUIET_MS);
  g_assert_cmpint (g_rename (staged, folder), ==, 0);
  wait_for_names (catalogue, "lab");
  g_assert_cmpint (g_rename (folder, other), ==, 0);
  wait_for_names (catalogue, "!lab");
  g_assert_null (ast_catalogue_find (catalogue, "lab"));
  g_assert_nonnull (ast_catalogue_find (catalogue, "old"));
  g_assert_cmpint (g_rename (other, staged), ==, 0);
  wait_for_names (catalogue, "");
  // Another folder of the same name is watched as well as the first.
  put_appliance (self, "staging/second", "lab", "second");
  g_free (staged);
  staged = at (self, "staging/second/lab");
  g_assert_cmpint (g_rename (staged, folder), ==, 0);
  wait_for_names (catalogue, "second");
  put_descriptor (self, "appliances", "lab", "third", "<disk href='disk.raw'/>");
  wait_for_names (catalogue, "third");
}

// A folder that takes another's place at once: the watch must not stay with the one that went.
static void
test_watch_swap (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;
  g_autofree char *folder = at (self, "appliances/lab");
  g_autofree char *away = at (self, "away");
  g_autofree char *staged = at (self, "staging/lab");

  put_appliance (self, "appliances", "lab", "one");
  put_appliance (self, "staging", "lab", "two");
  catalogue = watch (self, &changes);
  run_for (QUIET_MS);
  g_assert_cmpint (g_rename (folder, away), ==, 0);
  g_assert_cmpint (g_rename (staged, folder), ==, 0);
  wait_for_names (catalogue, "two");
  run_for (QUIET_MS);
  put_descriptor (self, "appliances", "lab", "three", "<disk href='disk.raw'/>");
  wait_for_names (catalogue, "three");
}

static void
test_watch_edit (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;
  g_autofree char *path = at (self, "appliances/a/appliance.xml");
  g_autofree char *text = descriptor ("a", "in place", "<disk href='disk.raw'/>");
  FILE *file;

  put_appliance (self, "appliances", "a", "a");
  put_appliance (self, "appliances", "b", "b");
  catalogue = watch (self, &changes);
  run_for (QUIET_MS);
  put (self, "appliances/a/appliance.xml", "broken");
  wait_for_names (catalogue, "!a, b");
  file = g_fopen (path, "w");
  g_assert_nonnull (file);
  g_assert_cmpint (fputs (text, file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
  wait_for_names (catalogue, "b, in place");
  erase (self, "appliances/a/appliance.xml");
  wait_for_names (catalogue, "b");
}

static void
test_watch_store (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;

  put_descriptor (self, "appliances", "a", "a", "<disk href='disk.raw'/>");
  catalogue = watch (self, &changes);
  assert_names (catalogue, "!a");
  run_for (QUIET_MS);
  put_image (self, "store/a/disk.raw");
  wait_for_names (catalogue, "a");
  erase (self, "store/a/disk.raw");
  wait_for_names (catalogue, "!a");
}

// The root itself comes, with folders above it that did not exist either, goes, and comes again.
static void
test_watch_root (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  guint changes = 0;
  g_autofree char *root = at (self, "srv/lab/appliances");
  g_autofree char *top = at (self, "srv");
  g_autofree char *away = at (self, "away");

  self->folders[0] = root;
  catalogue = watch (self, &changes);
  run_for (QUIET_MS);
  put_appliance (self, "srv/lab/appliances", "a", "a");
  wait_for_names (catalogue, "a");
  g_assert_cmpint (g_rename (top, away), ==, 0);
  wait_for_names (catalogue, "");
  put_appliance (self, "srv/lab/appliances", "b", "b");
  wait_for_names (catalogue, "b");
}

static void
test_watch_burst (Fixture *self, gconstpointer data)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autoptr (GString) expected = g_string_new (NULL);
  gint64 start = g_get_monotonic_time ();
  guint changes = 0;

  catalogue = watch (self, &changes);
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("lab-%02u", i);

      put_appliance (self, "appliances", id, id);
      g_string_append_printf (expected, "%s%s", i ? ", " : "", id);
    }
  wait_for_names (catalogue, expected->str);
  run_for (QUIET_MS);
  // Four a second, whatever happens; 1 for the second that has begun.
  g_assert_cmpint (changes, <=, 4 * ((g_get_monotonic_time () - start) / G_USEC_PER_SEC + 1));
}

// Dropped while a thread still reads: nothing is told, nothing is lost.
static void
test_watch_dropped (Fixture *self, gconstpointer data)
{
  guint changes = 0;

  put_appliance (self, "appliances", "a", "a");
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (AstCatalogue) catalogue = watch (self, &changes);

      run_for (40 + i);
    }
  run_for (100);
  g_assert_cmpuint (changes, ==, 0);
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/catalogue/list", test_list);
  add ("/catalogue/no-root", test_no_root);
  add ("/catalogue/root-is-file", test_root_is_file);
  add ("/catalogue/root-unreadable", test_root_unreadable);
  add ("/catalogue/broken", test_broken);
  add ("/catalogue/pipe", test_pipe);
  add ("/catalogue/ten-megabytes", test_ten_megabytes);
  add ("/catalogue/entity-bomb", test_entity_bomb);
  add ("/catalogue/unreadable", test_unreadable);
  add ("/catalogue/images", test_images);
  add ("/catalogue/links", test_links);
  add ("/catalogue/icon", test_icon);
  add ("/catalogue/same-id", test_same_id);
  add ("/catalogue/same-folder", test_same_folder);
  add ("/catalogue/read", test_read);
  add ("/catalogue/thousand", test_thousand);
  add ("/catalogue/watch/quiet", test_watch_quiet);
  add ("/catalogue/watch/new", test_watch_new);
  add ("/catalogue/watch/slow", test_watch_slow);
  add ("/catalogue/watch/rename", test_watch_rename);
  add ("/catalogue/watch/swap", test_watch_swap);
  add ("/catalogue/watch/edit", test_watch_edit);
  add ("/catalogue/watch/store", test_watch_store);
  add ("/catalogue/watch/root", test_watch_root);
  add ("/catalogue/watch/burst", test_watch_burst);
  add ("/catalogue/watch/dropped", test_watch_dropped);
  return g_test_run ();
}
