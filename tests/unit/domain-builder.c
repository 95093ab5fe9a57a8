// SPDX-License-Identifier: GPL-3.0-or-later
// What comparing whole files cannot say: what differs between stations, and what is refused.
#include "domain-builder.h"
#include "domain-merge.h"
#include "error.h"
#include "xml-count.h"
#include "xml-tree.h"
#include <glib/gstdio.h>
#include <libxml/parser.h>
#include <string.h>

#define DOMAIN(inside) "<domain xmlns=\"urn:asteroide:appliance:1\">" inside "</domain>"
#define DEVICE(inside) DOMAIN ("<devices>" inside "</devices>")

#define ARGUMENTS(inside)                                                                                    \
  DOMAIN ("<q:commandline xmlns:q=\"" AST_QEMU_NAMESPACE "\">" inside "</q:commandline>")
#define ARGUMENT(text) "<q:arg value=\"" text "\"/>"

static const AstOsTraits linux_traits
    = { .virtio_disk = TRUE, .virtio_net = TRUE, .virtio_video = TRUE, .usb3 = TRUE, .known = TRUE };
static const AstDomainStation station = { .machine = "pc-q35-7.2",
                                          .emulator = "/usr/bin/qemu-system-x86_64",
                                          .machine_id = "0123456789abcdef0123456789abcdef" };

static const AstDomainOverlay overlay = { .path = "/overlays/one", .bound = 1 << 30 };

static AstAppliance *
make_appliance (const char *id)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new (id, "/images");

  appliance->disk = ast_image_new ("disk.qcow2", NULL);
  appliance->disk->path = g_strdup ("/images/disk.qcow2");
  g_ptr_array_add (appliance->networks, ast_network_new (AST_NETWORK_USER, NULL));
  g_ptr_array_add (appliance->networks, ast_network_new (AST_NETWORK_USER, NULL));
  return g_steal_pointer (&appliance);
}

static xmlDoc *
build (const AstAppliance *appliance, const AstDomainStation *at)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = ast_domain_compose (appliance, &linux_traits, appliance->disk ? &overlay : NULL,
                                             AST_IMAGE_QCOW2, at, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (xml, "</domain>\n"));
  return xmlReadMemory (xml, (int)strlen (xml), "domain", NULL, 0);
}

static char *
uuid_of (const char *id, const AstDomainStation *at)
{
  g_autoptr (AstAppliance) appliance = make_appliance (id);
  g_autoptr (xmlDoc) doc = build (appliance, at);
  xmlChar *text = xmlNodeGetContent (ast_xml_child (xmlDocGetRootElement (doc), "uuid"));
  char *uuid = g_strdup ((char *)text);

  xmlFree (text);
  g_assert_true (g_uuid_string_is_valid (uuid));
  return uuid;
}

static void
test_identity (void)
{
  const AstDomainStation other = { .machine = "pc-q35-7.2", .emulator = "/q", .machine_id = "other" };
  g_autofree char *here = uuid_of ("netlab", &station);
  g_autofree char *again = uuid_of ("netlab", &station);
  g_autofree char *elsewhere = uuid_of ("netlab", &other);
  g_autofree char *another = uuid_of ("office", &station);

  g_assert_cmpstr (here, ==, again);
  g_assert_cmpstr (here, !=, elsewhere);
  g_assert_cmpstr (here, !=, another);
}

static void
add_macs (GHashTable *macs, const char *id)
{
  g_autoptr (AstAppliance) appliance = make_appliance (id);
  g_autoptr (xmlDoc) doc = build (appliance, &station);
  xmlNode *devices = ast_xml_child (xmlDocGetRootElement (doc), "devices");

  for (xmlNode *node = devices->children; node; node = node->next)
    if (ast_xml_is (node, "interface"))
      g_hash_table_add (macs, ast_xml_get (ast_xml_child (node, "mac"), "address"));
}

static void
test_macs (void)
{
  g_autoptr (GHashTable) macs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer mac;

  add_macs (macs, "netlab");
  add_macs (macs, "office");
  add_macs (macs, "netlab");
  g_assert_cmpuint (g_hash_table_size (macs), ==, 4);
  g_hash_table_iter_init (&iter, macs);
  while (g_hash_table_iter_next (&iter, &mac, NULL))
    g_assert_true (g_regex_match_simple ("^52:54:00(:[0-9a-f]{2}){3}$", mac, 0, 0));
}

