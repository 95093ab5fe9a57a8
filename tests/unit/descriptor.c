// SPDX-License-Identifier: GPL-3.0-or-later
#include "descriptor.h"
#include "usb-rule.h"
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/xmlerror.h>
#include <string.h>

#define SCHEMA "../appliances/appliance.rng"

static const char *const english[] = { "en_US.UTF-8", "en_US", "en.UTF-8", "en", "C", NULL };

static char *
data_path (const char *kind, const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "data", kind, name, NULL);
}

static char *
load_sample (const char *kind, const char *name, gsize *length)
{
  g_autofree char *path = data_path (kind, name);
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;

  g_file_get_contents (path, &bytes, length, &error);
  g_assert_no_error (error);
  return bytes;
}

// The sample's name stands for the folder's.
static AstAppliance *
parse_bytes (const char *bytes, gsize length, const char *name, const char *const *languages)
{
  g_autofree char *id = g_strndup (name, strlen (name) - strlen (".xml"));
  // Exactly as long as the text: an address sanitizer sees each byte that is read too far.
  g_autofree char *exact = g_memdup2 (bytes, length);

  return ast_descriptor_parse (exact, length, name, id, "/lab", languages);
}

static AstAppliance *
parse_sample (const char *kind, const char *name, const char *const *languages)
{
  gsize length;
  g_autofree char *bytes = load_sample (kind, name, &length);

  return parse_bytes (bytes, length, name, languages);
}

static AstAppliance *
parse_body (const char *body)
{
  g_autofree char *text
      = g_strdup_printf ("<appliance xmlns='%s' id='lab'>%s</appliance>", AST_DESCRIPTOR_NAMESPACE, body);

  return parse_bytes (text, strlen (text), "lab.xml", english);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
list_samples (const char *kind)
{
  g_autofree char *folder = data_path (kind, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".xml"))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
append_problems (GString *text, const AstAppliance *appliance)
{
  for (guint i = 0; i < appliance->problems->len; i++)
    {
      g_autofree char *problem = ast_problem_to_string (g_ptr_array_index (appliance->problems, i));

      g_string_append_printf (text, "%s\n", problem);
    }
}

static void
assert_problem (const AstAppliance *appliance, const char *expected)
{
  g_autofree char *problem = NULL;

  g_assert_cmpuint (appliance->problems->len, >, 0);
  problem = ast_problem_to_string (g_ptr_array_index (appliance->problems, 0));
  g_assert_cmpstr (problem, ==, expected);
}

static void
test_good (void)
{
  g_autoptr (GPtrArray) names = list_samples ("good");
  g_autoptr (GString) problems = g_string_new (NULL);

  g_assert_cmpuint (names->len, >=, 12);
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (AstAppliance) appliance = parse_sample ("good", g_ptr_array_index (names, i), english);

      append_problems (problems, appliance);
    }
  g_assert_cmpstr (problems->str, ==, "");
}

static char *
tell_bad (void)
{
  g_autoptr (GPtrArray) names = list_samples ("bad");
  g_autoptr (GString) problems = g_string_new (NULL);

  g_assert_cmpuint (names->len, >=, 50);
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (AstAppliance) appliance = parse_sample ("bad", g_ptr_array_index (names, i), english);

      if (ast_appliance_is_usable (appliance))
        g_string_append_printf (problems, "%s is taken for good\n", (char *)g_ptr_array_index (names, i));
      append_problems (problems, appliance);
    }
  return g_string_free (g_steal_pointer (&problems), FALSE);
}

