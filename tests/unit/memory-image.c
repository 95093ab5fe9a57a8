// SPDX-License-Identifier: GPL-3.0-or-later
// A memory image as libvirt and QEMU write it, and its RAM apart from it.
#include "memory-image.h"
#include "error.h"
#include "folder.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE      4096
#define RAM_PAGES 64
#define VGA       "0000:00:01.0/vga.vram"
#define TEXT      "<domain/>"

enum
{
  ZERO = 0x02,
  BLOCKS = 0x04,
  PLAIN = 0x08,
  END = 0x10,
  CONTINUES = 0x20,
};

typedef struct
{
  char *folder;
  char *memory;
  char *ram;
} Fixture;

static Fixture *
make_fixture (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->folder = make_folder ();
  self->memory = g_build_filename (self->folder, "memory", NULL);
  self->ram = g_build_filename (self->folder, "ram", NULL);
  return self;
}

static void
free_fixture (Fixture *self)
{
  remove_folder (self->folder);
  g_free (self->memory);
  g_free (self->ram);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, free_fixture)

// ---------------------------------------------------------------------------------------------------------------
// Written as QEMU does

static void
put (GByteArray *image, guint64 number, gsize length)
{
  for (gsize i = length; i > 0; i--)
    {
      guint8 byte = (guint8)(number >> 8 * (i - 1));

      g_byte_array_append (image, &byte, 1);
    }
}

static void
put_name (GByteArray *image, const char *name)
{
  put (image, strlen (name), 1);
  g_byte_array_append (image, (const guint8 *)name, (guint)strlen (name));
}

static void
put_page (GByteArray *image, const char *name, guint64 page, guint8 byte)
{
  guint8 bytes[PAGE];

  put (image, page * PAGE | (byte ? PLAIN : ZERO) | (name ? 0 : CONTINUES), 8);
  if (name)
    put_name (image, name);
  memset (bytes, byte, sizeof bytes);
  g_byte_array_append (image, bytes, byte ? PAGE : 1);
}

static void
end_part (GByteArray *image)
{
  put (image, END, 8);
  put (image, 0x7e, 1);
  put (image, 3, 4);
}

static void
begin_part (GByteArray *image, guint8 kind)
{
  put (image, kind, 1);
  put (image, 3, 4);
}

// libvirt's header, whose numbers are in the station's order.
static GByteArray *
begin_image (guint32 version, guint32 compressed)
{
  GByteArray *image = g_byte_array_new ();
  guint32 numbers[19] = { version, sizeof TEXT, 1, compressed };

  g_byte_array_append (image, (const guint8 *)"LibvirtQemudSave", 16);
  g_byte_array_append (image, (const guint8 *)numbers, sizeof numbers);
  g_byte_array_append (image, (const guint8 *)TEXT, sizeof TEXT);
  return image;
}

static void
put_blocks (GByteArray *image, const char *ram)
{
  put (image, (RAM_PAGES + 2) * PAGE | BLOCKS, 8);
  put_name (image, ram);
  put (image, RAM_PAGES * PAGE, 8);
  put_name (image, VGA);
  put (image, 2 * PAGE, 8);
}

static void
begin_stream (GByteArray *image, const char *ram)
{
  put (image, 0x5145564d, 4); // QEVM
  put (image, 3, 4);
  put (image, 7, 1);
  put (image, 10, 4);
  g_byte_array_append (image, (const guint8 *)"pc-q35-7.2", 10);
  begin_part (image, 1);
  put_name (image, "ram");
  put (image, 0, 4);
  put (image, 4, 4);
  put_blocks (image, ram);
  end_part (image);
}

// `whole`: with the RAM.
static GByteArray *
make_image (gboolean whole)
{
  GByteArray *image = begin_image (2, 0);

  begin_stream (image, whole ? AST_MEMORY_BLOCK : AST_MEMORY_BLOCK_MAPPED);
  begin_part (image, 2);
  if (whole)
    {
      put_page (image, AST_MEMORY_BLOCK, 0, 'a');
      put_page (image, NULL, 1, 0);
      put_page (image, NULL, 2, 'b');
      put_page (image, NULL, 5, 'c');
    }
  end_part (image);
  begin_part (image, 2);
  // The block goes on from one part to the next.
  if (whole)
    put_page (image, NULL, 7, 'd');
  put_page (image, VGA, 0, 'v');
  put_page (image, NULL, 1, 0);
  end_part (image);
  begin_part (image, 3);
  // Whoever writes into a guest that stands still is told of again.
  if (whole)
    {
      put_page (image, AST_MEMORY_BLOCK, 5, 0);
      put_page (image, NULL, 2, 'e');
    }
  end_part (image);
  // A device's section, and whatever else follows.
  put (image, 4, 1);
  g_byte_array_append (image, (const guint8 *)"\0\0\0\7" AST_MEMORY_BLOCK, 10);
  return image;
}

static void
write_image (Fixture *self, const GByteArray *image, gsize length)
{
  g_assert_true (g_file_set_contents (self->memory, (const char *)image->data, (gssize)length, NULL));
}

// ---------------------------------------------------------------------------------------------------------------
// The cases

