// SPDX-License-Identifier: GPL-3.0-or-later
#include "overlay-store.h"
#include "error.h"
#include "image-tools.h"
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utime.h>

#define MANY 1000

// A store, and an appliance on a disk and two layers.
typedef struct
{
  TestFolder *folder;
  char *images;   // folder
  char *overlays; // folder; the store makes it
  char *disk;
  char *lower;
  char *upper;
  AstOverlayStore *store;
  AstAppliance *appliance;
} Fixture;

static Fixture *
make_fixture_at (const char *prefix, const char *size)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autofree char *images = g_strconcat (prefix, "images", NULL);
  g_autofree char *overlays = g_strconcat (prefix, "overlays", NULL);
  g_autofree char *disk = g_strconcat (prefix, "disk.qcow2", NULL);

  self->folder = make_folder ();
  self->images = g_build_filename (self->folder, images, NULL);
  self->overlays = g_build_filename (self->folder, overlays, NULL);
  self->disk = g_build_filename (self->images, disk, NULL);
  self->lower = g_build_filename (self->images, "lower.qcow2", NULL);
  self->upper = g_build_filename (self->images, "upper.qcow2", NULL);
  g_assert_cmpint (g_mkdir (self->images, 0755), ==, 0);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", self->disk, size, NULL));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F qcow2 -b", self->disk, self->lower, NULL));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F qcow2 -b", self->lower, self->upper, NULL));
  self->store = ast_overlay_store_new (self->overlays, 1, 0);
  self->appliance = make_appliance (self->images, self->disk, self->lower);
  g_ptr_array_add (self->appliance->layers, make_part (self->upper, NULL));
  return self;
}

static Fixture *
make_fixture (void)
{
  return make_fixture_at ("", "8M");
}

