// SPDX-License-Identifier: GPL-3.0-or-later
#include "os-traits.h"
#include "xml-tree.h"
#include <libxml/parser.h>
#include <string.h>

// A chain of systems in the database is some ten long; more is a loop.
#define MAX_ANCESTORS 64
#define WINDOWS       "http://microsoft.com/"
#define SCHEME        "http://"

// Device ids as the database writes them.
#define PCI "http://pcisig.com/pci/"

static const char *const virtio_disks[] = { PCI "1af4/1001", PCI "1af4/1042", NULL };
static const char *const virtio_nets[] = { PCI "1af4/1000", PCI "1af4/1041", NULL };
static const char *const virtio_videos[] = { PCI "1af4/1050", NULL };
// 1b36/0004 is what the database calls qemu-xhci; the NEC controller is driven by the same class driver.
static const char *const xhcis[] = { PCI "1b36/0004", PCI "1b36/000d", PCI "1033/0194", NULL };

typedef struct
{
  const char *const *folders;
  GHashTable *devices; // set of char*
  char *family;        // of the system itself
  guint visited;
} Walk;

static void walk_os (Walk *walk, const char *os_id);

// The database's rule: http://VENDOR/a/b stands in os/VENDOR/a-b.xml. NULL for what is no such id.
static char *
relative_path (const char *os_id)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *rest = NULL;

  if (!g_str_has_prefix (os_id, SCHEME))
    return NULL;
  parts = g_strsplit (os_id + strlen (SCHEME), "/", 2);
  if (g_strv_length (parts) != 2 || parts[0][0] == '.' || parts[0][0] == '\0')
    return NULL;
  rest = g_strdelimit (g_strdup (parts[1]), "/", '-');
  return g_strdup_printf ("os/%s/%s.xml", parts[0], rest);
}

static xmlDoc *
read_os (const char *const *folders, const char *os_id)
{
  g_autofree char *relative = relative_path (os_id);

  for (guint i = 0; relative && folders[i]; i++)
    {
      g_autofree char *path = g_build_filename (folders[i], relative, NULL);
      xmlDoc *doc = NULL;

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        doc = xmlReadFile (path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
      if (doc)
        return doc;
    }
  return NULL;
}

static void
walk_relations (Walk *walk, const xmlNode *os)
{
  for (xmlNode *node = os->children; node; node = node->next)
    if (ast_xml_is (node, "derives-from") || ast_xml_is (node, "clones"))
      {
        g_autofree char *id = ast_xml_get (node, "id");

        if (id)
          walk_os (walk, id);
      }
}

static void
take_device (Walk *walk, const xmlNode *device)
{
  g_autofree char *supported = ast_xml_get (device, "supported");
  g_autofree char *id = ast_xml_get (device, "id");

  if (!id)
    return;
  if (g_strcmp0 (supported, "false") == 0)
    g_hash_table_remove (walk->devices, id);
  else
    g_hash_table_add (walk->devices, g_steal_pointer (&id));
}

static void
take_devices (Walk *walk, const xmlNode *os)
{
  const xmlNode *devices = ast_xml_child (os, "devices");

  for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next)
    if (ast_xml_is (node, "device"))
      take_device (walk, node);
}

static void
take_family (Walk *walk, const xmlNode *os)
{
  const xmlNode *family = ast_xml_child (os, "family");
  xmlChar *text = NULL;

  if (walk->family || !family)
    return;
  text = xmlNodeGetContent (family);
  walk->family = g_strdup ((const char *)text);
  xmlFree (text);
}

// What a system takes over from another stands below what its own file says, so the others are read first.
static void
walk_os (Walk *walk, const char *os_id)
{
  g_autoptr (xmlDoc) doc = NULL;
  const xmlNode *os;

  if (walk->visited++ >= MAX_ANCESTORS)
    return;
  doc = read_os (walk->folders, os_id);
  os = doc && xmlDocGetRootElement (doc) ? ast_xml_child (xmlDocGetRootElement (doc), "os") : NULL;
  if (!os)
    return;
  take_family (walk, os);
  walk_relations (walk, os);
  take_devices (walk, os);
}

static gboolean
has_any (GHashTable *devices, const char *const *ids)
{
  for (guint i = 0; ids[i]; i++)
    if (g_hash_table_contains (devices, ids[i]))
      return TRUE;
  return FALSE;
}

static AstOsTraits
guess (const char *os_id)
{
  if (os_id && g_str_has_prefix (os_id, WINDOWS))
    return (AstOsTraits){ .usb3 = TRUE, .windows = TRUE };
  return (AstOsTraits){ .virtio_disk = TRUE, .virtio_net = TRUE, .virtio_video = TRUE, .usb3 = TRUE };
}

AstOsTraits
ast_os_traits_lookup_in (const char *const *folders, const char *os_id)
{
  g_autoptr (GHashTable) devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Walk walk = { .folders = folders, .devices = devices };
  g_autofree char *family = NULL;

  if (os_id)
    walk_os (&walk, os_id);
  family = g_steal_pointer (&walk.family);
  // A few systems stand in the database with no device at all: that says nothing about them.
  if (g_hash_table_size (devices) == 0)
    return guess (os_id);
  return (AstOsTraits){
    .virtio_disk = has_any (devices, virtio_disks),
    .virtio_net = has_any (devices, virtio_nets),
    .virtio_video = has_any (devices, virtio_videos),
    .usb3 = has_any (devices, xhcis),
    .windows = family && g_str_has_prefix (family, "win"),
    .known = TRUE,
  };
}

AstOsTraits
ast_os_traits_lookup (const char *os_id)
{
  const char *const folders[] = { "/etc/osinfo", "/usr/share/osinfo", NULL };

  return ast_os_traits_lookup_in (folders, os_id);
}
