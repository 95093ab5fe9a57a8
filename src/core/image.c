// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "image.h"
#include "error.h"
#include "qcow2.h"
#include "qemu-img.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES     512
#define CHUNK_BYTES    (1024 * 1024)
#define SECTOR_OF_DISK 512
// Characters of what a header says, which may be any bytes.
#define MAX_QUOTED 200
// ISO 9660 and UDF: 16 empty sectors, then one descriptor a sector.
#define SECTOR_BYTES     2048
#define FIRST_DESCRIPTOR (16 * SECTOR_BYTES)
#define MAX_DESCRIPTORS  32

typedef enum
{
  WAY_CONVERT,
  WAY_UNPACK,
  WAY_NONE,
} Way;

typedef struct
{
  gsize offset;
  const char *magic;
  gsize length;
  const char *what;
  Way way;
} Foreign;

// What teachers are known to put in a qcow2's place.
static const Foreign foreigners[] = {
  { 0, "KDMV", 4, N_ ("a VMware image (VMDK)"), WAY_CONVERT },
  { 0, "COWD", 4, N_ ("a VMware image (VMDK)"), WAY_CONVERT },
  { 0, "# Disk DescriptorFile", 21, N_ ("the description of a VMware image (VMDK)"), WAY_CONVERT },
  { 64, "\x7f\x10\xda\xbe", 4, N_ ("a VirtualBox image (VDI)"), WAY_CONVERT },
  { 0, "vhdxfile", 8, N_ ("a Hyper-V image (VHDX)"), WAY_CONVERT },
  { 0, "conectix", 8, N_ ("a Virtual PC image (VHD)"), WAY_CONVERT },
  { 0, "QED\0", 4, N_ ("an old QEMU image (QED)"), WAY_CONVERT },
  { 0, "QFI\xfb\0\0\0\1", 8, N_ ("an old QEMU image (qcow version 1)"), WAY_CONVERT },
  { 0, "\x1f\x8b", 2, N_ ("a compressed file (gzip)"), WAY_UNPACK },
  { 0,
    "\xfd"
    "7zXZ\0",
    6, N_ ("a compressed file (xz)"), WAY_UNPACK },
  { 0, "\x28\xb5\x2f\xfd", 4, N_ ("a compressed file (zstd)"), WAY_UNPACK },
  { 0, "BZh", 3, N_ ("a compressed file (bzip2)"), WAY_UNPACK },
  { 0, "PK\3\4", 4, N_ ("an archive (zip)"), WAY_UNPACK },
  { 0, "7z\xbc\xaf\x27\x1c", 6, N_ ("an archive (7z)"), WAY_UNPACK },
  { 257, "ustar", 5, N_ ("an archive (tar or OVA)"), WAY_UNPACK },
  { 0,
    "\x7f"
    "ELF",
    4, N_ ("a program (ELF)"), WAY_NONE },
  { 0, "%PDF", 4, N_ ("a PDF document"), WAY_NONE },
};

// An open image: its fd is closed, its header freed with it.
typedef struct
{
  char *path;
  char *name; // what sentences call it, UTF-8
  int fd;
  struct stat stat;
  guint8 head[HEAD_BYTES];
  gsize head_length;
  AstImageFormat format;
  AstQcow2 *qcow2; // NULL for other formats
} OpenImage;

static void
open_image_free (OpenImage *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->qcow2, ast_qcow2_free);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OpenImage, open_image_free)

const char *
ast_image_format_word (AstImageFormat format)
{
  return format == AST_IMAGE_QCOW2 ? "qcow2" : "raw";
}

static gboolean
fail_errno (const char *name, int code, GError **error)
{
  if (code == ENOENT || code == ENOTDIR)
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_MISSING, _ ("%s is missing"), name);
  else
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_UNREADABLE, _ ("%s cannot be read: %s"), name,
                 g_strerror (code));
  return FALSE;
}

static gboolean
fail_kind (const char *name, mode_t mode, GError **error)
{
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
               S_ISDIR (mode) ? _ ("%s is a folder, not an image") : _ ("%s is not an ordinary file"), name);
  return FALSE;
}

// O_NONBLOCK: opening a pipe or a device must not wait for its other end.
static gboolean
open_regular (OpenImage *self, GError **error)
{
  gssize length;

  self->fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (self->fd < 0 && (errno == ENXIO || errno == ENODEV))
    return fail_kind (self->name, S_IFSOCK, error);
  if (self->fd < 0 || fstat (self->fd, &self->stat) != 0)
    return fail_errno (self->name, errno, error);
  if (!S_ISREG (self->stat.st_mode))
    return fail_kind (self->name, self->stat.st_mode, error);
  length = pread (self->fd, self->head, HEAD_BYTES, 0);
  if (length < 0)
    return fail_errno (self->name, errno, error);
  if (length == 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT, _ ("%s is empty"), self->name);
      return FALSE;
    }
  self->head_length = (gsize)length;
  return TRUE;
}

