// SPDX-License-Identifier: GPL-3.0-or-later
// Every combination of what a descriptor gives, what an exam closes and what <exam> allows: the policy, and
// the domain that is built by it, against a rule that is written here anew, in words.
#include "descriptor.h"
#include "domain-builder.h"
#include "policy.h"
#include "xml-count.h"
#include "xml-tree.h"
#include <libxml/parser.h>
#include <string.h>

#define ALL_ALLOWED "network usb dvd clipboard end restart send-keys devices microphone share smartcard"

static const char *const device_words[]
    = { "usb",        "dvd",   "sound",       "clipboard-in", "clipboard-out",
        "microphone", "share", "share-write", "smartcard" };
static const char *const network_words[] = { "user", "bridge", "isolated" };
static const char *const allows[]
    = { "",          "network", "usb",        "dvd",   "clipboard", "end",      "restart",
        "send-keys", "devices", "microphone", "share", "smartcard", ALL_ALLOWED };
#define ALL_DEVICES  ((1u << G_N_ELEMENTS (device_words)) - 1)
#define ALL_NETWORKS ((1u << G_N_ELEMENTS (network_words)) - 1)

static const AstOsTraits traits = { .virtio_disk = TRUE, .virtio_net = TRUE, .usb3 = TRUE, .known = TRUE };

typedef enum
{
  EXAM_OFF,
  EXAM_BY_DESCRIPTOR,
  EXAM_BY_STATION,
  EXAM_BY_BOTH,
} Exam;

typedef struct
{
  guint devices;  // bits: places in device_words
  guint networks; // bits: places in network_words
  Exam exam;
  const char *allow; // counts with an <exam> only
} Case;

static gboolean
has_element (const Case *self)
{
  return self->exam == EXAM_BY_DESCRIPTOR || self->exam == EXAM_BY_BOTH;
}

static gboolean
has_word (const char *words, const char *word)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);

  return g_strv_contains ((const char *const *)list, word);
}

static gboolean
is_given (const char *const *words, guint count, guint present, const char *word)
{
  for (guint i = 0; i < count; i++)
    if (g_str_equal (words[i], word))
      return (present & (1u << i)) != 0;
  g_assert_not_reached ();
}

static gboolean
gives (const Case *self, const char *device)
{
  return is_given (device_words, G_N_ELEMENTS (device_words), self->devices, device);
}

static const char *
yes_no (gboolean yes)
{
  return yes ? "yes" : "no";
}

static void
add_devices (const Case *self, GString *xml)
{
  static const char *const plain[] = { "usb", "dvd", "smartcard" };
  gboolean in = gives (self, "clipboard-in"), out = gives (self, "clipboard-out");

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (gives (self, plain[i]))
      g_string_append_printf (xml, "<%s/>", plain[i]);
  if (gives (self, "sound"))
    g_string_append_printf (xml, "<sound microphone=\"%s\"/>", yes_no (gives (self, "microphone")));
  if (in || out)
    g_string_append_printf (xml, "<clipboard direction=\"%s\"/>", !out ? "in" : in ? "both" : "out");
  if (gives (self, "share"))
    g_string_append_printf (xml, "<share folder=\"x\" writable=\"%s\"/>",
                            yes_no (gives (self, "share-write")));
}

static void
add_networks (const Case *self, GString *xml)
{
  for (guint i = 0; i < G_N_ELEMENTS (network_words); i++)
    if (self->networks & (1u << i))
      g_string_append_printf (xml, "<network type=\"%s\"%s/>", network_words[i],
                              g_str_equal (network_words[i], "bridge") ? " source=\"br0\"" : "");
}

static AstAppliance *
read_appliance (const Case *self)
{
  const char *const languages[] = { "C", NULL };
  g_autoptr (GString) xml = g_string_new ("<appliance xmlns=\"" AST_DESCRIPTOR_NAMESPACE
                                          "\" id=\"x\"><name>x</name><cdrom href=\"x.iso\"/><devices>");
  AstAppliance *appliance;
  AstImage *cdrom;

  add_devices (self, xml);
  g_string_append (xml, "</devices>");
  add_networks (self, xml);
  if (has_element (self))
    g_string_append_printf (xml, "<exam allow=\"%s\"/>", self->allow);
  g_string_append (xml, "</appliance>");
  appliance = ast_descriptor_parse (xml->str, xml->len, "x", "x", "/x", languages);
  g_assert_true (ast_appliance_is_usable (appliance));
  cdrom = g_ptr_array_index (appliance->cdroms, 0);
  cdrom->path = g_strdup ("/x/x.iso");
  return appliance;
}

// The rule: what the descriptor gives is open, unless there is an exam that does not allow it.
static gboolean
is_left (const Case *self, const char *word)
{
  if (self->exam == EXAM_OFF)
    return TRUE;
  return has_element (self) && has_word (self->allow, word);
}

