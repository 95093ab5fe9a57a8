// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "usb-policy.h"
#include "usb-class.h"
#include <glib/gi18n.h>

// Words for programs, and sentences for people; those of the first two reasons name their rule.
static const struct
{
  const char *word;
  const char *sentence;
} reasons[] = {
  [AST_USB_BY_STATION] = { "station-rule", NULL },
  [AST_USB_BY_DESCRIPTOR] = { "descriptor-rule", NULL },
  [AST_USB_NO_RULE] = { "no-rule", N_ ("Allowed: no rule is against it.") },
  [AST_USB_NOT_LISTED]
  = { "not-listed",
      N_ ("Refused: the appliance lists the devices that it allows, and this is none of them.") },
  [AST_USB_INPUT_DEVICE]
  = { "input-device",
      N_ ("Refused: an input device is given to a guest only by a rule with its vendor and product.") },
  [AST_USB_NO_USB] = { "no-usb", N_ ("Refused: this appliance takes no USB devices.") },
  [AST_USB_EXAM] = { "exam", N_ ("Refused: USB is closed during an exam.") },
  [AST_USB_HUB]
  = { "hub", N_ ("Refused: hubs stay with the station. What is plugged into them is judged for itself.") },
  [AST_USB_KEYBOARD_OR_MOUSE]
  = { "keyboard-or-mouse", N_ ("Refused: it is a keyboard or a mouse, and those stay with the station.") },
  [AST_USB_NETWORK_UP] = { "network-up", N_ ("Refused: the station uses it as its network card.") },
  [AST_USB_STORAGE_HELD] = { "storage-held", N_ ("Refused: the station uses what is on it.") },
  [AST_USB_FALSE_DRIVE] = { "false-drive", N_ ("Refused: it passes itself off as the station's DVD drive.") },
  [AST_USB_NOT_SET_UP] = { "not-set-up", N_ ("Refused: the station has not made out what it is.") },
};

static const AstUsbReason use_reasons[] = {
  [AST_USB_USE_INPUT] = AST_USB_KEYBOARD_OR_MOUSE,
  [AST_USB_USE_NETWORK] = AST_USB_NETWORK_UP,
  [AST_USB_USE_STORAGE] = AST_USB_STORAGE_HELD,
};

static const AstUsbFunction *
function_at (const AstUsbDevice *device, guint index)
{
  return &g_array_index (device->functions, AstUsbFunction, index);
}

// ---------------------------------------------------------------------------------------------------------------
// What stays with the station

static gboolean
is_boot_input (const AstUsbFunction *function)
{
  return function->class == AST_USB_CLASS_HID && function->subclass == AST_USB_HID_BOOT;
}

static gboolean
has_function (const AstUsbDevice *device, gboolean (*is_it) (const AstUsbFunction *function))
{
  for (guint i = 0; i < device->functions->len; i++)
    if (is_it (function_at (device, i)))
      return TRUE;
  return is_it (&device->device);
}

static gboolean
is_hub (const AstUsbFunction *function)
{
  return function->class == AST_USB_CLASS_HUB;
}

static gboolean
is_final (const AstUsbDevice *device, AstUsbReason *reason)
{
  if (has_function (device, is_hub))
    *reason = AST_USB_HUB;
  else if (has_function (device, is_boot_input))
    *reason = AST_USB_KEYBOARD_OR_MOUSE;
  else if (device->use != AST_USB_USE_NONE)
    *reason = use_reasons[device->use];
  else if (device->vendor == AST_USB_DRIVE_VENDOR && device->product == AST_USB_DRIVE_PRODUCT)
    *reason = AST_USB_FALSE_DRIVE;
  else if (device->functions->len == 0)
    *reason = AST_USB_NOT_SET_UP;
  else
    return FALSE;
  return TRUE;
}

// ---------------------------------------------------------------------------------------------------------------
// Rules

static gboolean
names_product (const AstUsbRule *rule)
{
  return rule->vendor != AST_USB_ANY && rule->product != AST_USB_ANY;
}

// "Allow all of this maker's" means no input device: that takes its name.
static gboolean
speaks_of_class (const AstUsbRule *rule, guint8 class)
{
  if (rule->class != AST_USB_ANY && rule->class != class)
    return FALSE;
  return class != AST_USB_CLASS_HID || !rule->allow || names_product (rule);
}

