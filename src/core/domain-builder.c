// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "domain-builder.h"
#include "domain-check.h"
#include "domain-identity.h"
#include "domain-merge.h"
#include "error.h"
#include "share.h"
#include "xml-tree.h"
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

#define X(string) ((const xmlChar *)(string))

// A monitor of 3840 × 2160 pixels at 4 bytes takes 31.6 MiB. QXL keeps one surface for all monitors, in a
// video memory whose size is a power of two, and a RAM twice as large for surface and commands (QEMU's own
// ratio).
#define VIDEO_MIB_PER_HEAD 32
#define QXL_SURFACES_MIB   64
#define KIB_PER_MIB        1024

// What libvirt allows at most, more than the eight devices of a descriptor, the discs, the tablet and a card
// reader take. libvirt would make up for ports that are too few by a hub of USB 1, at full speed at most.
#define XHCI_PORTS 15
#define EHCI_PORTS 6
#define MAX_EHCI   2

// Discs at once: those of the station's drives and the images of its folders. A place that nothing is in is
// nothing that the guest could see, and costs the kiosk a socket and some 60 KiB. So there are as many on
// each station, however many drives it has.
#define DISC_PLACES 4

// Slots of the root bus. Fixed, so that a guest finds each device where it was; on the root bus, because a
// port for each would cost the firmware and the guest time, and would hide virtio devices from systems that
// know only virtio 0.9. Slots 0, 0x1b (sound) and 0x1d to 0x1f (USB of the chip set, LPC, SATA) are the chip
// set's.
#define SLOT_VIDEO      0x01
#define SLOT_USB        0x02
#define SLOT_SERIAL     0x03
#define SLOT_DISK       0x04
#define SLOT_RNG        0x05
#define SLOT_NETWORK    0x06
#define SLOT_WATCHDOG   0x17
#define SLOT_MORE_VIDEO 0x18
#define SLOT_MORE_USB   0x1c
#define SLOT_OLD_USB    0x1d
#define MAX_NETWORKS    (SLOT_WATCHDOG - SLOT_NETWORK)

typedef struct
{
  xmlDoc *doc;
  xmlNode *domain;
  xmlNode *devices;
  const AstAppliance *appliance;
  const AstOsTraits *traits;
  const AstDomainOverlay *overlay;
  const char *disk_format;
  const AstDomainStation *station;
  const char *uuid;
  AstPolicy policy;
} Build;

static const char *
yes_no (gboolean yes)
{
  return yes ? "yes" : "no";
}

static gboolean
allows (const Build *build, AstDevices device)
{
  return (build->policy.devices & device) != 0;
}

static void
add_pci_slot (xmlNode *device, guint slot)
{
  char text[8];

  g_snprintf (text, sizeof text, "0x%02x", slot);
  ast_xml_add (device, "address", "type", "pci", "domain", "0x0000", "bus", "0x00", "slot", text, "function",
               "0x0", NULL);
}

// vda … vdz, vdaa …
static char *
make_target (const char *prefix, guint index)
{
  if (index < 26)
    return g_strdup_printf ("%s%c", prefix, 'a' + index);
  return g_strdup_printf ("%s%c%c", prefix, 'a' + (index / 26 - 1) % 26, 'a' + index % 26);
}

static void
add_identity (Build *build)
{
  g_autofree char *title = g_strdelimit (g_strdup (build->appliance->name), "\r\n\t", ' ');

  xmlNewProp (build->domain, X ("type"), X (build->station->kvm ? "kvm" : "qemu"));
  ast_xml_add_text (build->domain, "name", AST_DOMAIN_NAME);
  ast_xml_add_text (build->domain, "uuid", build->uuid);
  // A guest that is restored hears that it is another one than before, and its kernel reseeds.
  if (build->appliance->start_mode == AST_START_WARM)
    ast_xml_add (build->domain, "genid", NULL);
  ast_xml_add_text (build->domain, "title", title);
}

