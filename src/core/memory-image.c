// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "memory-image.h"
#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

G_STATIC_ASSERT (sizeof AST_MEMORY_BLOCK == sizeof AST_MEMORY_BLOCK_MAPPED);

#define READ_AT_ONCE ((gsize)1024 * 1024)
// What was read of the image goes back to the disk in steps of so many bytes.
#define GIVE_BACK  ((goffset)64 * 1024 * 1024)
#define DISK_BLOCK ((goffset)4096)
#define MAX_RAM    ((guint64)1 << 40)

// libvirt's header: numbers in the station's byte order, then the guest's description.
#define HEADER_MAGIC   "LibvirtQemudSave"
#define HEADER_VERSION 2
typedef struct
{
  char magic[16];
  guint32 version;
  guint32 data_length; // of what follows the header
  guint32 was_running;
  guint32 compressed; // 0 = not
  guint32 cookie_offset;
  guint32 unused[14];
} Header;

// QEMU's stream: numbers in network byte order.
#define STREAM_MAGIC   0x5145564dU // "QEVM"
#define STREAM_VERSION 3
#define RAM_SECTION    "ram"
#define RAM_VERSION    4
#define PAGE_BYTES     4096

enum
{
  SECTION_START = 0x01,
  SECTION_PART = 0x02,
  SECTION_END = 0x03,
  SECTION_CONFIGURATION = 0x07,
  SECTION_FOOTER = 0x7e,
};

// In the low bits of a record's first word, which is an address.
enum
{
  RECORD_ZERO = 0x02,      // a byte follows, which the whole page consists of
  RECORD_BLOCKS = 0x04,    // the blocks' names and lengths follow; the address is the sum of these
  RECORD_PAGE = 0x08,      // the page follows
  RECORD_END = 0x10,       // of what the section's part holds
  RECORD_CONTINUES = 0x20, // no block's name: it is that of the record before
  RECORD_FLAGS = 0xfff,
};

typedef struct
{
  GInputStream *in;
  GCancellable *cancellable; // or NULL
  GByteArray *taken;         // read, and neither kept nor left out yet
  goffset read;              // bytes
  FILE *out;                 // where the image is written anew; NULL: it is only looked at
  int ram;                   // the file descriptor, or -1
  guint64 ram_bytes;         // 0 = its length was not told yet
  GByteArray *seen;          // a bit for each page of the RAM that was written
  gboolean has_block;
  gboolean is_in_ram; // is the current block the RAM?
  goffset given_back;
  GError *error;
} Walk;

static gboolean
fail_strange (Walk *self)
{
  if (self->error == NULL)
    g_set_error (&self->error, AST_ERROR, AST_ERROR_WARM, "%s",
                 _ ("QEMU's memory image is not written as expected."));
  return FALSE;
}

static void
set_errno (GError **error)
{
  int code = errno;

  g_set_error (error, AST_ERROR, ast_error_of_errno (code), _ ("The guest's memory cannot be written: %s"),
               g_strerror (code));
}

static gboolean
fail_errno (Walk *self)
{
  if (self->error == NULL)
    set_errno (&self->error);
  return FALSE;
}

