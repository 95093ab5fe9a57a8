// SPDX-License-Identifier: GPL-3.0-or-later
#include "image.h"
#include "error.h"
#include "image-tools.h"
#include <locale.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define HEADER_BYTES 112

static void
assert_probe_fails (const char *path, gboolean cdrom, AstError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  AstImageFormat format;

  g_assert_false (ast_image_probe (path, cdrom, &format, &error));
  g_assert_error (error, AST_ERROR, (int)code);
  if (strstr (error->message, words) == NULL || strstr (error->message, path) == NULL)
    g_error ("“%s” does not name “%s” and “%s”", error->message, path, words);
}

static void
assert_probe (const char *path, gboolean cdrom, AstImageFormat wanted)
{
  g_autoptr (GError) error = NULL;
  AstImageFormat format = AST_IMAGE_RAW;

  g_assert_true (ast_image_probe (path, cdrom, &format, &error));
  g_assert_no_error (error);
  g_assert_cmpint (format, ==, wanted);
}

static void
test_qcow2 (void)
{
  static const char *const options[] = { "compat=0.10",           "compat=1.1",
                                         "cluster_size=512",      "cluster_size=2M",
                                         "compression_type=zstd", "extended_l2=on,cluster_size=128k" };
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "disk", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_assert_true (run_tool ("qemu-img create -q -f qcow2 -o", options[i], path, "100M", NULL));
      assert_probe (path, FALSE, AST_IMAGE_QCOW2);
      assert_probe_fails (path, TRUE, AST_ERROR_IMAGE_FORMAT, "qcow2");
    }
  g_assert_cmpstr (ast_image_format_word (AST_IMAGE_QCOW2), ==, "qcow2");
  g_assert_cmpstr (ast_image_format_word (AST_IMAGE_RAW), ==, "raw");
  g_assert_cmpstr (ast_image_format_word (AST_IMAGE_ISO), ==, "raw");
}

// qemu-img measures its key derivation, and gives up where the processor has too much else to do (“Unable to
// get accurate CPU usage”).
static void
make_encrypted (const char *path)
{
  gboolean made = FALSE;

  for (guint i = 0; i < 50 && !made; i++)
    made = run_tool ("qemu-img create -q -f qcow2 --object secret,id=s,data=x -o "
                     "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
                     path, "1M", NULL);
  g_assert_true (made);
}

static void
test_qcow2_of_no_use (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "disk.qcow2", NULL);
  g_autofree char *data = g_strconcat ("data_file=", folder, "/data", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  make_encrypted (path);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, "encrypted");
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -o", data, path, "1M", NULL));
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, "another file");

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", path, "1M", NULL));
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  bytes[79] = 2;
  write_file (path, bytes, length);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_CORRUPT, "damaged");
  bytes[79] = 32;
  write_file (path, bytes, length);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, "newer");
  bytes[79] = 0;
  bytes[7] = 4;
  write_file (path, bytes, length);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, "version 4");
}

static void
test_qcow2_cut_short (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "disk.qcow2", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", path, "1G", NULL));
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (gsize cut = 1; cut <= 2 * HEADER_BYTES; cut++)
    {
      g_autoptr (GError) error = NULL;

      write_file (path, bytes, cut);
      g_assert_false (ast_image_probe (path, FALSE, NULL, &error));
      g_assert_error (error, AST_ERROR, (int)(cut < 8 ? AST_ERROR_IMAGE_FORMAT : AST_ERROR_IMAGE_CORRUPT));
    }
  write_file (path, bytes, 65536);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_CORRUPT, "cut short");
}

// Whatever stands in a header, a probe and a check give an answer.
static void
test_qcow2_nonsense (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *base = g_build_filename (folder, "base.qcow2", NULL);
  g_autofree char *path = g_build_filename (folder, "disk.qcow2", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", base, "1M", NULL));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F qcow2 -b", base, path, NULL));
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (gsize i = 0; i < HEADER_BYTES + 32; i++)
    {
      char kept = bytes[i];

      for (guint value = 1; value < 256; value = 2 * value + 1)
        {
          g_autoptr (GError) error = NULL;
          AstImageFormat format;

          bytes[i] = (char)(kept ^ value);
          write_file (path, bytes, length);
          if (!ast_image_probe (path, FALSE, &format, &error))
            g_assert_true (error->domain == AST_ERROR);
        }
      bytes[i] = kept;
    }
}

