// SPDX-License-Identifier: GPL-3.0-or-later
// A good appliance whose <domain> is any bytes at all → a domain that keeps all promises of domain-merge.h,
// or a refusal. The first byte chooses the appliance and the station.
#include "descriptor.h"
#include "domain-builder.h"
#include "domain-check.h"
#include "domain-merge.h"
#include "error.h"
#include "fuzz.h"
#include "xml-tree.h"
#include <libxml/parser.h>
#include <string.h>

#define OVERLAY    "/overlays/lab.qcow2"
#define RUNTIME    "/run/asteroide"
#define MEMORY_MIB (8 * 1024)

#define HEAD                                                                                                 \
  "<appliance xmlns=\"" AST_DESCRIPTOR_NAMESPACE "\" id=\"lab\"><name>Lab</name><disk href=\"disk.qcow2\"/>" \
  "<cdrom href=\"a.iso\"/><network type=\"user\"/>"
#define DEVICES "<devices><usb/><dvd/><sound/><clipboard/><share folder=\"course\"/><smartcard/></devices>"

// The bits of the first byte.
#define EXAM    1 // of the station
#define DEVICED 2 // the appliance has all devices
#define ALLOWED 4 // … and its exam allows network, usb, share and smartcard
#define WINDOWS 8

typedef struct
{
  AstAppliance *appliance;
  AstDomainStation station;
  AstOsTraits traits;
  AstPolicy policy;
  size_t length; // of the input; what is costly is looked at for some of them only
} Case;

static const AstOsTraits linux_traits
    = { .virtio_disk = TRUE, .virtio_net = TRUE, .virtio_video = TRUE, .usb3 = TRUE, .known = TRUE };
static const AstOsTraits windows_traits = { .windows = TRUE, .known = TRUE };

static const char *
text_or (const xmlChar *text, const char *otherwise)
{
  return text ? (const char *)text : otherwise;
}

static gboolean
is_named (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && g_str_equal ((const char *)node->name, name);
}

// Whatever stands before it, in the one namespace that libvirt looks at.
static guint
count_children (const xmlNode *parent, const char *name)
{
  guint count = 0;

  for (const xmlNode *node = parent->children; node; node = node->next)
    count += is_named (node, name);
  return count;
}

static const xmlNode *
only_child (const xmlNode *parent, const char *name)
{
  g_assert_cmpuint (count_children (parent, name), ==, 1);
  for (const xmlNode *node = parent->children; node; node = node->next)
    if (is_named (node, name))
      return node;
  return NULL;
}

// "" where it has none.
static char *
get (const xmlNode *node, const char *attribute)
{
  xmlChar *value = xmlGetNoNsProp (node, (const xmlChar *)attribute);
  char *copy = g_strdup (text_or (value, ""));

  xmlFree (value);
  return copy;
}

static gboolean
has (const xmlNode *node, const char *attribute)
{
  return xmlHasNsProp (node, (const xmlChar *)attribute, NULL) != NULL;
}

static void
assert_is (const xmlNode *node, const char *attribute, const char *wanted)
{
  g_autofree char *value = get (node, attribute);

  g_assert_cmpstr (value, ==, wanted);
}

static void
assert_is_one_of (const xmlNode *node, const char *attribute, const char *const *words)
{
  g_autofree char *value = get (node, attribute);

  g_assert_true (!has (node, attribute) || g_strv_contains (words, value));
}

static void
assert_says (const xmlNode *parent, const char *name, const char *wanted)
{
  xmlChar *text = xmlNodeGetContent (only_child (parent, name));

  g_assert_cmpstr ((const char *)text, ==, wanted);
  xmlFree (text);
}

// ---------------------------------------------------------------------------------------------------------------
// What holds of each element below a device, however deep

static void
check_inside (const xmlNode *node, const char *device)
{
  static const char *const never[]
      = { "log", "script", "downscript", "portForward", "binary", "reservations", NULL };
  static const char *const sockets[] = { "tcp", "udp", "server", "client", "mcast", NULL };
  static const char *const once[]
      = { "source", "driver", "backend", "format", "backingStore", "target", NULL };
  g_autofree char *type = get (node, "type");

  g_assert_null (node->ns);
  g_assert_false (g_strv_contains (sockets, type));
  for (guint i = 0; once[i]; i++)
    g_assert_cmpuint (count_children (node, once[i]), <=, 1);
  for (const xmlNode *child = node->children; child; child = child->next)
    {
      if (child->type != XML_ELEMENT_NODE)
        continue;
      g_assert_false (g_strv_contains (never, (const char *)child->name));
      check_inside (child, device);
    }
}

