// SPDX-License-Identifier: GPL-3.0-or-later
// A domain without its network cards, and one on another disk than it was saved on.
#include "warm-domain.h"
#include "error.h"
#include <string.h>

#define BUILT                                                                                                \
  "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><devices>"                    \
  "<interface type='user'><mac address='52:54:00:00:00:01'/><alias name='ua-net0'/></interface>"             \
  "<interface type='user'><mac address='52:54:00:00:00:02'/><alias name='ua-net1'/></interface>"             \
  "<interface type='user'><mac address='52:54:00:00:00:03'/><alias name='ua-other'/></interface>"            \
  "<rng model='virtio'/></devices><qemu:override><qemu:device alias='ua-net1'/></qemu:override></domain>"

// The second is isolated, which only a card that is there from the beginning can be; the third is an expert's
// own.
static void
test_split (void)
{
  g_autoptr (GPtrArray) cards = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *rest = ast_warm_domain_split (BUILT, cards, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (cards->len, ==, 1);
  g_assert_nonnull (strstr (cards->pdata[0], "52:54:00:00:00:01"));
  g_assert_null (strstr (rest, "52:54:00:00:00:01"));
  g_assert_nonnull (strstr (rest, "52:54:00:00:00:02"));
  g_assert_nonnull (strstr (rest, "52:54:00:00:00:03"));
  g_assert_nonnull (strstr (rest, "<rng"));
}

#define SAVED                                                                                                \
  "<domain type='qemu'><metadata><appliance xmlns='" AST_DOMAIN_NAMESPACE "' id='lab'/></metadata><devices>" \
  "<disk type='file' device='cdrom'><source file='/a/live.iso'/></disk>"                                     \
  "<disk type='file' device='disk'><source file='/warm/lab-0123456789ab.volatile.qcow2'>"                    \
  "<slices><slice type='storage' offset='0' size='10'/></slices></source>"                                   \
  "<backingStore type='file'><format type='qcow2'/><source "                                                 \
  "file='/a/disk.qcow2'/><backingStore/></backingStore>"                                                     \
  "<target dev='vda' bus='virtio'/></disk></devices></domain>"

static void
test_on_seed (void)
{
  const AstDomainOverlay overlay = { .path = "/overlays/lab-1.volatile.qcow2", .bound = 4711 };
  g_autoptr (GError) error = NULL;
  g_autofree char *xml
      = ast_warm_domain_on_seed (SAVED, &overlay, "/warm/lab-0123456789ab.seed.qcow2", "its-token", &error);
  const char *top, *seed, *base;

  g_assert_no_error (error);
  top = strstr (xml, "<source file=\"/overlays/lab-1.volatile.qcow2\"");
  seed = strstr (xml, "<source file=\"/warm/lab-0123456789ab.seed.qcow2\"");
  base = strstr (xml, "<source file=\"/a/disk.qcow2\"");
  g_assert_true (top && seed && base && top < seed && seed < base);
  g_assert_nonnull (strstr (xml, "size=\"4711\""));
  g_assert_null (strstr (xml, "lab-0123456789ab.volatile"));
  g_assert_nonnull (strstr (xml, "/a/live.iso"));
  g_assert_nonnull (strstr (xml, "session=\"its-token\""));
}

static void
test_has_card (void)
{
#define CARD(alias) "<interface type='user'><alias name='" alias "'/></interface>"
  static const char *const guest
      = "<domain><devices><disk/>" CARD ("ua-net0") CARD ("ua-net2") "</devices></domain>";

  g_assert_true (ast_warm_domain_has_card (guest, CARD ("ua-net0")));
  g_assert_true (ast_warm_domain_has_card (guest, CARD ("ua-net2")));
  g_assert_false (ast_warm_domain_has_card (guest, CARD ("ua-net1")));
  g_assert_false (ast_warm_domain_has_card (guest, "<interface/>"));
  g_assert_false (ast_warm_domain_has_card ("<domain><devices/></domain>", CARD ("ua-net0")));
}

static void
test_refused (void)
{
  const AstDomainOverlay overlay = { .path = "/o", .bound = 1 };
  static const char *const wrong[] = { "", "<domain>", "<domain/>", "<domain><devices/></domain>" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ast_warm_domain_on_seed (wrong[i], &overlay, "/seed", NULL, &error));
      g_assert_error (error, AST_ERROR, AST_ERROR_WARM);
    }
  g_assert_null (ast_warm_domain_on_seed (SAVED, NULL, NULL, NULL, NULL));
}

static void
test_can_be_mapped (void)
{
#define GUEST(words, devices) "<domain>" words "<devices>" devices "</devices></domain>"
  static const char *const can[]
      = { GUEST ("<memory>1</memory>", ""), GUEST ("<cpu><model>Nehalem</model></cpu>", ""),
          GUEST ("", "<memballoon model='none'/>") };
  static const char *const cannot[] = { "",
                                        "<domain/>",
                                        GUEST ("<memoryBacking><hugepages/></memoryBacking>", ""),
                                        GUEST ("<maxMemory slots='4'>9</maxMemory>", ""),
                                        GUEST ("<cpu><numa><cell id='0'/></numa></cpu>", ""),
                                        GUEST ("<numatune><memory nodeset='0'/></numatune>", ""),
                                        GUEST ("", "<memballoon model='virtio'/>") };

  for (guint i = 0; i < G_N_ELEMENTS (can); i++)
    g_assert_true (ast_warm_domain_can_be_mapped (can[i]));
  for (guint i = 0; i < G_N_ELEMENTS (cannot); i++)
    g_assert_false (ast_warm_domain_can_be_mapped (cannot[i]));
}

// What an expert gave to QEMU's command line stays before it.
static void
test_map (void)
{
  static const char *const guests[]
      = { "<domain><devices/></domain>",
          "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><devices/><q:commandline>"
          "<q:arg value='-no-hpet'/></q:commandline></domain>" };

  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *xml = ast_warm_domain_map (guests[i], "/warm/a,\"b\".ram", 4096, &error);
      const char *args;

      g_assert_no_error (error);
      g_assert_nonnull (strstr (xml, "http://libvirt.org/schemas/domain/qemu/1.0"));
      args = strstr (xml, i ? "<q:arg value=\"-no-hpet\"/>" : "<qemu:commandline>");
      g_assert_true (args && strstr (args, "arg value=\"-object\"/>"));
      g_assert_nonnull (strstr (xml, "mem-path&quot;:&quot;/warm/a,\\&quot;b\\&quot;.ram&quot;"));
      g_assert_nonnull (strstr (xml, "&quot;size&quot;:4096"));
      g_assert_nonnull (strstr (xml, "&quot;x-use-canonical-path-for-ramblock-id&quot;:false"));
      g_assert_nonnull (strstr (xml, "value=\"memory-backend=mapped\""));
    }
  g_assert_null (ast_warm_domain_map ("<domain/>", "/r", 4096, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/warm-domain/split", test_split);
  g_test_add_func ("/warm-domain/on-seed", test_on_seed);
  g_test_add_func ("/warm-domain/has-card", test_has_card);
  g_test_add_func ("/warm-domain/refused", test_refused);
  g_test_add_func ("/warm-domain/can-be-mapped", test_can_be_mapped);
  g_test_add_func ("/warm-domain/map", test_map);
  return g_test_run ();
}
