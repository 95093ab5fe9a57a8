// SPDX-License-Identifier: GPL-3.0-or-later
// A file of any bytes as a guest's memory image → it is left alone, or its RAM is taken out of it, and then
// there is none left to take.
#include "../unit/folder.h"
#include "error.h"
#include "fuzz.h"
#include "memory-image.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  g_autofree char *memory = g_build_filename (fuzz_folder (), "memory", NULL);
  g_autofree char *ram = g_build_filename (fuzz_folder (), "ram", NULL);
  g_autoptr (GError) error = NULL;
  struct stat left, taken;

  fuzz_write (memory, bytes, length);
  if (!ast_memory_image_check (memory, NULL, &error))
    {
      g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
      assert_holds (memory, bytes, length);
      return 0;
    }
  assert_holds (memory, bytes, length);
  g_assert_true (ast_memory_image_split (memory, ram, NULL, &error));
  g_assert_true (stat (memory, &left) == 0 && stat (ram, &taken) == 0);
  g_assert_cmpint (left.st_size, <=, (off_t)length);
  g_assert_true (taken.st_size > 0 && taken.st_size % 4096 == 0);
  // No more than a block's beginning for each page that the image had.
  g_assert_cmpint (taken.st_blocks * 512, <=, (off_t)(length + 4096) * 2);
  g_assert_false (ast_memory_image_check (memory, NULL, NULL));
  g_assert_cmpint (unlink (ram), ==, 0);
  return 0;
}
