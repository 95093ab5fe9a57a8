// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "warm-domain.h"
#include "domain-merge.h"
#include "error.h"
#include "json-print.h"
#include "memory-image.h"
#include "overlay-names.h"
#include "xml-tree.h"
#include <glib/gi18n.h>
#include <string.h>

#define X(string) ((const xmlChar *)(string))

static xmlDoc *
read_domain (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = xmlReadMemory (xml, (int)strlen (xml), NULL, NULL,
                                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  const xmlNode *domain = doc ? xmlDocGetRootElement (doc) : NULL;

  if (domain && ast_xml_child (domain, "devices"))
    return g_steal_pointer (&doc);
  g_set_error (error, AST_ERROR, AST_ERROR_WARM, "%s", _ ("The saved guest's description cannot be read."));
  return NULL;
}

static char *
serialise (xmlDoc *doc, xmlNode *node)
{
  g_autoptr (xmlBuffer) buffer = xmlBufferCreate ();

  xmlNodeDump (buffer, doc, node, 0, 1);
  return g_strdup ((const char *)xmlBufferContent (buffer));
}

static char *
get_alias (const xmlNode *device)
{
  const xmlNode *alias = ast_xml_child (device, "alias");

  return alias ? ast_xml_get (alias, "name") : NULL;
}

// Is there anything of QEMU's about the device with this alias? That reaches no card that is plugged in.
static gboolean
is_overridden (const xmlNode *domain, const char *alias)
{
  const xmlNode *override = ast_xml_child (domain, "override");

  for (const xmlNode *device = override ? override->children : NULL; device; device = device->next)
    {
      g_autofree char *name = ast_xml_is (device, "device") ? ast_xml_get (device, "alias") : NULL;

      if (g_strcmp0 (name, alias) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_to_be_plugged_in (const xmlNode *domain, const xmlNode *device)
{
  g_autofree char *alias = ast_xml_is (device, "interface") ? get_alias (device) : NULL;

  return alias && g_str_has_prefix (alias, AST_DOMAIN_CARD_ALIAS) && !is_overridden (domain, alias);
}

char *
ast_warm_domain_split (const char *xml, GPtrArray *cards, GError **error)
{
  g_autoptr (xmlDoc) doc = read_domain (xml, error);
  xmlNode *domain = doc ? xmlDocGetRootElement (doc) : NULL;
  xmlNode *next;

  if (domain == NULL)
    return NULL;
  for (xmlNode *device = ast_xml_child (domain, "devices")->children; device; device = next)
    {
      next = device->next;
      if (!is_to_be_plugged_in (domain, device))
        continue;
      g_ptr_array_add (cards, serialise (doc, device));
      xmlUnlinkNode (device);
      xmlFreeNode (device);
    }
  return serialise (doc, domain);
}

gboolean
ast_warm_domain_has_card (const char *xml, const char *card)
{
  g_autoptr (xmlDoc) doc = read_domain (xml, NULL);
  g_autoptr (xmlDoc) wanted = xmlReadMemory (card, (int)strlen (card), NULL, NULL, XML_PARSE_NONET);
  g_autofree char *alias = wanted ? get_alias (xmlDocGetRootElement (wanted)) : NULL;
  const xmlNode *devices = doc ? ast_xml_child (xmlDocGetRootElement (doc), "devices") : NULL;

  for (const xmlNode *device = devices ? devices->children : NULL; device; device = device->next)
    {
      g_autofree char *name = ast_xml_is (device, "interface") ? get_alias (device) : NULL;

      if (name && g_strcmp0 (name, alias) == 0)
        return TRUE;
    }
  return FALSE;
}

// The source of the one disk that is an overlay of the seeds' store.
static xmlNode *
find_overlay_source (const xmlNode *domain)
{
  for (xmlNode *disk = ast_xml_child (domain, "devices")->children; disk; disk = disk->next)
    {
      xmlNode *source = ast_xml_is (disk, "disk") ? ast_xml_child (disk, "source") : NULL;
      g_autofree char *file = source ? ast_xml_get (source, "file") : NULL;

      if (file && g_str_has_suffix (file, AST_OVERLAY_VOLATILE_SUFFIX))
        return source;
    }
  return NULL;
}

// Between the disk and what was below it.
static void
insert_seed (xmlNode *disk, const char *seed)
{
  xmlNode *below = ast_xml_child (disk, "backingStore");
  xmlNode *store;

  if (below)
    xmlUnlinkNode (below);
  store = ast_xml_add (disk, "backingStore", "type", "file", NULL);
  ast_xml_add (store, "format", "type", "qcow2", NULL);
  ast_xml_add (store, "source", "file", seed, NULL);
  if (below)
    xmlAddChild (store, below);
}

static void
set_overlay (xmlNode *source, const AstDomainOverlay *overlay)
{
  xmlNode *slices = ast_xml_child (source, "slices");
  xmlNode *slice = slices ? ast_xml_child (slices, "slice") : NULL;
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, overlay->bound);

  xmlSetProp (source, X ("file"), X (overlay->path));
  if (slice)
    xmlSetProp (slice, X ("size"), X (size));
}

static void
set_session (xmlNode *domain, const char *session)
{
  xmlNode *metadata = ast_xml_child (domain, "metadata");
  xmlNode *appliance = metadata ? ast_xml_child (metadata, "appliance") : NULL;

  if (appliance && session)
    xmlSetProp (appliance, X ("session"), X (session));
}

char *
ast_warm_domain_on_seed (const char *saved, const AstDomainOverlay *overlay, const char *seed,
                         const char *session, GError **error)
{
  g_autoptr (xmlDoc) doc = read_domain (saved, error);
  xmlNode *domain = doc ? xmlDocGetRootElement (doc) : NULL;
  xmlNode *source = domain ? find_overlay_source (domain) : NULL;

  if (domain == NULL)
    return NULL;
  if ((source == NULL) != (overlay == NULL))
    {
      g_set_error (error, AST_ERROR, AST_ERROR_WARM, "%s",
                   _ ("The saved guest has another disk than its pair."));
      return NULL;
    }
  if (source)
    {
      insert_seed (source->parent, seed);
      set_overlay (source, overlay);
    }
  set_session (domain, session);
  return serialise (doc, domain);
}

gboolean
ast_warm_domain_can_be_mapped (const char *xml)
{
  g_autoptr (xmlDoc) doc = read_domain (xml, NULL);
  const xmlNode *domain = doc ? xmlDocGetRootElement (doc) : NULL;
  const xmlNode *cpu = domain ? ast_xml_child (domain, "cpu") : NULL;

  if (domain == NULL || ast_xml_child (domain, "memoryBacking") || ast_xml_child (domain, "maxMemory")
      || ast_xml_child (domain, "numatune") || (cpu && ast_xml_child (cpu, "numa")))
    return FALSE;
  for (const xmlNode *device = ast_xml_child (domain, "devices")->children; device; device = device->next)
    {
      g_autofree char *model = ast_xml_is (device, "memballoon") ? ast_xml_get (device, "model") : NULL;

      if (model && !g_str_equal (model, "none"))
        return FALSE;
    }
  return TRUE;
}

static void
add_argument (xmlNode *commandline, const char *value)
{
  // In the namespace of its parent.
  ast_xml_add (commandline, "arg", "value", value, NULL);
}

static char *
describe_ram (const char *ram, guint64 bytes)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  ast_json_add_string (builder, "qom-type", "memory-backend-file");
  ast_json_add_string (builder, "id", AST_MEMORY_BLOCK_MAPPED);
  ast_json_add_string (builder, "mem-path", ram);
  ast_json_add_number (builder, "size", (gint64)bytes);
  ast_json_add_boolean (builder, "share", FALSE);
  // What a machine of before QEMU 4.0 would call the block is not its id. The property is one that stays,
  // says QEMU.
  ast_json_add_boolean (builder, "x-use-canonical-path-for-ramblock-id", FALSE);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

char *
ast_warm_domain_map (const char *xml, const char *ram, guint64 bytes, GError **error)
{
  g_autoptr (xmlDoc) doc = read_domain (xml, error);
  xmlNode *domain = doc ? xmlDocGetRootElement (doc) : NULL;
  xmlNode *commandline = domain ? ast_xml_child (domain, "commandline") : NULL;
  g_autofree char *object = describe_ram (ram, bytes);

  if (domain == NULL)
    return NULL;
  if (commandline == NULL)
    commandline = xmlNewChild (domain, ast_domain_qemu_ns (doc), X ("commandline"), NULL);
  add_argument (commandline, "-object");
  add_argument (commandline, object);
  // QEMU takes the last word on each property of the machine.
  add_argument (commandline, "-machine");
  add_argument (commandline, "memory-backend=" AST_MEMORY_BLOCK_MAPPED);
  return serialise (doc, domain);
}
