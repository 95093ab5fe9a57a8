// SPDX-License-Identifier: GPL-3.0-or-later
// Verdicts one by one, that no rule is passed over, and the filter held against usbredir's own on random
// rules and devices.
#include "usb-policy.h"
#include <string.h>
#include <usbredirfilter.h>

#define ROUNDS 5000

typedef struct
{
  GPtrArray *station;
  AstAppliance *appliance;
  gboolean exam;
} Session;

static void
add_rules (GPtrArray *rules, const char *texts)
{
  g_auto (GStrv) parts = g_strsplit (texts, ";", -1);

  for (guint i = 0; parts[i]; i++)
    {
      g_autofree char *fault = NULL;
      AstUsbRule *rule = parts[i][0] ? ast_usb_rule_parse (parts[i], &fault) : NULL;

      g_assert_cmpstr (fault, ==, NULL);
      if (!rule)
        continue;
      rule->line = i + 1;
      g_ptr_array_add (rules, rule);
    }
}

static void
set_up (Session *self, gconstpointer data)
{
  self->station = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_usb_rule_free);
  self->appliance = ast_appliance_new ("x", "/x");
  self->appliance->devices = AST_DEVICE_USB | AST_DEVICE_DVD;
}

static void
tear_down (Session *self, gconstpointer data)
{
  g_ptr_array_unref (self->station);
  ast_appliance_unref (self->appliance);
}

static AstUsbPolicy
policy_of (const Session *self)
{
  return (AstUsbPolicy){ self->station, self->appliance, ast_policy_of (self->appliance, self->exam) };
}

static AstUsbDevice *
make_device (guint16 vendor, guint16 product, const char *path)
{
  AstUsbDevice *device = g_atomic_rc_box_new0 (AstUsbDevice);

  device->path = g_strdup (path);
  device->name = g_strdup ("x");
  device->vendor = vendor;
  device->product = product;
  device->functions = g_array_new (FALSE, FALSE, sizeof (AstUsbFunction));
  return device;
}

// `classes`: class, subclass, protocol, and the next; ended by -1.
static AstUsbDevice *
make_with (guint16 vendor, guint16 product, const char *path, const int *classes)
{
  AstUsbDevice *device = make_device (vendor, product, path);

  for (const int *at = classes; *at >= 0; at += 3)
    {
      const AstUsbFunction function = { (guint8)at[0], (guint8)at[1], (guint8)at[2] };

      g_array_append_val (device->functions, function);
    }
  return device;
}

#define DEVICE(vendor, product, path, ...) make_with (vendor, product, path, (const int[]){ __VA_ARGS__, -1 })
#define STICK                              0x08, 0x06, 0x50
#define CAMERA                             0x0e, 0x01, 0x00, 0x0e, 0x02, 0x00
#define MICROPHONE                         0x01, 0x01, 0x00
#define KEYBOARD                           0x03, 0x01, 0x01
#define BUTTONS                            0x03, 0x00, 0x00
#define JOYSTICK                           0x03, 0x00, 0x01
#define VENDORS_OWN                        0xff, 0x00, 0x00

static AstUsbVerdict
judge (const Session *self, const AstUsbDevice *device)
{
  AstUsbPolicy policy = policy_of (self);

  return ast_usb_policy_judge (&policy, device);
}

static void
assert_verdict (const Session *self, AstUsbDevice *device, gboolean allowed, AstUsbReason reason)
{
  g_autoptr (AstUsbDevice) owned = device;
  AstUsbVerdict verdict = judge (self, owned);
  g_autofree char *sentence = ast_usb_verdict_explain (&verdict);

  g_assert_cmpint (verdict.reason, ==, reason);
  g_assert_cmpint (verdict.allowed, ==, allowed);
  g_assert_true (g_str_has_prefix (sentence, allowed ? "Allowed" : "Refused"));
  g_assert_true (g_str_has_suffix (sentence, "."));
}

static AstUsbDevice *
used (AstUsbDevice *device, AstUsbUse use)
{
  device->use = use;
  return device;
}

