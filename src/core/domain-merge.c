// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "domain-merge.h"
#include "descriptor.h"
#include "domain-builder.h"
#include "error.h"
#include "text.h"
#include "xml-tree.h"
#include <glib/gi18n.h>
#include <libxml/parser.h>
#include <string.h>

#define X(string) ((const xmlChar *)(string))

static const char *const forbidden_at_root[]
    = { "name",     "uuid",           "metadata",       "on_poweroff", "on_reboot",
        "on_crash", "on_lockfailure", "launchSecurity", "seclabel",    NULL };
// <memory> may be a file of the station that the guest writes to.
static const char *const forbidden_devices[] = { "graphics", "emulator", "audio", "memory", NULL };
static const char *const replaced_at_root[] = { "cpu", "clock", NULL };
static const char *const replaced_devices[] = { "video", "sound", "memballoon", "panic", "watchdog", NULL };
static const char *const readonly_devices[] = { "disk", "filesystem", NULL };
static const char *const socket_types[] = { "tcp", "udp", "server", "client", "mcast", NULL };
static const char *const storage_types[] = { "scsi", "scsi_host", "storage", NULL };

// What may be added at all, and of which types; NULL = of any. A file that the guest writes to has no bound,
// a socket or a device of the station is not the guest's: what does not stand here is refused, since libvirt
// learns new ways out faster than a list of them.
static const char *const disk_types[] = { "file", "block", "network", NULL };
static const char *const folder_types[] = { "mount", NULL };
static const char *const interface_types[] = { "user", "bridge", "network", "direct", NULL };
static const char *const hostdev_types[] = { "usb", "pci", "mdev", NULL };
static const char *const line_types[] = { "pty", "null", "vc", "spicevmc", "spiceport", "unix", NULL };
static const char *const spice_types[] = { "spicevmc", NULL };
static const char *const input_types[] = { "tablet", "mouse", "keyboard", NULL };

static const struct
{
  const char *device;
  const char *const *types;
} known_devices[] = {
  { "channel", line_types },
  { "console", line_types },
  { "controller" },
  { "disk", disk_types },
  { "filesystem", folder_types },
  { "hostdev", hostdev_types },
  { "hub" },
  { "input", input_types },
  { "interface", interface_types },
  { "iommu" },
  { "memballoon" },
  { "panic" },
  { "parallel", line_types },
  { "redirdev", spice_types },
  { "redirfilter" },
  { "rng" },
  { "serial", line_types },
  { "smartcard", spice_types },
  { "sound" },
  { "tpm" },
  { "video" },
  { "watchdog" },
};
// What is looked at by the first of its name, and libvirt may look at another.
static const char *const single[]
    = { "backend", "backingStore", "driver", "format", "loader", "source", "target", NULL };
// Inside any of them: a file that grows, a program of the station, a port of it.
static const char *const forbidden_inside[]
    = { "log", "script", "downscript", "portForward", "binary", "reservations", NULL };
static const char *const random_sources[] = { "", "/dev/urandom", "/dev/random", "/dev/hwrng", NULL };
// The formats that name no other file, or whose header we read.
static const char *const disk_formats[] = { "raw", "qcow2", NULL };

// Of QEMU's own arguments, those that open nothing; with TRUE: a value follows.
static const struct
{
  const char *option;
  gboolean has_value;
} known_arguments[] = {
  { "-cpu", TRUE },      { "-fw_cfg", TRUE }, { "-global", TRUE }, { "-msg", TRUE },
  { "-no-hpet", FALSE }, { "-rtc", TRUE },    { "-smbios", TRUE },
};
static const char *const known_qemu_elements[] = { "capabilities", "commandline", "override", NULL };

// Under exam: what stays within the guest. Whatever does not stand here is closed, since libvirt learns new
// ways out faster than a list of them.
static const char *const harmless_devices[]
    = { "controller", "hub", "input", "iommu",    "memballoon", "panic",
        "sound",      "tpm", "video", "watchdog", NULL };

static const char *
name_of (const xmlNode *node)
{
  return (const char *)node->name;
}