// `allowance`: the exam's word for it.
static gboolean
may (const Case *self, const char *device, const char *allowance)
{
  return gives (self, device) && is_left (self, allowance);
}

static gboolean
may_use (const Case *self, const char *device)
{
  return g_str_equal (device, "sound") ? gives (self, device) : may (self, device, device);
}

static gboolean
may_write (const Case *self)
{
  return may_use (self, "share") && may (self, "share-write", "share");
}

static gboolean
may_hear (const Case *self)
{
  return may_use (self, "sound") && may_use (self, "microphone");
}

static gboolean
may_reach (const Case *self, const char *network)
{
  return is_given (network_words, G_N_ELEMENTS (network_words), self->networks, network)
         && !g_str_equal (network, "isolated") && is_left (self, "network");
}

static void
check_policy (const Case *self, const AstPolicy *policy)
{
  g_assert_cmpint (policy->exam, ==, self->exam != EXAM_OFF);
  g_assert_cmpint ((policy->devices & AST_DEVICE_USB) != 0, ==, may_use (self, "usb"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_DVD) != 0, ==, may_use (self, "dvd"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_SOUND) != 0, ==, may_use (self, "sound"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_CLIPBOARD_IN) != 0, ==,
                   may (self, "clipboard-in", "clipboard"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_CLIPBOARD_OUT) != 0, ==,
                   may (self, "clipboard-out", "clipboard"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_SHARE) != 0, ==, may_use (self, "share"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_SHARE_WRITE) != 0, ==, may_write (self));
  g_assert_cmpint ((policy->devices & AST_DEVICE_SMARTCARD) != 0, ==, may_use (self, "smartcard"));
  g_assert_cmpint ((policy->devices & AST_DEVICE_MICROPHONE) != 0, ==, may_hear (self));
  g_assert_cmpint (policy->network, ==, may_reach (self, "user") || may_reach (self, "bridge"));
  g_assert_cmpint ((policy->actions & AST_ACTION_END) != 0, ==, is_left (self, "end"));
  g_assert_cmpint ((policy->actions & AST_ACTION_RESTART) != 0, ==, is_left (self, "restart"));
  g_assert_cmpint ((policy->actions & AST_ACTION_SEND_KEYS) != 0, ==, is_left (self, "send-keys"));
  g_assert_cmpint ((policy->actions & AST_ACTION_DEVICES) != 0, ==, is_left (self, "devices"));
}

static void
assert_attribute (const xmlNode *node, const char *attribute, const char *value)
{
  g_autofree char *found = ast_xml_get (node, attribute);

  g_assert_cmpstr (found, ==, value);
}

static void
check_devices (const Case *self, const xmlNode *devices)
{
  gboolean usb = may_use (self, "usb"), dvd = may_use (self, "dvd");
  const xmlNode *filter = ast_xml_child (devices, "redirfilter");

  assert_attribute (
      ast_xml_child (ast_xml_child (devices, "graphics"), "clipboard"), "copypaste",
      yes_no (may (self, "clipboard-in", "clipboard") || may (self, "clipboard-out", "clipboard")));
  g_assert_cmpuint (count_elements (devices, "smartcard"), ==, may_use (self, "smartcard"));
  // Those of the two agents are always there.
  g_assert_cmpuint (count_elements (devices, "channel"), ==, 2 + may_use (self, "share"));
  assert_attribute (ast_xml_child (devices, "audio"), "type", may_use (self, "sound") ? "spice" : "none");
  g_assert_cmpuint (count_elements (devices, "sound"), ==, may_use (self, "sound"));
  if (may_use (self, "sound"))
    assert_attribute (ast_xml_child (ast_xml_child (devices, "sound"), "codec"), "type",
                      may_hear (self) ? "duplex" : "output");
  g_assert_cmpuint (count_elements (devices, "redirdev"), ==, (usb ? 4 : 0) + (dvd ? 4 : 0));
  g_assert_cmpint (filter != NULL, ==, usb || dvd);
  if (!filter)
    return;
  assert_attribute (filter->children, "allow", dvd ? "yes" : "no"); // the station's CD drive
  assert_attribute (filter->last, "allow", usb ? "yes" : "no");     // everything else
}

static gboolean
is_unplugged (const xmlNode *domain, const char *alias)
{
  const xmlNode *override = ast_xml_child (domain, "override");

  for (const xmlNode *node = override ? override->children : NULL; node; node = node->next)
    if (ast_xml_is (node, "device"))
      {
        g_autofree char *name = ast_xml_get (node, "alias");

        if (g_str_equal (name, alias))
          {
            const xmlNode *property = ast_xml_child (ast_xml_child (node, "frontend"), "property");

            assert_attribute (property, "name", "netdev");
            assert_attribute (property, "type", "remove");
            return TRUE;
          }
      }
  return FALSE;
}

