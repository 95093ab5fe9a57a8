// SPDX-License-Identifier: GPL-3.0-or-later
// The pairs for warm starts: found while nothing has changed, never when anything has, and never more than
// there is room for.
#include "warm-store.h"
#include "error.h"
#include "image-tools.h"
#include "overlay-names.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEPENDS "domain 1\nqemu 1\nprocessor 1"
// The length that the overlay store gives an overlay.
#define SEED_BOUND (64 * 1024 * 1024)
#define MEMORY     "what the guest had in its memory"

typedef struct
{
  TestFolder *folder;
  char *warm;
  char *disk;
  AstAppliance *appliance;
  AstWarmStore *store;
  gboolean unmapped; // its memory is one file
} Fixture;

static char *
in_folder (const char *folder, const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static AstAppliance *
make_lab (Fixture *self, const char *id)
{
  AstAppliance *appliance = ast_appliance_new (id, self->folder);

  appliance->disk = make_part (self->disk, NULL);
  appliance->memory_mib = 64;
  return appliance;
}

static Fixture *
make_fixture (guint quota_mib)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autofree char *descriptor = NULL;

  self->folder = make_folder ();
  self->warm = in_folder (self->folder, "warm");
  self->disk = in_folder (self->folder, "disk.qcow2");
  descriptor = in_folder (self->folder, "appliance.xml");
  write_file (descriptor, "<appliance/>", 12);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", self->disk, "1M", NULL));
  self->appliance = make_lab (self, "lab");
  self->store = ast_warm_store_new (self->warm, 0, 0, quota_mib);
  return self;
}

static void
free_fixture (Fixture *self)
{
  g_assert_finalize_object (self->store);
  ast_appliance_unref (self->appliance);
  g_free (self->disk);
  g_free (self->warm);
  remove_folder (self->folder);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

// A page of RAM between two holes.
static void
write_ram (const char *path)
{
  char page[4096];
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);

  memset (page, 'r', sizeof page);
  g_assert_cmpint (pwrite (fd, page, sizeof page, sizeof page), ==, sizeof page);
  g_assert_cmpint (ftruncate (fd, 3 * sizeof page), ==, 0);
  close (fd);
}

// A seed as the overlay store names it, and the memory that belongs to it, with its RAM apart.
static gboolean
try_publish (Fixture *self, AstAppliance *appliance, const char *note, GError **error)
{
  g_autofree char *name = ast_overlay_make_name (appliance->id, AST_OVERLAY_VOLATILE_SUFFIX);
  g_autofree char *seed = in_folder (self->warm, name);
  g_autofree char *memory = NULL;
  g_autofree char *ram = NULL;

  g_mkdir_with_parents (self->warm, 0700);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", seed, "1M", NULL));
  g_assert_cmpint (truncate (seed, SEED_BOUND), ==, 0);
  memory = ast_warm_store_name_memory (self->store, appliance, seed);
  write_file (memory, MEMORY, strlen (MEMORY));
  ram = ast_warm_store_name_ram (memory);
  if (!self->unmapped)
    write_ram (ram);
  return ast_warm_store_publish (self->store, appliance, DEPENDS, note, seed, memory, NULL, error);
}

static void
publish (Fixture *self, AstAppliance *appliance)
{
  g_autofree char *note = ast_warm_store_note (appliance);
  g_autoptr (GError) error = NULL;

  try_publish (self, appliance, note, &error);
  g_assert_no_error (error);
}

static void
assert_warmth (Fixture *self, const AstAppliance *appliance, const char *depends, AstWarmth wanted)
{
  AstWarmth warmth;
  g_autofree char *why = NULL;
  g_autoptr (AstWarmPair) pair = ast_warm_store_find (self->store, appliance, depends, &warmth, &why);

  g_assert_cmpstr (ast_warmth_word (warmth), ==, ast_warmth_word (wanted));
  g_assert_true ((pair != NULL) == (wanted == AST_WARMTH_FRESH));
  g_assert_true ((why != NULL) == (wanted == AST_WARMTH_STALE || wanted == AST_WARMTH_DAMAGED));
  if (why)
    g_test_message ("%s", why);
}