// As many as an appliance can name: each device has a place of its own.
static void
test_many (void)
{
  g_autoptr (AstAppliance) appliance = make_appliance ("many");
  g_autoptr (GHashTable) places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (xmlDoc) doc = NULL;
  guint found = 0;

  for (guint i = 0; i < 40; i++)
    {
      AstImage *image = ast_image_new ("a.iso", NULL);

      image->path = g_strdup_printf ("/images/%u.iso", i);
      g_ptr_array_add (appliance->cdroms, image);
      g_ptr_array_add (appliance->networks, ast_network_new (AST_NETWORK_ISOLATED, NULL));
    }
  appliance->heads = 4;
  doc = build (appliance, &station);
  for (xmlNode *node = ast_xml_child (xmlDocGetRootElement (doc), "devices")->children; node;
       node = node->next)
    {
      xmlNode *target = node->type == XML_ELEMENT_NODE ? ast_xml_child (node, "target") : NULL;
      xmlNode *address = node->type == XML_ELEMENT_NODE ? ast_xml_child (node, "address") : NULL;
      char *name = target ? ast_xml_get (target, "dev") : NULL;
      char *slot = address ? ast_xml_get (address, "slot") : NULL;

      found += (name != NULL) + (slot != NULL);
      if (name)
        g_hash_table_add (places, name);
      if (slot)
        g_hash_table_add (places, slot);
    }
  g_assert_cmpuint (found, >, 41 + 18);
  g_assert_cmpuint (g_hash_table_size (places), ==, found);
}

typedef struct
{
  const char *name;
  const char *domain;
  const char *words; // of the sentence
} Refused;