static AstUsbDevice *
of_class (AstUsbDevice *device, guint8 class)
{
  device->device.class = class;
  return device;
}

// Nothing opens these, whatever a rule says.
static void
test_final (Session *self, gconstpointer data)
{
  const char *texts[]
      = { "", "allow;allow vendor=046d product=c31c;allow class=hid vendor=046d product=c31c" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      add_rules (self->station, texts[i]);
      assert_verdict (self, DEVICE (0x046d, 0xc31c, "1-1", KEYBOARD), FALSE, AST_USB_KEYBOARD_OR_MOUSE);
      assert_verdict (self, DEVICE (0x046d, 0xc31c, "1-1", CAMERA, KEYBOARD), FALSE,
                      AST_USB_KEYBOARD_OR_MOUSE);
      assert_verdict (self, DEVICE (0x046d, 0xc31c, "1-1", 0x09, 0, 0), FALSE, AST_USB_HUB);
      assert_verdict (self, of_class (DEVICE (0x046d, 0xc31c, "1-1", STICK), 0x09), FALSE, AST_USB_HUB);
      assert_verdict (self, used (DEVICE (0x046d, 0xc31c, "1-1", BUTTONS), AST_USB_USE_INPUT), FALSE,
                      AST_USB_KEYBOARD_OR_MOUSE);
      assert_verdict (self, used (DEVICE (0x046d, 0xc31c, "1-1", VENDORS_OWN), AST_USB_USE_NETWORK), FALSE,
                      AST_USB_NETWORK_UP);
      assert_verdict (self, used (DEVICE (0x046d, 0xc31c, "1-1", STICK), AST_USB_USE_STORAGE), FALSE,
                      AST_USB_STORAGE_HELD);
      assert_verdict (self, DEVICE (0x2b23, 0xcdcd, "1-1", STICK), FALSE, AST_USB_FALSE_DRIVE);
      assert_verdict (self, make_device (0x046d, 0xc31c, "1-1"), FALSE, AST_USB_NOT_SET_UP);
    }
}

static void
test_without_rules (Session *self, gconstpointer data)
{
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK), TRUE, AST_USB_NO_RULE);
  assert_verdict (self, DEVICE (1, 1, "1-1", CAMERA, MICROPHONE, BUTTONS), TRUE, AST_USB_NO_RULE);
  assert_verdict (self, DEVICE (1, 1, "1-1", JOYSTICK), FALSE, AST_USB_INPUT_DEVICE);
  assert_verdict (self, DEVICE (1, 1, "1-1", BUTTONS), FALSE, AST_USB_INPUT_DEVICE);
  assert_verdict (self, DEVICE (1, 1, "1-1", BUTTONS, BUTTONS), FALSE, AST_USB_INPUT_DEVICE);
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK, JOYSTICK), FALSE, AST_USB_INPUT_DEVICE);
  self->exam = TRUE;
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK), FALSE, AST_USB_EXAM);
  self->appliance->exam_allows = AST_ALLOW_USB;
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK), TRUE, AST_USB_NO_RULE);
  self->exam = FALSE;
  self->appliance->devices = AST_DEVICE_DVD;
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK), FALSE, AST_USB_NO_USB);
}

static void
test_input_devices (Session *self, gconstpointer data)
{
  add_rules (self->station, "allow vendor=0001;allow port=1-1;allow vendor=0002 product=0002");
  assert_verdict (self, DEVICE (1, 1, "1-1", JOYSTICK), FALSE, AST_USB_INPUT_DEVICE);
  assert_verdict (self, DEVICE (2, 1, "1-2", JOYSTICK), FALSE, AST_USB_INPUT_DEVICE);
  assert_verdict (self, DEVICE (2, 2, "1-2", JOYSTICK), TRUE, AST_USB_BY_STATION);
}