static gboolean
attribute_is_one_of (const xmlNode *node, const char *attribute, const char *const *values)
{
  g_autofree char *value = ast_xml_get (node, attribute);

  return value && g_strv_contains (values, value);
}

xmlNs *
ast_domain_qemu_ns (xmlDoc *domain)
{
  xmlNode *root = xmlDocGetRootElement (domain);
  xmlNs *ns = xmlSearchNsByHref (domain, root, X (AST_QEMU_NAMESPACE));

  return ns ? ns : xmlNewNs (root, X (AST_QEMU_NAMESPACE), X ("qemu"));
}

static gboolean
is_in_qemu_ns (const xmlNode *node)
{
  return node->ns && xmlStrEqual (node->ns->href, X (AST_QEMU_NAMESPACE));
}

// An addition stands in the descriptor's own namespace, or in none; libvirt knows neither.
static gboolean
is_plain (const xmlNode *node)
{
  return !node->ns || xmlStrEqual (node->ns->href, X (AST_DESCRIPTOR_NAMESPACE));
}

static void
lay_attributes (xmlNode *onto, const xmlNode *from)
{
  for (xmlAttr *attribute = from->properties; attribute; attribute = attribute->next)
    {
      g_autofree char *value = ast_xml_get (from, (const char *)attribute->name);

      if (value)
        xmlSetProp (onto, attribute->name, X (value));
    }
}

// Copies carry a mark in libxml2's field for applications: two equal elements in the additions are two, and
// only what was built is laid over or replaced.
static void
add_copy (xmlNode *parent, const xmlNode *node)
{
  xmlNs *ns = is_in_qemu_ns (node) ? ast_domain_qemu_ns (parent->doc) : NULL;
  xmlNode *copy = xmlNewDocNode (parent->doc, ns, node->name, NULL);

  copy->_private = parent->doc;
  xmlAddChild (parent, copy);
  lay_attributes (copy, node);
  for (xmlNode *child = node->children; child; child = child->next)
    {
      if (child->type == XML_ELEMENT_NODE)
        add_copy (copy, child);
      else if (xmlNodeIsText (child) || child->type == XML_CDATA_SECTION_NODE)
        xmlAddChild (copy, xmlNewDocText (parent->doc, child->content));
    }
}

static void
remove_node (xmlNode *node)
{
  xmlUnlinkNode (node);
  xmlFreeNode (node);
}

static xmlNode *
built_child (const xmlNode *parent, const char *name)
{
  for (xmlNode *node = parent->children; node; node = node->next)
    if (ast_xml_is (node, name) && !node->_private)
      return node;
  return NULL;
}

static void
remove_built_children (xmlNode *parent, const char *name)
{
  xmlNode *node;

  while ((node = built_child (parent, name)))
    remove_node (node);
}

static char *
own_text (const xmlNode *node)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (xmlNode *child = node->children; child; child = child->next)
    if (xmlNodeIsText (child) || child->type == XML_CDATA_SECTION_NODE)
      g_string_append (text, (const char *)child->content);
  return g_strstrip (g_string_free (g_steal_pointer (&text), FALSE));
}

static void lay_over (xmlNode *onto, const xmlNode *from);

static void
merge_child (xmlNode *parent, const xmlNode *node)
{
  xmlNode *built = is_plain (node) ? built_child (parent, name_of (node)) : NULL;

  if (built)
    lay_over (built, node);
  else
    add_copy (parent, node);
}

static void
lay_over (xmlNode *onto, const xmlNode *from)
{
  g_autofree char *text = own_text (from);

  lay_attributes (onto, from);
  if (text[0] != '\0' && !xmlFirstElementChild (onto))
    {
      xmlNodeSetContent (onto, NULL);
      xmlNodeAddContent (onto, X (text));
    }
  for (xmlNode *child = from->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      merge_child (onto, child);
}

static gboolean
is_same_controller (const xmlNode *built, const xmlNode *node)
{
  g_autofree char *built_type = ast_xml_get (built, "type");
  g_autofree char *built_index = ast_xml_get (built, "index");
  g_autofree char *type = ast_xml_get (node, "type");
  g_autofree char *index = ast_xml_get (node, "index");

  return ast_xml_is (built, "controller") && !built->_private && g_strcmp0 (built_type, type) == 0
         && g_strcmp0 (built_index ? built_index : "0", index ? index : "0") == 0;
}

static void
remove_same_controllers (xmlNode *devices, const xmlNode *node)
{
  xmlNode *next;

  for (xmlNode *built = devices->children; built; built = next)
    {
      next = built->next;
      if (is_same_controller (built, node))
        remove_node (built);
    }
}

static gboolean
refuse (const xmlNode *node, const char *why, GError **error)
{
  g_autofree char *name = ast_text_quote (name_of (node));

  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR,
               // Translators: the first is an XML element's name, the second a reason, a whole sentence.
               _ ("<%s> is not allowed in the appliance's <domain>. %s"), name, why);
  return FALSE;
}

