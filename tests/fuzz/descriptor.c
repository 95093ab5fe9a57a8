// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes at all → an appliance with a name, and either usable or told why not.
#include "descriptor.h"
#include "fuzz.h"
#include "usb-rule.h"

static void
check_problems (const GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      const AstProblem *problem = g_ptr_array_index (problems, i);

      g_assert_true (problem->text[0] && g_utf8_validate (problem->text, -1, NULL));
      g_assert_true ((problem->line == 0) == (problem->column == 0));
    }
}

// What is written back is read as the same rule.
static void
check_usb (const AstAppliance *appliance)
{
  g_assert_true (appliance->usb_ports >= 1 && appliance->usb_ports <= 8);
  g_assert_cmpuint (appliance->usb_rules->len, <=, AST_USB_MAX_RULES);
  for (guint i = 0; i < appliance->usb_rules->len; i++)
    {
      g_autofree char *text = ast_usb_rule_to_text (g_ptr_array_index (appliance->usb_rules, i));
      g_autofree char *fault = NULL;
      g_autoptr (AstUsbRule) rule = ast_usb_rule_parse (text, &fault);
      g_autofree char *again = rule ? ast_usb_rule_to_text (rule) : NULL;

      g_assert_cmpstr (text, ==, again);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static const char *const languages[] = { "fr_FR.UTF-8", "fr", "C", NULL };
  g_autoptr (AstAppliance) appliance
      = ast_descriptor_parse ((const char *)bytes, length, "lab.xml", "lab", "/lab", languages);

  check_problems (appliance->problems);
  check_usb (appliance);
  g_assert_nonnull (appliance->name);
  g_assert_true (!ast_appliance_is_usable (appliance) || appliance->disk || appliance->cdroms->len);
  return 0;
}