// Each bad sample's problems stand in expected.txt, all of them, with line and column; AST_GOLDEN_UPDATE=1
// writes it.
static void
test_bad (void)
{
  g_autofree char *told = tell_bad ();
  g_autofree char *path = data_path ("bad", "expected.txt");
  g_autofree char *expected = NULL;
  g_auto (GStrv) told_lines = g_strsplit (told, "\n", -1);
  g_auto (GStrv) expected_lines = NULL;

  if (g_getenv ("AST_GOLDEN_UPDATE"))
    g_assert_true (g_file_set_contents (path, told, -1, NULL));
  g_assert_true (g_file_get_contents (path, &expected, NULL, NULL));
  expected_lines = g_strsplit (expected, "\n", -1);
  for (guint i = 0; told_lines[i] && expected_lines[i]; i++)
    g_assert_cmpstr (told_lines[i], ==, expected_lines[i]);
  g_assert_cmpuint (g_strv_length (told_lines), ==, g_strv_length (expected_lines));
  g_assert_null (strstr (told, "is taken for good"));
}

static void
count_error (void *data, xmlError *error)
{
  guint *errors = data;

  *errors += error->level >= XML_ERR_ERROR;
}

static xmlRelaxNG *
load_schema (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, SCHEMA, NULL);
  xmlRelaxNGParserCtxt *context = xmlRelaxNGNewParserCtxt (path);
  xmlRelaxNG *schema = xmlRelaxNGParse (context);

  xmlRelaxNGFreeParserCtxt (context);
  g_assert_nonnull (schema);
  return schema;
}

static gboolean
schema_accepts (xmlRelaxNG *schema, const char *kind, const char *name)
{
  gsize length;
  g_autofree char *bytes = load_sample (kind, name, &length);
  guint errors = 0;
  xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt (schema);
  xmlDoc *tree;

  xmlSetStructuredErrorFunc (&errors, count_error);
  xmlRelaxNGSetValidStructuredErrors (context, count_error, &errors);
  tree = xmlReadMemory (bytes, (int)length, name, NULL, XML_PARSE_NONET);
  if (tree && errors == 0)
    errors += xmlRelaxNGValidateDoc (context, tree) != 0;
  xmlSetStructuredErrorFunc (NULL, NULL);
  xmlFreeDoc (tree);
  xmlRelaxNGFreeValidCtxt (context);
  return tree && errors == 0;
}

static gboolean
is_only_for_parser (const char *name)
{
  gsize length;
  g_autofree char *text = load_sample ("bad", "only-parser.txt", &length);
  g_autofree char *line = g_strdup_printf ("\n%s: ", name);

  return strstr (text, line) != NULL;
}

static void
test_schema (void)
{
  g_autoptr (GPtrArray) good = list_samples ("good");
  g_autoptr (GPtrArray) bad = list_samples ("bad");
  xmlRelaxNG *schema = load_schema ();
  guint mistakes = 0;

  for (guint i = 0; i < good->len; i++)
    if (!schema_accepts (schema, "good", g_ptr_array_index (good, i)))
      {
        g_test_message ("the schema refuses good/%s", (char *)g_ptr_array_index (good, i));
        mistakes++;
      }
  for (guint i = 0; i < bad->len; i++)
    {
      const char *name = g_ptr_array_index (bad, i);

      if (schema_accepts (schema, "bad", name) == is_only_for_parser (name))
        continue;
      g_test_message ("schema and only-parser.txt disagree on bad/%s", name);
      mistakes++;
    }
  xmlRelaxNGFree (schema);
  g_assert_cmpuint (mistakes, ==, 0);
}