static const Foreign *
find_foreigner (const OpenImage *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (foreigners); i++)
    {
      const Foreign *foreign = &foreigners[i];

      if (foreign->offset + foreign->length <= self->head_length
          && memcmp (self->head + foreign->offset, foreign->magic, foreign->length) == 0)
        return foreign;
    }
  return NULL;
}

// The text may be cut within a character: only its beginning is looked at.
static gboolean
is_text (const OpenImage *self)
{
  const char *bytes = (const char *)self->head;
  const char *end = bytes;

  for (gsize i = 0; i < self->head_length; i++)
    if (self->head[i] < ' ' && memchr ("\t\n\r\f", self->head[i], 4) == NULL)
      return FALSE;
  return g_utf8_validate (bytes, (gssize)self->head_length, &end)
         || (gsize)(end - bytes) + 4 > self->head_length;
}

static gboolean
is_iso (const OpenImage *self)
{
  g_autofree guint8 *area = g_malloc (MAX_DESCRIPTORS * SECTOR_BYTES);
  gssize length = pread (self->fd, area, MAX_DESCRIPTORS * SECTOR_BYTES, FIRST_DESCRIPTOR);

  for (gssize at = 0; at + SECTOR_BYTES <= length; at += SECTOR_BYTES)
    {
      const guint8 *id = area + at + 1;

      if (memcmp (id, "CD001", 5) == 0 || memcmp (id, "NSR02", 5) == 0 || memcmp (id, "NSR03", 5) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
refuse_foreign_disk (const OpenImage *self, GError **error)
{
  const Foreign *foreign = find_foreigner (self);

  if (foreign != NULL && foreign->way == WAY_CONVERT)
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                 _ ("%s is %s, not qcow2: convert it with “qemu-img convert -O qcow2”"), self->name,
                 _ (foreign->what));
  else if (foreign != NULL && foreign->way == WAY_UNPACK)
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT, _ ("%s is %s: unpack it first"), self->name,
                 _ (foreign->what));
  else if (foreign != NULL)
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT, _ ("%s is %s, not a disk image"), self->name,
                 _ (foreign->what));
  else if (is_text (self))
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                 _ ("%s looks like a text file, not a disk image: was its download complete?"), self->name);
  return foreign != NULL || is_text (self);
}

static gboolean
probe_disk (OpenImage *self, GError **error)
{
  if (ast_qcow2_has_magic (self->head, self->head_length))
    {
      self->format = AST_IMAGE_QCOW2;
      self->qcow2 = ast_qcow2_read (self->fd, (guint64)self->stat.st_size, self->name, error);
      return self->qcow2 != NULL;
    }
  if (refuse_foreign_disk (self, error))
    return FALSE;
  self->format = AST_IMAGE_RAW;
  if (g_str_has_suffix (self->path, ".raw") || g_str_has_suffix (self->path, ".img"))
    return TRUE;
  if (is_iso (self))
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                 _ ("%s is a CD image (ISO), not a disk: name it with a cdrom element"), self->name);
  else
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                 _ ("%s is not a qcow2 image. A raw image must be named *.raw or *.img"), self->name);
  return FALSE;
}

static gboolean
probe_cdrom (OpenImage *self, GError **error)
{
  const Foreign *foreign;

  self->format = AST_IMAGE_ISO;
  if (is_iso (self))
    return TRUE;
  foreign = find_foreigner (self);
  if (ast_qcow2_has_magic (self->head, self->head_length))
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                 _ ("%s is a disk image (qcow2), not a CD image: name it with a disk element"), self->name);
  else if (foreign != NULL)
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT, _ ("%s is %s, not a CD image (ISO)"), self->name,
                 _ (foreign->what));
  else if (is_text (self))
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                 _ ("%s looks like a text file, not a CD image (ISO): was its download complete?"),
                 self->name);
  else
    g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT, _ ("%s is not a CD image (ISO 9660 or UDF)"),
                 self->name);
  return FALSE;
}