static void
test_split (void)
{
  g_autoptr (Fixture) self = make_fixture ();
  g_autoptr (GByteArray) image = make_image (TRUE);
  g_autoptr (GByteArray) rest = make_image (FALSE);
  g_autofree guint8 *ram = g_malloc0 (RAM_PAGES * PAGE);
  g_autoptr (GError) error = NULL;
  struct stat found;
  int fd;

  write_image (self, image, image->len);
  g_assert_true (ast_memory_image_check (self->memory, NULL, &error));
  assert_holds (self->memory, image->data, image->len);
  g_assert_true (ast_memory_image_split (self->memory, self->ram, NULL, &error));
  g_assert_no_error (error);
  assert_holds (self->memory, rest->data, rest->len);
  memset (ram, 'a', PAGE);
  memset (ram + 2 * PAGE, 'e', PAGE);
  memset (ram + 7 * PAGE, 'd', PAGE);
  assert_holds (self->ram, ram, RAM_PAGES * PAGE);
  g_assert_cmpint (stat (self->ram, &found), ==, 0);
  g_assert_cmpuint (found.st_mode & 0777, ==, 0600);
  fd = open (self->ram, O_RDONLY);
  g_assert_cmpint (lseek (fd, 8 * PAGE, SEEK_DATA), ==, -1);
  close (fd);
}

// Whatever it ends with, it cannot be taken apart before the RAM is whole, and is left as it is.
static void
test_cut (void)
{
  g_autoptr (Fixture) self = make_fixture ();
  g_autoptr (GByteArray) image = make_image (TRUE);
  gsize device = image->len - 11;

  for (gsize length = 0; length < device; length += length < 600 || length + 600 > device ? 1 : 97)
    {
      g_autoptr (GError) error = NULL;

      write_image (self, image, length);
      g_assert_false (ast_memory_image_check (self->memory, NULL, &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
    }
  write_image (self, image, device);
  g_assert_true (ast_memory_image_check (self->memory, NULL, NULL));
}

static GByteArray *
begin_strange (void)
{
  GByteArray *image = begin_image (2, 0);

  begin_stream (image, AST_MEMORY_BLOCK);
  begin_part (image, 3);
  return image;
}

static GByteArray *
make_strange (guint number)
{
  GByteArray *image = NULL;

  switch (number)
    {
    case 0: // another libvirt's
      return begin_image (3, 0);
    case 1: // compressed
      return begin_image (2, 1);
    case 2: // nodes
      image = begin_image (2, 0);
      begin_stream (image, "ram-node0");
      begin_part (image, 3);
      break;
    case 3: // behind the RAM's end
      image = begin_strange ();
      put_page (image, AST_MEMORY_BLOCK, RAM_PAGES, 'x');
      break;
    case 4: // of no block
      image = begin_strange ();
      put_page (image, NULL, 0, 'x');
      break;
    case 5: // compressed pages
      image = begin_strange ();
      put (image, 0x100, 8);
      break;
    case 6: // a page and an empty one at once
      image = begin_strange ();
      put (image, PLAIN | ZERO, 8);
      break;
    case 7: // the blocks twice
      image = begin_strange ();
      put_blocks (image, AST_MEMORY_BLOCK);
      break;
    case 8: // more than there is
      image = begin_strange ();
      put (image, PAGE | BLOCKS, 8);
      put_name (image, VGA);
      put (image, 2 * PAGE, 8);
      break;
    case 9: // filled with something else
      image = begin_strange ();
      put (image, ZERO, 8);
      put_name (image, AST_MEMORY_BLOCK);
      put (image, 1, 1);
      break;
    default:
      return NULL;
    }
  end_part (image);
  put (image, 0, 1);
  return image;
}

static void
test_strange (void)
{
  g_autoptr (Fixture) self = make_fixture ();
  guint number = 0;

  for (GByteArray *image = make_strange (0); image; image = make_strange (++number))
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%u", number);
      write_image (self, image, image->len);
      g_assert_false (ast_memory_image_check (self->memory, NULL, &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
      assert_holds (self->memory, image->data, image->len);
      g_byte_array_unref (image);
    }
  g_assert_cmpuint (number, ==, 10);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (ast_memory_image_check (i ? "/nonexistent" : "/proc/self/mem", NULL, &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
    }
}

static void
test_not_written (void)
{
  g_autoptr (Fixture) self = make_fixture ();
  g_autoptr (GByteArray) image = make_image (TRUE);
  g_autoptr (GError) error = NULL;

  write_image (self, image, image->len);
  // It is there already.
  g_assert_false (ast_memory_image_split (self->memory, self->memory, NULL, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_STORE);
  g_clear_error (&error);
  g_assert_false (ast_memory_image_split (self->memory, "/dev/full/ram", NULL, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_STORE);
  assert_holds (self->memory, image->data, image->len);
}

// Somebody has come, and waits.
static void
test_cancelled (void)
{
  g_autoptr (Fixture) self = make_fixture ();
  g_autoptr (GByteArray) image = make_image (TRUE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  write_image (self, image, image->len);
  g_cancellable_cancel (cancellable);
  g_assert_false (ast_memory_image_check (self->memory, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (ast_memory_image_split (self->memory, self->ram, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory-image/split", test_split);
  g_test_add_func ("/memory-image/cut", test_cut);
  g_test_add_func ("/memory-image/strange", test_strange);
  g_test_add_func ("/memory-image/not-written", test_not_written);
  g_test_add_func ("/memory-image/cancelled", test_cancelled);
  return g_test_run ();
}