static AstWarmPair *
find (Fixture *self)
{
  AstWarmth warmth;

  return ast_warm_store_find (self->store, self->appliance, DEPENDS, &warmth, NULL);
}

static guint
count_files (Fixture *self)
{
  g_autoptr (GDir) folder = g_dir_open (self->warm, 0, NULL);
  guint count = 0;

  while (folder && g_dir_read_name (folder))
    count++;
  return count;
}

// ---------------------------------------------------------------------------------------------------------------

static void
test_found (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autoptr (AstWarmPair) pair = NULL;
  g_autoptr (GError) error = NULL;
  struct stat found;

  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_NONE);
  publish (self, self->appliance);
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_FRESH);
  pair = find (self);
  ast_warm_pair_verify (pair, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (stat (pair->memory, &found), ==, 0);
  g_assert_cmpuint (found.st_mode & 0777, ==, 0400);
  g_assert_cmpint (stat (pair->seed, &found), ==, 0);
  g_assert_cmpuint (found.st_mode & 0777, ==, 0400);
  g_assert_cmpint (found.st_size, <, SEED_BOUND);
  g_assert_cmpint (stat (pair->ram, &found), ==, 0);
  g_assert_cmpuint (found.st_mode & 0777, ==, 0600);
  g_assert_cmpuint (pair->ram_bytes, ==, (guint64)found.st_size);
  g_assert_cmpuint (count_files (self), ==, 4);
}

static void
test_unmapped (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autoptr (AstWarmPair) pair = NULL;
  g_autoptr (GError) error = NULL;

  self->unmapped = TRUE;
  publish (self, self->appliance);
  pair = find (self);
  g_assert_null (pair->ram);
  ast_warm_pair_verify (pair, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_files (self), ==, 3);
}

// Where a file has holes is the file system's business, and no damage; where its pages are, is not.
static void
test_holes (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autoptr (AstWarmPair) pair = NULL;
  g_autofree char *bytes = NULL;
  gsize length;

  publish (self, self->appliance);
  pair = find (self);
  g_assert_true (g_file_get_contents (pair->ram, &bytes, &length, NULL));
  write_file (pair->ram, bytes, length);
  g_assert_true (ast_warm_pair_verify (pair, NULL, NULL));
  memmove (bytes, bytes + 4096, 4096);
  memset (bytes + 4096, 0, 4096);
  write_file (pair->ram, bytes, length);
  g_assert_false (ast_warm_pair_verify (pair, NULL, NULL));
}

static void
test_replaced (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autoptr (AstWarmPair) first = NULL;
  g_autoptr (AstWarmPair) second = NULL;

  publish (self, self->appliance);
  first = find (self);
  publish (self, self->appliance);
  second = find (self);
  g_assert_cmpstr (first->memory, !=, second->memory);
  g_assert_cmpuint (count_files (self), ==, 4);
}

static void
test_stale (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autofree char *descriptor = in_folder (self->folder, "appliance.xml");

  publish (self, self->appliance);
  assert_warmth (self, self->appliance, "domain 2\nqemu 1\nprocessor 1", AST_WARMTH_STALE);
  assert_warmth (self, self->appliance, "domain 1\nqemu 2\nprocessor 1", AST_WARMTH_STALE);
  assert_warmth (self, self->appliance, "domain 1\nqemu 1\nprocessor 2", AST_WARMTH_STALE);
  assert_warmth (self, self->appliance, DEPENDS "\nmemory mapped", AST_WARMTH_STALE);
  write_file (descriptor, "<appliance />", 13);
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_STALE);
}