static void
add_metadata (Build *build)
{
  xmlNode *metadata = ast_xml_add (build->domain, "metadata", NULL);
  xmlNode *appliance = ast_xml_add (metadata, "appliance", "id", build->appliance->id, "runtime",
                                    build->station->runtime, "session", build->station->session, NULL);

  xmlSetNs (appliance, xmlNewNs (appliance, X (AST_DOMAIN_NAMESPACE), X ("asteroide")));
}

static void
add_memory (Build *build)
{
  g_autofree char *amount = g_strdup_printf ("%u", build->appliance->memory_mib);
  xmlNode *memory = ast_xml_add_text (build->domain, "memory", amount);

  xmlNewProp (memory, X ("unit"), X ("MiB"));
}

static void
add_vcpu (Build *build)
{
  g_autofree char *count = g_strdup_printf ("%u", build->appliance->cpus);

  xmlNewProp (ast_xml_add_text (build->domain, "vcpu", count), X ("placement"), X ("static"));
}

static void
add_os (Build *build)
{
  xmlNode *os = ast_xml_add (build->domain, "os", NULL);
  xmlNode *type = ast_xml_add_text (os, "type", "hvm");

  xmlNewProp (type, X ("arch"), X ("x86_64"));
  xmlNewProp (type, X ("machine"), X (build->station->machine));
  ast_xml_add (os, "smbios", "mode", "sysinfo", NULL);
}

static void
add_entry (xmlNode *group, const char *name, const char *value)
{
  xmlNewProp (ast_xml_add_text (group, "entry", value), X ("name"), X (name));
}

// Guest systems tie licences and network names to these: they change with the station or the appliance only.
static void
add_sysinfo (Build *build)
{
  g_autofree char *serial = ast_domain_identity_serial (build->station->machine_id, build->appliance->id);
  xmlNode *sysinfo = ast_xml_add (build->domain, "sysinfo", "type", "smbios", NULL);
  xmlNode *system = ast_xml_add (sysinfo, "system", NULL);

  add_entry (system, "manufacturer", "ASTEROIDE");
  add_entry (system, "product", build->appliance->id);
  add_entry (system, "serial", serial);
  add_entry (system, "uuid", build->uuid);
}

static void
add_hyperv (xmlNode *features)
{
  const char *const switches[]
      = { "relaxed", "vapic", "vpindex", "runtime", "synic", "stimer", "reset", "frequencies", NULL };
  xmlNode *hyperv = ast_xml_add (features, "hyperv", "mode", "custom", NULL);

  for (guint i = 0; switches[i]; i++)
    ast_xml_add (hyperv, switches[i], "state", "on", NULL);
  ast_xml_add (hyperv, "spinlocks", "state", "on", "retries", "8191", NULL);
}

static gboolean
has_hyperv (const Build *build)
{
  return build->traits->windows && build->station->kvm;
}

static void
add_features (Build *build)
{
  xmlNode *features = ast_xml_add (build->domain, "features", NULL);

  ast_xml_add (features, "acpi", NULL);
  ast_xml_add (features, "apic", NULL);
  if (has_hyperv (build))
    add_hyperv (features);
  ast_xml_add (features, "vmport", "state", "off", NULL);
}

// With KVM a model and not the host's own CPU, so that the guest's memory can be saved and restored.
// Emulated, an old model: the guest then does not use instructions that are slow to emulate.
static xmlNode *
add_cpu_model (Build *build)
{
  xmlNode *cpu;

  if (build->station->kvm)
    return ast_xml_add (build->domain, "cpu", "mode", "host-model", "check", "partial", NULL);
  cpu = ast_xml_add (build->domain, "cpu", "mode", "custom", "match", "exact", "check", "none", NULL);
  xmlNewProp (ast_xml_add_text (cpu, "model", "Nehalem"), X ("fallback"), X ("allow"));
  return cpu;
}

// Cores of one socket: desktop Windows uses no more than two sockets.
static void
add_cpu (Build *build)
{
  g_autofree char *count = g_strdup_printf ("%u", build->appliance->cpus);

  ast_xml_add (add_cpu_model (build), "topology", "sockets", "1", "dies", "1", "cores", count, "threads", "1",
               NULL);
}

