// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "domain-check.h"
#include "error.h"
#include "qcow2.h"
#include "xml-tree.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <libxml/parser.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CPUS      64 // what a descriptor may say
#define MAX_VIDEO_KIB (1024 * 1024)
#define KIB_PER_MIB   1024

// libvirt's units; without one it is KiB.
static const struct
{
  const char *word;
  guint64 bytes;
} units[] = {
  { "b", 1 },       { "bytes", 1 },     { "KB", 1000 },
  { "k", 1 << 10 }, { "KiB", 1 << 10 }, { "MB", 1000 * 1000 },
  { "M", 1 << 20 }, { "MiB", 1 << 20 }, { "GB", 1000 * 1000 * 1000 },
  { "G", 1 << 30 }, { "GiB", 1 << 30 },
};

static guint64
unit_of (const xmlNode *node)
{
  g_autofree char *unit = ast_xml_get (node, "unit");

  if (unit == NULL)
    return 1 << 10;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (unit, units[i].word) == 0)
      return units[i].bytes;
  return G_GUINT64_CONSTANT (1) << 40; // tera and above
}

static guint64
number_of (const xmlNode *node)
{
  xmlChar *text = xmlNodeGetContent (node);
  guint64 number = g_ascii_strtoull ((const char *)text, NULL, 10);

  xmlFree (text);
  return number;
}

// No more than `most`, so that sums do not run over.
static guint64
bytes_of (const xmlNode *node, guint64 number, guint64 most)
{
  return number > most / unit_of (node) ? most + 1 : number * unit_of (node);
}

// Where memory is given to nodes of its own, libvirt adds it up and looks at nothing else.
static guint64
sum_of_cells (const xmlNode *domain, guint64 most)
{
  const xmlNode *cpu = ast_xml_child (domain, "cpu");
  const xmlNode *numa = cpu ? ast_xml_child (cpu, "numa") : NULL;
  guint64 sum = 0;

  for (const xmlNode *cell = numa ? numa->children : NULL; cell; cell = cell->next)
    if (ast_xml_is (cell, "cell"))
      {
        g_autofree char *memory = ast_xml_get (cell, "memory");

        sum += memory ? bytes_of (cell, g_ascii_strtoull (memory, NULL, 10), most) : 0;
      }
  return sum;
}

static gboolean
check_memory (const xmlNode *domain, guint64 memory_mib, GError **error)
{
  guint64 most = memory_mib * KIB_PER_MIB * KIB_PER_MIB;
  const xmlNode *memory = ast_xml_child (domain, "memory");
  const xmlNode *maximum = ast_xml_child (domain, "maxMemory");
  g_autofree char *has = g_format_size_full (most, G_FORMAT_SIZE_IEC_UNITS);

  if (memory_mib == 0
      || ((!memory || bytes_of (memory, number_of (memory), most) <= most)
          && (!maximum || bytes_of (maximum, number_of (maximum), most) <= most)
          && sum_of_cells (domain, most) <= most))
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR,
               _ ("The appliance asks for more memory than this station has (%s)."), has);
  return FALSE;
}

static gboolean
check_cpus (const xmlNode *domain, GError **error)
{
  const xmlNode *vcpu = ast_xml_child (domain, "vcpu");

  if (vcpu == NULL || number_of (vcpu) <= MAX_CPUS)
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR, _ ("The appliance asks for more than %d processors."),
               MAX_CPUS);
  return FALSE;
}

static guint64
video_kib (const xmlNode *video)
{
  static const char *const parts[] = { "ram", "vram", "vram64", "vgamem" };
  const xmlNode *model = ast_xml_child (video, "model");
  guint64 sum = 0;

  for (guint i = 0; model && i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *value = ast_xml_get (model, parts[i]);

      sum += value ? MIN (g_ascii_strtoull (value, NULL, 10), MAX_VIDEO_KIB + 1) : 0;
    }
  return sum;
}

static gboolean
check_video (const xmlNode *devices, GError **error)
{
  guint64 sum = 0;

  for (const xmlNode *node = devices->children; node; node = node->next)
    if (ast_xml_is (node, "video"))
      sum += video_kib (node);
  if (sum <= MAX_VIDEO_KIB)
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR,
               _ ("The appliance asks for more than 1 GiB of video memory."));
  return FALSE;
}

static gboolean
check_header (int fd, const char *name, GError **error)
{
  g_autoptr (AstQcow2) header = NULL;
  struct stat found;

  if (fstat (fd, &found) != 0 || !S_ISREG (found.st_mode))
    {
      g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_UNREADABLE, _ ("%s is not an ordinary file"), name);
      return FALSE;
    }
  header = ast_qcow2_read (fd, (guint64)found.st_size, name, error);
  if (header == NULL || header->backing == NULL)
    return header != NULL;
  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR,
               _ ("%s was made on another image. Name that one in a <backingStore> of the disk."), name);
  return FALSE;
}

static gboolean
check_image (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  g_autofree char *name = g_filename_display_name (path);
  gboolean good;

  if (fd < 0)
    {
      g_set_error (error, AST_ERROR, errno == ENOENT ? AST_ERROR_IMAGE_MISSING : AST_ERROR_IMAGE_UNREADABLE,
                   _ ("%s cannot be read: %s"), name, g_strerror (errno));
      return FALSE;
    }
  good = check_header (fd, name, error);
  close (fd);
  return good;
}

// Its chain ends here, and nobody has looked into its header.
static gboolean
is_single_qcow2 (const xmlNode *disk)
{
  const xmlNode *driver = ast_xml_child (disk, "driver");
  const xmlNode *below = ast_xml_child (disk, "backingStore");
  g_autofree char *format = driver ? ast_xml_get (driver, "type") : NULL;

  return g_strcmp0 (format, "qcow2") == 0 && (!below || !xmlFirstElementChild ((xmlNode *)below));
}

static gboolean
check_disks (const xmlNode *devices, GError **error)
{
  for (const xmlNode *node = devices->children; node; node = node->next)
    {
      const xmlNode *source
          = ast_xml_is (node, "disk") && is_single_qcow2 (node) ? ast_xml_child (node, "source") : NULL;
      g_autofree char *file = source ? ast_xml_get (source, "file") : NULL;

      if (file && !check_image (file, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ast_domain_check (const char *xml, guint64 memory_mib, GError **error)
{
  g_autoptr (xmlDoc) doc = xmlReadMemory (xml, (int)strlen (xml), "domain", NULL, XML_PARSE_NONET);
  const xmlNode *domain = xmlDocGetRootElement (doc);
  const xmlNode *devices = ast_xml_child (domain, "devices");

  return check_memory (domain, memory_mib, error) && check_cpus (domain, error)
         && check_video (devices, error) && check_disks (devices, error);
}