static gboolean
fits (const AstUsbRule *rule, const AstUsbDevice *device, guint8 class)
{
  return speaks_of_class (rule, class) && (rule->vendor == AST_USB_ANY || rule->vendor == device->vendor)
         && (rule->product == AST_USB_ANY || rule->product == device->product)
         && (!rule->port || g_pattern_match_simple (rule->port, device->path));
}

static const AstUsbRule *
find_rule (const GPtrArray *rules, const AstUsbDevice *device, guint8 class)
{
  for (guint i = 0; rules && i < rules->len; i++)
    if (fits (g_ptr_array_index (rules, i), device, class))
      return g_ptr_array_index (rules, i);
  return NULL;
}

static gboolean
lists_allowed (const AstAppliance *appliance)
{
  for (guint i = 0; i < appliance->usb_rules->len; i++)
    if (((const AstUsbRule *)g_ptr_array_index (appliance->usb_rules, i))->allow)
      return TRUE;
  return FALSE;
}

static AstUsbVerdict
judge_unmentioned (const AstUsbPolicy *self, guint8 class)
{
  if (class == AST_USB_CLASS_HID)
    return (AstUsbVerdict){ FALSE, AST_USB_INPUT_DEVICE, NULL };
  if (lists_allowed (self->appliance))
    return (AstUsbVerdict){ FALSE, AST_USB_NOT_LISTED, NULL };
  return (AstUsbVerdict){ TRUE, AST_USB_NO_RULE, NULL };
}

static AstUsbVerdict
judge_function (const AstUsbPolicy *self, const AstUsbDevice *device, guint8 class)
{
  const AstUsbRule *rule = find_rule (self->station_rules, device, class);

  if (rule)
    return (AstUsbVerdict){ rule->allow, AST_USB_BY_STATION, rule };
  rule = find_rule (self->appliance->usb_rules, device, class);
  if (rule)
    return (AstUsbVerdict){ rule->allow, AST_USB_BY_DESCRIPTOR, rule };
  return judge_unmentioned (self, class);
}

// The classes that usbredir's filter asks about, in its order. It does not ask about the buttons of a device
// that is something else (a headset, a camera): an input function without a boot protocol beside other
// functions.
static GByteArray *
list_classes (const AstUsbDevice *device)
{
  GByteArray *classes = g_byte_array_new ();
  guint buttons = 0;

  if (device->device.class != AST_USB_CLASS_PER_INTERFACE
      && device->device.class != AST_USB_CLASS_MISCELLANEOUS)
    g_byte_array_append (classes, &device->device.class, 1);
  for (guint i = 0; i < device->functions->len; i++)
    {
      const AstUsbFunction *function = function_at (device, i);

      if (device->functions->len > 1 && function->class == AST_USB_CLASS_HID && function->subclass == 0
          && function->protocol == 0)
        buttons++;
      else
        g_byte_array_append (classes, &function->class, 1);
    }
  if (buttons == device->functions->len)
    g_byte_array_append (classes, &function_at (device, 0)->class, 1);
  return classes;
}

// The first refusal decides; of what is allowed, a rule is told before the lack of one.
static AstUsbVerdict
judge_functions (const AstUsbPolicy *self, const AstUsbDevice *device)
{
  g_autoptr (GByteArray) classes = list_classes (device);
  AstUsbVerdict verdict = { TRUE, AST_USB_NO_RULE, NULL };

  for (guint i = 0; i < classes->len; i++)
    {
      AstUsbVerdict one = judge_function (self, device, classes->data[i]);

      if (!one.allowed)
        return one;
      if (!verdict.rule)
        verdict = one;
    }
  return verdict;
}

AstUsbVerdict
ast_usb_policy_judge (const AstUsbPolicy *self, const AstUsbDevice *device)
{
  AstUsbVerdict verdict = { FALSE, AST_USB_NO_USB, NULL };

  if (is_final (device, &verdict.reason))
    return verdict;
  if (self->policy.devices & AST_DEVICE_USB)
    return judge_functions (self, device);
  if (self->appliance->devices & AST_DEVICE_USB)
    verdict.reason = AST_USB_EXAM;
  return verdict;
}