// What this project itself ships is as good an example as the samples.
static void
test_shipped (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "../appliances", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *id;
  guint count = 0;

  g_assert_nonnull (dir);
  while ((id = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (folder, id, "appliance.xml", NULL);
      g_autofree char *bytes = NULL;
      g_autoptr (AstAppliance) appliance = NULL;
      gsize length;

      if (!g_file_get_contents (path, &bytes, &length, NULL))
        continue;
      appliance = ast_descriptor_parse (bytes, length, path, id, folder, english);
      for (guint i = 0; i < appliance->problems->len; i++)
        g_test_message ("%s", ((AstProblem *)g_ptr_array_index (appliance->problems, i))->text);
      g_assert_true (ast_appliance_is_usable (appliance));
      count++;
    }
  g_assert_cmpuint (count, >=, 3);
}

static void
test_whole (void)
{
  g_autoptr (AstAppliance) appliance = parse_sample ("good", "netlab.xml", english);
  const AstImage *layer = g_ptr_array_index (appliance->layers, 0);
  const AstImage *cdrom = g_ptr_array_index (appliance->cdroms, 0);
  const AstNetwork *network = g_ptr_array_index (appliance->networks, 0);

  g_assert_cmpstr (appliance->id, ==, "netlab");
  g_assert_cmpstr (appliance->folder, ==, "/lab");
  g_assert_cmpstr (appliance->name, ==, "Network lab");
  g_assert_cmpstr (appliance->summary, ==, "Four routers and a sniffer");
  g_assert_cmpstr (appliance->icon, ==, "/lab/icon.svg");
  g_assert_cmpuint (appliance->icon_line, ==, 4);
  g_assert_cmpuint (appliance->icon_column, ==, 3);
  g_assert_cmpstr (appliance->category, ==, "network");
  g_assert_cmpstr (appliance->os_id, ==, "http://debian.org/debian/12");
  g_assert_cmpuint (appliance->cpus, ==, 2);
  g_assert_cmpuint (appliance->memory_mib, ==, 2048);
  g_assert_cmpstr (appliance->disk->href, ==, "disk.qcow2");
  g_assert_null (appliance->disk->path);
  g_assert_cmpstr (appliance->disk->sha256, ==,
                   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  g_assert_cmpuint (appliance->disk->line, ==, 7);
  g_assert_cmpuint (appliance->disk->column, ==, 3);
  g_assert_cmpuint (appliance->layers->len, ==, 1);
  g_assert_cmpstr (layer->href, ==, "course-2026.qcow2");
  g_assert_cmpuint (appliance->cdroms->len, ==, 1);
  g_assert_cmpstr (cdrom->href, ==, "medi6.iso");
  g_assert_cmpuint (appliance->networks->len, ==, 1);
  g_assert_cmpint (network->type, ==, AST_NETWORK_USER);
  g_assert_cmpuint (appliance->heads, ==, 1);
  g_assert_cmpuint (appliance->devices, ==,
                    AST_DEVICE_USB | AST_DEVICE_DVD | AST_DEVICE_SOUND | AST_DEVICE_CLIPBOARD);
  g_assert_cmpint (appliance->keeping, ==, AST_KEEPING_VOLATILE);
  g_assert_cmpint (appliance->start_mode, ==, AST_START_COLD);
  g_assert_true (g_str_has_prefix (appliance->domain_xml, "<domain"));
}

static void
test_defaults (void)
{
  g_autoptr (AstAppliance) appliance = parse_sample ("good", "minimal.xml", english);

  g_assert_cmpuint (appliance->cpus, ==, 1);
  g_assert_cmpuint (appliance->memory_mib, ==, 1024);
  g_assert_cmpuint (appliance->heads, ==, 1);
  g_assert_cmpuint (appliance->devices, ==, 0);
  g_assert_cmpuint (appliance->networks->len, ==, 0);
  g_assert_cmpint (appliance->keeping, ==, AST_KEEPING_VOLATILE);
  g_assert_null (appliance->summary);
  g_assert_null (appliance->icon);
  g_assert_null (appliance->domain_xml);
}

// A name with an override of the direction stands in a sentence that goes on as it began.
static void
test_turned (void)
{
  g_autoptr (AstAppliance) appliance = parse_sample ("good", "turned.xml", english);

  g_assert_cmpstr (appliance->name, ==, "Network lab");
}

static void
test_exam (void)
{
  g_autoptr (AstAppliance) without = parse_sample ("good", "minimal.xml", english);
  g_autoptr (AstAppliance) closed = parse_sample ("good", "exam.xml", english);
  g_autoptr (AstAppliance) blank = parse_sample ("good", "exam-blank.xml", english);
  g_autoptr (AstAppliance) some = parse_sample ("good", "exam-some.xml", english);
  g_autoptr (AstAppliance) all = parse_sample ("good", "exam-allows.xml", english);

  g_assert_false (without->exam);
  g_assert_true (closed->exam && blank->exam && some->exam && all->exam);
  g_assert_cmpuint (without->exam_allows, ==, 0);
  g_assert_cmpuint (closed->exam_allows, ==, 0);
  g_assert_cmpuint (blank->exam_allows, ==, 0);
  g_assert_cmpuint (some->exam_allows, ==, AST_ALLOW_END | AST_ALLOW_NETWORK);
  g_assert_cmpuint (all->exam_allows, ==,
                    AST_ALLOW_NETWORK | AST_ALLOW_USB | AST_ALLOW_DVD | AST_ALLOW_CLIPBOARD | AST_ALLOW_END
                        | AST_ALLOW_RESTART | AST_ALLOW_SEND_KEYS | AST_ALLOW_DEVICES);
}

static void
test_usb (void)
{
  static const char *const texts[] = {
    "deny class=video",
    "allow vendor=046d product=0825",
    "allow class=hid vendor=046d product=c216 port=1-4.*",
    "allow class=hid vendor=046d product=c217",
    "allow class=video vendor=046d",
    "allow class=audio",
    "allow port=2-?",
    "deny class=hub",
    "deny class=0x42 port=*",
    "deny",
  };
  g_autoptr (AstAppliance) without = parse_sample ("good", "minimal.xml", english);
  g_autoptr (AstAppliance) plain = parse_body ("<devices><usb/></devices>");
  g_autoptr (AstAppliance) rules = parse_sample ("good", "usb.xml", english);

  g_assert_cmpuint (without->devices & AST_DEVICE_USB, ==, 0);
  g_assert_cmpuint (plain->devices & AST_DEVICE_USB, !=, 0);
  g_assert_cmpuint (plain->usb_ports, ==, 4);
  g_assert_cmpuint (plain->usb_rules->len, ==, 0);
  g_assert_cmpuint (rules->usb_ports, ==, 8);
  g_assert_cmpuint (rules->usb_rules->len, ==, G_N_ELEMENTS (texts));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const AstUsbRule *rule = g_ptr_array_index (rules->usb_rules, i);
      g_autofree char *text = ast_usb_rule_to_text (rule);

      g_assert_cmpstr (text, ==, texts[i]);
      g_assert_cmpuint (rule->line, ==, 6 + i);
    }
}

static void
test_devices (void)
{
  g_autoptr (AstAppliance) in = parse_sample ("good", "clipboard-in.xml", english);
  g_autoptr (AstAppliance) out = parse_sample ("good", "clipboard-out.xml", english);
  g_autoptr (AstAppliance) none = parse_sample ("good", "clipboard-none.xml", english);
  g_autoptr (AstAppliance) both = parse_sample ("good", "clipboard-both.xml", english);
  g_autoptr (AstAppliance) share = parse_sample ("good", "share.xml", english);
  g_autoptr (AstAppliance) writable = parse_sample ("good", "share-writable.xml", english);

  g_assert_cmpuint (in->devices, ==, AST_DEVICE_CLIPBOARD_IN);
  g_assert_cmpuint (out->devices, ==, AST_DEVICE_CLIPBOARD_OUT);
  g_assert_cmpuint (none->devices, ==, 0);
  g_assert_cmpuint (both->devices, ==, AST_DEVICE_CLIPBOARD_IN | AST_DEVICE_CLIPBOARD_OUT);
  g_assert_null (both->share);
  g_assert_cmpuint (share->devices, ==, AST_DEVICE_SHARE);
  g_assert_cmpstr (share->share, ==, "course-2026.b");
  g_assert_cmpuint (share->exam_allows, ==, AST_ALLOW_SHARE | AST_ALLOW_END);
  g_assert_cmpuint (writable->devices, ==, AST_DEVICE_SHARE | AST_DEVICE_SHARE_WRITE | AST_DEVICE_SMARTCARD);
  g_assert_cmpstr (writable->share, ==, "hand-in");
  g_assert_cmpuint (writable->exam_allows, ==, AST_ALLOW_SHARE | AST_ALLOW_SMARTCARD);
}

static void
test_values (void)
{
  g_autoptr (AstAppliance) any = parse_sample ("good", "any-order.xml", english);
  g_autoptr (AstAppliance) warm = parse_sample ("good", "warm.xml", english);
  g_autoptr (AstAppliance) kib = parse_sample ("good", "memory-kib.xml", english);
  g_autoptr (AstAppliance) most = parse_sample ("good", "most.xml", english);
  g_autoptr (AstAppliance) layers = parse_sample ("good", "layers.xml", english);
  g_autoptr (AstAppliance) spaced = parse_sample ("good", "spaced.xml", english);
  g_autoptr (AstAppliance) marks = parse_sample ("good", "marks.xml", english);
  const AstImage *second = g_ptr_array_index (layers->layers, 1);
  const AstNetwork *bridge = g_ptr_array_index (spaced->networks, 0);

  g_assert_cmpint (warm->start_mode, ==, AST_START_WARM);
  g_assert_cmpstr (warm->warm_probe, ==, "if exist C:\\ready exit 0");
  g_assert_true (warm->warm_licensed);
  g_assert_null (any->warm_probe);
  g_assert_cmpint (any->keeping, ==, AST_KEEPING_KEPT);
  g_assert_cmpuint (any->devices, ==, AST_DEVICE_CLIPBOARD | AST_DEVICE_USB);
  g_assert_cmpuint (any->memory_mib, ==, 4096);
  g_assert_cmpuint (kib->memory_mib, ==, 16);
  g_assert_cmpuint (most->memory_mib, ==, 1024 * 1024);
  g_assert_cmpuint (most->cpus, ==, 64);
  g_assert_cmpuint (most->heads, ==, 4);
  g_assert_cmpstr (second->href, ==, "sub/two.qcow2");
  g_assert_true (g_str_has_prefix (second->sha256, "aaaa"));
  g_assert_cmpuint (spaced->cpus, ==, 2);
  g_assert_cmpint (bridge->type, ==, AST_NETWORK_BRIDGE);
  g_assert_cmpstr (bridge->source, ==, "br-0.1_x");
  g_assert_cmpstr (spaced->os_id, ==, "https://microsoft.com/win/11");
  g_assert_cmpstr (marks->name, ==, "Ampers&nd <and> CDATA");
  g_assert_cmpstr (marks->summary, ==, "many blanks and lines");
  g_assert_cmpstr (marks->disk->href, ==, "my disk.qcow2");
}

static void
assert_name (const char *const *languages, const char *name)
{
  g_autoptr (AstAppliance) appliance = parse_sample ("good", "languages.xml", languages);

  g_assert_cmpstr (appliance->name, ==, name);
}

static void
test_languages (void)
{
  const char *const french[] = { "fr_FR.UTF-8", "fr_FR", "fr.UTF-8", "fr", "C", NULL };
  const char *const quebec[] = { "fr_CA", "fr", "C", NULL };
  const char *const german_at_euro[] = { "de_DE@euro", "de@euro", "de_DE", "de", "C", NULL };
  const char *const japanese[] = { "ja", NULL };
  const char *const taiwan[] = { "zh_TW", "zh", "C", NULL };
  const char *const breton_then_german[] = { "br", "de", "C", NULL };
  const char *const plain_then_french[] = { "C", "fr", NULL };
  const char *const italian[] = { "it", "C", NULL };
  const char *const none[] = { NULL };

  assert_name (english, "Language lab");
  assert_name (french, "Laboratoire de langues");
  assert_name (quebec, "Labo de langues");
  assert_name (german_at_euro, "Sprachlabor");
  assert_name (japanese, "語学実習室");
  assert_name (taiwan, "語言實驗室");
  assert_name (breton_then_german, "Sprachlabor");
  assert_name (plain_then_french, "Language lab");
  assert_name (italian, "Language lab");
  assert_name (none, "Language lab");
  assert_name (NULL, "Language lab");
}

// The copy can stand alone: it brings the name spaces that it uses along.
static void
test_domain (void)
{
  g_autoptr (AstAppliance) appliance = parse_sample ("good", "expert.xml", english);
  g_autoptr (AstAppliance) outer = parse_body (
      "<name>x</name><disk href='d'/><domain><q:a xmlns:q='urn:q' b='c'>&lt;&amp;</q:a></domain>");
  xmlDoc *tree = xmlReadMemory (appliance->domain_xml, (int)strlen (appliance->domain_xml), NULL, NULL, 0);

  g_assert_nonnull (tree);
  g_assert_cmpstr ((const char *)xmlDocGetRootElement (tree)->name, ==, "domain");
  g_assert_nonnull (
      strstr (appliance->domain_xml, "xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\""));
  g_assert_nonnull (strstr (appliance->domain_xml, "<qemu:arg value=\"-no-hpet\"/>"));
  g_assert_nonnull (strstr (outer->domain_xml, "<q:a xmlns:q=\"urn:q\" b=\"c\">&lt;&amp;</q:a>"));
  xmlFreeDoc (tree);
}

static void
test_domain_outer_prefix (void)
{
  static const char text[] = "<appliance xmlns='" AST_DESCRIPTOR_NAMESPACE "' xmlns:qemu='urn:q' id='lab'>"
                             "<name>x</name><disk href='d'/><domain><qemu:commandline/></domain></appliance>";
  g_autoptr (AstAppliance) appliance = parse_bytes (text, strlen (text), "lab.xml", english);

  g_assert_cmpuint (appliance->problems->len, ==, 0);
  g_assert_nonnull (strstr (appliance->domain_xml, "xmlns:qemu=\"urn:q\""));
}

// A syntax error at the end does not take the tile's name.
static void
test_name_of_broken (void)
{
  g_autoptr (AstAppliance) cut = parse_sample ("bad", "truncated.xml", english);
  g_autoptr (AstAppliance) plain = parse_sample ("bad", "namespace-none.xml", english);
  g_autoptr (AstAppliance) nothing = parse_sample ("bad", "empty.xml", english);

  g_assert_cmpstr (cut->name, ==, "Network lab");
  g_assert_cmpuint (cut->problems->len, ==, 1);
  g_assert_cmpstr (plain->name, ==, "Network lab");
  g_assert_cmpuint (plain->problems->len, ==, 1);
  g_assert_cmpstr (nothing->name, ==, "empty");
}

static void
test_too_large (void)
{
  gsize length = 10 * 1024 * 1024;
  g_autofree char *bytes = g_malloc (length);
  g_autoptr (AstAppliance) appliance = NULL;

  memset (bytes, ' ', length);
  appliance = ast_descriptor_parse (bytes, length, "lab.xml", "lab", "/lab", english);
  assert_problem (appliance, "lab.xml: The file has 10.5 MB; a descriptor is never that large.");
}

// The largest that is allowed, made of what costs most: a problem in each element.
static void
test_largest (void)
{
  g_autoptr (GString) text = g_string_new ("<appliance xmlns='" AST_DESCRIPTOR_NAMESPACE "' id='lab'>");
  g_autoptr (AstAppliance) appliance = NULL;

  while (text->len < AST_DESCRIPTOR_MAX_BYTES - 20)
    g_string_append (text, "<x/>\n");
  g_string_append (text, "</appliance>");
  appliance = parse_bytes (text->str, text->len, "lab.xml", english);
  g_assert_cmpuint (appliance->problems->len, ==, 51);
}

// However long the words are that a sentence quotes, it stays one that fits on a screen.
static void
test_sentence_length (void)
{
  g_autofree char *name = g_strnfill (40000, 'n');
  g_autofree char *unclosed = g_strdup_printf ("<%s><b></%s>", name, name);
  g_autofree char *unknown = g_strdup_printf ("<%s/><cpu count='%s' %s='x'/>", name, name, name);
  g_autoptr (AstAppliance) one = parse_body (unclosed);
  g_autoptr (AstAppliance) other = parse_body (unknown);
  const AstProblem *problem = g_ptr_array_index (one->problems, 0);

  g_assert_cmpint (g_utf8_strlen (problem->text, -1), ==, 301);
  g_assert_cmpuint (other->problems->len, >=, 4);
  for (guint i = 0; i < other->problems->len; i++)
    {
      problem = g_ptr_array_index (other->problems, i);
      g_assert_cmpint (g_utf8_strlen (problem->text, -1), <, 400);
    }
}

// Columns count characters, not bytes; a byte order mark and tabs do not disturb.
static void
test_columns (void)
{
  static const char text[] = "\xEF\xBB\xBF<appliance xmlns='" AST_DESCRIPTOR_NAMESPACE "'\r\n id='lab'>\r\n"
                             "<name>é語</name>\t<cpu\n count=\n'a>b'/><disk href='d'/></appliance>";
  g_autoptr (AstAppliance) appliance = parse_bytes (text, strlen (text), "lab.xml", english);

  assert_problem (appliance, "lab.xml:3:17: <cpu> cannot be “a>b”. Write a whole number from 1 to 64.");
  g_assert_cmpuint (appliance->disk->line, ==, 5);
  g_assert_cmpuint (appliance->disk->column, ==, 8);
}

// Cut anywhere, and with any byte changed, a descriptor is read or refused, and nothing else.
static void
test_damaged (void)
{
  gsize length;
  g_autofree char *bytes = load_sample ("good", "netlab.xml", &length);

  for (gsize i = 0; i < length; i++)
    {
      g_autoptr (AstAppliance) cut = parse_bytes (bytes, i, "netlab.xml", english);
      g_autoptr (AstAppliance) changed = NULL;
      char byte = bytes[i];

      bytes[i] = "<>&\"\0\xff/x"[i % 8];
      changed = parse_bytes (bytes, length, "netlab.xml", english);
      bytes[i] = byte;
      // The last byte is only a newline.
      g_assert_true (i == length - 1 || !ast_appliance_is_usable (cut));
      g_assert_nonnull (changed->name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/descriptor/good", test_good);
  g_test_add_func ("/descriptor/bad", test_bad);
  g_test_add_func ("/descriptor/schema", test_schema);
  g_test_add_func ("/descriptor/shipped", test_shipped);
  g_test_add_func ("/descriptor/whole", test_whole);
  g_test_add_func ("/descriptor/defaults", test_defaults);
  g_test_add_func ("/descriptor/turned", test_turned);
  g_test_add_func ("/descriptor/exam", test_exam);
  g_test_add_func ("/descriptor/usb", test_usb);
  g_test_add_func ("/descriptor/devices", test_devices);
  g_test_add_func ("/descriptor/values", test_values);
  g_test_add_func ("/descriptor/languages", test_languages);
  g_test_add_func ("/descriptor/domain", test_domain);
  g_test_add_func ("/descriptor/domain/outer-prefix", test_domain_outer_prefix);
  g_test_add_func ("/descriptor/name-of-broken", test_name_of_broken);
  g_test_add_func ("/descriptor/too-large", test_too_large);
  g_test_add_func ("/descriptor/largest", test_largest);
  g_test_add_func ("/descriptor/sentence-length", test_sentence_length);
  g_test_add_func ("/descriptor/columns", test_columns);
  g_test_add_func ("/descriptor/damaged", test_damaged);
  return g_test_run ();
}