// Another file under the same name, and the same file again.
static void
test_confirmed (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autofree char *copy = in_folder (self->folder, "copy");
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  publish (self, self->appliance);
  g_assert_true (g_file_get_contents (self->disk, &bytes, &length, NULL));
  write_file (copy, bytes, length);
  g_assert_cmpint (rename (copy, self->disk), ==, 0);
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_STALE);
  g_assert_true (ast_warm_store_confirm (self->store, self->appliance, DEPENDS, NULL, &error));
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_FRESH);
  bytes[length - 1] ^= 1;
  write_file (self->disk, bytes, length);
  g_assert_false (ast_warm_store_confirm (self->store, self->appliance, DEPENDS, NULL, &error));
  g_assert_no_error (error);
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_STALE);
}

// The pair would be of the old images, and be taken for one of the new ones.
static void
test_changed_meanwhile (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autofree char *note = ast_warm_store_note (self->appliance);
  g_autoptr (GError) error = NULL;

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", self->disk, "2M", NULL));
  g_assert_false (try_publish (self, self->appliance, note, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_NONE);
}

// ---------------------------------------------------------------------------------------------------------------
// Damage

static void
cut (const char *path)
{
  struct stat found;

  g_assert_cmpint (stat (path, &found), ==, 0);
  g_assert_cmpint (chmod (path, 0600), ==, 0);
  g_assert_cmpint (truncate (path, found.st_size - 1), ==, 0);
}

// Size and times stay as they were.
static void
flip (const char *path)
{
  int fd;
  char byte;
  struct stat found;

  g_assert_cmpint (chmod (path, 0600), ==, 0);
  fd = open (path, O_RDWR);
  g_assert_cmpint (fstat (fd, &found), ==, 0);
  g_assert_cmpint (pread (fd, &byte, 1, found.st_size / 2), ==, 1);
  byte ^= 4;
  g_assert_cmpint (pwrite (fd, &byte, 1, found.st_size / 2), ==, 1);
  g_assert_cmpint (futimens (fd, (struct timespec[]){ found.st_atim, found.st_mtim }), ==, 0);
  close (fd);
}

static void
lose (const char *path)
{
  g_assert_cmpint (unlink (path), ==, 0);
}

static const char *
get_part (const AstWarmPair *pair, guint number)
{
  const char *const parts[] = { pair->memory, pair->ram, pair->seed };

  return parts[number];
}

static void
test_cut_and_lost (void)
{
  void (*const harms[]) (const char *) = { cut, lose };

  for (guint i = 0; i < G_N_ELEMENTS (harms) * 3; i++)
    {
      g_autoptr (Fixture) self = make_fixture (1024);
      g_autoptr (AstWarmPair) pair = NULL;

      publish (self, self->appliance);
      pair = find (self);
      harms[i / 3](get_part (pair, i % 3));
      assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_DAMAGED);
    }
}

static void
test_flipped (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (Fixture) self = make_fixture (1024);
      g_autoptr (AstWarmPair) pair = NULL;
      g_autoptr (GError) error = NULL;

      publish (self, self->appliance);
      pair = find (self);
      flip (get_part (pair, i));
      assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_FRESH);
      g_assert_false (ast_warm_pair_verify (pair, NULL, &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
      ast_warm_store_condemn (self->store, self->appliance, error->message);
      assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_DAMAGED);
      g_assert_cmpuint (count_files (self), ==, 1);
      publish (self, self->appliance);
      assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_FRESH);
    }
}