// Of a disk and the images below it, all of which are raw or qcow2.
static const xmlNode *
last_of_chain (const xmlNode *disk)
{
  static const char *const formats[] = { "raw", "qcow2", NULL };
  const xmlNode *below = NULL;

  for (const xmlNode *node = disk->children; node; node = node->next)
    if (is_named (node, "backingStore"))
      below = node;
    else if (is_named (node, "driver") || is_named (node, "format"))
      assert_is_one_of (node, "type", formats);
  return below ? last_of_chain (below) : disk;
}

// Only the overlay can be written to, and no image below is looked for in a header.
static void
check_disk (const xmlNode *disk, guint *overlays)
{
  const xmlNode *last = last_of_chain (disk);
  const xmlNode *source;

  // A CD of the appliance's own is raw, and has no chain.
  if (last == disk)
    assert_is (only_child (disk, "driver"), "type", "raw");
  else
    g_assert_null (xmlFirstElementChild ((xmlNode *)last));
  if (count_children (disk, "readonly"))
    return;
  (*overlays)++;
  source = only_child (disk, "source");
  assert_is (source, "file", OVERLAY);
  assert_is (only_child (only_child (source, "slices"), "slice"), "size", "1048576");
}

// A line of the guest's with a socket that has a name is that of the shared folder.
static void
check_line (const xmlNode *line, const Case *at)
{
  static const char *const types[] = { "pty", "null", "vc", "spicevmc", "spiceport", "unix", NULL };

  assert_is_one_of (line, "type", types);
  for (const xmlNode *node = line->children; node; node = node->next)
    {
      g_autofree char *channel = is_named (node, "source") ? get (node, "channel") : NULL;

      if (!is_named (node, "source"))
        continue;
      g_assert_cmpstr (channel, !=, AST_SHARE_PORT);
      g_assert_false (has (node, "socket"));
      if (has (node, "path"))
        assert_is (only_child (line, "target"), "name", AST_SHARE_PORT);
      if (has (node, "path"))
        g_assert_true (at->policy.devices & AST_DEVICE_SHARE);
    }
}

static void
check_graphics (const xmlNode *graphics)
{
  g_assert_cmpuint (xmlChildElementCount ((xmlNode *)graphics), ==, 9);
  assert_is (graphics, "type", "spice");
  g_assert_null (graphics->properties->next);
  assert_is (only_child (graphics, "listen"), "type", "none");
  assert_is (only_child (graphics, "filetransfer"), "enable", "no");
}

static void
check_rng (const xmlNode *rng)
{
  static const char *const models[] = { "random", "builtin", NULL };
  static const char *const files[] = { "", "/dev/urandom", "/dev/random", "/dev/hwrng", NULL };
  const xmlNode *backend = only_child (rng, "backend");
  xmlChar *file = xmlNodeGetContent (backend);

  assert_is_one_of (backend, "model", models);
  g_assert_true (has (backend, "model") && g_strv_contains (files, g_strstrip ((char *)file)));
  xmlFree (file);
}

static void
check_tpm (const xmlNode *tpm)
{
  const xmlNode *backend = only_child (tpm, "backend");
  g_autofree char *stays = get (backend, "persistent_state");

  assert_is (backend, "type", "emulator");
  g_assert_cmpstr (stays, !=, "yes");
}

static void
check_hostdev (const xmlNode *hostdev)
{
  static const char *const types[] = { "usb", "pci", "mdev", NULL };
  g_autofree char *mode = get (hostdev, "mode");

  assert_is_one_of (hostdev, "type", types);
  g_assert_cmpstr (mode, !=, "capabilities");
}

static void
check_filesystem (const xmlNode *filesystem, const Case *at)
{
  static const char *const types[] = { "mount", NULL };

  assert_is_one_of (filesystem, "type", types);
  g_assert_cmpuint (count_children (filesystem, "readonly"), >, 0);
  g_assert_true (at->policy.devices & AST_DEVICE_SHARE);
  for (const xmlNode *node = filesystem->children; node; node = node->next)
    g_assert_false (is_named (node, "source") && has (node, "socket"));
}