static const Refused refused[] = {
  { "name", DOMAIN ("<name>x</name>"), "<name>" },
  { "uuid", DOMAIN ("<uuid>x</uuid>"), "<uuid>" },
  { "metadata", DOMAIN ("<metadata/>"), "<metadata>" },
  { "on-poweroff", DOMAIN ("<on_poweroff>restart</on_poweroff>"), "<on_poweroff>" },
  { "on-reboot", DOMAIN ("<on_reboot>preserve</on_reboot>"), "<on_reboot>" },
  { "on-crash", DOMAIN ("<on_crash>preserve</on_crash>"), "<on_crash>" },
  { "sysinfo", DOMAIN ("<sysinfo type=\"smbios\"/>"), "<sysinfo>" },
  { "type", "<domain type=\"kvm\"/>", "without attributes" },
  { "root", "<devices/>", "without attributes" },
  { "foreign-root", "<domain xmlns=\"urn:x\"/>", "without attributes" },
  { "foreign-element", DOMAIN ("<x:memory xmlns:x=\"urn:x\">1</x:memory>"), "<memory>" },
  { "foreign-device", DEVICE ("<x:disk xmlns:x=\"urn:x\"><readonly/></x:disk>"), "<disk>" },
  { "graphics", DEVICE ("<graphics type=\"vnc\"/>"), "<graphics>" },
  { "memory", DEVICE ("<memory model=\"nvdimm\"><source><path>/x</path></source></memory>"), "<memory>" },
  { "emulator", DEVICE ("<emulator>/bin/sh</emulator>"), "<emulator>" },
  { "audio", DEVICE ("<audio id=\"1\" type=\"pulseaudio\"/>"), "<audio>" },
  { "disk", DEVICE ("<disk type=\"file\"><source file=\"/images/disk.qcow2\"/></disk>"), "read-only" },
  { "filesystem", DEVICE ("<filesystem><source dir=\"/\"/></filesystem>"), "read-only" },
  { "hostdev", DEVICE ("<hostdev mode=\"subsystem\" type=\"scsi\"/>"), "storage" },
  { "serial-tcp", DEVICE ("<serial type=\"tcp\"/>"), "network socket" },
  { "rng-udp", DEVICE ("<rng model=\"virtio\"><backend model=\"egd\" type=\"udp\"/></rng>"),
    "network socket" },
  { "interface-mcast", DEVICE ("<interface type=\"mcast\"/>"), "network socket" },
  { "channel-tcp", DEVICE ("<channel type=\"tcp\"/>"), "network socket" },
  { "redirdev-tcp", DEVICE ("<redirdev bus=\"usb\" type=\"tcp\"/>"), "network socket" },
  { "serial-file", DEVICE ("<serial type=\"file\"><source path=\"/tmp/x\"/></serial>"), "in this way" },
  { "console-stdio", DEVICE ("<console type=\"stdio\"/>"), "in this way" },
  { "parallel-dev", DEVICE ("<parallel type=\"dev\"/>"), "in this way" },
  { "channel-pipe", DEVICE ("<channel type=\"pipe\"/>"), "in this way" },
  { "serial-log", DEVICE ("<serial type=\"pty\"><log file=\"/tmp/x\"/></serial>"), "in this way" },
  { "channel-socket", DEVICE ("<channel type=\"unix\"><source mode=\"bind\" path=\"/run/x\"/></channel>"),
    "in this way" },
  { "interface-vhostuser", DEVICE ("<interface type=\"vhostuser\"/>"), "in this way" },
  { "interface-script", DEVICE ("<interface type=\"user\"><script path=\"/bin/sh\"/></interface>"),
    "in this way" },
  { "interface-forward", DEVICE ("<interface type=\"user\"><portForward proto=\"tcp\"/></interface>"),
    "in this way" },
  { "interface-log",
    DEVICE ("<interface type=\"user\"><backend type=\"passt\" logFile=\"/tmp/x\"/></interface>"),
    "in this way" },
  { "rng-egd", DEVICE ("<rng model=\"virtio\"><backend model=\"egd\" type=\"unix\"/></rng>"), "in this way" },
  { "rng-file", DEVICE ("<rng model=\"virtio\"><backend model=\"random\">/etc/shadow</backend></rng>"),
    "in this way" },
  { "tpm-external", DEVICE ("<tpm><backend type=\"external\"/></tpm>"), "in this way" },
  { "tpm-passthrough", DEVICE ("<tpm><backend type=\"passthrough\"/></tpm>"), "in this way" },
  { "tpm-that-stays", DEVICE ("<tpm><backend type=\"emulator\" persistent_state=\"yes\"/></tpm>"),
    "in this way" },
  { "filesystem-socket",
    DEVICE ("<filesystem type=\"mount\"><source socket=\"/run/x\"/><readonly/></filesystem>"),
    "in this way" },
  { "filesystem-program",
    DEVICE ("<filesystem type=\"mount\"><binary path=\"/bin/sh\"/><readonly/></filesystem>"), "in this way" },
  { "filesystem-past-the-share",
    DEVICE ("<filesystem type=\"mount\"><source dir=\"/srv\"/><readonly/></filesystem>"), "Ask for it" },
  { "smartcard-past-the-policy", DEVICE ("<smartcard mode=\"passthrough\" type=\"spicevmc\"/>"),
    "Ask for it" },
  { "smartcard-host", DEVICE ("<smartcard mode=\"host\"/>"), "in this way" },
  { "smartcard-certificates",
    DEVICE ("<smartcard mode=\"host-certificates\"><certificate>a</certificate></smartcard>"),
    "in this way" },
  { "webdav-port",
    DEVICE ("<channel type=\"spicevmc\"><target type=\"virtio\" name=\"" AST_SHARE_PORT "\"/></channel>"),
    "sets it" },
  { "webdav-channel",
    DEVICE ("<channel type=\"spiceport\"><source channel=\"" AST_SHARE_PORT "\"/></channel>"), "sets it" },
  { "hostdev-capabilities", DEVICE ("<hostdev mode=\"capabilities\" type=\"misc\"/>"), "in this way" },
  { "shmem", DEVICE ("<shmem name=\"x\"/>"), "in this way" },
  { "vsock", DEVICE ("<vsock/>"), "in this way" },
  { "unknown", DEVICE ("<wormhole/>"), "in this way" },
  { "input-evdev", DEVICE ("<input type=\"evdev\"/>"), "in this way" },
  { "input-passthrough", DEVICE ("<input type=\"passthrough\"/>"), "in this way" },
  { "disk-vmdk", DEVICE ("<disk type=\"file\"><driver type=\"vmdk\"/><readonly/></disk>"), "in this way" },
  { "disk-below-vmdk",
    DEVICE ("<disk type=\"file\"><readonly/><backingStore type=\"file\"><format "
            "type=\"vmdk\"/></backingStore></disk>"),
    "in this way" },
  { "disk-vhostuser", DEVICE ("<disk type=\"vhostuser\"><readonly/></disk>"), "in this way" },
  { "launch-security", DOMAIN ("<launchSecurity type=\"sev\"/>"), "<launchSecurity>" },
  { "seclabel", DOMAIN ("<seclabel type=\"none\"/>"), "<seclabel>" },
  { "nvram", DOMAIN ("<os><nvram>/tmp/x</nvram></os>"), "in this way" },
  { "firmware", DOMAIN ("<os firmware=\"efi\"/>"), "in this way" },
  { "loader", DOMAIN ("<os><loader type=\"pflash\">/tmp/x</loader></os>"), "in this way" },
  { "memory-file", DOMAIN ("<memoryBacking><source type=\"file\"/></memoryBacking>"), "in this way" },
  { "memory-locked", DOMAIN ("<memoryBacking><locked/></memoryBacking>"), "in this way" },
  { "argument-hostfwd", ARGUMENTS (ARGUMENT ("-netdev") ARGUMENT ("user,id=x,hostfwd=tcp::80-:80")),
    "open nothing" },
  { "argument-chardev", ARGUMENTS (ARGUMENT ("-chardev") ARGUMENT ("socket,id=x,port=1,server=on")),
    "open nothing" },
  { "argument-vnc", ARGUMENTS (ARGUMENT ("-vnc") ARGUMENT (":1")), "open nothing" },
  { "argument-gdb", ARGUMENTS (ARGUMENT ("-s")), "open nothing" },
  { "argument-monitor", ARGUMENTS (ARGUMENT ("-monitor") ARGUMENT ("tcp::1,server")), "open nothing" },
  { "argument-sandbox", ARGUMENTS (ARGUMENT ("-sandbox") ARGUMENT ("off")), "open nothing" },
  { "argument-double-dash", ARGUMENTS (ARGUMENT ("--msg") ARGUMENT ("timestamp=on")), "open nothing" },
  { "argument-image", ARGUMENTS (ARGUMENT ("/dev/sda")), "open nothing" },
  { "argument-after-value", ARGUMENTS (ARGUMENT ("-msg") ARGUMENT ("x") ARGUMENT ("-s")), "open nothing" },
  { "argument-without-value", ARGUMENTS (ARGUMENT ("-msg")), "open nothing" },
  { "argument-file", ARGUMENTS (ARGUMENT ("-fw_cfg") ARGUMENT ("name=opt/x,file=/etc/shadow")),
    "open nothing" },
  { "environment", ARGUMENTS ("<q:env name=\"LD_PRELOAD\" value=\"/tmp/x\"/>"), "open nothing" },
  { "deprecation", DOMAIN ("<q:deprecation xmlns:q=\"" AST_QEMU_NAMESPACE "\"/>"), "open nothing" },
  { "second-devices", DOMAIN ("<devices/><devices><graphics/></devices>"), "<graphics>" },
  { "broken", "<domain>", "without attributes" },
  { "empty", "", "without attributes" },
};