static void
free_fixture (Fixture *self)
{
  g_object_unref (self->store);
  ast_appliance_unref (self->appliance);
  remove_folder (self->folder);
  g_free (self->images);
  g_free (self->overlays);
  g_free (self->disk);
  g_free (self->lower);
  g_free (self->upper);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

static void
on_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **slot = data;

  *slot = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static char *
create (AstOverlayStore *store, const AstAppliance *appliance, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ast_overlay_store_create_async (store, appliance, NULL, cancellable, on_ready, &result);
  return ast_overlay_store_create_finish (store, wait_for (&result), error);
}

static char *
create_well (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  char *overlay = create (fixture->store, fixture->appliance, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (overlay);
  return overlay;
}

static void
assert_create_fails (AstOverlayStore *store, const AstAppliance *appliance, AstError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = create (store, appliance, NULL, &error);

  g_assert_null (overlay);
  g_assert_error (error, AST_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

static gboolean
discard (AstOverlayStore *store, const char *overlay, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ast_overlay_store_discard_async (store, overlay, NULL, on_ready, &result);
  return ast_overlay_store_discard_finish (store, wait_for (&result), error);
}

static void
discard_well (AstOverlayStore *store, const char *overlay)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (discard (store, overlay, &error));
  g_assert_no_error (error);
}

static guint
count_files (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint count = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    count++;
  return count;
}

static gboolean
exists (const char *path)
{
  struct stat found;

  return lstat (path, &found) == 0;
}

static gboolean
guest_writes (const char *overlay, const char *pattern)
{
  g_autofree char *command = g_strdup_printf ("write -P %s 1M 64k", pattern);

  return run_tool ("qemu-io -f qcow2 -c", command, overlay, NULL);
}

static gboolean
guest_reads (const char *overlay, const char *pattern)
{
  g_autofree char *command = g_strdup_printf ("read -P %s 1M 64k", pattern);

  return run_tool ("qemu-io -r -f qcow2 -c", command, overlay, NULL);
}

// A QEMU process that holds the image, until it is freed.
typedef GSubprocess Holder;

static Holder *
hold (const char *image)
{
  g_autoptr (GError) error = NULL;
  Holder *holder = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
                                     &error, "qemu-io", "-f", "qcow2", image, NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < 1000 && !ast_overlay_store_in_use (image); i++)
    g_usleep (10000);
  g_assert_true (ast_overlay_store_in_use (image));
  return holder;
}

static void
let_go (Holder *holder)
{
  g_subprocess_force_exit (holder);
  g_assert_true (g_subprocess_wait (holder, NULL, NULL));
  g_object_unref (holder);
}

static void
test_volatile (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *start = g_build_filename (fixture->overlays, "lab-", NULL);
  g_autofree char *disk_before = compute_sha256 (fixture->disk);
  g_autofree char *upper_before = compute_sha256 (fixture->upper);
  g_autofree char *disk_after = NULL;
  g_autofree char *upper_after = NULL;
  mode_t mask = umask (0);
  struct stat found;

  first = create_well (fixture);
  second = create_well (fixture);
  umask (mask);
  g_assert_cmpstr (first, !=, second);
  g_assert_true (g_str_has_prefix (first, start));
  g_assert_true (g_str_has_suffix (first, ".volatile.qcow2"));
  g_assert_cmpint (stat (first, &found), ==, 0);
  g_assert_cmpint (found.st_mode, ==, S_IFREG | 0600);
  g_assert_cmpint (stat (fixture->overlays, &found), ==, 0);
  g_assert_cmpint (found.st_mode, ==, S_IFDIR | 0700);

  g_assert_true (guest_writes (first, "0x77"));
  g_assert_true (guest_reads (first, "0x77"));
  g_assert_true (guest_reads (second, "0"));
  discard_well (fixture->store, first);
  discard_well (fixture->store, first);
  g_assert_false (exists (first));
  discard_well (fixture->store, second);
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);

  disk_after = compute_sha256 (fixture->disk);
  upper_after = compute_sha256 (fixture->upper);
  g_assert_cmpstr (disk_before, ==, disk_after);
  g_assert_cmpstr (upper_before, ==, upper_after);
}

// What stands in the images can be read through the overlay, whatever the paths look like.
static void
test_names (void)
{
  static const char *const prefixes[]
      = { "a, b:c é %s ", "json:{", "-u ", "\"q\" \\ 'x' ", "\n", "nbd:", "file,x=" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autoptr (Fixture) fixture = make_fixture_at (prefixes[i], "8M");
      g_autofree char *overlay = NULL;

      g_assert_true (guest_writes (fixture->disk, "0x42"));
      overlay = create_well (fixture);
      g_assert_true (guest_reads (overlay, "0x42"));
      discard_well (fixture->store, overlay);
      fixture->appliance->keeping = AST_KEEPING_KEPT;
      g_free (overlay);
      overlay = create_well (fixture);
      g_assert_true (guest_reads (overlay, "0x42"));
    }
}

static void
test_not_utf8 (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *disk = g_build_filename (folder, "disk-\xff.qcow2", NULL);
  g_autofree char *overlays = g_build_filename (folder, "overlays-\xff", NULL);
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (overlays, 1, 0);
  g_autoptr (AstAppliance) appliance = make_appliance (folder, disk, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = NULL;

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", disk, "8M", NULL));
  g_assert_true (guest_writes (disk, "0x42"));
  overlay = create (store, appliance, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (guest_reads (overlay, "0x42"));
}

static void
test_raw_disk (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *disk = g_build_filename (folder, "disk.raw", NULL);
  g_autofree char *overlays = g_build_filename (folder, "overlays", NULL);
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (overlays, 1, 0);
  g_autoptr (AstAppliance) appliance = make_appliance (folder, disk, NULL);
  g_autofree char *bytes = g_malloc (2 << 20);
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = NULL;

  memset (bytes, 0xf6, 2 << 20);
  write_file (disk, bytes, 2 << 20);
  overlay = create (store, appliance, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (guest_reads (overlay, "0xf6"));
}

static void
test_sizes (void)
{
  static const char *const sizes[] = { "1G", "1T" };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (Fixture) fixture = make_fixture_at ("", sizes[i]);
      g_autoptr (GTimer) timer = g_timer_new ();
      g_autofree char *overlay = create_well (fixture);
      double made = g_timer_elapsed (timer, NULL);

      g_timer_start (timer);
      discard_well (fixture->store, overlay);
      g_test_message ("%s: create %.1f ms, discard %.2f ms", sizes[i], made * 1e3,
                      g_timer_elapsed (timer, NULL) * 1e3);
      g_assert_false (exists (overlay));
    }
}

static void
test_bad_images (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autoptr (AstAppliance) missing = make_appliance (fixture->images, "/nowhere/disk.qcow2", NULL);
  g_autoptr (AstAppliance) unfound = make_appliance (fixture->images, fixture->disk, NULL);
  g_autoptr (AstAppliance) layer_alone = make_appliance (fixture->images, fixture->upper, NULL);

  g_clear_pointer (&unfound->disk->path, g_free);
  assert_create_fails (fixture->store, missing, AST_ERROR_IMAGE_MISSING, "/nowhere/disk.qcow2");
  assert_create_fails (fixture->store, unfound, AST_ERROR_IMAGE_MISSING, "disk.qcow2");
  assert_create_fails (fixture->store, layer_alone, AST_ERROR_IMAGE_FORMAT, fixture->lower);
  g_assert_cmpint (truncate (fixture->disk, 65536), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_IMAGE_CORRUPT, "cut short");
  g_assert_false (exists (fixture->overlays));
}

static void
test_no_space (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autoptr (AstOverlayStore) greedy = ast_overlay_store_new (fixture->overlays, G_MAXUINT, 0);

  assert_create_fails (greedy, fixture->appliance, AST_ERROR_NO_SPACE, "PiB");
  assert_create_fails (greedy, fixture->appliance, AST_ERROR_NO_SPACE, fixture->overlays);
  fixture->appliance->keeping = AST_KEEPING_KEPT;
  assert_create_fails (greedy, fixture->appliance, AST_ERROR_NO_SPACE, "free");
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
}

static goffset
length_of (const char *path)
{
  struct stat found;

  g_assert_cmpint (stat (path, &found), ==, 0);
  return found.st_size;
}

// As QEMU writes that was given the file in its length.
static gboolean
bounded_guest_writes (const char *overlay, guint from_mib, guint mib)
{
  g_autofree char *command = g_strdup_printf ("write -P 0x77 %uM %uM", from_mib, mib);
  g_autofree char *image = g_strdup_printf (
      "driver=qcow2,file.driver=raw,file.offset=0,file.size=%" G_GOFFSET_FORMAT ",file.file.filename=%s",
      length_of (overlay), overlay);

  return run_tool ("qemu-io --image-opts -c", command, image, NULL);
}

static void
assert_within (AstOverlayStore *store, const char *overlay, guint64 bound)
{
  AstRoom room;

  g_assert_true (ast_overlay_store_get_room (store, overlay, &room));
  g_assert_cmpuint (room.bound, ==, bound);
  g_assert_cmpuint (room.used, <=, bound);
  g_assert_cmpuint (room.left, >, 0);
}

// A volatile overlay takes no more than its bound, however much is written.
static void
test_bound (void)
{
  g_autoptr (Fixture) fixture = make_fixture_at ("", "256M");
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (fixture->overlays, 1, 4);
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = create (store, fixture->appliance, NULL, &error);

  g_assert_no_error (error);
  assert_within (store, overlay, 4 << 20);
  g_assert_true (bounded_guest_writes (overlay, 0, 3));
  g_assert_false (bounded_guest_writes (overlay, 8, 8));
  g_assert_false (bounded_guest_writes (overlay, 100, 1) && bounded_guest_writes (overlay, 101, 1));
  assert_within (store, overlay, 4 << 20);
  // What it has already it may write again.
  g_assert_true (bounded_guest_writes (overlay, 0, 3));
  discard_well (store, overlay);
}

// A disk that is smaller than the bound needs no more than itself.
static void
test_bound_of_small_disk (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *overlay = create_well (fixture);

  g_assert_cmpint (length_of (overlay), <, 16 << 20);
  g_assert_true (bounded_guest_writes (overlay, 0, 8));
}

// Each start of a kept overlay has the bound that fits then, also a smaller one, and nothing of it is lost.
static void
test_bound_of_kept (void)
{
  g_autoptr (Fixture) fixture = make_fixture_at ("", "256M");
  g_autoptr (AstOverlayStore) wide = ast_overlay_store_new (fixture->overlays, 1, 8);
  g_autoptr (AstOverlayStore) narrow = ast_overlay_store_new (fixture->overlays, 1, 4);
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = NULL;
  g_autofree char *again = NULL;

  fixture->appliance->keeping = AST_KEEPING_KEPT;
  overlay = create (wide, fixture->appliance, NULL, &error);
  g_assert_no_error (error);
  assert_within (wide, overlay, 8 << 20);
  g_assert_true (bounded_guest_writes (overlay, 0, 1));
  again = create (narrow, fixture->appliance, NULL, &error);
  g_assert_no_error (error);
  assert_within (narrow, overlay, 4 << 20);
  g_assert_true (bounded_guest_writes (overlay, 1, 1));
  g_assert_false (bounded_guest_writes (overlay, 2, 8));
  assert_within (narrow, overlay, 4 << 20);
  g_free (create (wide, fixture->appliance, NULL, &error));
  assert_within (wide, overlay, 8 << 20);
  g_assert_true (bounded_guest_writes (overlay, 2, 2));
  // More is in it than it may have: it starts, and grows no further.
  g_free (create (narrow, fixture->appliance, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (length_of (overlay), >=, 4 << 20);
  g_assert_cmpint (length_of (overlay), <, 8 << 20);
  g_assert_true (bounded_guest_writes (overlay, 2, 2));
  g_assert_false (bounded_guest_writes (overlay, 20, 4));
  g_assert_true (run_tool ("qemu-io -r -f qcow2 -c", "read -P 0x77 0 4M", overlay, NULL));
}

static void
test_foreign_folder (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autoptr (AstOverlayStore) file_store = ast_overlay_store_new (fixture->disk, 1, 0);
  g_autoptr (AstOverlayStore) system_store = ast_overlay_store_new ("/usr", 1, 0);

  assert_create_fails (file_store, fixture->appliance, AST_ERROR_STORE, "Not a directory");
  g_assert_cmpint (g_mkdir (fixture->overlays, 0700), ==, 0);
  g_assert_cmpint (g_chmod (fixture->overlays, 0770), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "can write");
  g_assert_cmpint (g_chmod (fixture->overlays, 0707), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "can write");
  g_assert_cmpint (g_chmod (fixture->overlays, 0700), ==, 0);
  if (geteuid () == 0)
    {
      g_assert_cmpint (chown (fixture->overlays, 65534, 65534), ==, 0);
      assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "another user");
    }
  else
    assert_create_fails (system_store, fixture->appliance, AST_ERROR_STORE, "another user");
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
}

static void
create_as_nobody (const char *folder)
{
  g_autofree char *disk = g_build_filename (folder, "images", "disk.qcow2", NULL);
  g_autofree char *overlays = g_build_filename (folder, "closed", "overlays", NULL);
  g_autofree char *own = g_build_filename (folder, "open", "overlays", NULL);
  g_autoptr (AstOverlayStore) closed_store = ast_overlay_store_new (overlays, 1, 0);
  g_autoptr (AstOverlayStore) own_store = ast_overlay_store_new (own, 1, 0);
  g_autoptr (AstAppliance) appliance = make_appliance (folder, disk, NULL);
  g_autofree char *overlay = NULL;

  g_assert_true (geteuid () != 0 || setresuid (65534, 65534, 65534) == 0);
  // The leak check looks into its own process.
  prctl (PR_SET_DUMPABLE, 1);
  assert_create_fails (closed_store, appliance, AST_ERROR_STORE, "Permission denied");
  overlay = create (own_store, appliance, NULL, NULL);
  g_assert_nonnull (overlay);
  g_assert_cmpint (g_chmod (own, 0500), ==, 0);
  assert_create_fails (own_store, appliance, AST_ERROR_STORE, "Permission denied");
  g_assert_cmpint (ast_overlay_store_sweep (own_store, NULL, NULL), ==, -1);
  g_assert_false (discard (own_store, overlay, NULL));
  g_assert_cmpint (g_chmod (own, 0700), ==, 0);
  g_assert_cmpint (ast_overlay_store_sweep (own_store, NULL, NULL), ==, 1);
}

// An ordinary user: the images are root's, one place for overlays is closed to him, another one is his.
static void
test_unwritable_folder (void)
{
  g_autoptr (Fixture) fixture = NULL;
  g_autofree char *closed = NULL;
  g_autofree char *open_folder = NULL;

  if (g_test_subprocess ())
    {
      create_as_nobody (g_getenv ("AST_TEST_FOLDER"));
      return;
    }
  fixture = make_fixture ();
  closed = g_build_filename (fixture->folder, "closed", NULL);
  open_folder = g_build_filename (fixture->folder, "open", NULL);
  g_assert_cmpint (g_chmod (fixture->folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (fixture->disk, 0444), ==, 0);
  g_assert_cmpint (g_mkdir (closed, 0555), ==, 0);
  g_assert_cmpint (g_mkdir (open_folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (open_folder, 0777), ==, 0);
  g_setenv ("AST_TEST_FOLDER", fixture->folder, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
write_fake_tool (const char *folder, const char *script)
{
  g_autofree char *tool = g_build_filename (folder, "qemu-img", NULL);

  write_file (tool, script, strlen (script));
  g_assert_cmpint (g_chmod (tool, 0755), ==, 0);
}

// In a process of its own, with another qemu-img (or none) in front.
static void
run_with_fake_tool (const char *script)
{
  g_autoptr (TestFolder) folder = make_folder ();

  if (script != NULL)
    write_fake_tool (folder, script);
  g_setenv ("AST_TEST_PATH", folder, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

static void
test_tool_missing (void)
{
  g_autoptr (Fixture) fixture = NULL;

  if (!g_test_subprocess ())
    {
      run_with_fake_tool (NULL);
      return;
    }
  fixture = make_fixture ();
  g_setenv ("PATH", g_getenv ("AST_TEST_PATH"), TRUE);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_NO_QEMU, "qemu-img");
  fixture->appliance->keeping = AST_KEEPING_KEPT;
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_NO_QEMU, "qemu-img");
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
}

// The tool's own words tell what is wrong; nothing is left of its work.
static void
assert_fails_with_tool (Fixture *fixture, const char *script, AstError code, const char *words)
{
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  write_fake_tool (g_getenv ("AST_TEST_PATH"), script);
  g_setenv ("PATH", g_getenv ("AST_TEST_PATH"), TRUE);
  assert_create_fails (fixture->store, fixture->appliance, code, words);
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
  g_setenv ("PATH", path, TRUE);
}

static void
test_tool_fails (void)
{
  g_autoptr (Fixture) fixture = NULL;

  if (!g_test_subprocess ())
    {
      run_with_fake_tool (NULL);
      return;
    }
  fixture = make_fixture ();
  assert_fails_with_tool (fixture, "#!/bin/sh\necho 'qemu-img: x: Input/output error' >&2\nexit 1\n",
                          AST_ERROR_STORE, "Input/output error");
  assert_fails_with_tool (fixture, "#!/bin/sh\nkill -9 $$\n", AST_ERROR_NO_QEMU, "signal 9");
}

// The overlay's file can be begun but not be written to its end.
static void
test_write_fails (void)
{
  g_autoptr (Fixture) fixture = NULL;
  g_autofree char *overlay = NULL;
  const struct rlimit limit = { 10 * 1000, 10 * 1000 };

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  fixture = make_fixture ();
  overlay = create_well (fixture);
  discard_well (fixture->store, overlay);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "File too large");
  fixture->appliance->keeping = AST_KEEPING_KEPT;
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "File too large");
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
}

static guint
count_runs (const char *log)
{
  g_autofree char *text = NULL;
  guint runs = 0;

  if (g_file_get_contents (log, &text, NULL, NULL))
    for (const char *at = text; *at; at++)
      runs += *at == '\n';
  return runs;
}

static void
assert_created_with_runs (Fixture *fixture, const char *log, guint runs)
{
  g_autofree char *overlay = create_well (fixture);

  g_assert_cmpuint (count_runs (log), ==, runs);
  g_assert_true (guest_reads (overlay, "0"));
  g_assert_true (guest_writes (overlay, "0x77"));
  discard_well (fixture->store, overlay);
}

// An appliance that is expected is made without qemu-img; what one overlay's guest writes is in no other; and
// an image that was replaced by a larger one is seen.
static void
test_expected (void)
{
  g_autoptr (Fixture) fixture = NULL;
  g_autofree char *path = NULL;
  g_autofree char *log = NULL;
  g_autofree char *ended = NULL;

  if (!g_test_subprocess ())
    {
      run_with_fake_tool ("#!/bin/sh\necho >>${0%/*}/log\nPATH=${PATH#*:} qemu-img \"$@\"\nstatus=$?\n"
                          "echo >>${0%/*}/ended\nexit $status\n");
      return;
    }
  fixture = make_fixture ();
  path = g_strconcat (g_getenv ("AST_TEST_PATH"), ":", g_getenv ("PATH"), NULL);
  log = g_build_filename (g_getenv ("AST_TEST_PATH"), "log", NULL);
  ended = g_build_filename (g_getenv ("AST_TEST_PATH"), "ended", NULL);
  g_setenv ("PATH", path, TRUE);
  ast_overlay_store_expect (fixture->store, fixture->appliance, NULL);
  while (count_runs (ended) == 0)
    g_usleep (1000);
  g_usleep (G_USEC_PER_SEC / 2);
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
  assert_created_with_runs (fixture, log, 1);
  assert_created_with_runs (fixture, log, 1);
  g_assert_true (run_tool ("qemu-img resize -q", fixture->upper, "+1M", NULL));
  assert_created_with_runs (fixture, log, 3); // one of them is this test's own
}

static gboolean
on_cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

// A qemu-img that takes for ever is killed, and what it would have made is gone.
static void
test_cancel_slow (void)
{
  g_autoptr (Fixture) fixture = NULL;
  g_autoptr (GCancellable) cancellable = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = NULL;
  g_autofree char *pid_file = NULL;
  g_autofree char *pid = NULL;

  if (!g_test_subprocess ())
    {
      run_with_fake_tool ("#!/bin/sh\necho $$ >${0%/*}/pid\nexec /bin/sleep 1000\n");
      return;
    }
  fixture = make_fixture ();
  g_setenv ("PATH", g_getenv ("AST_TEST_PATH"), TRUE);
  cancellable = g_cancellable_new ();
  g_timeout_add (500, on_cancel, cancellable);
  overlay = create (fixture->store, fixture->appliance, cancellable, &error);
  g_assert_null (overlay);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
  pid_file = g_build_filename (g_getenv ("AST_TEST_PATH"), "pid", NULL);
  g_assert_true (g_file_get_contents (pid_file, &pid, NULL, NULL));
  g_assert_cmpint (kill ((pid_t)g_ascii_strtoll (pid, NULL, 10), 0), ==, -1);
}

// Cancelled at any moment: either there is an overlay, or there is nothing.
static void
test_cancel_any_time (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  guint cancelled = 0;

  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      g_autofree char *overlay = NULL;

      fixture->appliance->keeping = i % 2 ? AST_KEEPING_KEPT : AST_KEEPING_VOLATILE;
      if (i < 2)
        g_cancellable_cancel (cancellable);
      else
        g_timeout_add (i / 2, on_cancel, cancellable);
      overlay = create (fixture->store, fixture->appliance, cancellable, &error);
      while (!g_cancellable_is_cancelled (cancellable))
        g_main_context_iteration (NULL, TRUE);
      if (overlay == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
          cancelled++;
          continue;
        }
      discard_well (fixture->store, overlay);
      g_assert_cmpint (ast_overlay_store_reset (fixture->store, "lab", NULL), ==, i % 2);
      g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
    }
  g_test_message ("cancelled: %u of 40", cancelled);
  g_assert_cmpuint (cancelled, >=, 2);
}

static void
test_discard_others (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *overlay = create_well (fixture);
  g_autofree char *outside = g_build_filename (fixture->images, "lab-0123456789ab.volatile.qcow2", NULL);
  g_autofree char *notes = g_build_filename (fixture->overlays, "notes.txt", NULL);
  g_autofree char *dots
      = g_build_filename (fixture->overlays, "..", "images", "lab-0123456789ab.volatile.qcow2", NULL);
  const char *const others[] = { fixture->disk, outside, notes, dots };

  write_file (outside, "x", 1);
  write_file (notes, "x", 1);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (discard (fixture->store, others[i], &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_STORE);
      g_assert_true (exists (others[i]));
    }
}

static void
test_in_use (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *overlay = create_well (fixture);
  g_autoptr (GError) error = NULL;
  Holder *holder;

  g_assert_false (ast_overlay_store_in_use (overlay));
  holder = hold (overlay);
  g_assert_false (discard (fixture->store, overlay, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_BUSY);
  g_assert_cmpint (ast_overlay_store_sweep (fixture->store, NULL, NULL), ==, 0);
  g_assert_true (exists (overlay));
  let_go (holder);
  g_assert_false (ast_overlay_store_in_use (overlay));
  discard_well (fixture->store, overlay);
  g_assert_false (exists (overlay));
  g_assert_false (ast_overlay_store_in_use (overlay));
}

static char *
make_leftover (Fixture *fixture, const char *name)
{
  char *path = g_build_filename (fixture->overlays, name, NULL);
  int fd = open (path, O_CREAT | O_EXCL | O_WRONLY, 0600);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  return path;
}

static void
test_many_discards (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autoptr (GTimer) timer = NULL;

  g_assert_cmpint (g_mkdir (fixture->overlays, 0700), ==, 0);
  timer = g_timer_new ();
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("lab-%012x.volatile.qcow2", i);
      g_autofree char *path = make_leftover (fixture, name);

      discard_well (fixture->store, path);
    }
  g_test_message ("%d discards: %.0f ms", MANY, g_timer_elapsed (timer, NULL) * 1e3);
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
}

static void
test_sweep (void)
{
  static const char *const strangers[] = { "notes.txt",
                                           "lab.kept.qcow2",
                                           "lab.kept.info",
                                           "last-used",
                                           "lab-0123456789a.volatile.qcow2",
                                           "lab-0123456789ax.volatile.qcow2",
                                           "Lab-0123456789ab.volatile.qcow2",
                                           "-0123456789ab.volatile.qcow2",
                                           "lab-0123456789ab.volatile.qcow2.bak",
                                           "disk.qcow2",
                                           "last-used.backup" };
  static const char *const leftovers[] = { "lab-0123456789ab.new.qcow2", "last-used.A1B2C3",
                                           "lab.kept.info.A1B2C3", "a.b_c-d-0123456789ab.volatile.qcow2" };
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *overlay = NULL;
  g_autofree char *link_path = g_build_filename (fixture->overlays, "lab-aaaaaaaaaaaa.volatile.qcow2", NULL);
  g_autofree char *folder = g_build_filename (fixture->overlays, "lab-bbbbbbbbbbbb.volatile.qcow2", NULL);
  g_autoptr (GTimer) timer = NULL;
  guint before;

  g_assert_cmpint (ast_overlay_store_sweep (fixture->store, NULL, NULL), ==, 0);
  g_assert_false (exists (fixture->overlays));
  overlay = create_well (fixture);
  discard_well (fixture->store, overlay);
  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    g_free (make_leftover (fixture, strangers[i]));
  g_assert_cmpint (symlink (fixture->disk, link_path), ==, 0);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  before = count_files (fixture->overlays);
  for (gsize i = 0; i < G_N_ELEMENTS (leftovers); i++)
    g_free (make_leftover (fixture, leftovers[i]));
  for (guint i = 0; i < MANY; i++)
    {
      g_autofree char *name = g_strdup_printf ("lab-%012x.volatile.qcow2", i);

      g_free (make_leftover (fixture, name));
    }
  timer = g_timer_new ();
  g_assert_cmpint (ast_overlay_store_sweep (fixture->store, NULL, NULL), ==,
                   MANY + (int)G_N_ELEMENTS (leftovers));
  g_test_message ("sweep of %d: %.0f ms", MANY, g_timer_elapsed (timer, NULL) * 1e3);
  g_assert_cmpuint (count_files (fixture->overlays), ==, before);
  g_assert_true (exists (link_path));
  g_assert_true (exists (fixture->disk));
}

static void
test_kept (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *first = NULL;
  g_autofree char *again = NULL;
  g_autofree char *anew = NULL;
  struct stat found;

  fixture->appliance->keeping = AST_KEEPING_KEPT;
  g_assert_false (ast_overlay_store_has_kept (fixture->store, "lab"));
  first = create_well (fixture);
  g_assert_true (ast_overlay_store_has_kept (fixture->store, "lab"));
  g_assert_cmpint (stat (first, &found), ==, 0);
  g_assert_cmpint (found.st_mode, ==, S_IFREG | 0600);
  g_assert_true (guest_writes (first, "0x99"));
  discard_well (fixture->store, first);
  g_assert_cmpint (ast_overlay_store_sweep (fixture->store, NULL, NULL), ==, 0);
  again = create_well (fixture);
  g_assert_cmpstr (first, ==, again);
  g_assert_true (guest_reads (again, "0x99"));

  g_assert_cmpint (ast_overlay_store_reset (fixture->store, "other", NULL), ==, 0);
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, "../images/disk", NULL), ==, 0);
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, "lab", NULL), ==, 1);
  g_assert_false (ast_overlay_store_has_kept (fixture->store, "lab"));
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
  anew = create_well (fixture);
  g_assert_true (guest_reads (anew, "0"));
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, NULL, NULL), ==, 1);
  g_assert_cmpuint (count_files (fixture->overlays), ==, 0);
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, NULL, NULL), ==, 0);
}