// `name`: what the error's sentence calls the image.
static OpenImage *
open_image (const char *path, const char *name, gboolean cdrom, GError **error)
{
  g_autoptr (OpenImage) self = g_new0 (OpenImage, 1);
  gboolean fits;

  self->fd = -1;
  self->path = g_strdup (path);
  self->name = g_filename_display_name (name);
  if (!open_regular (self, error))
    return NULL;
  fits = cdrom ? probe_cdrom (self, error) : probe_disk (self, error);
  return fits ? g_steal_pointer (&self) : NULL;
}

gboolean
ast_image_probe (const char *path, gboolean cdrom, AstImageFormat *format, GError **error)
{
  g_autoptr (OpenImage) image = open_image (path, path, cdrom, error);

  if (image == NULL)
    return FALSE;
  if (format != NULL)
    *format = image->format;
  return TRUE;
}

// Does this name in a header in `folder` mean the file `below`? A name that leads nowhere is believed by its
// last part: a layer is often made in another folder than the one it is used from, and the guest's chain is
// opened by the appliance's paths, never by the headers' names.
static gboolean
names_file (const char *backing, const char *folder, const char *below_path, const struct stat *below)
{
  g_autofree char *path = g_canonicalize_filename (backing, folder);
  g_autofree char *name = g_path_get_basename (backing);
  g_autofree char *below_name = g_path_get_basename (below_path);
  struct stat found;

  if (stat (path, &found) == 0)
    return found.st_dev == below->st_dev && found.st_ino == below->st_ino;
  return strcmp (name, below_name) == 0;
}

static gboolean
check_stands_alone (const OpenImage *disk, GError **error)
{
  g_autofree char *backing = NULL;

  if (disk->qcow2 == NULL || disk->qcow2->backing == NULL)
    return TRUE;
  backing = ast_text_label (disk->qcow2->backing, MAX_QUOTED);
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
               _ ("%s needs another file below it (“%s”): name that one as the disk and this one as a layer"),
               disk->name, backing);
  return FALSE;
}

static gboolean
check_stands_on (const OpenImage *layer, const OpenImage *below, GError **error)
{
  const char *format = ast_image_format_word (below->format);
  g_autofree char *folder = g_path_get_dirname (layer->path);
  g_autofree char *backing = NULL;
  g_autofree char *backing_format = NULL;

  if (layer->qcow2 == NULL || layer->qcow2->backing == NULL)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
                   _ ("%s is no layer: it was not made on %s with “qemu-img create -b”"), layer->name,
                   below->name);
      return FALSE;
    }
  if (!names_file (layer->qcow2->backing, folder, below->path, &below->stat))
    {
      backing = ast_text_label (layer->qcow2->backing, MAX_QUOTED);
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT, _ ("%s was made on “%s”, not on %s"),
                   layer->name, backing, below->name);
      return FALSE;
    }
  if (layer->qcow2->backing_format == NULL || strcmp (layer->qcow2->backing_format, format) == 0)
    return TRUE;
  backing_format = ast_text_label (layer->qcow2->backing_format, MAX_QUOTED);
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_FORMAT,
               _ ("%s was made on an image of format %s, but %s is %s"), layer->name, backing_format,
               below->name, format);
  return FALSE;
}

static OpenImage *
open_part (const AstImage *part, gboolean cdrom, gboolean short_name, GError **error)
{
  g_autofree char *name = NULL;

  if (part->path == NULL)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_MISSING, _ ("%s is missing"), part->href);
      return NULL;
    }
  name = short_name ? g_path_get_basename (part->path) : g_strdup (part->path);
  return open_image (part->path, name, cdrom, error);
}

// The disk (`lowest`) or a layer. `below` is NULL where the image under a layer could not be opened.
static OpenImage *
open_link (const AstImage *part, gboolean lowest, const OpenImage *below, gboolean short_name, GError **error)
{
  g_autoptr (OpenImage) image = open_part (part, FALSE, short_name, error);

  if (image == NULL)
    return NULL;
  if (lowest && !check_stands_alone (image, error))
    return NULL;
  if (below != NULL && !check_stands_on (image, below, error))
    return NULL;
  return g_steal_pointer (&image);
}

static guint
count_links (const AstAppliance *appliance)
{
  return 1 + appliance->layers->len;
}

static const AstImage *
get_link (const AstAppliance *appliance, guint number)
{
  return number == 0 ? appliance->disk : g_ptr_array_index (appliance->layers, number - 1);
}

static void
describe_top (const OpenImage *image, const char *path, AstImageTop *top)
{
  top->path = path;
  top->format = image->format;
  // QEMU leaves a piece of a sector out of a qcow2 image, and fills it up in a raw one.
  top->virtual_size
      = image->qcow2 ? image->qcow2->virtual_size / SECTOR_OF_DISK * SECTOR_OF_DISK
                     : ((guint64)image->stat.st_size + SECTOR_OF_DISK - 1) / SECTOR_OF_DISK * SECTOR_OF_DISK;
}

