// SPDX-License-Identifier: GPL-3.0-or-later
// A file of any bytes at all → an image that can be used, or a sentence that says why not. The first byte is
// the use, the next two how many of the bytes stand at the file's beginning; the others stand where a CD has
// its descriptors.
#include "error.h"
#include "fuzz.h"
#include "image.h"
#include "qcow2.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CD_DESCRIPTORS (16 * 2048)

// The bits of the first byte.
#define CDROM   1
#define SUFFIX  6 // two bits: which of `names`
#define BELOW   8 // a layer is made on it, else it is made on another image
#define LENGTHY 16

static const char *const names[] = { "x.qcow2", "x.raw", "x.img", "x.iso" };

// A whole image of 64 KiB clusters, version 3, and one that was made on it, or on the fuzzed one.
static void
write_qcow2 (const char *path, const char *backing)
{
  guint8 head[1024] = "QFI\xfb\0\0\0\3";

  if (backing)
    {
      head[14] = 2; // its name is at 512
      head[19] = (guint8)strlen (backing);
      memcpy (head + 512, backing, strlen (backing));
    }
  head[23] = 16;
  head[29] = 16; // 1 MiB
  head[54] = 2;  // the refcounts at 512
  head[103] = 104;
  fuzz_write (path, head, sizeof head);
}

static char *
in_folder (const char *name)
{
  return g_build_filename (fuzz_folder (), name, NULL);
}

// The one file that is written again and again.
static int
open_file (void)
{
  static int fd = -1;

  if (fd >= 0)
    return fd;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = in_folder (names[i]);
      g_autofree char *first = in_folder (names[0]);

      if (i == 0)
        fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      else
        g_assert_cmpint (link (first, path), ==, 0);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *path = in_folder (i ? "layer.qcow2" : "base.qcow2");

      write_qcow2 (path, i ? "x.qcow2" : NULL);
    }
  return fd;
}

static int
write_file (guint8 use, FuzzInput *input)
{
  guint first = fuzz_take_byte (input);
  guint head = first | (guint)fuzz_take_byte (input) << 8;
  gsize begins = MIN (head, input->left);
  int fd = open_file ();

  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (pwrite (fd, input->at, begins, 0), ==, (gssize)begins);
  if (input->left > begins)
    g_assert_cmpint (pwrite (fd, input->at + begins, input->left - begins, CD_DESCRIPTORS), ==,
                     (gssize)(input->left - begins));
  if (use & LENGTHY)
    g_assert_cmpint (ftruncate (fd, 1 << 24), ==, 0);
  return fd;
}

static void
check_error (const GError *error)
{
  static const int codes[] = { AST_ERROR_IMAGE_FORMAT, AST_ERROR_IMAGE_CORRUPT, AST_ERROR_IMAGE_UNREADABLE };
  gboolean known = FALSE;

  g_assert_nonnull (error);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    known = known || g_error_matches (error, AST_ERROR, codes[i]);
  g_assert_true (known);
  fuzz_assert_short (error->message, 2000);
}

static void
check_top (const AstImageTop *top, const char *path)
{
  g_assert_cmpstr (top->path, ==, path);
  g_assert_cmpuint (top->format, <=, AST_IMAGE_RAW);
  g_assert_cmpuint (top->virtual_size, <=, G_MAXINT64);
  g_assert_cmpuint (top->virtual_size % 512, ==, 0);
}

static void
check_use (const char *path, gboolean cdrom)
{
  AstImageFormat format = AST_IMAGE_RAW;
  AstImageTop top = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) top_error = NULL;
  gboolean fits = ast_image_probe (path, cdrom, &format, &error);

  if (!fits)
    check_error (error);
  else
    g_assert_true (cdrom ? format == AST_IMAGE_ISO : format != AST_IMAGE_ISO);
  if (fits && format == AST_IMAGE_RAW)
    g_assert_true (g_str_has_suffix (path, ".raw") || g_str_has_suffix (path, ".img"));
  if (cdrom)
    return;
  g_assert_true (ast_image_probe_top (path, &top, &top_error) == fits);
  if (fits)
    check_top (&top, path);
}

static void
check_header (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstQcow2) header = ast_qcow2_read (fd, (guint64)lseek (fd, 0, SEEK_END), "x", &error);

  if (!header)
    return check_error (error);
  g_assert_cmpuint (header->virtual_size, <=, G_MAXINT64);
  g_assert_true (!header->backing || (header->backing[0] && strlen (header->backing) <= 1023));
  g_assert_true (!header->backing_format || strlen (header->backing_format) < 4096);
}

static AstImage *
make_part (const char *name)
{
  AstImage *image = ast_image_new (name, NULL);

  image->path = in_folder (name);
  return image;
}

static void
check_chain (const char *name, gboolean below)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("lab", "/lab");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = in_folder (below ? "layer.qcow2" : name);
  AstImageTop top;

  appliance->disk = make_part (below ? name : "base.qcow2");
  g_ptr_array_add (appliance->layers, make_part (below ? "layer.qcow2" : name));
  if (ast_image_probe_chain (appliance, &top, &error))
    check_top (&top, path);
  else
    check_error (error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  FuzzInput input = { (const char *)bytes, length };
  guint8 use = fuzz_take_byte (&input);
  const char *name = names[(use & SUFFIX) / 2];
  g_autofree char *path = in_folder (name);
  int fd = write_file (use, &input);

  check_use (path, (use & CDROM) != 0);
  if (use & CDROM)
    return 0;
  check_header (fd);
  check_chain (name, (use & BELOW) != 0);
  return 0;
}