static void
add_clock (Build *build)
{
  xmlNode *clock
      = ast_xml_add (build->domain, "clock", "offset", build->traits->windows ? "localtime" : "utc", NULL);

  ast_xml_add (clock, "timer", "name", "rtc", "tickpolicy", "catchup", NULL);
  ast_xml_add (clock, "timer", "name", "pit", "tickpolicy", "delay", NULL);
  ast_xml_add (clock, "timer", "name", "hpet", "present", "no", NULL);
  if (has_hyperv (build))
    ast_xml_add (clock, "timer", "name", "hypervclock", "present", "yes", NULL);
}

static void
add_life_cycle (Build *build)
{
  xmlNode *pm;

  ast_xml_add_text (build->domain, "on_poweroff", "destroy");
  ast_xml_add_text (build->domain, "on_reboot", "restart");
  ast_xml_add_text (build->domain, "on_crash", "destroy");
  pm = ast_xml_add (build->domain, "pm", NULL);
  ast_xml_add (pm, "suspend-to-mem", "enabled", "no", NULL);
  ast_xml_add (pm, "suspend-to-disk", "enabled", "no", NULL);
}

static void
add_emulator (Build *build)
{
  build->devices = ast_xml_add (build->domain, "devices", NULL);
  ast_xml_add_text (build->devices, "emulator", build->station->emulator);
}

// The whole chain is named with its formats: QEMU then follows no name and guesses no format from an image's
// header.
static void
add_backing_chain (Build *build, xmlNode *disk)
{
  const AstAppliance *appliance = build->appliance;
  xmlNode *above = disk;

  for (guint i = appliance->layers->len + 1; i > 0; i--)
    {
      const AstImage *image = i > 1 ? g_ptr_array_index (appliance->layers, i - 2) : appliance->disk;

      above = ast_xml_add (above, "backingStore", "type", "file", NULL);
      ast_xml_add (above, "format", "type", i > 1 ? "qcow2" : build->disk_format, NULL);
      ast_xml_add (above, "source", "file", image->path, NULL);
    }
  ast_xml_add (above, "backingStore", NULL);
}

static void
add_boot_order (xmlNode *device, guint order)
{
  g_autofree char *text = g_strdup_printf ("%u", order);

  ast_xml_add (device, "boot", "order", text, NULL);
}

// QEMU writes nothing behind the slice's end, and stops the guest at the write that would.
static void
add_overlay_source (Build *build, xmlNode *disk)
{
  xmlNode *source = ast_xml_add (disk, "source", "file", build->overlay->path, NULL);
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, build->overlay->bound);

  ast_xml_add (ast_xml_add (source, "slices", NULL), "slice", "type", "storage", "offset", "0", "size", size,
               NULL);
}

// A volatile overlay is worth nothing after a power cut, so it need not be flushed; a kept one is flushed
// when the guest asks. On an error the guest stands still, and the kiosk can say why, before the guest's file
// system is hurt.
static void
add_disk (Build *build)
{
  gboolean is_virtio = build->traits->virtio_disk;
  const char *cache = build->appliance->keeping == AST_KEEPING_KEPT ? "writeback" : "unsafe";
  xmlNode *disk;

  if (!build->overlay)
    return;
  disk = ast_xml_add (build->devices, "disk", "type", "file", "device", "disk", NULL);
  ast_xml_add (disk, "driver", "name", "qemu", "type", "qcow2", "cache", cache, "discard", "unmap",
               "error_policy", "stop", "rerror_policy", "stop", NULL);
  add_overlay_source (build, disk);
  add_backing_chain (build, disk);
  ast_xml_add (disk, "target", "dev", is_virtio ? "vda" : "sda", "bus", is_virtio ? "virtio" : "sata", NULL);
  add_boot_order (disk, 1);
  if (is_virtio)
    add_pci_slot (disk, SLOT_DISK);
}

static void
add_cdrom (Build *build, const AstImage *image, guint target, guint order)
{
  g_autofree char *name = make_target ("sd", target);
  xmlNode *disk = ast_xml_add (build->devices, "disk", "type", "file", "device", "cdrom", NULL);

  ast_xml_add (disk, "driver", "name", "qemu", "type", "raw", NULL);
  ast_xml_add (disk, "source", "file", image->path, NULL);
  ast_xml_add (disk, "target", "dev", name, "bus", "sata", NULL);
  ast_xml_add (disk, "readonly", NULL);
  add_boot_order (disk, order);
}