static void
test_qemu_formats (void)
{
  static const struct
  {
    const char *format;
    const char *word;
  } formats[] = { { "vmdk", "VMDK" }, { "vdi", "VDI" }, { "vhdx", "VHDX" },
                  { "vpc", "VHD" },   { "qed", "QED" }, { "qcow", "version 1" } };
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "disk.qcow2", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_assert_true (run_tool ("qemu-img create -q -f", formats[i].format, path, "8M", NULL));
      assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, formats[i].word);
      assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, "qemu-img convert -O qcow2");
      assert_probe_fails (path, TRUE, AST_ERROR_IMAGE_FORMAT, formats[i].word);
    }
}

static void
test_other_files (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
    const char *words;
  } files[] = {
    { "\x1f\x8b\x08\0\0\0", 6, "gzip" },
    { "\xfd"
      "7zXZ\0\0",
      7, "xz" },
    { "\x28\xb5\x2f\xfd\0", 5, "zstd" },
    { "BZh9\0", 5, "bzip2" },
    { "PK\3\4\0", 5, "zip" },
    { "\x7f"
      "ELF\2\1\1\0",
      8, "ELF" },
    { "<!DOCTYPE html>\n<title>404</title>\n", 35, "text file" },
    { "Pr\xc3\xa9sence \xc3", 11, "text file" },
    { "\0\1\2\3", 4, "qcow2" },
    { "", 0, "empty" },
  };
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "disk.qcow2", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      write_file (path, files[i].bytes, files[i].length);
      assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, files[i].words);
      assert_probe_fails (path, TRUE, AST_ERROR_IMAGE_FORMAT, i == 8 ? "not a CD" : files[i].words);
    }
}

static void
write_iso (const char *path, gsize offset, const char *id, guint32 sectors)
{
  g_autofree char *bytes = g_malloc0 (65536);

  bytes[32768] = 1;
  memcpy (bytes + offset, id, strlen (id));
  bytes[32768 + 80] = (char)(sectors & 0xff);
  bytes[32768 + 81] = (char)(sectors >> 8);
  bytes[32768 + 129] = 8;
  write_file (path, bytes, 65536);
}

static void
test_iso (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "live.iso", NULL);
  g_autofree char *raw = g_build_filename (folder, "live.img", NULL);

  write_iso (path, 32769, "CD001", 32);
  assert_probe (path, TRUE, AST_IMAGE_ISO);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_FORMAT, "cdrom");
  write_iso (path, 32769 + 2048, "NSR02", 32);
  assert_probe (path, TRUE, AST_IMAGE_ISO);
  write_iso (path, 32769 + 3 * 2048, "NSR03", 32);
  assert_probe (path, TRUE, AST_IMAGE_ISO);
  write_iso (path, 32770, "CD001", 32);
  assert_probe_fails (path, TRUE, AST_ERROR_IMAGE_FORMAT, "ISO 9660");
  // A live system for sticks is a disk as well.
  write_iso (raw, 32769, "CD001", 32);
  assert_probe (raw, FALSE, AST_IMAGE_RAW);
}

static void
test_raw (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *raw = g_build_filename (folder, "disk.raw", NULL);
  g_autofree char *img = g_build_filename (folder, "disk.img", NULL);
  g_autofree char *bytes = g_malloc0 (4096);

  write_file (raw, bytes, 4096);
  assert_probe (raw, FALSE, AST_IMAGE_RAW);
  write_file (img, bytes, 4096);
  assert_probe (img, FALSE, AST_IMAGE_RAW);
  // Cloud images are often qcow2 in an .img.
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", img, "1M", NULL));
  assert_probe (img, FALSE, AST_IMAGE_QCOW2);
  g_assert_true (run_tool ("qemu-img create -q -f vdi", raw, "1M", NULL));
  assert_probe_fails (raw, FALSE, AST_ERROR_IMAGE_FORMAT, "VDI");
}

