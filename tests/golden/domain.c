// SPDX-License-Identifier: GPL-3.0-or-later
// The domain of each tests/golden/domain/CASE/appliance.xml, compared whole with the files beside it, and
// held against libvirt's own schema. AST_GOLDEN_UPDATE=1 writes the files anew: read the difference before
// you commit it.
#include "config.h"
#include "domain-builder.h"
#include "descriptor.h"
#include "xml-tree.h"
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

// Of the package libvirt0.
#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlRelaxNG, xmlRelaxNGFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlRelaxNGParserCtxt, xmlRelaxNGFreeParserCtxt)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlRelaxNGValidCtxt, xmlRelaxNGFreeValidCtxt)

typedef struct
{
  const char *case_name;
  gboolean kvm;
} Variant;

static char *
case_file (const char *case_name, const char *file)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "domain", case_name, file, NULL);
}

static void
set_paths (GPtrArray *images)
{
  for (guint i = 0; i < images->len; i++)
    {
      AstImage *image = g_ptr_array_index (images, i);

      image->path = g_build_filename ("/images", image->href, NULL);
    }
}

static AstAppliance *
read_appliance (const char *case_name)
{
  const char *const languages[] = { "C", NULL };
  g_autofree char *file = case_file (case_name, "appliance.xml");
  g_autoptr (AstAppliance) appliance = NULL;
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (file, &bytes, &length, NULL));
  appliance = ast_descriptor_parse (bytes, length, file, case_name, "/images", languages);
  for (guint i = 0; i < appliance->problems->len; i++)
    g_test_message ("%s", ((AstProblem *)g_ptr_array_index (appliance->problems, i))->text);
  g_assert_true (ast_appliance_is_usable (appliance));
  if (appliance->disk)
    appliance->disk->path = g_build_filename ("/images", appliance->disk->href, NULL);
  set_paths (appliance->layers);
  set_paths (appliance->cdroms);
  return g_steal_pointer (&appliance);
}

// The rules about USB in the case's configuration, where it has one; else the default's, which are none.
static AstConfig *
read_config (const char *case_name)
{
  g_autofree char *file = case_file (case_name, "asteroide.conf");
  g_autoptr (GError) error = NULL;
  AstConfig *config
      = g_file_test (file, G_FILE_TEST_EXISTS) ? ast_config_load (file, &error) : ast_config_new_default ();

  g_assert_no_error (error);
  return config;
}

static char *
build (const Variant *variant)
{
  g_autoptr (AstConfig) config = read_config (variant->case_name);
  const AstDomainStation station = {
    .kvm = variant->kvm,
    .machine = "pc-q35-7.2",
    .emulator = "/usr/bin/qemu-system-x86_64",
    .machine_id = "0123456789abcdef0123456789abcdef",
    .runtime = "/run/asteroide",
    .usb_rules = config->usb_rules,
  };
  const AstDomainOverlay overlay = { .path = "/overlays/one.qcow2", .bound = 1 << 30 };
  g_autoptr (AstAppliance) appliance = read_appliance (variant->case_name);
  g_autofree char *database = g_test_build_filename (G_TEST_DIST, "data", "osinfo", NULL);
  const char *const databases[] = { database, NULL };
  AstOsTraits traits = ast_os_traits_lookup_in (databases, appliance->os_id);
  gboolean raw = appliance->disk && g_str_has_suffix (appliance->disk->href, ".img");
  g_autoptr (GError) error = NULL;
  char *xml = ast_domain_compose (appliance, &traits, appliance->disk ? &overlay : NULL,
                                  raw ? AST_IMAGE_RAW : AST_IMAGE_QCOW2, &station, &error);

  g_assert_no_error (error);
  return xml;
}

static void
test_golden (gconstpointer data)
{
  const Variant *variant = data;
  g_autofree char *file = case_file (variant->case_name, variant->kvm ? "kvm.xml" : "emulated.xml");
  g_autofree char *built = build (variant);
  g_autofree char *again = build (variant);
  g_autofree char *golden = NULL;

  g_assert_cmpstr (built, ==, again);
  if (g_getenv ("AST_GOLDEN_UPDATE"))
    g_assert_true (g_file_set_contents (file, built, -1, NULL));
  g_assert_true (g_file_get_contents (file, &golden, NULL, NULL));
  g_assert_cmpstr (built, ==, golden);
}

static void
report (void *data, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_test_message ("%s", g_strchomp (text));
}

static void
test_schema (gconstpointer data)
{
  const Variant *variant = data;
  g_autofree char *built = build (variant);
  g_autoptr (xmlDoc) doc = xmlReadMemory (built, (int)strlen (built), "domain.xml", NULL, XML_PARSE_NONET);
  g_autoptr (xmlRelaxNGParserCtxt) parser = NULL;
  g_autoptr (xmlRelaxNGValidCtxt) validator = NULL;
  g_autoptr (xmlRelaxNG) schema = NULL;

  if (!g_file_test (SCHEMA, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("libvirt's schemas are not installed (package libvirt0)");
      return;
    }
  g_assert_nonnull (doc);
  parser = xmlRelaxNGNewParserCtxt (SCHEMA);
  schema = xmlRelaxNGParse (parser);
  g_assert_nonnull (schema);
  validator = xmlRelaxNGNewValidCtxt (schema);
  xmlRelaxNGSetValidErrors (validator, report, report, NULL);
  g_assert_cmpint (xmlRelaxNGValidateDoc (validator, doc), ==, 0);
}

static void
add_variant (const char *case_name, gboolean kvm)
{
  const char *word = kvm ? "kvm" : "emulated";
  Variant *golden = g_new0 (Variant, 1);
  Variant *schema = g_new0 (Variant, 1);
  g_autofree char *golden_path = g_strdup_printf ("/domain/%s/%s", case_name, word);
  g_autofree char *schema_path = g_strdup_printf ("/domain/%s/%s/schema", case_name, word);

  *golden = *schema = (Variant){ case_name, kvm };
  g_test_add_data_func_full (golden_path, golden, test_golden, g_free);
  g_test_add_data_func_full (schema_path, schema, test_schema, g_free);
}

int
main (int argc, char **argv)
{
  const char *const cases[] = { "tiny", "live",      "desktop", "windows", "old",        "expert",
                                "exam", "exam-open", "usb",     "share",   "exam-share", "warm" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      add_variant (cases[i], FALSE);
      add_variant (cases[i], TRUE);
    }
  return g_test_run ();
}