static void
check_smartcard (const xmlNode *smartcard, const Case *at)
{
  static const char *const types[] = { "spicevmc", NULL };

  assert_is (smartcard, "mode", "passthrough");
  assert_is_one_of (smartcard, "type", types);
  g_assert_true (at->policy.devices & AST_DEVICE_SMARTCARD);
}

static void
check_watchdog (const xmlNode *watchdog)
{
  g_autofree char *action = get (watchdog, "action");

  // It would write the guest's memory into a file of the station.
  g_assert_cmpstr (action, !=, "dump");
}

static void
check_device (const xmlNode *device, const Case *at, guint *overlays)
{
  static const char *const lines[] = { "channel", "console", "parallel", "serial", NULL };
  static const char *const known[]
      = { "audio",    "channel",  "console",  "controller",  "disk",  "emulator",  "filesystem",
          "graphics", "hostdev",  "hub",      "input",       "iommu", "interface", "memballoon",
          "panic",    "parallel", "redirdev", "redirfilter", "rng",   "serial",    "smartcard",
          "sound",    "tpm",      "video",    "watchdog",    NULL };
  const char *name = (const char *)device->name;

  g_assert_true (g_strv_contains (known, name));
  if (g_str_equal (name, "graphics"))
    return check_graphics (device);
  check_inside (device, name);
  if (g_str_equal (name, "disk"))
    check_disk (device, overlays);
  else if (g_strv_contains (lines, name))
    check_line (device, at);
  else if (g_str_equal (name, "rng"))
    check_rng (device);
  else if (g_str_equal (name, "tpm"))
    check_tpm (device);
  else if (g_str_equal (name, "hostdev"))
    check_hostdev (device);
  else if (g_str_equal (name, "filesystem"))
    check_filesystem (device, at);
  else if (g_str_equal (name, "smartcard"))
    check_smartcard (device, at);
  else if (g_str_equal (name, "watchdog"))
    check_watchdog (device);
}

static void
check_devices (const xmlNode *devices, const Case *at)
{
  guint overlays = 0;

  g_assert_cmpuint (count_children (devices, "graphics"), ==, 1);
  g_assert_cmpuint (count_children (devices, "audio"), ==, 1);
  assert_says (devices, "emulator", at->station.emulator);
  for (const xmlNode *node = devices->children; node; node = node->next)
    if (node->type == XML_ELEMENT_NODE)
      check_device (node, at, &overlays);
  g_assert_cmpuint (overlays, ==, 1);
}

// ---------------------------------------------------------------------------------------------------------------
// Beside the devices

static gboolean
contains (const xmlNode *parent, const char *name)
{
  for (const xmlNode *node = parent->children; node; node = node->next)
    if (is_named (node, name) || (node->type == XML_ELEMENT_NODE && contains (node, name)))
      return TRUE;
  return FALSE;
}

static void
check_os (const xmlNode *os)
{
  g_assert_false (has (os, "firmware") || count_children (os, "nvram"));
  for (const xmlNode *node = os->children; node; node = node->next)
    if (is_named (node, "loader"))
      assert_is (node, "readonly", "yes");
}

static void
check_memory_backing (const xmlNode *backing)
{
  g_assert_false (contains (backing, "locked"));
  for (const xmlNode *node = backing->children; node; node = node->next)
    {
      g_autofree char *type = is_named (node, "source") ? get (node, "type") : NULL;

      g_assert_cmpstr (type, !=, "file");
    }
}

static void
check_arguments (const xmlNode *commandline)
{
  static const char *const known[]
      = { "-cpu", "-fw_cfg", "-global", "-msg", "-no-hpet", "-rtc", "-smbios", NULL };
  gboolean value_follows = FALSE;

  for (const xmlNode *node = commandline->children; node; node = node->next)
    {
      g_autofree char *value = node->type == XML_ELEMENT_NODE ? get (node, "value") : NULL;

      if (!value)
        continue;
      g_assert_true (is_named (node, "arg"));
      g_assert_true (value_follows
                         ? !strstr (value, "file=") && !strstr (value, "path=") && !strstr (value, "gen_id=")
                         : g_strv_contains (known, value));
      value_follows = !value_follows && !g_str_equal (value, "-no-hpet");
    }
  g_assert_false (value_follows);
}