// Of the device or of anything in it.
static gboolean
has_type (const xmlNode *device, const char *const *types)
{
  if (attribute_is_one_of (device, "type", types))
    return TRUE;
  for (xmlNode *child = device->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE && has_type (child, types))
      return TRUE;
  return FALSE;
}

// A disk and each image below it.
static gboolean
is_of_files (const xmlNode *disk)
{
  static const char *const files[] = { "file", NULL };
  const xmlNode *below = ast_xml_child (disk, "backingStore");

  if (!attribute_is_one_of (disk, "type", files))
    return FALSE;
  return !below || !xmlFirstElementChild ((xmlNode *)below) || is_of_files (below);
}

static gboolean
stays_closed (const xmlNode *device, const AstPolicy *policy)
{
  static const char *const usb[] = { "usb", NULL };
  static const char *const spice[] = { "spicevmc", NULL };
  gboolean has_usb = (policy->devices & AST_DEVICE_USB) != 0;

  if (ast_xml_is (device, "disk"))
    return !is_of_files (device);
  if (ast_xml_is (device, "interface"))
    return !policy->network;
  if (ast_xml_is (device, "hostdev"))
    return !has_usb || !attribute_is_one_of (device, "type", usb);
  if (ast_xml_is (device, "redirdev"))
    return !has_usb || !attribute_is_one_of (device, "type", spice);
  if (ast_xml_is (device, "smartcard"))
    return !(policy->devices & AST_DEVICE_SMARTCARD);
  return !g_strv_contains (harmless_devices, name_of (device));
}

static gboolean
refuse_under_exam (const xmlNode *node, GError **error)
{
  return refuse (node, _ ("This is an exam, which closes every way out of the appliance."), error);
}

static gboolean
refuse_reaching (const xmlNode *node, GError **error)
{
  return refuse (node, _ ("A guest must not reach files, sockets or devices of the station in this way."),
                 error);
}

static const xmlNode *
find_inside (const xmlNode *parent, const char *const *names)
{
  for (const xmlNode *child = parent->children; child; child = child->next)
    {
      const xmlNode *found = child->type != XML_ELEMENT_NODE            ? NULL
                             : g_strv_contains (names, name_of (child)) ? child
                                                                        : find_inside (child, names);

      if (found)
        return found;
    }
  return NULL;
}

// An element of another namespace, however deep: libvirt passes over it, and we would take it for what it is
// named.
static const xmlNode *
find_stranger (const xmlNode *node, gboolean (*belongs) (const xmlNode *node))
{
  const xmlNode *found = belongs (node) ? NULL : node;

  for (const xmlNode *child = node->children; child && !found; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      found = find_stranger (child, belongs);
  return found;
}

static const xmlNode *
find_again (const xmlNode *node)
{
  for (const xmlNode *next = node->next; next; next = next->next)
    if (ast_xml_is (next, name_of (node)))
      return next;
  return NULL;
}

// One of `single` that stands twice beside each other.
static const xmlNode *
find_repeated (const xmlNode *parent)
{
  for (const xmlNode *child = parent->children; child; child = child->next)
    {
      const xmlNode *found = child->type != XML_ELEMENT_NODE             ? NULL
                             : g_strv_contains (single, name_of (child)) ? find_again (child)
                                                                         : NULL;

      if (!found && child->type == XML_ELEMENT_NODE)
        found = find_repeated (child);
      if (found)
        return found;
    }
  return NULL;
}

static gboolean
is_known (const xmlNode *device)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_devices); i++)
    if (ast_xml_is (device, known_devices[i].device))
      {
        g_autofree char *type = ast_xml_get (device, "type");

        return !type || !known_devices[i].types || g_strv_contains (known_devices[i].types, type);
      }
  return FALSE;
}