static void
test_no_regular_file (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *missing = g_build_filename (folder, "missing.qcow2", NULL);
  g_autofree char *below_file = g_build_filename (folder, "file", "disk.qcow2", NULL);
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  g_autofree char *pipe_path = g_build_filename (folder, "pipe.img", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop.qcow2", NULL);

  write_file (file, "x", 1);
  g_assert_cmpint (mkfifo (pipe_path, 0600), ==, 0);
  g_assert_cmpint (symlink (loop, loop), ==, 0);
  assert_probe_fails (missing, FALSE, AST_ERROR_IMAGE_MISSING, "missing");
  assert_probe_fails (below_file, TRUE, AST_ERROR_IMAGE_MISSING, "missing");
  assert_probe_fails (folder, FALSE, AST_ERROR_IMAGE_FORMAT, "folder");
  assert_probe_fails (pipe_path, FALSE, AST_ERROR_IMAGE_FORMAT, "ordinary file");
  assert_probe_fails ("/dev/zero", TRUE, AST_ERROR_IMAGE_FORMAT, "ordinary file");
  assert_probe_fails (loop, FALSE, AST_ERROR_IMAGE_UNREADABLE, "cannot be read");
}

static void
probe_as_nobody (const char *path)
{
  g_assert_true (geteuid () != 0 || setresuid (65534, 65534, 65534) == 0);
  // The leak check looks into its own process.
  prctl (PR_SET_DUMPABLE, 1);
  assert_probe_fails (path, FALSE, AST_ERROR_IMAGE_UNREADABLE, "cannot be read");
}

static void
test_unreadable (void)
{
  g_autoptr (TestFolder) folder = NULL;
  g_autofree char *path = NULL;

  if (g_test_subprocess ())
    {
      probe_as_nobody (g_getenv ("AST_TEST_IMAGE"));
      return;
    }
  folder = make_folder ();
  path = g_build_filename (folder, "disk.qcow2", NULL);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", path, "1M", NULL));
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  g_setenv ("AST_TEST_IMAGE", path, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

// A disk, and two layers, the upper one by an absolute name.
typedef struct
{
  TestFolder *folder;
  char *disk;
  char *lower;
  char *upper;
  AstAppliance *appliance;
} Chain;

static Chain *
make_chain (const char *names)
{
  Chain *self = g_new0 (Chain, 1);
  g_autofree char *disk_name = g_strconcat (names, "disk.qcow2", NULL);
  g_autofree char *lower_name = g_strconcat (names, "lower.qcow2", NULL);
  g_autofree char *upper_name = g_strconcat (names, "upper.qcow2", NULL);

  self->folder = make_folder ();
  self->disk = g_build_filename (self->folder, disk_name, NULL);
  self->lower = g_build_filename (self->folder, lower_name, NULL);
  self->upper = g_build_filename (self->folder, upper_name, NULL);
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", self->disk, "8M", NULL));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F qcow2 -b", self->disk, self->lower, NULL));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F qcow2 -b", self->lower, self->upper, NULL));
  self->appliance = make_appliance (self->folder, self->disk, self->lower);
  g_ptr_array_add (self->appliance->layers, make_part (self->upper, NULL));
  return self;
}

static void
free_chain (Chain *self)
{
  ast_appliance_unref (self->appliance);
  remove_folder (self->folder);
  g_free (self->disk);
  g_free (self->lower);
  g_free (self->upper);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Chain, free_chain)

static GPtrArray *
check (const AstAppliance *appliance, gboolean digest)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);

  ast_image_check_all (appliance, digest, NULL, problems);
  return problems;
}

// Exactly this many problems, the first one about this file and in these words.
static void
assert_problems (const AstAppliance *appliance, gboolean digest, guint count, const char *file,
                 const char *words)
{
  g_autoptr (GPtrArray) problems = check (appliance, digest);
  AstProblem *first = problems->len > 0 ? problems->pdata[0] : NULL;

  for (guint i = 0; i < problems->len; i++)
    g_test_message ("%s", ((AstProblem *)problems->pdata[i])->text);
  g_assert_cmpuint (problems->len, ==, count);
  if (count == 0)
    return;
  g_assert_cmpstr (first->file, ==, file);
  g_assert_nonnull (strstr (first->text, words));
}

