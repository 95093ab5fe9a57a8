// SPDX-License-Identifier: GPL-3.0-or-later
#include "scrub.h"
#include "domain-identity.h"
#include <string.h>

#define MACHINE_ID "0123456789abcdef0123456789abcdef"

static void
assert_scrubbed (const AstScrub *scrub, const char *text, const char *expected)
{
  g_autofree char *scrubbed = ast_scrub_text (scrub, text);

  g_assert_cmpstr (scrubbed, ==, expected);
}

static void
test_learned (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);

  ast_scrub_learn (scrub, "letmein");
  ast_scrub_learn (scrub, "let");
  ast_scrub_learn (scrub, "letmeinplease");
  ast_scrub_learn (scrub, "a.*b");
  assert_scrubbed (scrub, "let me, xletmeinx letmeinplease a.*b aab",
                   "let me, x[blanked]x [blanked] [blanked] aab");
}

static void
test_descriptor (void)
{
  static const char descriptor[]
      = "<appliance xmlns='urn:asteroide:appliance:1' id='lab'><name>Lab</name><domain>"
        "<devices><graphics type='spice' passwd='tulip&amp;rose'/>"
        "<disk><auth username='adalovelace'><secret type='iscsi' usage='of the lab'/></auth></disk></devices>"
        "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
        "<qemu:env name='LICENCE' value='ABCD-1234'/><qemu:arg value='-no-hpet'/></qemu:commandline>"
        "<passphrase>swordfish</passphrase></domain></appliance>";
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);
  g_autoptr (AstScrub) broken = ast_scrub_new (NULL);

  ast_scrub_learn_descriptor (scrub, descriptor, strlen (descriptor));
  assert_scrubbed (scrub, "tulip&rose tulip&amp;rose adalovelace ABCD-1234 swordfish",
                   "[blanked] [blanked] [blanked] [blanked] [blanked]");
  assert_scrubbed (scrub, "Lab lab spice iscsi LICENCE -no-hpet", "Lab lab spice iscsi LICENCE -no-hpet");
  // Of what cannot be parsed whole, what stands before.
  ast_scrub_learn_descriptor (broken, descriptor, strlen (descriptor) - 60);
  assert_scrubbed (broken, "tulip&rose", "[blanked]");
  ast_scrub_learn_descriptor (broken, "no xml", 6);
  ast_scrub_learn_descriptor (broken, "", 0);
}

static void
test_looks (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);

  assert_scrubbed (scrub, "passwd='a b', x", "passwd=[blanked], x");
  assert_scrubbed (scrub, "{\"password\":\"a \\\"b\",\"id\":\"x\"}", "{\"password\":[blanked],\"id\":\"x\"}");
  assert_scrubbed (scrub, "-object secret,id=s0,data=abc,format=raw",
                   "-object secret,id=s0,data=[blanked],format=raw");
  assert_scrubbed (scrub, "{\"qom-type\":\"secret\",\"id\":\"s\",\"data\":\"abc\"}",
                   "{\"qom-type\":\"secret\",\"id\":\"s\",\"data\":[blanked]}");
  assert_scrubbed (scrub, "API_TOKEN=xyz secret: xyz", "API_TOKEN=[blanked] secret: [blanked]");
  assert_scrubbed (scrub, "secretive: good, top-secret: good", "secretive: good, top-secret: good");
  assert_scrubbed (scrub, "tls-key=xyz,port=1 bar-chord=<Control>",
                   "tls-key=[blanked],port=1 bar-chord=<Control>");
  assert_scrubbed (scrub, "[paths] has no key “x”.", "[paths] has no key “x”.");
}

static void
test_addresses (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);
  g_autofree char *web = ast_scrub_address ("https://ada:tulip@help.example.org:8443/t/abc?k=def#ghi");
  g_autofree char *none = ast_scrub_address ("tulip");

  assert_scrubbed (
      scrub, "qemu+ssh://ada@lab/session, https://ada:tulip@help/t?k=v&l=w “http://h/?x”",
      "qemu+ssh://[blanked]@lab/session, https://[blanked]@help/t?[blanked] “http://h/?[blanked]”");
  assert_scrubbed (scrub, "http://debian.org/debian/12 qemu:///session ada@lab",
                   "http://debian.org/debian/12 qemu:///session ada@lab");
  g_assert_cmpstr (web, ==, "https://help.example.org/[blanked]");
  g_assert_cmpstr (none, ==, "[blanked]");
}