static void
add_cdroms (Build *build)
{
  guint first_order = build->overlay ? 2 : 1;
  guint first_target = build->overlay && !build->traits->virtio_disk ? 1 : 0;

  for (guint i = 0; i < build->appliance->cdroms->len; i++)
    add_cdrom (build, g_ptr_array_index (build->appliance->cdroms, i), first_target + i, first_order + i);
}

// The tablet and, where there is one, the card reader.
static guint
count_own_usb (const Build *build)
{
  return allows (build, AST_DEVICE_SMARTCARD) ? 2 : 1;
}

// Each real device takes one, and each drive that the kiosk emulates for a disc. On USB 2 a descriptor that
// wants many devices leaves fewer places for discs, and two at least.
static guint
count_redirections (const Build *build)
{
  guint ports = build->traits->usb3 ? XHCI_PORTS : MAX_EHCI * EHCI_PORTS;
  guint devices = allows (build, AST_DEVICE_USB) ? build->appliance->usb_ports : 0;
  guint discs = allows (build, AST_DEVICE_DVD) ? DISC_PLACES : 0;

  return MIN (devices + discs, ports - count_own_usb (build));
}

static void
add_companion (Build *build, guint index, const char *model, const char *start_port, const char *function)
{
  g_autofree char *number = g_strdup_printf ("%u", index);
  g_autofree char *slot = g_strdup_printf ("0x%02x", index == 0 ? SLOT_OLD_USB : SLOT_MORE_USB);
  xmlNode *companion
      = ast_xml_add (build->devices, "controller", "type", "usb", "index", number, "model", model, NULL);

  if (start_port)
    ast_xml_add (companion, "master", "startport", start_port, NULL);
  ast_xml_add (companion, "address", "type", "pci", "domain", "0x0000", "bus", "0x00", "slot", slot,
               "function", function, "multifunction", g_str_equal (function, "0x0") ? "on" : NULL, NULL);
}

// One controller of USB 2 and those that drive slower devices on the same six ports.
static void
add_old_usb (Build *build, guint index)
{
  add_companion (build, index, "ich9-ehci1", NULL, "0x7");
  add_companion (build, index, "ich9-uhci1", "0", "0x0");
  add_companion (build, index, "ich9-uhci2", "2", "0x1");
  add_companion (build, index, "ich9-uhci3", "4", "0x2");
}

static void
add_usb_controller (Build *build)
{
  g_autofree char *ports = g_strdup_printf ("%u", XHCI_PORTS);
  xmlNode *xhci;

  if (build->traits->usb3)
    {
      xhci = ast_xml_add (build->devices, "controller", "type", "usb", "index", "0", "model", "qemu-xhci",
                          "ports", ports, NULL);
      add_pci_slot (xhci, SLOT_USB);
      return;
    }
  add_old_usb (build, 0);
  if (count_own_usb (build) + count_redirections (build) > EHCI_PORTS)
    add_old_usb (build, 1);
}

static void
add_agent_channels (Build *build)
{
  xmlNode *controller
      = ast_xml_add (build->devices, "controller", "type", "virtio-serial", "index", "0", NULL);
  xmlNode *spice = ast_xml_add (build->devices, "channel", "type", "spicevmc", NULL);
  xmlNode *agent = ast_xml_add (build->devices, "channel", "type", "unix", NULL);

  add_pci_slot (controller, SLOT_SERIAL);
  ast_xml_add (spice, "target", "type", "virtio", "name", "com.redhat.spice.0", NULL);
  ast_xml_add (agent, "target", "type", "virtio", "name", "org.qemu.guest_agent.0", NULL);
}