static gboolean
has_attribute (const xmlNode *node, const char *attribute)
{
  g_autofree char *value = node ? ast_xml_get (node, attribute) : NULL;

  return value != NULL;
}

// libvirt gives a line its own socket where none is named.
static gboolean
names_socket (const xmlNode *device)
{
  const xmlNode *source = ast_xml_child (device, "source");

  return has_attribute (source, "path") || has_attribute (source, "socket")
         || has_attribute (ast_xml_child (device, "backend"), "logFile");
}

static gboolean
has_own_random (const xmlNode *rng)
{
  static const char *const models[] = { "random", "builtin", NULL };
  const xmlNode *backend = ast_xml_child (rng, "backend");
  g_autofree char *file = backend ? own_text (backend) : NULL;

  // libvirt reads the text of elements in it, too.
  return backend && !xmlFirstElementChild ((xmlNode *)backend)
         && attribute_is_one_of (backend, "model", models) && g_strv_contains (random_sources, file);
}

// Its state goes with the guest.
static gboolean
has_own_tpm (const xmlNode *tpm)
{
  static const char *const emulator[] = { "emulator", NULL };
  static const char *const yes[] = { "yes", NULL };
  const xmlNode *backend = ast_xml_child (tpm, "backend");

  return backend && attribute_is_one_of (backend, "type", emulator)
         && !attribute_is_one_of (backend, "persistent_state", yes);
}

// Also of each image below that is named.
static gboolean
has_plain_format (const xmlNode *disk)
{
  const xmlNode *driver = ast_xml_child (disk, "driver");
  const xmlNode *format = ast_xml_child (disk, "format");
  const xmlNode *below = ast_xml_child (disk, "backingStore");

  if (has_attribute (driver, "type") && !attribute_is_one_of (driver, "type", disk_formats))
    return FALSE;
  if (has_attribute (format, "type") && !attribute_is_one_of (format, "type", disk_formats))
    return FALSE;
  return !below || has_plain_format (below);
}

// The port over which a guest reads a shared folder, also where spice-gtk would serve it.
static gboolean
is_share_port (const xmlNode *device)
{
  static const char *const ports[] = { AST_SHARE_PORT, NULL };
  const xmlNode *source = ast_xml_child (device, "source");
  const xmlNode *target = ast_xml_child (device, "target");

  return (source && attribute_is_one_of (source, "channel", ports))
         || (target && attribute_is_one_of (target, "name", ports));
}

// What <devices> asks for, so that page, bar and exam know of it: no way around them.
static gboolean
is_to_be_asked_for (const xmlNode *device, const AstPolicy *policy)
{
  return (ast_xml_is (device, "smartcard") && !(policy->devices & AST_DEVICE_SMARTCARD))
         || (ast_xml_is (device, "filesystem") && !(policy->devices & AST_DEVICE_SHARE));
}

static gboolean
reaches_station (const xmlNode *device)
{
  static const char *const capabilities[] = { "capabilities", NULL };
  static const char *const passthrough[] = { "passthrough", NULL };
  static const char *const dump[] = { "dump", NULL };

  if (!is_known (device) || find_repeated (device) || find_inside (device, forbidden_inside)
      || names_socket (device))
    return TRUE;
  if (ast_xml_is (device, "rng"))
    return !has_own_random (device);
  if (ast_xml_is (device, "tpm"))
    return !has_own_tpm (device);
  if (ast_xml_is (device, "disk"))
    return !has_plain_format (device);
  // Of its other modes, QEMU itself would open the station's reader or its certificates.
  if (ast_xml_is (device, "smartcard"))
    return !attribute_is_one_of (device, "mode", passthrough);
  // The guest's memory would become a file of the station, whenever the guest likes.
  if (ast_xml_is (device, "watchdog"))
    return attribute_is_one_of (device, "action", dump);
  return ast_xml_is (device, "hostdev") && attribute_is_one_of (device, "mode", capabilities);
}