static void
test_chain (void)
{
  static const char *const names[] = { "", "a, b:c é %s ", "-json:{", "back\\slash \"quoted\" ", "\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (Chain) chain = make_chain (names[i]);
      g_autoptr (GError) error = NULL;
      AstImageTop top = { 0 };

      assert_problems (chain->appliance, TRUE, 0, NULL, NULL);
      g_assert_true (ast_image_probe_chain (chain->appliance, &top, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (top.path, ==, chain->upper);
      g_assert_cmpint (top.format, ==, AST_IMAGE_QCOW2);
      g_assert_cmpuint (top.virtual_size, ==, 8 << 20);
    }
}

static void
test_chain_on_raw (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *raw = g_build_filename (folder, "disk.raw", NULL);
  g_autofree char *layer = g_build_filename (folder, "layer.qcow2", NULL);
  g_autofree char *bytes = g_malloc0 (1000);
  g_autoptr (AstAppliance) alone = make_appliance (folder, raw, NULL);
  g_autoptr (AstAppliance) layered = make_appliance (folder, raw, layer);
  AstImageTop top = { 0 };

  write_file (raw, bytes, 1000);
  g_assert_true (ast_image_probe_chain (alone, &top, NULL));
  g_assert_cmpint (top.format, ==, AST_IMAGE_RAW);
  g_assert_cmpuint (top.virtual_size, ==, 1024);
  // The header's name is relative here.
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F raw -b disk.raw", layer, NULL));
  assert_problems (layered, FALSE, 0, NULL, NULL);
  g_assert_true (run_tool ("qemu-img create -q -u -f qcow2 -F qcow2 -b disk.raw", layer, "1M", NULL));
  assert_problems (layered, FALSE, 1, layer, "format qcow2");
}

static void
test_wrong_chain (void)
{
  g_autoptr (Chain) chain = make_chain ("");
  g_autoptr (AstAppliance) skipped = make_appliance (chain->folder, chain->disk, chain->upper);
  g_autoptr (AstAppliance) not_alone = make_appliance (chain->folder, chain->upper, NULL);
  g_autofree char *other = g_build_filename (chain->folder, "other.qcow2", NULL);
  g_autoptr (AstAppliance) unrelated = make_appliance (chain->folder, chain->disk, other);
  g_autoptr (GError) error = NULL;
  AstImageTop top;

  assert_problems (skipped, FALSE, 1, chain->upper, "not on disk.qcow2");
  assert_problems (not_alone, FALSE, 1, chain->upper, "lower.qcow2");
  g_assert_true (run_tool ("qemu-img create -q -f qcow2", other, "8M", NULL));
  assert_problems (unrelated, FALSE, 1, other, "no layer");
  g_assert_false (ast_image_probe_chain (unrelated, &top, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT);
}

// Made in a teacher's folder, used from the appliance's.
static void
test_moved_chain (void)
{
  g_autoptr (Chain) chain = make_chain ("");

  g_assert_true (run_tool ("qemu-img rebase -u -f qcow2 -F qcow2 -b /home/teacher/course/disk.qcow2",
                           chain->lower, NULL));
  assert_problems (chain->appliance, FALSE, 0, NULL, NULL);
  g_assert_true (run_tool ("qemu-img rebase -u -f qcow2 -F qcow2 -b /home/teacher/course/old.qcow2",
                           chain->lower, NULL));
  assert_problems (chain->appliance, FALSE, 1, chain->lower, "/home/teacher/course/old.qcow2");
}

// What a header names is never opened: a pipe would hang, another's file would be read.
static void
test_hostile_header (void)
{
  g_autoptr (Chain) chain = make_chain ("");
  g_autoptr (AstAppliance) alone = make_appliance (chain->folder, chain->lower, NULL);
  g_autofree char *pipe_path = g_build_filename (chain->folder, "pipe", NULL);

  g_assert_cmpint (mkfifo (pipe_path, 0600), ==, 0);
  g_assert_true (run_tool ("qemu-img rebase -u -f qcow2 -F raw -b", pipe_path, chain->lower, NULL));
  assert_problems (alone, TRUE, 1, chain->lower, pipe_path);
  assert_problems (chain->appliance, TRUE, 1, chain->lower, pipe_path);
  g_assert_true (
      run_tool ("qemu-img rebase -u -f qcow2 -F raw -b nbd://127.0.0.1/disk.raw", chain->lower, NULL));
  assert_problems (chain->appliance, TRUE, 1, chain->lower, "nbd://");
}

static void
damage (const char *path, gsize offset)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  g_assert_cmpuint (length, >, offset + 512);
  memset (bytes + offset, 0x5a, 512);
  write_file (path, bytes, length);
}

static void
test_damage (void)
{
  g_autoptr (Chain) chain = make_chain ("");

  g_assert_true (run_tool ("qemu-io -f qcow2 -c", "write -P 7 0 4M", chain->disk, NULL));
  assert_problems (chain->appliance, FALSE, 0, NULL, NULL);
  damage (chain->disk, 2 * 65536);
  assert_problems (chain->appliance, FALSE, 1, chain->disk, "damaged");
  g_assert_cmpint (g_remove (chain->lower), ==, 0);
  assert_problems (chain->appliance, FALSE, 2, chain->disk, "damaged");
}

static void
test_digest (void)
{
  g_autoptr (Chain) chain = make_chain ("");
  AstImage *lower = chain->appliance->layers->pdata[0];

  chain->appliance->disk->sha256 = compute_sha256 (chain->disk);
  lower->sha256 = compute_sha256 (chain->lower);
  assert_problems (chain->appliance, TRUE, 0, NULL, NULL);
  lower->sha256[0] = lower->sha256[0] == '0' ? '1' : '0';
  assert_problems (chain->appliance, FALSE, 0, NULL, NULL);
  assert_problems (chain->appliance, TRUE, 1, chain->lower, "SHA-256");
}

static void
test_cdroms (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *whole = g_build_filename (folder, "whole.iso", NULL);
  g_autofree char *cut = g_build_filename (folder, "cut.iso", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing.iso", NULL);
  g_autoptr (AstAppliance) appliance = make_appliance (folder, NULL, NULL);

  write_iso (whole, 32769, "CD001", 32);
  write_iso (cut, 32769, "CD001", 20000);
  g_ptr_array_add (appliance->cdroms, make_part (whole, NULL));
  assert_problems (appliance, TRUE, 0, NULL, NULL);
  g_ptr_array_add (appliance->cdroms, make_part (cut, NULL));
  assert_problems (appliance, TRUE, 1, cut, "cut short");
  g_ptr_array_add (appliance->cdroms, ast_image_new ("missing.iso", NULL));
  assert_problems (appliance, TRUE, 2, cut, "cut short");
  g_ptr_array_remove_index (appliance->cdroms, 1);
  assert_problems (appliance, TRUE, 1, missing, "missing.iso is missing");
}

static void
test_no_qemu (void)
{
  g_autoptr (Chain) chain = make_chain ("");
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  g_setenv ("PATH", chain->folder, TRUE);
  assert_problems (chain->appliance, FALSE, 1, chain->folder, "qemu-img");
  g_setenv ("PATH", path, TRUE);
}

static void
test_cancel (void)
{
  g_autoptr (Chain) chain = make_chain ("");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);

  chain->appliance->disk->sha256 = g_strdup ("0");
  g_cancellable_cancel (cancellable);
  ast_image_check_all (chain->appliance, TRUE, cancellable, problems);
  g_assert_cmpuint (problems->len, ==, 0);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/qcow2", test_qcow2);
  g_test_add_func ("/image/qcow2/of-no-use", test_qcow2_of_no_use);
  g_test_add_func ("/image/qcow2/cut-short", test_qcow2_cut_short);
  g_test_add_func ("/image/qcow2/nonsense", test_qcow2_nonsense);
  g_test_add_func ("/image/qemu-formats", test_qemu_formats);
  g_test_add_func ("/image/other-files", test_other_files);
  g_test_add_func ("/image/iso", test_iso);
  g_test_add_func ("/image/raw", test_raw);
  g_test_add_func ("/image/no-regular-file", test_no_regular_file);
  g_test_add_func ("/image/unreadable", test_unreadable);
  g_test_add_func ("/image/chain", test_chain);
  g_test_add_func ("/image/chain/on-raw", test_chain_on_raw);
  g_test_add_func ("/image/chain/wrong", test_wrong_chain);
  g_test_add_func ("/image/chain/moved", test_moved_chain);
  g_test_add_func ("/image/chain/hostile", test_hostile_header);
  g_test_add_func ("/image/check/damage", test_damage);
  g_test_add_func ("/image/check/digest", test_digest);
  g_test_add_func ("/image/check/cdroms", test_cdroms);
  g_test_add_func ("/image/check/no-qemu", test_no_qemu);
  g_test_add_func ("/image/check/cancel", test_cancel);
  return g_test_run ();
}
