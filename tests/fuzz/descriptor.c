// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes at all → an appliance with a name, and either usable or told why not.
#include "descriptor.h"
#include "fuzz.h"

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

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static const char *const languages[] = { "fr_FR.UTF-8", "fr", "C", NULL };
  g_autoptr (AstAppliance) appliance
      = ast_descriptor_parse ((const char *)bytes, length, "lab.xml", "lab", "/lab", languages);

  check_problems (appliance->problems);
  g_assert_nonnull (appliance->name);
  g_assert_true (!ast_appliance_is_usable (appliance) || appliance->disk || appliance->cdroms->len);
  return 0;
}
