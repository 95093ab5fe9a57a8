// SPDX-License-Identifier: GPL-3.0-or-later
// A file of any bytes as what is known of a pair for warm starts, or of a kept overlay → a pair of files in
// the store's own folder, or none; and nothing but those files is ever removed.
#include "fuzz.h"
#include "kept-info.h"
#include "warm-store.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "domain 1\nqemu 1\nprocessor 1"

// What is there beside the info; the last two are not the appliance's.
static const char *const files[]
    = { "warm/lab-0123456789ab.memory", "warm/lab-0123456789ab.seed.qcow2", "warm/lab-0123456789ab.ram",
        "warm/other-0123456789ab.memory", "outside.memory" };
#define N_OWN 3

static char *
in_folder (const char *name)
{
  return g_build_filename (fuzz_folder (), name, NULL);
}

static gboolean
is_there (const char *name)
{
  g_autofree char *path = in_folder (name);
  struct stat found;

  return lstat (path, &found) == 0;
}

static AstAppliance *
make_appliance (gboolean has_disk)
{
  AstAppliance *appliance = ast_appliance_new ("lab", fuzz_folder ());

  if (has_disk)
    appliance->disk = ast_image_new ("disk.qcow2", NULL);
  return appliance;
}

static AstWarmStore *
get_store (void)
{
  static AstWarmStore *store;
  g_autofree char *folder = in_folder ("warm");

  if (store)
    return store;
  g_assert_cmpint (mkdir (folder, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = in_folder (files[i]);

      fuzz_write (path, files[i], strlen (files[i]));
    }
  store = ast_warm_store_new (folder, 0, 0, 1024);
  return store;
}

static void
check_file (const char *path, const char *suffix)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *warm = in_folder ("warm");
  struct stat found;

  g_assert_cmpstr (folder, ==, warm);
  g_assert_true (g_str_has_suffix (path, suffix));
  g_assert_true (lstat (path, &found) == 0 && S_ISREG (found.st_mode));
}

static void
check_pair (const AstWarmPair *pair, gboolean has_disk)
{
  g_assert_true ((pair->seed != NULL) == has_disk);
  check_file (pair->memory, ".memory");
  if (pair->ram)
    check_file (pair->ram, ".ram");
  if (pair->seed)
    check_file (pair->seed, ".seed.qcow2");
}

static void
check_find (AstWarmStore *store, gboolean has_disk)
{
  g_autoptr (AstAppliance) appliance = make_appliance (has_disk);
  AstWarmth warmth;
  g_autofree char *why = NULL;
  g_autoptr (AstWarmPair) pair = ast_warm_store_find (store, appliance, HOST, &warmth, &why);
  g_autoptr (GError) error = NULL;

  g_assert_true ((pair != NULL) == (warmth == AST_WARMTH_FRESH));
  g_assert_true ((why != NULL) == (warmth == AST_WARMTH_STALE || warmth == AST_WARMTH_DAMAGED));
  if (why)
    fuzz_assert_short (why, 2000);
  if (pair)
    check_pair (pair, has_disk);
  if (pair && !ast_warm_pair_verify (pair, NULL, &error))
    fuzz_assert_short (error->message, 2000);
}

// What the file does not name stays; what it names, and no more, is gone.
static void
check_drop (AstWarmStore *store)
{
  guint dropped = ast_warm_store_drop (store, "lab");

  g_assert_cmpuint (dropped, <=, 1);
  g_assert_false (is_there ("warm/lab.warm"));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = in_folder (files[i]);

      if (is_there (files[i]))
        continue;
      g_assert_true (i < N_OWN && dropped);
      fuzz_write (path, files[i], strlen (files[i]));
    }
}

static void
check_kept (void)
{
  g_autoptr (AstAppliance) appliance = make_appliance (TRUE);
  g_autofree char *info = in_folder ("warm/lab.warm");
  gboolean matches;

  appliance->disk->path = in_folder ("outside.memory");
  matches = ast_kept_info_matches (info, appliance);
  g_free (appliance->disk->path);
  appliance->disk->path = in_folder ("missing");
  // A note that fits one image does not fit another.
  g_assert_false (matches && ast_kept_info_matches (info, appliance));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  AstWarmStore *store = get_store ();
  g_autofree char *info = in_folder ("warm/lab.warm");

  fuzz_write (info, bytes, length);
  check_find (store, FALSE);
  check_find (store, TRUE);
  if (length % 4 == 0)
    g_assert_cmpuint (ast_warm_store_get_bytes (store, NULL), <=, G_MAXUINT64 / 2);
  if (length % 4 == 1)
    check_kept ();
  check_drop (store);
  return 0;
}