static void
test_functions (Session *self, gconstpointer data)
{
  add_rules (self->appliance->usb_rules, "deny class=audio;allow class=video;deny class=0xff");
  assert_verdict (self, DEVICE (1, 1, "1-1", CAMERA), TRUE, AST_USB_BY_DESCRIPTOR);
  assert_verdict (self, DEVICE (1, 1, "1-1", CAMERA, MICROPHONE), FALSE, AST_USB_BY_DESCRIPTOR);
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK), FALSE, AST_USB_NOT_LISTED);
  assert_verdict (self, of_class (DEVICE (1, 1, "1-1", CAMERA), 0xef), TRUE, AST_USB_BY_DESCRIPTOR);
  assert_verdict (self, of_class (DEVICE (1, 1, "1-1", CAMERA), 0xff), FALSE, AST_USB_BY_DESCRIPTOR);
}

static void
test_order (Session *self, gconstpointer data)
{
  add_rules (self->station, "allow vendor=0001 product=0001;deny vendor=0001;deny port=1-4*");
  add_rules (self->appliance->usb_rules, "deny class=storage;allow vendor=0002");
  assert_verdict (self, DEVICE (1, 1, "1-1", STICK), TRUE, AST_USB_BY_STATION);
  assert_verdict (self, DEVICE (1, 2, "1-1", CAMERA), FALSE, AST_USB_BY_STATION);
  assert_verdict (self, DEVICE (2, 1, "1-4.1", CAMERA), FALSE, AST_USB_BY_STATION);
  assert_verdict (self, DEVICE (2, 1, "1-3", CAMERA), TRUE, AST_USB_BY_DESCRIPTOR);
  assert_verdict (self, DEVICE (2, 1, "1-3", STICK), FALSE, AST_USB_BY_DESCRIPTOR);
  assert_verdict (self, DEVICE (3, 1, "1-3", CAMERA), FALSE, AST_USB_NOT_LISTED);
}

static void
test_sentences (Session *self, gconstpointer data)
{
  g_autoptr (AstUsbDevice) camera = DEVICE (1, 1, "1-1", CAMERA);
  g_autoptr (AstUsbDevice) stick = DEVICE (2, 1, "1-1", STICK);
  AstUsbVerdict verdict;
  g_autofree char *by_station = NULL;
  g_autofree char *by_descriptor = NULL;

  add_rules (self->station, "deny class=0x0e");
  add_rules (self->appliance->usb_rules, ";allow vendor=0x0002");
  verdict = judge (self, camera);
  by_station = ast_usb_verdict_explain (&verdict);
  verdict = judge (self, stick);
  by_descriptor = ast_usb_verdict_explain (&verdict);
  g_assert_cmpstr (by_station, ==,
                   "Refused by the station's rule “deny class=video” (asteroide.conf, [usb] rules).");
  g_assert_cmpstr (by_descriptor, ==,
                   "Allowed by the appliance's rule “allow vendor=0002” (appliance.xml, line 2).");
}

// A long list, each rule of which fits one device only: each must be found, in both lists.
static void
test_no_rule_is_skipped (Session *self, gconstpointer data)
{
  GPtrArray *const lists[] = { self->station, self->appliance->usb_rules };

  for (guint i = 0; i < 2 * AST_USB_MAX_RULES; i++)
    {
      g_autofree char *text = g_strdup_printf ("%s vendor=%04x", i % 3 ? "deny" : "allow", i);

      add_rules (lists[i / AST_USB_MAX_RULES], text);
    }
  for (guint i = 0; i < 2 * AST_USB_MAX_RULES; i++)
    {
      g_autoptr (AstUsbDevice) device = DEVICE ((guint16)i, 1, "1-1", STICK);
      AstUsbVerdict verdict = judge (self, device);

      g_assert_true (verdict.rule == g_ptr_array_index (lists[i / AST_USB_MAX_RULES], i % AST_USB_MAX_RULES));
      g_assert_cmpint (verdict.allowed, ==, i % 3 == 0);
      g_assert_cmpint (verdict.reason, ==,
                       i < AST_USB_MAX_RULES ? AST_USB_BY_STATION : AST_USB_BY_DESCRIPTOR);
    }
}