static void
test_kept_in_use (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autoptr (GError) error = NULL;
  g_autofree char *overlay = NULL;
  Holder *holder;

  fixture->appliance->keeping = AST_KEEPING_KEPT;
  overlay = create_well (fixture);
  holder = hold (overlay);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_BUSY, overlay);
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, NULL, &error), ==, -1);
  g_assert_error (error, AST_ERROR, AST_ERROR_BUSY);
  let_go (holder);
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, NULL, NULL), ==, 1);
}

static void
test_kept_on_other_image (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autoptr (AstAppliance) fewer = make_appliance (fixture->images, fixture->disk, fixture->lower);
  g_autofree char *overlay = NULL;
  g_autofree char *info = g_build_filename (fixture->overlays, "lab.kept.info", NULL);
  struct utimbuf newer = { 2000000000, 2000000000 };
  struct utimbuf older;
  struct stat found;

  fixture->appliance->keeping = AST_KEEPING_KEPT;
  fewer->keeping = AST_KEEPING_KEPT;
  overlay = create_well (fixture);
  g_assert_true (guest_writes (overlay, "0x99"));
  assert_create_fails (fixture->store, fewer, AST_ERROR_STORE, "another image");

  // The lowest image counts as well: another version of it came under the same name.
  g_assert_cmpint (stat (fixture->disk, &found), ==, 0);
  older = (struct utimbuf){ found.st_atime, found.st_mtime };
  g_assert_cmpint (utime (fixture->disk, &newer), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "asteroidectl reset lab");
  g_assert_cmpint (utime (fixture->disk, &older), ==, 0);
  g_free (create_well (fixture));

  g_assert_cmpint (g_remove (info), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "another image");
  g_assert_true (guest_reads (overlay, "0x99"));
}