// Also where the station lacks the folder: a guest finds the same machine on each station. Nobody answers it
// then.
static void
add_share_channel (Build *build)
{
  g_autofree char *socket = build->station->runtime ? ast_share_socket (build->station->runtime) : NULL;
  xmlNode *channel;

  if (!allows (build, AST_DEVICE_SHARE))
    return;
  channel = ast_xml_add (build->devices, "channel", "type", "unix", NULL);
  if (socket)
    ast_xml_add (channel, "source", "mode", "bind", "path", socket, NULL);
  ast_xml_add (channel, "target", "type", "virtio", "name", AST_SHARE_PORT, NULL);
}

// A reader that is empty until the kiosk finds a card in one of the station's.
static void
add_smartcard (Build *build)
{
  if (!allows (build, AST_DEVICE_SMARTCARD))
    return;
  ast_xml_add (build->devices, "controller", "type", "ccid", "index", "0", NULL);
  ast_xml_add (build->devices, "smartcard", "mode", "passthrough", "type", "spicevmc", NULL);
}

static void
add_input (Build *build)
{
  ast_xml_add (build->devices, "input", "type", "tablet", "bus", "usb", NULL);
  ast_xml_add (build->devices, "input", "type", "keyboard", "bus", "ps2", NULL);
}

// The client is on the same machine: compression would only cost time and pixels.
static void
add_graphics (Build *build)
{
  xmlNode *graphics = ast_xml_add (build->devices, "graphics", "type", "spice", NULL);

  ast_xml_add (graphics, "listen", "type", "none", NULL);
  ast_xml_add (graphics, "image", "compression", "off", NULL);
  ast_xml_add (graphics, "jpeg", "compression", "never", NULL);
  ast_xml_add (graphics, "zlib", "compression", "never", NULL);
  ast_xml_add (graphics, "playback", "compression", "off", NULL);
  ast_xml_add (graphics, "streaming", "mode", "off", NULL);
  ast_xml_add (graphics, "mouse", "mode", "client", NULL);
  ast_xml_add (graphics, "clipboard", "copypaste", yes_no (allows (build, AST_DEVICE_CLIPBOARD)), NULL);
  ast_xml_add (graphics, "filetransfer", "enable", "no", NULL);
}

// Without a microphone the card has no input: a guest that would listen finds nothing to open.
static void
add_sound (Build *build)
{
  gboolean allowed = allows (build, AST_DEVICE_SOUND);
  xmlNode *card;

  if (allowed)
    {
      card = ast_xml_add (build->devices, "sound", "model", "ich9", NULL);
      ast_xml_add (card, "codec", "type", allows (build, AST_DEVICE_MICROPHONE) ? "duplex" : "output", NULL);
    }
  ast_xml_add (build->devices, "audio", "id", "1", "type", allowed ? "spice" : "none", NULL);
}

static guint
power_of_two (guint number)
{
  guint power = 1;

  while (power < number)
    power *= 2;
  return power;
}

static void
add_qxl (Build *build, guint heads, gboolean primary, guint slot)
{
  guint video_mib = power_of_two (heads * VIDEO_MIB_PER_HEAD);
  g_autofree char *count = g_strdup_printf ("%u", heads);
  g_autofree char *video_kib = g_strdup_printf ("%u", video_mib * KIB_PER_MIB);
  g_autofree char *ram_kib = g_strdup_printf ("%u", 2 * video_mib * KIB_PER_MIB);
  g_autofree char *surfaces_kib = g_strdup_printf ("%u", QXL_SURFACES_MIB * KIB_PER_MIB);
  xmlNode *video = ast_xml_add (build->devices, "video", NULL);

  ast_xml_add (video, "model", "type", "qxl", "ram", ram_kib, "vram", surfaces_kib, "vgamem", video_kib,
               "heads", count, "primary", primary ? "yes" : NULL, NULL);
  add_pci_slot (video, slot);
}

static void
add_virtio_video (Build *build)
{
  g_autofree char *heads = g_strdup_printf ("%u", build->appliance->heads);
  xmlNode *video = ast_xml_add (build->devices, "video", NULL);

  ast_xml_add (video, "model", "type", "virtio", "heads", heads, "primary", "yes", NULL);
  add_pci_slot (video, SLOT_VIDEO);
}