gboolean
ast_image_probe_chain (const AstAppliance *appliance, AstImageTop *top, GError **error)
{
  g_autoptr (OpenImage) below = NULL;

  g_return_val_if_fail (appliance->disk != NULL, FALSE);
  for (guint i = 0; i < count_links (appliance); i++)
    {
      OpenImage *image = open_link (get_link (appliance, i), i == 0, below, FALSE, error);

      if (image == NULL)
        return FALSE;
      g_clear_pointer (&below, open_image_free);
      below = image;
    }
  describe_top (below, get_link (appliance, count_links (appliance) - 1)->path, top);
  return TRUE;
}

gboolean
ast_image_probe_top (const char *path, AstImageTop *top, GError **error)
{
  g_autoptr (OpenImage) image = open_image (path, path, FALSE, error);

  if (image == NULL)
    return FALSE;
  describe_top (image, path, top);
  return TRUE;
}

// One run of ast_image_check_all.
typedef struct
{
  const AstAppliance *appliance;
  gboolean digest;
  gboolean qemu; // is there a qemu-img?
  GCancellable *cancellable;
  GPtrArray *problems;
} Check;

static void
add_problem (Check *self, const AstImage *part, const GError *error)
{
  g_autofree char *path
      = g_canonicalize_filename (part->path ? part->path : part->href, self->appliance->folder);

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_ptr_array_add (self->problems, ast_problem_new (path, 0, 0, "%s", error->message));
}

static gboolean
judge_report (const OpenImage *image, const char *report, const char *complaint, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (report, NULL);
  g_autofree char *words = NULL;
  JsonObject *object;
  gint64 errors;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      words = g_strstrip (g_utf8_make_valid (complaint, -1));
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT, _ ("%s cannot be checked. %s"), image->name,
                   words);
      return FALSE;
    }
  object = json_node_get_object (root);
  errors = json_object_get_int_member_with_default (object, "corruptions", 0)
           + json_object_get_int_member_with_default (object, "check-errors", 0);
  if (errors == 0)
    return TRUE;
  words = g_strdup_printf ("%" G_GINT64_FORMAT, errors);
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT,
               _ ("%s is damaged (qemu-img check counts errors: %s). Copy it again"), image->name, words);
  return FALSE;
}

// The child gets the file that was probed, by number: no name can be misread as an option or a protocol, and
// without a backing file nothing that the header names is opened.
static gboolean
check_with_qemu (const OpenImage *image, GCancellable *cancellable, GError **error)
{
  const char *const arguments[] = { "check", "-U", "--output=json",
                                    "json:{\"driver\":\"qcow2\",\"backing\":null,\"file\":"
                                    "{\"driver\":\"file\",\"filename\":\"/proc/self/fd/3\"}}",
                                    NULL };
  g_autofree char *report = NULL;
  g_autofree char *complaint = NULL;

  if (ast_qemu_img_run (arguments, image->fd, cancellable, &report, &complaint, error) < 0)
    return FALSE;
  return judge_report (image, report, complaint, error);
}

static guint32
read_le (const guint8 *bytes, guint count)
{
  guint32 value = 0;

  for (guint i = 0; i < count; i++)
    value |= (guint32)bytes[i] << (8 * i);
  return value;
}

// ISO 9660's primary descriptor tells the volume's size. Burnt disks are copied with up to 300 KiB missing
// at their empty end: 1 MiB is forgiven.
static gboolean
check_iso_length (const OpenImage *image, GError **error)
{
  guint8 sector[SECTOR_BYTES] = { 0 };
  guint64 volume;

  if (pread (image->fd, sector, sizeof sector, FIRST_DESCRIPTOR) < 0)
    return fail_errno (image->name, errno, error);
  if (sector[0] != 1 || memcmp (sector + 1, "CD001", 5) != 0)
    return TRUE;
  volume = (guint64)read_le (sector + 80, 4) * read_le (sector + 128, 2);
  if (volume <= (guint64)image->stat.st_size + CHUNK_BYTES)
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT, _ ("%s is cut short. Copy it again"), image->name);
  return FALSE;
}