static void
test_kept_damaged (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *overlay = NULL;
  g_autofree char *before = compute_sha256 (fixture->disk);
  g_autofree char *after = NULL;

  fixture->appliance->keeping = AST_KEEPING_KEPT;
  overlay = create_well (fixture);
  g_assert_cmpint (truncate (overlay, 100), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "asteroidectl reset lab");
  g_assert_cmpint (g_remove (overlay), ==, 0);
  g_assert_cmpint (symlink (fixture->disk, overlay), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "cannot be read");
  g_assert_cmpint (g_remove (overlay), ==, 0);
  g_assert_cmpint (mkfifo (overlay, 0600), ==, 0);
  assert_create_fails (fixture->store, fixture->appliance, AST_ERROR_STORE, "ordinary file");
  g_assert_cmpint (ast_overlay_store_reset (fixture->store, NULL, NULL), ==, 0);
  after = compute_sha256 (fixture->disk);
  g_assert_cmpstr (before, ==, after);
}

static gint64
read_last_used (Fixture *fixture, const char *id)
{
  g_autoptr (AstOverlayStore) other = ast_overlay_store_new (fixture->overlays, 1, 0);

  return ast_overlay_store_last_used (other, id);
}

static void
wait_for_mark (Fixture *fixture, const char *id)
{
  for (guint i = 0; i < 1000 && read_last_used (fixture, id) == 0; i++)
    g_usleep (10000);
  g_assert_cmpint (read_last_used (fixture, id), >, 0);
}