static void
add_video (Build *build)
{
  guint heads = build->appliance->heads;
  gboolean one_each = build->traits->windows;

  if (build->traits->virtio_video)
    {
      add_virtio_video (build);
      return;
    }
  // The Windows driver drives one monitor a card.
  add_qxl (build, one_each ? 1 : heads, TRUE, SLOT_VIDEO);
  for (guint i = 1; one_each && i < heads; i++)
    add_qxl (build, 1, FALSE, SLOT_MORE_VIDEO + i - 1);
}

// "0x0e"; NULL, which leaves the attribute out, where the line does not ask.
static char *
filter_number (int number, int digits)
{
  return number == AST_USB_ANY ? NULL : g_strdup_printf ("0x%0*x", digits, (guint)number);
}

static void
add_usb_filter_line (xmlNode *filter, const AstUsbFilterLine *line)
{
  g_autofree char *class = filter_number (line->class, 2);
  g_autofree char *vendor = filter_number (line->vendor, 4);
  g_autofree char *product = filter_number (line->product, 4);

  ast_xml_add (filter, "usbdev", "class", class, "vendor", vendor, "product", product, "allow",
               yes_no (line->allow), NULL);
}

// The last of three places that enforce this: QEMU itself refuses what the kiosk should never have sent.
static void
add_usb_filter (Build *build)
{
  const AstUsbPolicy policy = { build->station->usb_rules, build->appliance, build->policy };
  g_autoptr (GArray) lines = ast_usb_policy_filter (&policy);
  xmlNode *filter = ast_xml_add (build->devices, "redirfilter", NULL);

  for (guint i = 0; i < lines->len; i++)
    add_usb_filter_line (filter, &g_array_index (lines, AstUsbFilterLine, i));
}

static void
add_redirections (Build *build)
{
  guint count = count_redirections (build);

  for (guint i = 0; i < count; i++)
    ast_xml_add (build->devices, "redirdev", "bus", "usb", "type", "spicevmc", NULL);
  if (count > 0)
    add_usb_filter (build);
}

static void
add_rng (Build *build)
{
  xmlNode *rng = ast_xml_add (build->devices, "rng", "model", "virtio", NULL);

  xmlNewProp (ast_xml_add_text (rng, "backend", "/dev/urandom"), X ("model"), X ("random"));
  add_pci_slot (rng, SLOT_RNG);
}

// QEMU's network stack is made, because libvirt asks for some source, but the card is not plugged into it:
// QEMU drops what the card sends, and no socket exists. The guest sees a cable into an empty switch.
static void
unplug_network (Build *build, const char *alias)
{
  xmlNs *qemu = ast_domain_qemu_ns (build->doc);
  xmlNode *override = ast_xml_child (build->domain, "override");
  xmlNode *device;
  xmlNode *frontend;

  if (!override)
    override = xmlNewChild (build->domain, qemu, X ("override"), NULL);
  device = xmlNewChild (override, qemu, X ("device"), NULL);
  xmlNewProp (device, X ("alias"), X (alias));
  frontend = xmlNewChild (device, qemu, X ("frontend"), NULL);
  xmlNewProp (xmlNewChild (frontend, qemu, X ("property"), NULL), X ("name"), X ("netdev"));
  xmlNewProp (frontend->children, X ("type"), X ("remove"));
}

// A card that may reach nothing is the same card, without a cable.
static AstNetworkType
network_type (const Build *build, const AstNetwork *network)
{
  return build->policy.network ? network->type : AST_NETWORK_ISOLATED;
}

// Behind a port of its own a card can be plugged in later, as each warm start does. It is there in a cold
// start, too: the guest finds its card at one place.
static void
add_network_port (Build *build, xmlNode *interface, guint index)
{
  g_autofree char *number = g_strdup_printf ("%u", index + 1);
  g_autofree char *bus = g_strdup_printf ("0x%02x", index + 1);
  xmlNode *port = ast_xml_add (build->devices, "controller", "type", "pci", "index", number, "model",
                               "pcie-root-port", NULL);

  add_pci_slot (port, SLOT_NETWORK + index);
  ast_xml_add (interface, "address", "type", "pci", "domain", "0x0000", "bus", bus, "slot", "0x00",
               "function", "0x0", NULL);
}