// Each condition counts: a rule that fits no longer does when any one of them is another.
static void
test_conditions (Session *self, gconstpointer data)
{
  add_rules (self->station, "deny class=storage vendor=0001 product=0002 port=1-2.?");
  assert_verdict (self, DEVICE (1, 2, "1-2.3", STICK), FALSE, AST_USB_BY_STATION);
  assert_verdict (self, DEVICE (1, 2, "1-2.3", CAMERA), TRUE, AST_USB_NO_RULE);
  assert_verdict (self, DEVICE (2, 2, "1-2.3", STICK), TRUE, AST_USB_NO_RULE);
  assert_verdict (self, DEVICE (1, 1, "1-2.3", STICK), TRUE, AST_USB_NO_RULE);
  assert_verdict (self, DEVICE (1, 2, "1-2", STICK), TRUE, AST_USB_NO_RULE);
  assert_verdict (self, DEVICE (1, 2, "1-2.3.1", STICK), TRUE, AST_USB_NO_RULE);
}

// ---------------------------------------------------------------------------------------------------------------
// usbredir

static const guint8 some_classes[] = { 0x00, 0x01, 0x03, 0x08, 0x09, 0x0e, 0xef, 0xff };

static guint8
pick_class (void)
{
  return some_classes[g_test_rand_int_range (0, G_N_ELEMENTS (some_classes))];
}

static AstUsbDevice *
pick_device (void)
{
  AstUsbDevice *device
      = make_device ((guint16)g_test_rand_int_range (1, 4), (guint16)g_test_rand_int_range (1, 4),
                     g_test_rand_bit () ? "1-1" : "1-2.1");
  guint count = (guint)g_test_rand_int_range (1, 4);

  device->device.class = g_test_rand_bit () ? 0 : pick_class ();
  for (guint i = 0; i < count; i++)
    {
      const AstUsbFunction function
          = { pick_class (), g_test_rand_int_range (0, 4) == 0, (guint8)g_test_rand_bit () };

      g_array_append_val (device->functions, function);
    }
  return device;
}