static gboolean
check_device (const xmlNode *device, const AstPolicy *policy, GError **error)
{
  const xmlNode *stranger = find_stranger (device, is_plain);

  if (stranger)
    return refuse (stranger, _ ("It is not in a namespace that is known here."), error);
  if (g_strv_contains (forbidden_devices, name_of (device)) || is_share_port (device))
    return refuse (device, _ ("The station itself sets it."), error);
  if (g_strv_contains (readonly_devices, name_of (device)) && !ast_xml_child (device, "readonly"))
    return refuse (device, _ ("What is added there must be read-only: give it <readonly/>."), error);
  if (ast_xml_is (device, "hostdev") && attribute_is_one_of (device, "type", storage_types))
    return refuse (device, _ ("A guest must not write on storage of the station."), error);
  if (has_type (device, socket_types))
    return refuse (device, _ ("A guest must not open a network socket on the station."), error);
  if (reaches_station (device))
    return refuse_reaching (device, error);
  if (policy->exam && stays_closed (device, policy))
    return refuse_under_exam (device, error);
  if (is_to_be_asked_for (device, policy))
    return refuse (device, _ ("Ask for it in the appliance's own <devices>: <smartcard/> or <share/>."),
                   error);
  return TRUE;
}

// What the chain does not name is not there: libvirt would look into the last image's header and follow it.
static void
close_chain (xmlNode *disk)
{
  xmlNode *below = ast_xml_child (disk, "backingStore");

  if (!below)
    ast_xml_add (disk, "backingStore", NULL);
  else if (xmlFirstElementChild (below))
    close_chain (below);
}

static gboolean
merge_device (xmlNode *devices, const xmlNode *device, const AstPolicy *policy, GError **error)
{
  if (!check_device (device, policy, error))
    return FALSE;
  if (g_strv_contains (replaced_devices, name_of (device)))
    remove_built_children (devices, name_of (device));
  if (ast_xml_is (device, "controller"))
    remove_same_controllers (devices, device);
  add_copy (devices, device);
  if (ast_xml_is (device, "disk"))
    close_chain (devices->last);
  return TRUE;
}

static gboolean
merge_devices (xmlNode *devices, const xmlNode *additions, const AstPolicy *policy, GError **error)
{
  for (xmlNode *node = additions->children; node; node = node->next)
    if (node->type == XML_ELEMENT_NODE && !merge_device (devices, node, policy, error))
      return FALSE;
  return TRUE;
}

// Memory that is a file takes the station's disk, and memory that is locked takes what others need.
static gboolean
keeps_memory_from_station (const xmlNode *node)
{
  static const char *const file[] = { "file", NULL };
  static const char *const locked[] = { "locked", NULL };
  const xmlNode *source = ast_xml_child (node, "source");

  return ast_xml_is (node, "memoryBacking")
         && (find_inside (node, locked) || (source && attribute_is_one_of (source, "type", file)));
}

// A firmware that can be written to keeps its variables in a file beside the overlay, which nobody discards.
static gboolean
keeps_firmware (const xmlNode *os)
{
  static const char *const yes[] = { "yes", NULL };
  const xmlNode *loader = ast_xml_child (os, "loader");

  if (!ast_xml_is (os, "os"))
    return FALSE;
  return ast_xml_child (os, "nvram") || has_attribute (os, "firmware")
         || (loader && !attribute_is_one_of (loader, "readonly", yes));
}

static gboolean
check_root_child (const xmlNode *node, GError **error)
{
  g_autofree char *type = ast_xml_get (node, "type");
  const xmlNode *stranger = find_stranger (node, is_plain);

  // Devices are looked at one by one.
  if (stranger && (stranger == node || !ast_xml_is (node, "devices")))
    return refuse (stranger, _ ("It is not in a namespace that is known here."), error);
  if (g_strv_contains (forbidden_at_root, name_of (node)))
    return refuse (node, _ ("The station itself sets it."), error);
  if (ast_xml_is (node, "sysinfo") && (!type || !type[0] || g_str_equal (type, "smbios")))
    return refuse (node, _ ("The station itself sets it."), error);
  if (keeps_memory_from_station (node) || keeps_firmware (node)
      || (!ast_xml_is (node, "devices") && find_repeated (node)))
    return refuse_reaching (node, error);
  return TRUE;
}