static void
test_refused (gconstpointer data)
{
  const Refused *self = data;
  g_autoptr (AstAppliance) appliance = make_appliance ("expert");
  g_autoptr (GError) error = NULL;

  appliance->domain_xml = g_strdup (self->domain);
  g_assert_null (ast_domain_compose (appliance, &linux_traits, &overlay, AST_IMAGE_QCOW2, &station, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR);
  g_assert_nonnull (strstr (error->message, self->words));
}

#define SOURCE "<source file=\"/images/a.iso\"/><readonly/>"

// Under exam; without one, each of them is added.
static const Refused refused_under_exam[] = {
  { "interface", DEVICE ("<interface type=\"user\"/>"), "<interface>" },
  { "hostdev-usb", DEVICE ("<hostdev mode=\"subsystem\" type=\"usb\"/>"), "<hostdev>" },
  { "hostdev-pci", DEVICE ("<hostdev mode=\"subsystem\" type=\"pci\"/>"), "<hostdev>" },
  { "redirdev", DEVICE ("<redirdev bus=\"usb\" type=\"spicevmc\"/>"), "<redirdev>" },
  { "redirfilter", DEVICE ("<redirfilter><usbdev allow=\"yes\"/></redirfilter>"), "<redirfilter>" },
  { "filesystem", DEVICE ("<filesystem><source dir=\"/srv\"/><readonly/></filesystem>"), "<filesystem>" },
  { "channel", DEVICE ("<channel type=\"spiceport\"/>"), "<channel>" },
  { "serial", DEVICE ("<serial type=\"pty\"/>"), "<serial>" },
  { "parallel", DEVICE ("<parallel type=\"pty\"/>"), "<parallel>" },
  { "console", DEVICE ("<console type=\"pty\"/>"), "<console>" },
  { "smartcard", DEVICE ("<smartcard mode=\"passthrough\" type=\"spicevmc\"/>"), "<smartcard>" },
  { "rng", DEVICE ("<rng model=\"virtio\"><backend model=\"builtin\"/></rng>"), "<rng>" },
  { "disk-block",
    DEVICE ("<disk type=\"block\" device=\"cdrom\"><source dev=\"/dev/sr0\"/><readonly/></disk>"), "<disk>" },
  { "disk-network", DEVICE ("<disk type=\"network\"><source protocol=\"nbd\"/><readonly/></disk>"),
    "<disk>" },
  { "disk-below",
    DEVICE ("<disk type=\"file\">" SOURCE
            "<backingStore type=\"file\"><backingStore type=\"network\"><source "
            "protocol=\"nbd\"/></backingStore></backingStore></disk>"),
    "<disk>" },
  { "commandline", DOMAIN ("<q:commandline xmlns:q=\"" AST_QEMU_NAMESPACE "\"/>"), "<commandline>" },
  { "override", DOMAIN ("<q:override xmlns:q=\"" AST_QEMU_NAMESPACE "\"/>"), "<override>" },
};

static char *
compose (AstAppliance *appliance, const char *domain, gboolean exam, GError **error)
{
  AstDomainStation at = station;

  at.exam = exam;
  g_free (appliance->domain_xml);
  appliance->domain_xml = g_strdup (domain);
  return ast_domain_compose (appliance, &linux_traits, &overlay, AST_IMAGE_QCOW2, &at, error);
}

static void
test_refused_under_exam (gconstpointer data)
{
  const Refused *self = data;
  g_autoptr (AstAppliance) appliance = make_appliance ("expert");
  g_autoptr (GError) error = NULL;
  g_autofree char *without = NULL;

  appliance->devices |= AST_DEVICE_SHARE | AST_DEVICE_SMARTCARD;
  without = compose (appliance, self->domain, FALSE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (without);
  g_assert_null (compose (appliance, self->domain, TRUE, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR);
  g_assert_nonnull (strstr (error->message, self->words));
  g_assert_nonnull (strstr (error->message, "exam"));
}

// What leads nowhere, and what the exam allows, may be added under exam, too.
static void
test_added_under_exam (void)
{
  const char *const harmless[]
      = { DOMAIN ("<features><pae/></features><memory unit=\"GiB\">3</memory>"),
          DEVICE ("<watchdog model=\"i6300esb\"/><sound model=\"ac97\"/><input type=\"mouse\" bus=\"usb\"/>"),
          DEVICE ("<tpm model=\"tpm-crb\"><backend type=\"emulator\" version=\"2.0\"/></tpm>"),
          DEVICE ("<disk type=\"file\" device=\"cdrom\">" SOURCE "<backingStore/></disk>") };
  const char *const allowed[]
      = { DEVICE ("<interface type=\"user\"/>"), DEVICE ("<hostdev mode=\"subsystem\" type=\"usb\"/>"),
          DEVICE ("<redirdev bus=\"usb\" type=\"spicevmc\"/>"),
          DEVICE ("<smartcard mode=\"passthrough\" type=\"spicevmc\"/>") };
  g_autoptr (AstAppliance) appliance = make_appliance ("expert");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++)
    {
      g_autofree char *xml = compose (appliance, harmless[i], TRUE, &error);

      g_assert_no_error (error);
    }
  appliance->devices = AST_DEVICE_USB | AST_DEVICE_SMARTCARD;
  appliance->exam_allows = AST_ALLOW_USB | AST_ALLOW_NETWORK | AST_ALLOW_SMARTCARD;
  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    {
      g_autofree char *xml = compose (appliance, allowed[i], TRUE, &error);

      g_assert_no_error (error);
    }
}

// What an expert adds twice stands there twice; what was built is replaced once.
static void
test_repeated (void)
{
  g_autoptr (AstAppliance) appliance = make_appliance ("expert");
  g_autoptr (xmlDoc) doc = NULL;
  guint count = 0;

  appliance->domain_xml = g_strdup (DOMAIN ("<os><boot dev=\"hd\"/><boot dev=\"cdrom\"/></os><!-- why -->"
                                            "<title><![CDATA[a & b]]></title>"));
  doc = build (appliance, &station);
  for (xmlNode *node = ast_xml_child (xmlDocGetRootElement (doc), "os")->children; node; node = node->next)
    count += ast_xml_is (node, "boot");
  g_assert_cmpuint (count, ==, 2);
}

static guint
count_chain (const xmlNode *disk)
{
  const xmlNode *below = ast_xml_child (disk, "backingStore");

  return below ? 1 + count_chain (below) : 0;
}

// Whatever is added, the chain of each disk ends where it is named to end.
static void
test_chains_end (void)
{
  const char *const added[] = { DEVICE ("<disk type=\"file\"><driver type=\"qcow2\"/>" SOURCE "</disk>"),
                                DEVICE ("<disk type=\"file\"><backingStore type=\"file\">" SOURCE
                                        "</backingStore><readonly/></disk>"),
                                DEVICE ("<disk type=\"file\">" SOURCE "<backingStore/></disk>") };
  const guint lengths[] = { 1, 2, 1 };

  for (guint i = 0; i < G_N_ELEMENTS (added); i++)
    {
      g_autoptr (AstAppliance) appliance = make_appliance ("expert");
      g_autoptr (xmlDoc) doc = NULL;
      xmlNode *devices;

      appliance->domain_xml = g_strdup (added[i]);
      doc = build (appliance, &station);
      devices = ast_xml_child (xmlDocGetRootElement (doc), "devices");
      g_assert_true (ast_xml_is (xmlLastElementChild (devices), "disk"));
      g_assert_cmpuint (count_chain (xmlLastElementChild (devices)), ==, lengths[i]);
    }
}

static void
expect_bad_path (const char *path)
{
  g_autoptr (AstAppliance) appliance = make_appliance ("odd");
  g_autoptr (GError) error = NULL;

  g_free (appliance->disk->path);
  appliance->disk->path = g_strdup (path);
  g_assert_null (ast_domain_compose (appliance, &linux_traits, &overlay, AST_IMAGE_QCOW2, &station, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_bad_paths (void)
{
  expect_bad_path (NULL);
  expect_bad_path ("/images/\xff.qcow2");
  expect_bad_path ("/images/\x01.qcow2");
  expect_bad_path ("/images/a\nb.qcow2");
}

static void
test_good_paths (void)
{
  const char *path = "/images/été <&> \"'` 日本 %20 $(x);.qcow2";
  g_autoptr (AstAppliance) appliance = make_appliance ("odd");
  g_autoptr (xmlDoc) doc = NULL;
  g_autofree char *read = NULL;
  xmlNode *disk;

  g_free (appliance->disk->path);
  appliance->disk->path = g_strdup (path);
  doc = build (appliance, &station);
  disk = ast_xml_child (ast_xml_child (xmlDocGetRootElement (doc), "devices"), "disk");
  read = ast_xml_get (ast_xml_child (ast_xml_child (disk, "backingStore"), "source"), "file");
  g_assert_cmpstr (read, ==, path);
}

static void
expect_metadata (const char *metadata, const char *name, const char *value)
{
  g_autofree char *read = ast_domain_read_metadata (metadata, name);

  g_assert_cmpstr (read, ==, value);
}

static void
test_metadata (void)
{
  static const char *const whole = "<a:appliance xmlns:a=\"" AST_DOMAIN_NAMESPACE
                                   "\" id=\"x\" runtime=\"/run/a &amp; b\" session=\"17\"/>";

  expect_metadata (whole, "runtime", "/run/a & b");
  expect_metadata (whole, "session", "17");
  expect_metadata ("<appliance id=\"x\"/>", "runtime", NULL);
  expect_metadata ("<appliance id=\"x\"/>", "session", NULL);
  expect_metadata ("<appliance runtime=", "runtime", NULL);
  expect_metadata ("", "session", NULL);
}

static void
test_format_is_read (void)
{
  g_autofree char *folder = g_dir_make_tmp ("domain-builder-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "disk.img", NULL);
  g_autoptr (AstAppliance) appliance = make_appliance ("raw");
  g_autofree char *zeros = g_malloc0 (4096);
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *missing = NULL;

  g_free (appliance->disk->path);
  appliance->disk->path = g_strdup (path);
  g_assert_true (g_file_set_contents (path, zeros, 4096, NULL));
  xml = ast_domain_build (appliance, &linux_traits, path, &station, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (xml, "<format type=\"raw\"/>"));
  // The overlay's length is its bound.
  g_assert_nonnull (strstr (xml, "<slice type=\"storage\" offset=\"0\" size=\"4096\"/>"));
  g_assert_null (ast_domain_build (appliance, &linux_traits, "/overlays/none", &station, &error));
  g_assert_error (error, AST_ERROR, AST_ERROR_STORE);
  g_clear_error (&error);
  g_unlink (path);
  g_rmdir (folder);
  missing = ast_domain_build (appliance, &linux_traits, "/overlays/one", &station, &error);
  g_assert_null (missing);
  g_assert_error (error, AST_ERROR, AST_ERROR_IMAGE_MISSING);
}

static guint
count_ports (const xmlNode *devices)
{
  guint ports = 0;

  for (const xmlNode *node = devices->children; node; node = node->next)
    {
      g_autofree char *model = ast_xml_is (node, "controller") ? ast_xml_get (node, "model") : NULL;

      if (g_strcmp0 (model, "qemu-xhci") == 0)
        ports += 15;
      if (g_strcmp0 (model, "ich9-ehci1") == 0)
        ports += 6;
    }
  return ports;
}

// libvirt would add a hub where ports are missing: there is one for each device and disc, for the tablet and
// the card reader. Where there is room, four discs can be in at once; two always can.
static void
check_usb_ports (AstAppliance *appliance, const AstOsTraits *traits)
{
  guint own = appliance->devices & AST_DEVICE_SMARTCARD ? 2 : 1;
  guint sticks = appliance->devices & AST_DEVICE_USB ? appliance->usb_ports : 0;
  guint room = (traits->usb3 ? 15 : 12) - own - sticks;
  guint discs = appliance->devices & AST_DEVICE_DVD ? MIN (room, 4) : 0;
  g_autofree char *xml = ast_domain_compose (appliance, traits, &overlay, AST_IMAGE_QCOW2, &station, NULL);
  g_autoptr (xmlDoc) doc = xmlReadMemory (xml, (int)strlen (xml), "domain", NULL, 0);
  const xmlNode *devices = ast_xml_child (xmlDocGetRootElement (doc), "devices");

  g_assert_cmpuint (room, >=, 2);
  g_assert_cmpuint (count_elements (devices, "redirdev"), ==, sticks + discs);
  g_assert_cmpuint (count_ports (devices), >=, sticks + discs + own);
}

static void
test_usb_ports (void)
{
  static const AstDevices devices[] = { 0, AST_DEVICE_USB, AST_DEVICE_DVD, AST_DEVICE_USB | AST_DEVICE_DVD,
                                        AST_DEVICE_USB | AST_DEVICE_DVD | AST_DEVICE_SMARTCARD };
  const AstOsTraits old = { .known = TRUE };
  g_autoptr (AstAppliance) appliance = make_appliance ("netlab");

  for (guint ports = 1; ports <= 8; ports++)
    for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
      {
        appliance->usb_ports = ports;
        appliance->devices = devices[i];
        check_usb_ports (appliance, &linux_traits);
        check_usb_ports (appliance, &old);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain-builder/identity", test_identity);
  g_test_add_func ("/domain-builder/macs", test_macs);
  g_test_add_func ("/domain-builder/usb-ports", test_usb_ports);
  g_test_add_func ("/domain-builder/many", test_many);
  g_test_add_func ("/domain-builder/repeated", test_repeated);
  g_test_add_func ("/domain-builder/chains-end", test_chains_end);
  g_test_add_func ("/domain-builder/bad-paths", test_bad_paths);
  g_test_add_func ("/domain-builder/good-paths", test_good_paths);
  g_test_add_func ("/domain-builder/format-is-read", test_format_is_read);
  g_test_add_func ("/domain-builder/metadata", test_metadata);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = g_strdup_printf ("/domain-builder/refused/%s", refused[i].name);

      g_test_add_data_func (path, &refused[i], test_refused);
    }
  g_test_add_func ("/domain-builder/added-under-exam", test_added_under_exam);
  for (guint i = 0; i < G_N_ELEMENTS (refused_under_exam); i++)
    {
      g_autofree char *path
          = g_strdup_printf ("/domain-builder/refused-under-exam/%s", refused_under_exam[i].name);

      g_test_add_data_func (path, &refused_under_exam[i], test_refused_under_exam);
    }
  return g_test_run ();
}