static char *
pick_rule (gboolean with_ports)
{
  g_autoptr (GString) text = g_string_new (g_test_rand_bit () ? "allow" : "deny");

  if (g_test_rand_bit ())
    g_string_append_printf (text, " class=0x%02x", pick_class ());
  if (g_test_rand_bit ())
    g_string_append_printf (text, " vendor=%04x", (guint)g_test_rand_int_range (1, 4));
  if (strstr (text->str, "vendor") && g_test_rand_bit ())
    g_string_append_printf (text, " product=%04x", (guint)g_test_rand_int_range (1, 4));
  if (with_ports && g_test_rand_bit ())
    g_string_append (text, g_test_rand_bit () ? " port=1-1" : " port=1-2.*");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
pick_rules (GPtrArray *rules, gboolean with_ports)
{
  guint count = (guint)g_test_rand_int_range (0, 5);

  g_ptr_array_set_size (rules, 0);
  while (rules->len < count)
    {
      g_autofree char *text = pick_rule (with_ports);
      g_autofree char *fault = NULL;
      AstUsbRule *rule = ast_usb_rule_parse (text, &fault);

      if (rule)
        g_ptr_array_add (rules, rule);
    }
}

static gboolean
usbredir_allows (const AstUsbPolicy *policy, const AstUsbDevice *device)
{
  g_autofree char *text = ast_usb_policy_filter_text (policy);
  struct usbredirfilter_rule *rules = NULL;
  guint8 class[4], subclass[4], protocol[4];
  int count = 0, result;

  g_assert_cmpint (usbredirfilter_string_to_rules (text, ",", "|", &rules, &count), ==, 0);
  for (guint i = 0; i < device->functions->len; i++)
    {
      const AstUsbFunction *function = &g_array_index (device->functions, AstUsbFunction, i);

      class[i] = function->class;
      subclass[i] = function->subclass;
      protocol[i] = function->protocol;
    }
  result = usbredirfilter_check (rules, count, device->device.class, device->device.subclass,
                                 device->device.protocol, class, subclass, protocol,
                                 (int)device->functions->len, device->vendor, device->product, 0x0100, 0);
  usbredirfilter_free (rules);
  g_assert_true (result == 0 || result == -EPERM);
  return result == 0;
}

// `data`: may rules name ports, and devices stay with the station? Then usbredir may let more through.
static void
test_usbredir (Session *self, gconstpointer data)
{
  gboolean loose = GPOINTER_TO_INT (data);
  guint allowed = 0, refused = 0;

  for (guint round = 0; round < ROUNDS; round++)
    {
      g_autoptr (AstUsbDevice) device = pick_device ();
      AstUsbPolicy policy;
      AstUsbVerdict verdict;

      pick_rules (self->station, loose);
      pick_rules (self->appliance->usb_rules, loose);
      self->exam = g_test_rand_int_range (0, 10) == 0;
      policy = policy_of (self);
      verdict = ast_usb_policy_judge (&policy, device);
      if (!loose && verdict.reason == AST_USB_KEYBOARD_OR_MOUSE)
        continue;
      if (!loose || verdict.allowed)
        g_assert_cmpint (usbredir_allows (&policy, device), ==, verdict.allowed);
      verdict.allowed ? allowed++ : refused++;
    }
  g_test_message ("%u allowed, %u refused", allowed, refused);
  g_assert_cmpuint (allowed, >, ROUNDS / 20);
  g_assert_cmpuint (refused, >, ROUNDS / 20);
}

static void
test_filter_text (Session *self, gconstpointer data)
{
  AstUsbPolicy policy = policy_of (self);
  g_autofree char *plain = ast_usb_policy_filter_text (&policy);
  g_autofree char *with_rules = NULL;
  g_autofree char *closed = NULL;

  g_assert_cmpstr (plain, ==, "-1,0x2b23,0xcdcd,-1,1|0x09,-1,-1,-1,0|0x03,-1,-1,-1,0|-1,-1,-1,-1,1");
  add_rules (self->station, "deny class=video;allow vendor=046d product=0825;deny port=1-4*");
  add_rules (self->appliance->usb_rules, "allow port=1-1 class=storage");
  with_rules = ast_usb_policy_filter_text (&policy);
  g_assert_cmpstr (
      with_rules, ==,
      "-1,0x2b23,0xcdcd,-1,1|0x09,-1,-1,-1,0|0x03,0x046d,0x0825,-1,1|0x03,-1,-1,-1,0|0x0e,-1,-1,-1,0|"
      "-1,0x046d,0x0825,-1,1|0x08,-1,-1,-1,1|-1,-1,-1,-1,0");
  self->exam = TRUE;
  policy = policy_of (self);
  closed = ast_usb_policy_filter_text (&policy);
  g_assert_cmpstr (closed, ==, "-1,0x2b23,0xcdcd,-1,0|-1,-1,-1,-1,0");
}

#define ADD(name, test) g_test_add ("/usb-policy/" name, Session, NULL, set_up, test, tear_down)
#define ADD_LOOSE(name, loose)                                                                               \
  g_test_add ("/usb-policy/" name, Session, GINT_TO_POINTER (loose), set_up, test_usbredir, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("final", test_final);
  ADD ("without-rules", test_without_rules);
  ADD ("input-devices", test_input_devices);
  ADD ("functions", test_functions);
  ADD ("order", test_order);
  ADD ("sentences", test_sentences);
  ADD ("no-rule-is-skipped", test_no_rule_is_skipped);
  ADD ("conditions", test_conditions);
  ADD ("filter-text", test_filter_text);
  ADD_LOOSE ("usbredir-agrees", FALSE);
  ADD_LOOSE ("usbredir-refuses-nothing-allowed", TRUE);
  return g_test_run ();
}
