// SPDX-License-Identifier: GPL-3.0-or-later
#include "domain-check.h"
#include "error.h"
#include "image-tools.h"
#include <string.h>

#define DOMAIN(inside, devices) "<domain>" inside "<devices>" devices "</devices></domain>"

typedef struct
{
  const char *name;
  const char *xml;
  const char *words; // of the refusal; NULL = it is good
} Case;

// On a station with 4 GiB.
static const Case cases[] = {
  { "nothing", DOMAIN ("", ""), NULL },
  { "memory", DOMAIN ("<memory unit=\"GiB\">4</memory>", ""), NULL },
  { "memory-too-much", DOMAIN ("<memory unit=\"MiB\">4097</memory>", ""), "memory" },
  { "memory-in-kib", DOMAIN ("<memory>4194305</memory>", ""), "memory" },
  { "memory-in-tera", DOMAIN ("<memory unit=\"TiB\">1</memory>", ""), "memory" },
  { "memory-overrun", DOMAIN ("<memory unit=\"GiB\">18446744073709551615</memory>", ""), "memory" },
  { "memory-slots", DOMAIN ("<maxMemory unit=\"GiB\">5</maxMemory>", ""), "memory" },
  { "memory-cells",
    DOMAIN ("<memory unit=\"GiB\">1</memory><cpu><numa><cell memory=\"3\" unit=\"GiB\"/>"
            "<cell memory=\"2\" unit=\"GiB\"/></numa></cpu>",
            ""),
    "memory" },
  { "processors", DOMAIN ("<vcpu>64</vcpu>", ""), NULL },
  { "processors-too-many", DOMAIN ("<vcpu placement=\"static\">65</vcpu>", ""), "processors" },
  { "video", DOMAIN ("", "<video><model ram=\"262144\" vram=\"65536\" vgamem=\"131072\"/></video>"), NULL },
  { "video-too-much", DOMAIN ("", "<video><model vgamem=\"1048577\"/></video>"), "video" },
  { "video-together",
    DOMAIN ("", "<video><model vram=\"600000\"/></video><video><model vram64=\"600000\"/></video>"),
    "video" },
};

static void
test_case (gconstpointer data)
{
  const Case *self = data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (ast_domain_check (self->xml, 4096, &error), ==, self->words == NULL);
  if (self->words == NULL)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, AST_ERROR, AST_ERROR_DESCRIPTOR);
  g_assert_nonnull (strstr (error->message, self->words));
}

static void
test_unknown_memory (void)
{
  g_assert_true (ast_domain_check (DOMAIN ("<memory unit=\"TiB\">9</memory>", ""), 0, NULL));
}

static char *
disk_on (const char *path, const char *format, const char *below)
{
  return g_strdup_printf (
      DOMAIN ("", "<disk type=\"file\"><driver type=\"%s\"/><source file=\"%s\"/>%s</disk>"), format, path,
      below);
}

static void
expect_disk (const char *path, const char *format, const char *below, int code)
{
  g_autofree char *xml = disk_on (path, format, below);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (ast_domain_check (xml, 0, &error), ==, code < 0);
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, AST_ERROR, code);
}

// An image that was made on another one would lead QEMU wherever its header says.
static void
test_disks (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *alone = g_build_filename (folder, "alone.qcow2", NULL);
  g_autofree char *on_another = g_build_filename (folder, "on-another.qcow2", NULL);
  g_autofree char *elsewhere = g_build_filename (folder, "elsewhere.qcow2", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing.qcow2", NULL);
  g_autofree char *named = NULL;

  g_assert_true (run_tool ("qemu-img create -q -f qcow2", alone, "1M", NULL));
  g_assert_true (run_tool ("qemu-img create -q -f qcow2 -F raw -b /etc/hostname -u", on_another, "1M", NULL));
  g_assert_true (
      run_tool ("qemu-img create -q -u -f qcow2 -F raw -b nbd://192.0.2.1/x", elsewhere, "1M", NULL));
  named = g_strdup_printf ("<backingStore type=\"file\"><source file=\"%s\"/><backingStore/></backingStore>",
                           alone);
  expect_disk (alone, "qcow2", "<backingStore/>", -1);
  expect_disk (on_another, "qcow2", "<backingStore/>", AST_ERROR_DESCRIPTOR);
  expect_disk (elsewhere, "qcow2", "<backingStore/>", AST_ERROR_DESCRIPTOR);
  expect_disk (on_another, "qcow2", named, -1);
  expect_disk (on_another, "raw", "<backingStore/>", -1);
  expect_disk (missing, "qcow2", "<backingStore/>", AST_ERROR_IMAGE_MISSING);
  expect_disk (folder, "qcow2", "<backingStore/>", AST_ERROR_IMAGE_UNREADABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/domain-check/%s", cases[i].name);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/domain-check/unknown-memory", test_unknown_memory);
  g_test_add_func ("/domain-check/disks", test_disks);
  return g_test_run ();
}