static void
check_all_of_qemu (const xmlNode *node)
{
  g_assert_true (node->ns && xmlStrEqual (node->ns->href, (const xmlChar *)AST_QEMU_NAMESPACE));
  for (const xmlNode *child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      check_all_of_qemu (child);
}

static void
check_qemu (const xmlNode *node, const Case *at)
{
  check_all_of_qemu (node);
  g_assert_true (is_named (node, "capabilities") || is_named (node, "commandline")
                 || is_named (node, "override"));
  g_assert_true (!at->policy.exam || is_named (node, "capabilities")
                 || (is_named (node, "override") && !at->policy.network));
  if (is_named (node, "commandline"))
    check_arguments (node);
}

static void
check_plain (const xmlNode *node)
{
  for (const xmlNode *child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      {
        g_assert_null (child->ns);
        check_plain (child);
      }
}

static void
check_root_child (const xmlNode *node, const Case *at)
{
  static const char *const never[] = { "launchSecurity", "seclabel", "on_lockfailure", NULL };

  if (node->ns)
    return check_qemu (node, at);
  g_assert_false (g_strv_contains (never, (const char *)node->name));
  if (is_named (node, "os"))
    check_os (node);
  if (is_named (node, "memoryBacking"))
    check_memory_backing (node);
  if (!is_named (node, "metadata") && !is_named (node, "devices"))
    check_plain (node);
}

static void
check_metadata (const xmlNode *metadata, const Case *at)
{
  const xmlNode *appliance = only_child (metadata, "appliance");

  g_assert_cmpuint (xmlChildElementCount ((xmlNode *)metadata), ==, 1);
  g_assert_cmpstr ((const char *)appliance->ns->href, ==, AST_DOMAIN_NAMESPACE);
  assert_is (appliance, "id", at->appliance->id);
  assert_is (appliance, "runtime", RUNTIME);
}

static void
check_sysinfo (const xmlNode *domain)
{
  guint of_ours = 0;

  for (const xmlNode *node = domain->children; node; node = node->next)
    {
      g_autofree char *type = is_named (node, "sysinfo") ? get (node, "type") : NULL;

      of_ours += type && (g_str_equal (type, "smbios") || !type[0]);
    }
  g_assert_cmpuint (of_ours, ==, 1);
}

static void
check_root (const xmlNode *domain, const Case *at)
{
  assert_is (domain, "type", "kvm");
  g_assert_null (domain->properties->next);
  g_assert_null (domain->ns);
  assert_says (domain, "name", AST_DOMAIN_NAME);
  assert_says (domain, "on_poweroff", "destroy");
  assert_says (domain, "on_reboot", "restart");
  assert_says (domain, "on_crash", "destroy");
  g_assert_cmpuint (count_children (domain, "uuid"), ==, 1);
  check_metadata (only_child (domain, "metadata"), at);
  check_sysinfo (domain);
  check_devices (only_child (domain, "devices"), at);
  for (const xmlNode *node = domain->children; node; node = node->next)
    if (node->type == XML_ELEMENT_NODE)
      check_root_child (node, at);
}

// ---------------------------------------------------------------------------------------------------------------

static char *
compose (const Case *at, GError **error)
{
  static const AstDomainOverlay overlay = { .path = OVERLAY, .bound = 1 << 20 };

  return ast_domain_compose (at->appliance, &at->traits, at->appliance->disk ? &overlay : NULL,
                             AST_IMAGE_QCOW2, &at->station, error);
}

static xmlDoc *
read_domain (const char *xml)
{
  xmlDoc *doc = xmlReadMemory (xml, (int)strlen (xml), "domain", NULL, XML_PARSE_NONET);

  g_assert_nonnull (doc);
  g_assert_true (is_named (xmlDocGetRootElement (doc), "domain"));
  return doc;
}

static gboolean
leads_out_under_exam (const char *device, const AstPolicy *policy)
{
  static const char *const always[]
      = { "channel", "console", "filesystem", "parallel", "redirfilter", "rng", "serial", NULL };

  return g_strv_contains (always, device) || (g_str_equal (device, "interface") && !policy->network)
         || ((g_str_equal (device, "hostdev") || g_str_equal (device, "redirdev"))
             && !(policy->devices & AST_DEVICE_USB))
         || (g_str_equal (device, "smartcard") && !(policy->devices & AST_DEVICE_SMARTCARD));
}

static char *
compose_without_additions (Case *at)
{
  char *additions = g_steal_pointer (&at->appliance->domain_xml);
  char *xml = compose (at, NULL);

  at->appliance->domain_xml = additions;
  return xml;
}

// Under exam nothing is there that leads out and would not be there without the additions.
static void
check_exam (const xmlNode *domain, Case *at)
{
  g_autofree char *xml = compose_without_additions (at);
  g_autoptr (xmlDoc) doc = read_domain (xml);
  const xmlNode *before = only_child (xmlDocGetRootElement (doc), "devices");
  const xmlNode *after = only_child (domain, "devices");

  for (const xmlNode *node = after->children; node; node = node->next)
    {
      const char *name = (const char *)node->name;

      if (node->type == XML_ELEMENT_NODE && leads_out_under_exam (name, &at->policy))
        g_assert_cmpuint (count_children (after, name), ==, count_children (before, name));
      if (is_named (node, "disk"))
        assert_is (node, "type", "file");
    }
}

static void
check_refusal (const GError *error)
{
  g_assert_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR);
  fuzz_assert_short (error->message, 2000);
}

// Looks into no image: one that the additions name may be any file of this machine.
static void
check_whole (const char *xml, const xmlNode *domain)
{
  const xmlNode *devices = only_child (domain, "devices");
  g_autoptr (GError) error = NULL;

  for (const xmlNode *disk = devices->children; disk; disk = disk->next)
    for (const xmlNode *node = disk->type == XML_ELEMENT_NODE ? disk->children : NULL; node;
         node = node->next)
      {
        g_autofree char *format = is_named (node, "driver") ? get (node, "type") : NULL;

        if (is_named (disk, "disk") && g_strcmp0 (format, "qcow2") == 0 && count_children (disk, "readonly"))
          return;
      }
  if (!ast_domain_check (xml, MEMORY_MIB, &error))
    check_refusal (error);
}

static void
check_domain (Case *at)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = compose (at, &error);
  g_autofree char *again = NULL;
  g_autoptr (xmlDoc) doc = NULL;

  if (!xml)
    return check_refusal (error);
  g_assert_no_error (error);
  doc = read_domain (xml);
  check_root (xmlDocGetRootElement (doc), at);
  if (at->policy.exam)
    check_exam (xmlDocGetRootElement (doc), at);
  if (at->length % 2 == 0)
    check_whole (xml, xmlDocGetRootElement (doc));
  if (at->length % 8 == 1)
    {
      again = compose (at, NULL);
      g_assert_cmpstr (again, ==, xml);
    }
}