static char *
compute_digest (const OpenImage *image, GCancellable *cancellable, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8 *chunk = g_malloc (CHUNK_BYTES);
  gssize length = 1;

  posix_fadvise (image->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  for (off_t at = 0; length > 0; at += length)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      length = pread (image->fd, chunk, CHUNK_BYTES, at);
      if (length > 0)
        g_checksum_update (checksum, chunk, length);
    }
  if (length == 0)
    return g_strdup (g_checksum_get_string (checksum));
  fail_errno (image->name, errno, error);
  return NULL;
}

void
ast_image_for_each (const AstAppliance *appliance, GFunc function, gpointer data)
{
  if (appliance->disk)
    function (appliance->disk, data);
  g_ptr_array_foreach (appliance->layers, function, data);
  g_ptr_array_foreach (appliance->cdroms, function, data);
}

static void
add_identity (gpointer image, gpointer into)
{
  const char *path = ((const AstImage *)image)->path;
  struct stat found = { 0 };
  g_autofree char *text = NULL;

  if (path)
    stat (path, &found);
  text = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld %s",
                          (guint64)found.st_ino, (guint64)found.st_size, (gint64)found.st_mtim.tv_sec,
                          found.st_mtim.tv_nsec, path ? path : "");
  g_strv_builder_add (into, text);
}

GStrv
ast_image_describe_all (const AstAppliance *appliance)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  ast_image_for_each (appliance, add_identity, builder);
  return g_strv_builder_end (builder);
}

static gboolean
is_same_file (const char *one, const char *other)
{
  gsize number = strcspn (one, " ") + 1;

  return strncmp (one, other, number) == 0;
}

gboolean
ast_image_was_written (const char *const *then, const char *const *now)
{
  for (guint i = 0; then[i] && now[i]; i++)
    if (is_same_file (then[i], now[i]) && strcmp (then[i], now[i]) != 0)
      return TRUE;
  return FALSE;
}

char *
ast_image_digest (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (OpenImage) image = g_new0 (OpenImage, 1);

  image->path = g_strdup (path);
  image->name = g_filename_display_name (path);
  return open_regular (image, error) ? compute_digest (image, cancellable, error) : NULL;
}

static gboolean
check_digest (const OpenImage *image, const char *wanted, GCancellable *cancellable, GError **error)
{
  g_autofree char *digest = compute_digest (image, cancellable, error);

  if (digest == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (digest, wanted) == 0)
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_DIGEST,
               _ ("%s is not the image that the descriptor means: its SHA-256 is %s"), image->name, digest);
  return FALSE;
}

static void
check_content (Check *self, const AstImage *part, const OpenImage *image)
{
  g_autoptr (GError) damage = NULL;
  g_autoptr (GError) difference = NULL;
  gboolean sound = TRUE;

  if (image->format == AST_IMAGE_ISO)
    sound = check_iso_length (image, &damage);
  else if (image->format == AST_IMAGE_QCOW2 && self->qemu)
    sound = check_with_qemu (image, self->cancellable, &damage);
  if (!sound)
    add_problem (self, part, damage);
  if (self->digest && part->sha256 != NULL
      && !check_digest (image, part->sha256, self->cancellable, &difference))
    add_problem (self, part, difference);
}

static void
check_disks (Check *self)
{
  g_autoptr (OpenImage) below = NULL;

  for (guint i = 0; i < count_links (self->appliance); i++)
    {
      const AstImage *part = get_link (self->appliance, i);
      g_autoptr (GError) error = NULL;
      OpenImage *image = open_link (part, i == 0, below, TRUE, &error);

      if (image == NULL)
        add_problem (self, part, error);
      else
        check_content (self, part, image);
      g_clear_pointer (&below, open_image_free);
      below = image;
    }
}

static void
check_cdroms (Check *self)
{
  for (guint i = 0; i < self->appliance->cdroms->len; i++)
    {
      const AstImage *part = g_ptr_array_index (self->appliance->cdroms, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (OpenImage) image = open_part (part, TRUE, TRUE, &error);

      if (image == NULL)
        add_problem (self, part, error);
      else
        check_content (self, part, image);
    }
}

void
ast_image_check_all (const AstAppliance *appliance, gboolean digest, GCancellable *cancellable,
                     GPtrArray *problems)
{
  g_autofree char *tool = g_find_program_in_path ("qemu-img");
  Check check = { appliance, digest, tool != NULL, cancellable, problems };

  if (appliance->disk != NULL && tool == NULL)
    g_ptr_array_add (problems,
                     ast_problem_new (appliance->folder, 0, 0, "%s",
                                      _ ("qemu-img is not installed: disks cannot be checked for damage")));
  if (appliance->disk != NULL)
    check_disks (&check);
  check_cdroms (&check);
}