static gboolean
refuse_arguments (const xmlNode *node, GError **error)
{
  return refuse (node, _ ("Of QEMU's own arguments only those can be used that open nothing on the station."),
                 error);
}

// Is it an argument that is known, and does a value follow it?
static gboolean
find_argument (const char *text, gboolean *has_value)
{
  for (guint i = 0; i < G_N_ELEMENTS (known_arguments); i++)
    if (g_strcmp0 (text, known_arguments[i].option) == 0)
      {
        *has_value = known_arguments[i].has_value;
        return TRUE;
      }
  return FALSE;
}

// Some values can be read from a file, or made by an object.
static gboolean
is_plain_value (const char *value)
{
  return value && !strstr (value, "file=") && !strstr (value, "gen_id=") && !strstr (value, "path=");
}

static gboolean
check_arguments (const xmlNode *commandline, GError **error)
{
  gboolean value_is_due = FALSE;

  for (xmlNode *node = xmlFirstElementChild ((xmlNode *)commandline); node;
       node = xmlNextElementSibling (node))
    {
      g_autofree char *text = ast_xml_get (node, "value");
      gboolean has_value = FALSE;

      if (!ast_xml_is (node, "arg")
          || (value_is_due ? !is_plain_value (text) : !find_argument (text, &has_value)))
        return refuse_arguments (node, error);
      value_is_due = has_value;
    }
  return !value_is_due || refuse_arguments (commandline, error);
}

static gboolean
check_qemu_element (const xmlNode *node, const AstPolicy *policy, GError **error)
{
  if (policy->exam)
    return refuse_under_exam (node, error);
  if (!g_strv_contains (known_qemu_elements, name_of (node)) || find_stranger (node, is_in_qemu_ns))
    return refuse_arguments (node, error);
  return !ast_xml_is (node, "commandline") || check_arguments (node, error);
}

// QEMU's elements hold lists: what was built is kept, and the rest follows it.
static void
merge_qemu_element (xmlNode *root, const xmlNode *node)
{
  xmlNode *built = ast_xml_child (root, name_of (node));

  if (!built)
    {
      add_copy (root, node);
      return;
    }
  for (xmlNode *child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      add_copy (built, child);
}

static gboolean
merge_root_child (xmlNode *root, const xmlNode *node, const AstPolicy *policy, GError **error)
{
  if (is_in_qemu_ns (node))
    {
      if (!check_qemu_element (node, policy, error))
        return FALSE;
      merge_qemu_element (root, node);
      return TRUE;
    }
  if (!check_root_child (node, error))
    return FALSE;
  if (ast_xml_is (node, "devices"))
    return merge_devices (ast_xml_child (root, "devices"), node, policy, error);
  if (g_strv_contains (replaced_at_root, name_of (node)))
    remove_built_children (root, name_of (node));
  if (ast_xml_is (node, "sysinfo"))
    add_copy (root, node);
  else
    merge_child (root, node);
  return TRUE;
}

static gboolean
check_root (const xmlNode *root, GError **error)
{
  if (root && ast_xml_is (root, "domain") && is_plain (root) && !root->properties)
    return TRUE;
  g_set_error_literal (error, AST_ERROR, AST_ERROR_DESCRIPTOR,
                       _ ("The appliance's <domain> must be a plain <domain> element without attributes."));
  return FALSE;
}

gboolean
ast_domain_merge (xmlDoc *domain, const char *additions, const AstPolicy *policy, GError **error)
{
  g_autoptr (xmlDoc) doc
      = xmlReadMemory (additions, strlen (additions), "domain", NULL,
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
  xmlNode *root = doc ? xmlDocGetRootElement (doc) : NULL;

  if (!check_root (root, error))
    return FALSE;
  for (xmlNode *node = root->children; node; node = node->next)
    if (node->type == XML_ELEMENT_NODE
        && !merge_root_child (xmlDocGetRootElement (domain), node, policy, error))
      return FALSE;
  return TRUE;
}