static void
find_image (gpointer image, gpointer unused)
{
  AstImage *at = image;

  g_free (at->path);
  at->path = g_build_filename ("/images", at->href, NULL);
}

static AstAppliance *
read_appliance (guint8 choice, const FuzzInput *domain)
{
  g_autoptr (GString) text = g_string_new (HEAD);
  AstAppliance *appliance;

  if (choice & DEVICED)
    g_string_append (text, DEVICES);
  if (choice & ALLOWED)
    g_string_append (text, "<exam allow=\"network usb share smartcard\"/>");
  g_string_append_len (text, domain->at, (gssize)domain->left);
  g_string_append (text, "</appliance>");
  appliance = ast_descriptor_parse (text->str, text->len, "lab.xml", "lab", "/lab", NULL);
  if (appliance->disk)
    find_image (appliance->disk, NULL);
  g_ptr_array_foreach (appliance->layers, find_image, NULL);
  g_ptr_array_foreach (appliance->cdroms, find_image, NULL);
  return appliance;
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  FuzzInput input = { (const char *)bytes, length };
  guint8 choice = fuzz_take_byte (&input);
  g_autoptr (AstAppliance) appliance = read_appliance (choice, &input);
  Case at = { appliance,
              { TRUE, "pc-q35-7.2", "/usr/bin/qemu-system-x86_64", "0123456789abcdef0123456789abcdef",
                RUNTIME, NULL, (choice & EXAM) != 0, NULL, MEMORY_MIB },
              choice & WINDOWS ? windows_traits : linux_traits,
              ast_policy_of (appliance, (choice & EXAM) != 0),
              length };

  if (ast_appliance_is_usable (appliance))
    check_domain (&at);
  return 0;
}