gboolean
ast_usb_reason_is_final (AstUsbReason reason)
{
  return reason >= AST_USB_HUB;
}

const char *
ast_usb_reason_word (AstUsbReason reason)
{
  return reasons[reason].word;
}

static char *
explain_rule (const AstUsbVerdict *verdict)
{
  g_autofree char *text = ast_usb_rule_to_text (verdict->rule);
  gboolean allowed = verdict->allowed;

  if (verdict->reason == AST_USB_BY_STATION)
    return g_strdup_printf (allowed ? _ ("Allowed by the station's rule “%s” (asteroide.conf, [usb] rules).")
                                    : _ ("Refused by the station's rule “%s” (asteroide.conf, [usb] rules)."),
                            text);
  return g_strdup_printf (allowed ? _ ("Allowed by the appliance's rule “%s” (appliance.xml, line %u).")
                                  : _ ("Refused by the appliance's rule “%s” (appliance.xml, line %u)."),
                          text, verdict->rule->line);
}

char *
ast_usb_verdict_explain (const AstUsbVerdict *verdict)
{
  return verdict->rule ? explain_rule (verdict) : g_strdup (_ (reasons[verdict->reason].sentence));
}

// ---------------------------------------------------------------------------------------------------------------
// The same for usbredir

static void
add_line (GArray *lines, int class, int vendor, int product, gboolean allow)
{
  const AstUsbFilterLine line = { class, vendor, product, allow };

  g_array_append_val (lines, line);
}

// A line has no port. A rule that allows one port allows them all here, and one that refuses one port is left
// out: the filter then lets more through than the verdict, which is asked first, and never less.
static gboolean
can_be_told (const AstUsbRule *rule)
{
  return rule->allow || !rule->port;
}

// The lines about input devices stand apart and first, since most rules that allow do not speak of them.
static void
add_rules (GArray *lines, const GPtrArray *rules, gboolean input)
{
  for (guint i = 0; rules && i < rules->len; i++)
    {
      const AstUsbRule *rule = g_ptr_array_index (rules, i);

      if (!can_be_told (rule) || (input && !speaks_of_class (rule, AST_USB_CLASS_HID)))
        continue;
      add_line (lines, input ? AST_USB_CLASS_HID : rule->class, rule->vendor, rule->product, rule->allow);
    }
}

static void
add_all_rules (const AstUsbPolicy *self, GArray *lines, gboolean input)
{
  add_rules (lines, self->station_rules, input);
  add_rules (lines, self->appliance->usb_rules, input);
}

GArray *
ast_usb_policy_filter (const AstUsbPolicy *self)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (AstUsbFilterLine));
  gboolean usb = (self->policy.devices & AST_DEVICE_USB) != 0;

  add_line (lines, AST_USB_ANY, AST_USB_DRIVE_VENDOR, AST_USB_DRIVE_PRODUCT,
            (self->policy.devices & AST_DEVICE_DVD) != 0);
  if (usb)
    {
      add_line (lines, AST_USB_CLASS_HUB, AST_USB_ANY, AST_USB_ANY, FALSE);
      add_all_rules (self, lines, TRUE);
      add_line (lines, AST_USB_CLASS_HID, AST_USB_ANY, AST_USB_ANY, FALSE);
      add_all_rules (self, lines, FALSE);
    }
  add_line (lines, AST_USB_ANY, AST_USB_ANY, AST_USB_ANY, usb && !lists_allowed (self->appliance));
  return lines;
}

static void
add_number (GString *text, int number, guint digits)
{
  if (number == AST_USB_ANY)
    g_string_append (text, "-1,");
  else
    g_string_append_printf (text, "0x%0*x,", (int)digits, (guint)number);
}

char *
ast_usb_policy_filter_text (const AstUsbPolicy *self)
{
  g_autoptr (GArray) lines = ast_usb_policy_filter (self);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    {
      const AstUsbFilterLine *line = &g_array_index (lines, AstUsbFilterLine, i);

      g_string_append (text, i ? "|" : "");
      add_number (text, line->class, 2);
      add_number (text, line->vendor, 4);
      add_number (text, line->product, 4);
      g_string_append_printf (text, "-1,%d", line->allow);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