static void
test_last_used (void)
{
  g_autoptr (Fixture) fixture = make_fixture ();
  g_autofree char *path = g_build_filename (fixture->overlays, "last-used", NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  g_assert_cmpint (ast_overlay_store_last_used (fixture->store, "lab"), ==, 0);
  g_assert_false (exists (fixture->overlays));
  ast_overlay_store_mark_used (fixture->store, "lab");
  ast_overlay_store_mark_used (fixture->store, "other-lab.1");
  g_assert_cmpint (ast_overlay_store_last_used (fixture->store, "lab"), >=, now);
  g_assert_cmpint (ast_overlay_store_last_used (fixture->store, "lab"), <=, now + 60);
  wait_for_mark (fixture, "lab");
  wait_for_mark (fixture, "other-lab.1");
  g_assert_cmpint (read_last_used (fixture, "third"), ==, 0);

  write_file (path, "[last-used\xff\n=", 13);
  g_assert_cmpint (read_last_used (fixture, "lab"), ==, 0);
  write_file (path, "[last-used]\nlab=-5\nthird=x\n", 27);
  g_assert_cmpint (read_last_used (fixture, "lab"), ==, 0);
  g_assert_cmpint (read_last_used (fixture, "third"), ==, 0);
  ast_overlay_store_mark_used (fixture->store, "third");
  wait_for_mark (fixture, "third");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/overlay-store/volatile", test_volatile);
  g_test_add_func ("/overlay-store/names", test_names);
  g_test_add_func ("/overlay-store/names/not-utf8", test_not_utf8);
  g_test_add_func ("/overlay-store/raw-disk", test_raw_disk);
  g_test_add_func ("/overlay-store/sizes", test_sizes);
  g_test_add_func ("/overlay-store/bad-images", test_bad_images);
  g_test_add_func ("/overlay-store/no-space", test_no_space);
  g_test_add_func ("/overlay-store/bound/volatile", test_bound);
  g_test_add_func ("/overlay-store/bound/small-disk", test_bound_of_small_disk);
  g_test_add_func ("/overlay-store/bound/kept", test_bound_of_kept);
  g_test_add_func ("/overlay-store/folder/foreign", test_foreign_folder);
  g_test_add_func ("/overlay-store/folder/unwritable", test_unwritable_folder);
  g_test_add_func ("/overlay-store/tool/missing", test_tool_missing);
  g_test_add_func ("/overlay-store/tool/fails", test_tool_fails);
  g_test_add_func ("/overlay-store/tool/expected", test_expected);
  g_test_add_func ("/overlay-store/write-fails", test_write_fails);
  g_test_add_func ("/overlay-store/cancel/slow", test_cancel_slow);
  g_test_add_func ("/overlay-store/cancel/any-time", test_cancel_any_time);
  g_test_add_func ("/overlay-store/discard/others", test_discard_others);
  g_test_add_func ("/overlay-store/discard/in-use", test_in_use);
  g_test_add_func ("/overlay-store/discard/many", test_many_discards);
  g_test_add_func ("/overlay-store/sweep", test_sweep);
  g_test_add_func ("/overlay-store/kept", test_kept);
  g_test_add_func ("/overlay-store/kept/in-use", test_kept_in_use);
  g_test_add_func ("/overlay-store/kept/other-image", test_kept_on_other_image);
  g_test_add_func ("/overlay-store/kept/damaged", test_kept_damaged);
  g_test_add_func ("/overlay-store/last-used", test_last_used);
  return g_test_run ();
}