// All that the guest sees of its card; the rest is where the cable leads.
static char *
describe_card (const xmlNode *card)
{
  g_autofree char *mac = ast_xml_get (ast_xml_child (card, "mac"), "address");
  g_autofree char *model = ast_xml_get (ast_xml_child (card, "model"), "type");
  g_autofree char *slot = ast_xml_get (ast_xml_child (card, "address"), "slot");

  return g_strdup_printf ("%s %s %s", mac, model, slot);
}

// `open`: the same domain without an exam, in which the guest finds the same cards.
static void
check_cards (const Case *self, const xmlNode *domain, const xmlNode *open)
{
  const xmlNode *card = ast_xml_child (ast_xml_child (domain, "devices"), "interface");
  const xmlNode *same = ast_xml_child (ast_xml_child (open, "devices"), "interface");

  for (guint i = 0; i < G_N_ELEMENTS (network_words); i++)
    {
      g_autofree char *alias = NULL;
      g_autofree char *here = NULL;
      g_autofree char *there = NULL;
      gboolean bridged;

      if (!(self->networks & (1u << i)))
        continue;
      bridged = may_reach (self, network_words[i]) && g_str_equal (network_words[i], "bridge");
      assert_attribute (card, "type", bridged ? "bridge" : "user");
      g_assert_cmpint (ast_xml_child (card, "source") != NULL, ==, bridged);
      alias = ast_xml_get (ast_xml_child (card, "alias"), "name");
      g_assert_cmpint (is_unplugged (domain, alias), ==, !may_reach (self, network_words[i]));
      here = describe_card (card);
      there = describe_card (same);
      g_assert_cmpstr (here, ==, there);
      card = xmlNextElementSibling ((xmlNode *)card);
      same = xmlNextElementSibling ((xmlNode *)same);
    }
  g_assert_true (card == NULL || !ast_xml_is (card, "interface"));
}

static xmlDoc *
build (const AstAppliance *appliance, gboolean station_exam)
{
  const AstDomainStation station
      = { .machine = "pc-q35-7.2", .emulator = "/q", .machine_id = "0", .exam = station_exam };
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = ast_domain_compose (appliance, &traits, NULL, AST_IMAGE_QCOW2, &station, &error);

  g_assert_no_error (error);
  return xmlReadMemory (xml, (int)strlen (xml), "domain", NULL, XML_PARSE_NOBLANKS);
}

static void
check_case (const Case *self, const xmlNode *open)
{
  gboolean station_exam = self->exam == EXAM_BY_STATION || self->exam == EXAM_BY_BOTH;
  g_autoptr (AstAppliance) appliance = read_appliance (self);
  g_autoptr (xmlDoc) doc = build (appliance, station_exam);
  const xmlNode *domain = xmlDocGetRootElement (doc);
  AstPolicy policy = ast_policy_of (appliance, station_exam);

  check_policy (self, &policy);
  check_devices (self, ast_xml_child (domain, "devices"));
  check_cards (self, domain, open);
}

// Every combination of devices without a network, and of networks without a device and with all: the two have
// nothing to do with each other, and some of both would take minutes.
static void
test_product (gconstpointer data)
{
  Exam exam = GPOINTER_TO_INT (data);

  for (guint devices = 0; devices <= ALL_DEVICES; devices++)
    for (guint networks = 0; networks <= ALL_NETWORKS; networks++)
      {
        const Case without = { devices, networks, EXAM_OFF, "" };
        const Case first = { devices, networks, exam, "" };
        g_autoptr (AstAppliance) appliance = NULL;
        g_autoptr (xmlDoc) open = NULL;

        if (networks != 0 && devices != 0 && devices != ALL_DEVICES)
          continue;
        appliance = read_appliance (&without);
        open = build (appliance, FALSE);
        // Without an <exam> there is nothing that could allow anything.
        for (guint i = 0; i < (has_element (&first) ? G_N_ELEMENTS (allows) : 1); i++)
          {
            const Case one = { devices, networks, exam, allows[i] };

            check_case (&one, xmlDocGetRootElement (open));
          }
      }
}

// A network of type "none" is no card, whatever is allowed.
static void
test_no_card (void)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("x", "/x");

  g_ptr_array_add (appliance->networks, ast_network_new (AST_NETWORK_NONE, NULL));
  appliance->exam = TRUE;
  appliance->exam_allows = AST_ALLOW_NETWORK;
  g_assert_false (ast_policy_of (appliance, FALSE).network);
  g_assert_false (ast_policy_of (appliance, TRUE).network);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/policy/off", GINT_TO_POINTER (EXAM_OFF), test_product);
  g_test_add_data_func ("/policy/by-descriptor", GINT_TO_POINTER (EXAM_BY_DESCRIPTOR), test_product);
  g_test_add_data_func ("/policy/by-station", GINT_TO_POINTER (EXAM_BY_STATION), test_product);
  g_test_add_data_func ("/policy/by-both", GINT_TO_POINTER (EXAM_BY_BOTH), test_product);
  g_test_add_func ("/policy/no-card", test_no_card);
  return g_test_run ();
}
