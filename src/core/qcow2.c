// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "qcow2.h"
#include "error.h"
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define HEADER_V2_BYTES  72
#define HEADER_V3_BYTES  104
#define MAX_BACKING_NAME 1023 // QEMU's own limit
// The extensions stand between header and backing name; QEMU's fill less than 1 KiB.
#define HEAD_BYTES 4096

#define INCOMPATIBLE_CORRUPT       (G_GUINT64_CONSTANT (1) << 1)
#define INCOMPATIBLE_EXTERNAL_DATA (G_GUINT64_CONSTANT (1) << 2)
#define INCOMPATIBLE_KNOWN         G_GUINT64_CONSTANT (0x1f)

#define EXTENSION_END            0
#define EXTENSION_BACKING_FORMAT 0xe2792acaU

static guint32
read_be32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_BE (value);
}

static guint64
read_be64 (const guint8 *bytes)
{
  guint64 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT64_FROM_BE (value);
}

gboolean
ast_qcow2_has_magic (const guint8 *bytes, gsize length)
{
  return length >= 8 && memcmp (bytes, "QFI\xfb", 4) == 0 && read_be32 (bytes + 4) >= 2;
}

void
ast_qcow2_free (AstQcow2 *self)
{
  g_free (self->backing);
  g_free (self->backing_format);
  g_free (self);
}

static gboolean
fail_damaged (const char *name, GError **error)
{
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT,
               _ ("%s is damaged: its qcow2 header makes no sense. Copy it again"), name);
  return FALSE;
}

static gboolean
check_version (const guint8 *head, gsize length, const char *name, GError **error)
{
  guint32 version;

  if (!ast_qcow2_has_magic (head, length))
    return fail_damaged (name, error);
  version = read_be32 (head + 4);
  if (version > 3)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                   _ ("%s is a qcow2 image of version %u; only versions 2 and 3 can be used"), name, version);
      return FALSE;
    }
  if (length < (version == 2 ? HEADER_V2_BYTES : HEADER_V3_BYTES))
    return fail_damaged (name, error);
  return TRUE;
}

static gboolean
check_features (const guint8 *head, const char *name, GError **error)
{
  guint64 features = read_be32 (head + 4) < 3 ? 0 : read_be64 (head + 72);

  if (read_be32 (head + 32) != 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                   _ ("%s is encrypted: there is nobody to type its password at a start. Convert it without "
                      "encryption"),
                   name);
      return FALSE;
    }
  if (features & INCOMPATIBLE_EXTERNAL_DATA)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                   _ ("%s keeps its data in another file: convert it with “qemu-img convert -O qcow2”"),
                   name);
      return FALSE;
    }
  if (features & ~INCOMPATIBLE_KNOWN)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                   _ ("%s was made by a newer QEMU and uses features that this station does not know"), name);
      return FALSE;
    }
  if (features & INCOMPATIBLE_CORRUPT)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT,
                   _ ("%s is damaged: QEMU marked it so. Copy it again"), name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
lies_within (guint64 offset, guint64 length, guint64 size)
{
  return offset <= size && length <= size - offset;
}

static gboolean
check_tables (const guint8 *head, guint64 file_size, const char *name, GError **error)
{
  guint32 cluster_bits = read_be32 (head + 20);
  guint64 l1_offset = read_be64 (head + 40);
  guint64 refcount_offset = read_be64 (head + 48);

  // 512 bytes to 2 MiB
  if (cluster_bits < 9 || cluster_bits > 21 || refcount_offset == 0)
    return fail_damaged (name, error);
  if (read_be32 (head + 4) >= 3 && read_be32 (head + 100) < HEADER_V3_BYTES)
    return fail_damaged (name, error);
  if (read_be64 (head + 24) > G_MAXINT64 || read_be32 (head + 56) > (8u << 20) >> cluster_bits)
    return fail_damaged (name, error);
  if (lies_within (l1_offset, 8 * (guint64)read_be32 (head + 36), file_size)
      && lies_within (refcount_offset, (guint64)read_be32 (head + 56) << cluster_bits, file_size))
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT, _ ("%s is cut short. Copy it again"), name);
  return FALSE;
}

static gboolean
read_backing (AstQcow2 *self, int fd, const guint8 *head, const char *name, GError **error)
{
  guint64 offset = read_be64 (head + 8);
  guint32 length = read_be32 (head + 16);
  guint64 cluster = G_GUINT64_CONSTANT (1) << read_be32 (head + 20);
  g_autofree char *text = NULL;

  if (offset == 0)
    return TRUE;
  if (length == 0 || length > MAX_BACKING_NAME || !lies_within (offset, length, cluster))
    return fail_damaged (name, error);
  text = g_malloc0 (length + 1);
  if (pread (fd, text, length, (off_t)offset) != (gssize)length || strlen (text) != length)
    return fail_damaged (name, error);
  self->backing = g_steal_pointer (&text);
  return TRUE;
}

// Each extension is a type, a length, and its bytes filled up to a multiple of 8.
static char *
read_backing_format (const guint8 *head, gsize length)
{
  guint64 at = read_be32 (head + 4) < 3 ? HEADER_V2_BYTES : read_be32 (head + 100);

  while (lies_within (at, 8, length))
    {
      guint32 type = read_be32 (head + at);
      guint64 bytes = read_be32 (head + at + 4);

      if (type == EXTENSION_END || !lies_within (at + 8, bytes, length))
        return NULL;
      if (type == EXTENSION_BACKING_FORMAT)
        return g_strndup ((const char *)head + at + 8, bytes);
      at += 8 + (bytes + 7) / 8 * 8;
    }
  return NULL;
}

AstQcow2 *
ast_qcow2_read (int fd, guint64 file_size, const char *name, GError **error)
{
  g_autoptr (AstQcow2) self = g_new0 (AstQcow2, 1);
  g_autofree guint8 *head = g_malloc0 (HEAD_BYTES);
  gssize length = pread (fd, head, HEAD_BYTES, 0);

  if (length < 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_UNREADABLE, _ ("%s cannot be read: %s"), name,
                   g_strerror (errno));
      return NULL;
    }
  if (!check_version (head, (gsize)length, name, error) || !check_features (head, name, error)
      || !check_tables (head, file_size, name, error) || !read_backing (self, fd, head, name, error))
    return NULL;
  self->virtual_size = read_be64 (head + 24);
  self->backing_format = read_backing_format (head, (gsize)length);
  return g_steal_pointer (&self);
}