// `got`: fewer than wanted at the end only.
static gboolean
read_bytes (Walk *self, guint8 *bytes, gsize length, gsize *got)
{
  g_autoptr (GError) problem = NULL;

  if (g_input_stream_read_all (self->in, bytes, length, got, self->cancellable, &problem))
    return TRUE;
  if (self->error == NULL && g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->error = g_steal_pointer (&problem);
  return fail_strange (self);
}

// The next `length` bytes, until more are taken; NULL at the end, also where the disk cannot be read.
static guint8 *
take (Walk *self, gsize length)
{
  guint before = self->taken->len;
  gsize got = 0;

  if (self->error)
    return NULL;
  g_byte_array_set_size (self->taken, before + (guint)length);
  if (!read_bytes (self, self->taken->data + before, length, &got))
    return NULL;
  self->read += (goffset)got;
  if (got == length)
    return self->taken->data + before;
  fail_strange (self);
  return NULL;
}

static guint64
take_number (Walk *self, gsize length)
{
  const guint8 *bytes = take (self, length);
  guint64 number = 0;

  for (gsize i = 0; bytes && i < length; i++)
    number = number << 8 | bytes[i];
  return number;
}

// A name with its length before it. Valid until more is taken; NULL as above.
static char *
take_name (Walk *self, gsize *length)
{
  *length = take_number (self, 1);
  return (char *)take (self, *length);
}

static gboolean
is_name (const char *name, gsize length, const char *wanted)
{
  return name && length == strlen (wanted) && memcmp (name, wanted, length) == 0;
}

// What was taken stays in the image.
static gboolean
keep (Walk *self)
{
  if (self->error == NULL && self->out
      && fwrite (self->taken->data, 1, self->taken->len, self->out) != self->taken->len)
    fail_errno (self);
  g_byte_array_set_size (self->taken, 0);
  return self->error == NULL;
}

static void
leave_out (Walk *self)
{
  g_byte_array_set_size (self->taken, 0);
}

// ---------------------------------------------------------------------------------------------------------------
// The records

// Where the file system cannot do it, the two files take more for a while.
static void
give_back (Walk *self)
{
  goffset written, from, to;

  if (self->out == NULL || self->read - self->given_back < GIVE_BACK)
    return;
  if (fflush (self->out) != 0 || (written = ftell (self->out)) < 0)
    {
      fail_errno (self);
      return;
    }
  from = (MAX (written, self->given_back) + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
  to = self->read / DISK_BLOCK * DISK_BLOCK;
  if (from < to)
    fallocate (fileno (self->out), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
  self->given_back = to;
}

static gboolean
write_page (Walk *self, guint64 address, const guint8 *page)
{
  guint64 number = address / PAGE_BYTES;
  guint8 *seen = &self->seen->data[number / 8];
  guint8 bit = (guint8)(1 << number % 8);

  // An empty page is a hole, unless something was there before.
  if (page == NULL && !(*seen & bit))
    return TRUE;
  *seen |= bit;
  if (self->ram >= 0)
    {
      static const guint8 empty[PAGE_BYTES];
      gssize written = pwrite (self->ram, page ? page : empty, PAGE_BYTES, (off_t)address);

      if (written != PAGE_BYTES)
        {
          errno = written < 0 ? errno : ENOSPC;
          return fail_errno (self);
        }
    }
  return TRUE;
}

static gboolean
walk_page (Walk *self, guint64 address, guint flags)
{
  gboolean is_empty = flags & RECORD_ZERO;
  const guint8 *page;

  if (!(flags & RECORD_CONTINUES))
    {
      gsize length;
      const char *name = take_name (self, &length);

      self->is_in_ram = is_name (name, length, AST_MEMORY_BLOCK);
      self->has_block = TRUE;
    }
  page = take (self, is_empty ? 1 : PAGE_BYTES);
  if (page == NULL || !self->has_block)
    return fail_strange (self);
  if (!self->is_in_ram)
    return keep (self);
  if (address >= self->ram_bytes || (is_empty && page[0] != 0)
      || !write_page (self, address, is_empty ? NULL : page))
    return fail_strange (self);
  leave_out (self);
  give_back (self);
  return self->error == NULL;
}

static gboolean
walk_blocks (Walk *self, guint64 total)
{
  while (total > 0)
    {
      gsize length;
      char *name = take_name (self, &length);
      gboolean is_ram = is_name (name, length, AST_MEMORY_BLOCK);
      guint64 bytes;

      if (is_ram)
        memcpy (name, AST_MEMORY_BLOCK_MAPPED, length);
      bytes = take_number (self, 8);
      if (self->error || bytes == 0 || bytes > total)
        return fail_strange (self);
      if (is_ram && (self->ram_bytes != 0 || bytes > MAX_RAM || bytes % PAGE_BYTES != 0))
        return fail_strange (self);
      if (is_ram)
        {
          self->ram_bytes = bytes;
          g_byte_array_set_size (self->seen, (guint)(bytes / PAGE_BYTES / 8 + 1));
          memset (self->seen->data, 0, self->seen->len);
        }
      total -= bytes;
    }
  return keep (self);
}

// Those of one part.
static gboolean
walk_records (Walk *self)
{
  while (self->error == NULL)
    {
      guint64 word = take_number (self, 8);
      guint flags = word & RECORD_FLAGS;
      guint kind = flags & ~(guint)RECORD_CONTINUES;
      guint64 address = word - flags;

      if (flags == RECORD_END)
        return keep (self);
      if (flags == RECORD_BLOCKS)
        walk_blocks (self, address);
      else if (kind == RECORD_PAGE || kind == RECORD_ZERO)
        walk_page (self, address, flags);
      else
        fail_strange (self);
    }
  return FALSE;
}

// ---------------------------------------------------------------------------------------------------------------
// The stream around them

static gboolean
walk_header (Walk *self)
{
  const guint8 *bytes = take (self, sizeof (Header));
  Header header;

  if (bytes == NULL)
    return FALSE;
  memcpy (&header, bytes, sizeof header);
  if (memcmp (header.magic, HEADER_MAGIC, sizeof header.magic) != 0 || header.version != HEADER_VERSION
      || header.compressed != 0)
    return fail_strange (self);
  for (guint32 left = header.data_length; left > 0 && self->error == NULL;)
    {
      guint32 part = MIN (left, READ_AT_ONCE);

      take (self, part);
      keep (self);
      left -= part;
    }
  return self->error == NULL;
}

// One after the other belongs to the RAM; the first that does not ends them. TRUE: it ended as it should.
static gboolean
walk_ram_sections (Walk *self, guint kind)
{
  guint64 ram = take_number (self, 4);
  gsize length;
  const char *name = take_name (self, &length);

  if (kind != SECTION_START || !is_name (name, length, RAM_SECTION) || take_number (self, 4) != 0
      || take_number (self, 4) != RAM_VERSION)
    return fail_strange (self);
  for (;;)
    {
      if (!keep (self) || !walk_records (self) || take_number (self, 1) != SECTION_FOOTER
          || take_number (self, 4) != ram)
        return fail_strange (self);
      if (kind == SECTION_END)
        return keep (self) && self->ram_bytes > 0;
      kind = (guint)take_number (self, 1);
      if ((kind != SECTION_PART && kind != SECTION_END) || take_number (self, 4) != ram)
        return fail_strange (self);
    }
}

// Of the sections that follow, nothing is the RAM's.
static gboolean
walk_rest (Walk *self)
{
  gsize got = READ_AT_ONCE;

  while (got == READ_AT_ONCE && self->error == NULL)
    {
      g_byte_array_set_size (self->taken, READ_AT_ONCE);
      if (!read_bytes (self, self->taken->data, READ_AT_ONCE, &got))
        return FALSE;
      g_byte_array_set_size (self->taken, (guint)got);
      keep (self);
    }
  return self->error == NULL;
}

static gboolean
walk_image (Walk *self)
{
  guint kind;

  if (!walk_header (self) || take_number (self, 4) != STREAM_MAGIC || take_number (self, 4) != STREAM_VERSION)
    return fail_strange (self);
  kind = (guint)take_number (self, 1);
  if (kind == SECTION_CONFIGURATION)
    {
      take (self, take_number (self, 4) & G_MAXUINT16);
      kind = (guint)take_number (self, 1);
    }
  return (walk_ram_sections (self, kind) || fail_strange (self)) && walk_rest (self);
}

static gboolean
walk (const char *memory, FILE *out, int ram, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (memory);
  g_autoptr (GFileInputStream) base = g_file_read (file, NULL, NULL);
  g_autoptr (GInputStream) in
      = base ? g_buffered_input_stream_new_sized (G_INPUT_STREAM (base), READ_AT_ONCE) : NULL;
  g_autoptr (GByteArray) taken = g_byte_array_new ();
  g_autoptr (GByteArray) seen = g_byte_array_new ();
  Walk self = { .in = in, .cancellable = cancellable, .taken = taken, .seen = seen, .out = out, .ram = ram };

  if (base == NULL)
    fail_strange (&self);
  else if (walk_image (&self) && out
           && (fflush (out) != 0 || ftruncate (fileno (out), ftell (out)) != 0
               || ftruncate (ram, (off_t)self.ram_bytes) != 0))
    fail_errno (&self);
  if (self.error)
    g_propagate_error (error, self.error);
  return self.error == NULL;
}

gboolean
ast_memory_image_check (const char *memory, GCancellable *cancellable, GError **error)
{
  return walk (memory, NULL, -1, cancellable, error);
}

gboolean
ast_memory_image_split (const char *memory, const char *ram, GCancellable *cancellable, GError **error)
{
  // What is written stays behind what was read: nothing is added.
  FILE *out = fopen (memory, "r+e");
  int fd = open (ram, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = FALSE;

  if (out && fd >= 0)
    done = walk (memory, out, fd, cancellable, error);
  else
    set_errno (error);
  if (out)
    fclose (out);
  if (fd >= 0)
    close (fd);
  return done;
}