// No option ROM: the guest never boots from the network, and the firmware is done sooner.
static void
add_network (Build *build, const AstNetwork *network, guint index)
{
  AstNetworkType type = network_type (build, network);
  gboolean is_bridge = type == AST_NETWORK_BRIDGE;
  g_autofree char *alias = g_strdup_printf (AST_DOMAIN_CARD_ALIAS "%u", index);
  g_autofree char *mac = ast_domain_identity_mac (build->station->machine_id, build->appliance->id, index);
  xmlNode *interface = ast_xml_add (build->devices, "interface", "type", is_bridge ? "bridge" : "user", NULL);

  ast_xml_add (interface, "mac", "address", mac, NULL);
  if (is_bridge)
    ast_xml_add (interface, "source", "bridge", network->source, NULL);
  ast_xml_add (interface, "model", "type", build->traits->virtio_net ? "virtio" : "e1000e", NULL);
  ast_xml_add (interface, "rom", "enabled", "no", NULL);
  ast_xml_add (interface, "alias", "name", alias, NULL);
  if (index < MAX_NETWORKS && build->appliance->start_mode == AST_START_WARM)
    add_network_port (build, interface, index);
  else if (index < MAX_NETWORKS)
    add_pci_slot (interface, SLOT_NETWORK + index);
  if (type == AST_NETWORK_ISOLATED)
    unplug_network (build, alias);
}

static void
add_networks (Build *build)
{
  const GPtrArray *networks = build->appliance->networks;

  for (guint i = 0; i < networks->len; i++)
    {
      const AstNetwork *network = g_ptr_array_index (networks, i);

      if (network->type != AST_NETWORK_NONE)
        add_network (build, network, i);
    }
}

// A system that watches itself (Linux: systemd's RuntimeWatchdogSec) and hangs stands still then, and whoever
// sits there is asked what to do.
static void
add_watchdog (Build *build)
{
  xmlNode *watchdog = ast_xml_add (build->devices, "watchdog", "model", "i6300esb", "action", "pause", NULL);

  add_pci_slot (watchdog, SLOT_WATCHDOG);
}

// By this a system that crashes says so: what is on its screen may look like work. Windows speaks of it to
// the hypervisor.
static void
add_panic (Build *build)
{
  if (!build->traits->windows || has_hyperv (build))
    ast_xml_add (build->devices, "panic", "model", has_hyperv (build) ? "hyperv" : "isa", NULL);
}

static void
add_no_balloon (Build *build)
{
  ast_xml_add (build->devices, "memballoon", "model", "none", NULL);
}

// libvirt would ask a started QEMU for each of 400 properties of its CPU, which reads the questions byte by
// byte: three quarters of a start. Without this capability it asks for all of them at once.
static void
add_capabilities (Build *build)
{
  xmlNs *qemu = ast_domain_qemu_ns (build->doc);
  xmlNode *capabilities = xmlNewChild (build->domain, qemu, X ("capabilities"), NULL);
  xmlNode *without = xmlNewChild (capabilities, qemu, X ("del"), NULL);

  xmlNewProp (without, X ("capability"), X ("cpu-unavailable-features"));
}

typedef void (*Step) (Build *build);

// The order is that of libvirt's own output. A TPM or another firmware is one more step.
static const Step steps[] = {
  add_identity,      add_metadata, add_memory,       add_vcpu,           add_os,
  add_sysinfo,       add_features, add_cpu,          add_clock,          add_life_cycle,
  add_emulator,      add_disk,     add_cdroms,       add_usb_controller, add_agent_channels,
  add_share_channel, add_networks, add_smartcard,    add_input,          add_graphics,
  add_sound,         add_video,    add_redirections, add_watchdog,       add_no_balloon,
  add_rng,           add_panic,    add_capabilities,
};

static gboolean
check_path (const char *path, GError **error)
{
  gboolean is_plain = path && g_utf8_validate (path, -1, NULL);
  g_autofree char *readable = NULL;

  for (const char *c = path; is_plain && *c; c++)
    is_plain = (guchar)*c >= ' ' && *c != 0x7f;
  if (is_plain)
    return TRUE;
  readable = path ? g_utf8_make_valid (path, -1) : g_strdup ("");
  g_set_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR,
               _ ("The file name “%s” cannot be used: give the file a name of ordinary letters."), readable);
  return FALSE;
}