// An info that says nothing, or leads elsewhere, is none.
static void
test_hostile_info (void)
{
  static const char *const infos[] = {
    "",
    "\xff\xfe",
    "[pair]\n",
    "[pair]\nmemory=../../etc/passwd.memory\nmemory-sum=0\n",
    "[pair]\nmemory=x.memory\nmemory-sum=00112233445566778899aabbccddeeff\nmemory-size=-1\nseed=/dev/"
    "zero.seed.qcow2\n",
    // Without the RAM that it names, the memory is of no use.
    "[pair]\nmemory=lab-0123456789ab.memory\nmemory-sum=00112233445566778899aabbccddeeff\nram=/dev/"
    "zero.ram\n",
  };
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autofree char *info = in_folder (self->warm, "lab.warm");

  g_mkdir_with_parents (self->warm, 0700);
  for (guint i = 0; i < G_N_ELEMENTS (infos); i++)
    {
      AstWarmth warmth;

      write_file (info, infos[i], strlen (infos[i]));
      g_assert_null (ast_warm_store_find (self->store, self->appliance, DEPENDS, &warmth, NULL));
      g_assert_cmpint (warmth, !=, AST_WARMTH_FRESH);
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Room

static void
set_made (Fixture *self, const char *id, gint64 made, guint64 bytes)
{
  g_autofree char *name = g_strconcat (id, ".warm", NULL);
  g_autofree char *path = in_folder (self->warm, name);
  g_autoptr (GKeyFile) info = g_key_file_new ();

  g_assert_true (g_key_file_load_from_file (info, path, G_KEY_FILE_NONE, NULL));
  g_key_file_set_int64 (info, "pair", "made", made);
  g_key_file_set_uint64 (info, "pair", "bytes", bytes);
  g_assert_true (g_key_file_save_to_file (info, path, NULL));
}

// A guest of 64 MiB needs 320: with two pairs of 300 in 1000 there is room for it, with three of them the
// oldest goes.
static void
test_oldest_goes (void)
{
  g_autoptr (Fixture) self = make_fixture (1000);
  g_autoptr (AstAppliance) old = make_lab (self, "old");
  g_autoptr (AstAppliance) middle = make_lab (self, "middle");
  g_autoptr (AstAppliance) young = make_lab (self, "young");
  g_autoptr (GError) error = NULL;

  publish (self, old);
  publish (self, young);
  set_made (self, "old", 1000, 300 * 1024 * 1024);
  set_made (self, "young", 3000, 300 * 1024 * 1024);
  g_assert_true (ast_warm_store_make_room (self->store, self->appliance, &error));
  assert_warmth (self, old, DEPENDS, AST_WARMTH_FRESH);
  publish (self, middle);
  set_made (self, "middle", 2000, 300 * 1024 * 1024);
  g_assert_true (ast_warm_store_make_room (self->store, self->appliance, &error));
  g_assert_no_error (error);
  assert_warmth (self, old, DEPENDS, AST_WARMTH_NONE);
  assert_warmth (self, middle, DEPENDS, AST_WARMTH_FRESH);
  assert_warmth (self, young, DEPENDS, AST_WARMTH_FRESH);
  g_assert_cmpuint (ast_warm_store_get_bytes (self->store, NULL), ==, 600 * 1024 * 1024);
  // A guest that runs needs the room: all but its own.
  g_assert_cmpuint (ast_warm_store_get_bytes (self->store, "young"), ==, 300 * 1024 * 1024);
  g_assert_true (ast_warm_store_is_beside (self->store, self->folder));
  g_assert_false (ast_warm_store_is_beside (self->store, "/proc/version"));
  ast_warm_store_drop_but (self->store, "young");
  assert_warmth (self, middle, DEPENDS, AST_WARMTH_NONE);
  assert_warmth (self, young, DEPENDS, AST_WARMTH_FRESH);
}

// The former pair is good until the next one is there; where there is no room for both, it goes first.
static void
test_next_pair (void)
{
  g_autoptr (Fixture) self = make_fixture (1000);
  g_autoptr (AstAppliance) other = make_lab (self, "other");
  g_autoptr (AstWarmPair) former = NULL;
  g_autoptr (AstWarmPair) next = NULL;
  g_autoptr (GError) error = NULL;

  publish (self, self->appliance);
  publish (self, other);
  former = find (self);
  g_assert_true (ast_warm_store_make_room (self->store, self->appliance, &error));
  g_assert_false (try_publish (self, self->appliance, "another image", &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
  g_clear_error (&error);
  g_assert_true (ast_warm_pair_verify (former, NULL, &error));
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_FRESH);
  publish (self, self->appliance);
  next = find (self);
  g_assert_cmpstr (next->memory, !=, former->memory);
  g_assert_true (ast_warm_pair_verify (next, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (access (former->memory, F_OK), !=, 0);
  g_assert_cmpint (access (former->seed, F_OK), !=, 0);
  g_assert_cmpint (access (former->ram, F_OK), !=, 0);
  set_made (self, "lab", 3000, 500 * 1024 * 1024);
  set_made (self, "other", 1000, 300 * 1024 * 1024);
  g_assert_true (ast_warm_store_make_room (self->store, self->appliance, &error));
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_NONE);
  assert_warmth (self, other, DEPENDS, AST_WARMTH_FRESH);
}

static void
test_no_room (void)
{
  g_autoptr (Fixture) self = make_fixture (300);
  g_autoptr (GError) error = NULL;

  g_assert_false (ast_warm_store_make_room (self->store, self->appliance, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_NO_SPACE);
  g_test_message ("%s", error->message);
}

static void
test_drop (void)
{
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autoptr (AstAppliance) other = make_lab (self, "other");

  publish (self, self->appliance);
  publish (self, other);
  g_assert_cmpuint (ast_warm_store_drop (self->store, "nobody"), ==, 0);
  g_assert_cmpuint (ast_warm_store_drop (self->store, "../lab"), ==, 0);
  g_assert_cmpuint (ast_warm_store_drop (self->store, "lab"), ==, 1);
  assert_warmth (self, other, DEPENDS, AST_WARMTH_FRESH);
  g_assert_cmpuint (ast_warm_store_drop (self->store, NULL), ==, 1);
  g_assert_cmpuint (count_files (self), ==, 0);
}

// What a crash has left goes, pairs and strange files stay.
static void
test_sweep (void)
{
  static const char *const left[] = { "lab-0123456789ab.memory", "lab-0123456789ab.ram",
                                      "lab-0123456789ab.seed.qcow2", "lab-0123456789ab.volatile.qcow2" };
  g_autoptr (Fixture) self = make_fixture (1024);
  g_autofree char *strange = in_folder (self->warm, "notes.txt");

  publish (self, self->appliance);
  write_file (strange, "mine", 4);
  for (guint i = 0; i < G_N_ELEMENTS (left); i++)
    {
      g_autofree char *path = in_folder (self->warm, left[i]);

      write_file (path, "half", 4);
    }
  ast_warm_store_sweep (self->store);
  g_assert_cmpuint (count_files (self), ==, 5);
  assert_warmth (self, self->appliance, DEPENDS, AST_WARMTH_FRESH);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/warm-store/found", test_found);
  g_test_add_func ("/warm-store/unmapped", test_unmapped);
  g_test_add_func ("/warm-store/holes", test_holes);
  g_test_add_func ("/warm-store/replaced", test_replaced);
  g_test_add_func ("/warm-store/stale", test_stale);
  g_test_add_func ("/warm-store/confirmed", test_confirmed);
  g_test_add_func ("/warm-store/changed-meanwhile", test_changed_meanwhile);
  g_test_add_func ("/warm-store/cut-and-lost", test_cut_and_lost);
  g_test_add_func ("/warm-store/flipped", test_flipped);
  g_test_add_func ("/warm-store/hostile-info", test_hostile_info);
  g_test_add_func ("/warm-store/oldest-goes", test_oldest_goes);
  g_test_add_func ("/warm-store/no-room", test_no_room);
  g_test_add_func ("/warm-store/drop", test_drop);
  g_test_add_func ("/warm-store/next-pair", test_next_pair);
  g_test_add_func ("/warm-store/sweep", test_sweep);
  return g_test_run ();
}
