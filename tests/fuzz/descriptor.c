// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes at all → an appliance with a name, and either usable or told why not.
#include "descriptor.h"
#include "fuzz.h"
#include "policy.h"
#include "usb-rule.h"
#include "xml-tree.h"
#include <libxml/parser.h>
#include <string.h>

#define FOLDER "/lab"

static guint
count_lines (const uint8_t *bytes, size_t length)
{
  guint lines = 1;

  for (size_t i = 0; i < length; i++)
    lines += bytes[i] == '\n';
  return lines;
}

static void
check_problems (const GPtrArray *problems, guint lines, size_t length)
{
  g_assert_cmpuint (problems->len, <=, 51);
  for (guint i = 0; i < problems->len; i++)
    {
      const AstProblem *problem = g_ptr_array_index (problems, i);

      fuzz_assert_short (problem->text, 2000);
      g_assert_true ((problem->line == 0) == (problem->column == 0));
      g_assert_cmpuint (problem->line, <=, lines);
      g_assert_cmpuint (problem->column, <=, length + 1);
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

// Wherever it is resolved, it stays below.
static void
check_image (gpointer data, gpointer unused)
{
  const AstImage *image = data;
  g_autofree char *path = g_canonicalize_filename (image->href, FOLDER);

  fuzz_assert_text (image->href);
  g_assert_true (g_str_has_prefix (path, FOLDER "/") || g_str_equal (path, FOLDER));
  g_assert_null (image->path);
  g_assert_true (image->line > 0 && image->column > 0);
  g_assert_true (!image->sha256
                 || (strlen (image->sha256) == 64 && strspn (image->sha256, "0123456789abcdef") == 64));
}

static void
check_images (const AstAppliance *appliance)
{
  if (appliance->disk)
    check_image (appliance->disk, NULL);
  g_ptr_array_foreach (appliance->layers, check_image, NULL);
  g_ptr_array_foreach (appliance->cdroms, check_image, NULL);
  g_assert_true (
      !appliance->icon
      || (g_str_has_prefix (appliance->icon, FOLDER "/") && g_str_has_suffix (appliance->icon, ".svg")));
}

static void
check_texts (const AstAppliance *appliance)
{
  fuzz_assert_short (appliance->name, 100);
  if (appliance->summary)
    fuzz_assert_short (appliance->summary, 500);
  if (appliance->category)
    fuzz_assert_short (appliance->category, 40);
  if (appliance->os_id)
    fuzz_assert_shown (appliance->os_id);
  g_assert_true (ast_appliance_matches (appliance, appliance->name));
}

static void
check_networks (const AstAppliance *appliance)
{
  for (guint i = 0; i < appliance->networks->len; i++)
    {
      const AstNetwork *network = g_ptr_array_index (appliance->networks, i);

      g_assert_true ((network->type == AST_NETWORK_BRIDGE) == (network->source != NULL));
      g_assert_true (!network->source || (strlen (network->source) <= 15 && !strchr (network->source, '/')));
    }
}

// An exam opens nothing, and what needs another thing has it.
static void
check_policy (const AstAppliance *appliance)
{
  AstPolicy usual = ast_policy_of (appliance, FALSE);
  AstPolicy exam = ast_policy_of (appliance, TRUE);

  g_assert_cmpuint (exam.devices & ~appliance->devices, ==, 0);
  g_assert_cmpuint (usual.devices & ~appliance->devices, ==, 0);
  g_assert_true (!exam.network || usual.network || appliance->exam);
  g_assert_true (exam.exam && usual.exam == appliance->exam);
  g_assert_true (!(appliance->devices & AST_DEVICE_MICROPHONE) || (appliance->devices & AST_DEVICE_SOUND));
  g_assert_true (!(appliance->devices & AST_DEVICE_SHARE_WRITE) || (appliance->devices & AST_DEVICE_SHARE));
  g_assert_true (appliance->exam || !appliance->exam_allows);
  g_assert_true (!appliance->share || ast_appliance_id_is_valid (appliance->share));
}

static void
check_domain (const AstAppliance *appliance)
{
  g_autoptr (xmlDoc) doc = NULL;

  if (!appliance->domain_xml)
    return;
  doc = xmlReadMemory (appliance->domain_xml, (int)strlen (appliance->domain_xml), NULL, NULL,
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  g_assert_nonnull (doc);
  g_assert_cmpstr ((const char *)xmlDocGetRootElement (doc)->name, ==, "domain");
}

static void
check_usable (const AstAppliance *appliance)
{
  if (!ast_appliance_is_usable (appliance))
    return;
  g_assert_true (appliance->disk || appliance->cdroms->len);
  g_assert_true (appliance->disk || !appliance->layers->len);
  g_assert_true (!(appliance->devices & AST_DEVICE_SHARE) || appliance->share);
  g_assert_true (appliance->start_mode == AST_START_COLD
                 || (!appliance->exam && appliance->keeping == AST_KEEPING_VOLATILE));
}

// The id that the bytes give the appliance, where it can be one: else few inputs would be usable.
static char *
find_id (const uint8_t *bytes, size_t length)
{
  const char *found = g_strstr_len ((const char *)bytes, (gssize)length, " id=\"");
  gsize left = found ? length - (gsize)(found + 5 - (const char *)bytes) : 0;
  const char *end = left ? memchr (found + 5, '"', left) : NULL;
  g_autofree char *id = end ? g_strndup (found + 5, (gsize)(end - found - 5)) : NULL;

  return id && ast_appliance_id_is_valid (id) ? g_steal_pointer (&id) : g_strdup ("lab");
}

static AstAppliance *
parse (const uint8_t *bytes, size_t length, const char *id, const char *const *languages)
{
  return ast_descriptor_parse ((const char *)bytes, length, "lab.xml", id, FOLDER, languages);
}

// The reader's language chooses among the texts, or finds none, and decides nothing else.
static void
check_languages (const AstAppliance *appliance, const uint8_t *bytes, size_t length)
{
  static const char *const languages[] = { "pt_BR.UTF-8@euro", "de", "POSIX", NULL };
  g_autoptr (AstAppliance) other = parse (bytes, length, appliance->id, length % 4 == 1 ? languages : NULL);

  check_texts (other);
  g_assert_cmpuint (other->problems->len, ==, appliance->problems->len);
  g_assert_cmpstr (other->category, ==, appliance->category);
  g_assert_cmpstr (other->domain_xml, ==, appliance->domain_xml);
  g_assert_cmpuint (other->memory_mib, ==, appliance->memory_mib);
  g_assert_cmpuint (other->devices, ==, appliance->devices);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static const char *const languages[] = { "fr_FR.UTF-8", "fr", "C", NULL };
  g_autofree char *id = find_id (bytes, length);
  g_autoptr (AstAppliance) appliance = parse (bytes, length, id, languages);

  check_problems (appliance->problems, count_lines (bytes, length), length);
  check_texts (appliance);
  check_images (appliance);
  check_networks (appliance);
  check_usb (appliance);
  check_policy (appliance);
  check_domain (appliance);
  check_usable (appliance);
  g_assert_true (appliance->cpus >= 1 && appliance->cpus <= 64);
  g_assert_true (appliance->memory_mib >= 16 && appliance->memory_mib <= 1024 * 1024);
  g_assert_true (appliance->heads >= 1 && appliance->heads <= 4);
  if (length % 2 == 1)
    check_languages (appliance, bytes, length);
  return 0;
}