static gboolean
check_images (const GPtrArray *images, GError **error)
{
  for (guint i = 0; i < images->len; i++)
    if (!check_path (((const AstImage *)g_ptr_array_index (images, i))->path, error))
      return FALSE;
  return TRUE;
}

static gboolean
check_paths (const Build *build, GError **error)
{
  if (build->overlay
      && (!check_path (build->overlay->path, error) || !check_path (build->appliance->disk->path, error)))
    return FALSE;
  return check_images (build->appliance->layers, error) && check_images (build->appliance->cdroms, error);
}

static char *
serialise (xmlDoc *doc)
{
  g_autoptr (xmlBuffer) buffer = xmlBufferCreate ();

  xmlNodeDump (buffer, doc, xmlDocGetRootElement (doc), 0, 1);
  return g_strconcat ((const char *)xmlBufferContent (buffer), "\n", NULL);
}

char *
ast_domain_compose (const AstAppliance *appliance, const AstOsTraits *traits, const AstDomainOverlay *overlay,
                    AstImageFormat disk_format, const AstDomainStation *station, GError **error)
{
  g_autoptr (xmlDoc) doc = xmlNewDoc (X ("1.0"));
  g_autofree char *uuid = NULL;
  Build build = {
    .doc = doc,
    .appliance = appliance,
    .traits = traits,
    .overlay = overlay,
    .disk_format = ast_image_format_word (disk_format),
    .station = station,
    .policy = ast_policy_of (appliance, station->exam),
  };

  if (!check_paths (&build, error))
    return NULL;
  build.domain = xmlNewDocNode (doc, NULL, X ("domain"), NULL);
  xmlDocSetRootElement (doc, build.domain);
  build.uuid = uuid = ast_domain_identity_uuid (station->machine_id, appliance->id);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    steps[i](&build);
  if (appliance->domain_xml && !ast_domain_merge (doc, appliance->domain_xml, &build.policy, error))
    return NULL;
  return serialise (doc);
}

static gboolean
read_bound (const char *overlay, guint64 *bound, GError **error)
{
  struct stat found;
  g_autofree char *name = NULL;

  if (stat (overlay, &found) == 0)
    {
      *bound = (guint64)found.st_size;
      return TRUE;
    }
  name = g_filename_display_name (overlay);
  g_set_error (error, AST_ERROR, AST_ERROR_STORE, _ ("%s cannot be read: %s"), name, g_strerror (errno));
  return FALSE;
}

static char *
compose_checked (const AstAppliance *appliance, const AstOsTraits *traits, const AstDomainOverlay *overlay,
                 AstImageFormat format, const AstDomainStation *station, GError **error)
{
  g_autofree char *xml = ast_domain_compose (appliance, traits, overlay, format, station, error);

  return xml && ast_domain_check (xml, station->memory_mib, error) ? g_steal_pointer (&xml) : NULL;
}

char *
ast_domain_build (const AstAppliance *appliance, const AstOsTraits *traits, const char *overlay,
                  const AstDomainStation *station, GError **error)
{
  AstImageFormat format = AST_IMAGE_QCOW2;
  AstDomainOverlay bounded = { .path = overlay };

  if (overlay == NULL)
    return compose_checked (appliance, traits, NULL, format, station, error);
  if (!ast_image_probe (appliance->disk->path, FALSE, &format, error)
      || !read_bound (overlay, &bounded.bound, error))
    return NULL;
  return compose_checked (appliance, traits, &bounded, format, station, error);
}

char *
ast_domain_read_metadata (const char *metadata, const char *name)
{
  g_autoptr (xmlDoc) doc = xmlReadMemory (metadata, strlen (metadata), NULL, NULL,
                                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  const xmlNode *appliance = doc ? xmlDocGetRootElement (doc) : NULL;

  return appliance ? ast_xml_get (appliance, name) : NULL;
}