// A guest's log tells QEMU's command line.
static void
test_guest_log (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);
  g_autofree char *uuid = ast_domain_identity_uuid (MACHINE_ID, "lab");
  g_autofree char *mac = ast_domain_identity_mac (MACHINE_ID, "lab", 0);
  g_autofree char *serial = ast_domain_identity_serial (MACHINE_ID, "lab");
  g_autofree char *log
      = g_strdup_printf ("2026-03-09 09:24:51.123+0000: starting up libvirt version: 9.0.0\n"
                         "LC_ALL=C \\\nHOME=/root \\\n"
                         "/usr/bin/qemu-system-x86_64 \\\n-uuid %s \\\n-smbios type=1,serial=%s \\\n"
                         "-device '{\"driver\":\"virtio-net-pci\",\"mac\":\"%s\"}' \\\n"
                         "char device redirected to /dev/pts/1\n%s\n",
                         uuid, serial, mac, MACHINE_ID);

  assert_scrubbed (scrub, log,
                   "2026-03-09 09:24:51.123+0000: starting up libvirt version: 9.0.0\n"
                   "LC_ALL=[blanked] \\\nHOME=[blanked] \\\n"
                   "/usr/bin/qemu-system-x86_64 \\\n-uuid [blanked] \\\n-smbios type=1,serial=[blanked] \\\n"
                   "-device '{\"driver\":\"virtio-net-pci\",\"mac\":\"[blanked]\"}' \\\n"
                   "char device redirected to /dev/pts/1\n[blanked]\n");
}

// Sums are longer, times and overlays shorter than what is made from a machine's id.
static void
test_what_stays (void)
{
  static const char *const texts[]
      = { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "netlab-0123456789ab.volatile.qcow2", "2026-03-09T10:24:51+01:00", "00:1f.2 8086:2922", "" };
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_scrubbed (scrub, texts[i], texts[i]);
}

static void
test_homes (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new ("kiosk");
  g_autoptr (AstScrub) nobody = ast_scrub_new (NULL);

  assert_scrubbed (scrub, "/home/ada/x /home/kiosk/x /home/kiosk /home/kiosk2/x /home/ada",
                   "/home/[blanked]/x /home/kiosk/x /home/kiosk /home/[blanked]/x /home/[blanked]");
  assert_scrubbed (nobody, "/home/kiosk: Permission denied", "/home/[blanked]: Permission denied");
  assert_scrubbed (nobody, "/run/media/ada/STICK", "/run/media/[blanked]/STICK");
  assert_scrubbed (nobody, "/var/lib/asteroide/home/.cache (/media/ada) \"/home/ada\"",
                   "/var/lib/asteroide/home/.cache (/media/[blanked]) \"/home/[blanked]\"");
}

// Logs have lines that nobody meant to be read.
static void
test_long_lines (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);
  const char *const pieces[]
      = { "a", "a.", "a-", "a ", "secret", "key", "\"a", "a:", "0", "x://", "http://", "passwd='" };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GString) line = g_string_new ("begins ");
      g_autofree char *scrubbed = NULL;

      while (line->len < 64 * 1024)
        g_string_append (line, pieces[i]);
      g_string_append (line, " passwd=x");
      scrubbed = ast_scrub_text (scrub, line->str);
      g_test_message ("%s", pieces[i]);
      g_assert_true (g_str_has_prefix (scrubbed, "begins "));
      g_assert_true (g_str_has_suffix (scrubbed, " passwd=[blanked]"));
    }
}

static void
test_no_text (void)
{
  g_autoptr (AstScrub) scrub = ast_scrub_new (NULL);

  assert_scrubbed (scrub, "a\xff passwd=x", "a\xef\xbf\xbd passwd=[blanked]");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scrub/learned", test_learned);
  g_test_add_func ("/scrub/descriptor", test_descriptor);
  g_test_add_func ("/scrub/looks", test_looks);
  g_test_add_func ("/scrub/addresses", test_addresses);
  g_test_add_func ("/scrub/guest-log", test_guest_log);
  g_test_add_func ("/scrub/what-stays", test_what_stays);
  g_test_add_func ("/scrub/homes", test_homes);
  g_test_add_func ("/scrub/long-lines", test_long_lines);
  g_test_add_func ("/scrub/no-text", test_no_text);
  return g_test_run ();
}
