// SPDX-License-Identifier: GPL-3.0-or-later
#include "os-traits.h"
#include <osinfo/osinfo.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

static void
expect (const char *os_id, gboolean virtio, gboolean virtio_video, gboolean usb3, gboolean windows,
        gboolean known)
{
  AstOsTraits traits = ast_os_traits_lookup (os_id);

  g_assert_cmpint (traits.virtio_disk, ==, virtio);
  g_assert_cmpint (traits.virtio_net, ==, virtio);
  g_assert_cmpint (traits.virtio_video, ==, virtio_video);
  g_assert_cmpint (traits.usb3, ==, usb3);
  g_assert_cmpint (traits.windows, ==, windows);
  g_assert_cmpint (traits.known, ==, known);
}

static void
test_known (void)
{
  expect ("http://microsoft.com/win/10", FALSE, FALSE, TRUE, TRUE, TRUE);
  expect ("http://microsoft.com/win/7", FALSE, FALSE, FALSE, TRUE, TRUE);
  expect ("http://debian.org/debian/11", TRUE, TRUE, TRUE, FALSE, TRUE);
  expect ("http://ubuntu.com/ubuntu/22.04", TRUE, FALSE, TRUE, FALSE, TRUE);
  expect ("http://centos.org/centos/6.0", TRUE, FALSE, FALSE, FALSE, TRUE);
  expect ("http://freebsd.org/freebsd/13.1", TRUE, FALSE, FALSE, FALSE, TRUE);
}

static void
test_unknown (void)
{
  expect (NULL, TRUE, TRUE, TRUE, FALSE, FALSE);
  expect ("http://example.org/unknown", TRUE, TRUE, TRUE, FALSE, FALSE);
  expect ("http://microsoft.com/win/99", FALSE, FALSE, TRUE, TRUE, FALSE);
}

// None of these may be looked for outside of the database.
static void
test_odd_ids (void)
{
  const char *const ids[] = { "",
                              "http://",
                              "http://debian.org",
                              "http:///debian/11",
                              "http://../os/debian.org/debian-11",
                              "http://./x",
                              "debian/11",
                              "http://debian.org/../debian.org/debian-11",
                              "\xff\xfe" };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    expect (ids[i], TRUE, TRUE, TRUE, FALSE, FALSE);
}

static void
test_own_database (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "data", "osinfo", NULL);
  const char *const folders[] = { "/nonexistent", folder, NULL };
  AstOsTraits child = ast_os_traits_lookup_in (folders, "http://example.org/os/child");
  AstOsTraits loop = ast_os_traits_lookup_in (folders, "http://example.org/os/loop");
  AstOsTraits broken = ast_os_traits_lookup_in (folders, "http://example.org/os/broken");

  g_assert_true (child.known && child.virtio_disk && child.usb3 && !child.virtio_net);
  g_assert_true (loop.known && loop.virtio_net);
  g_assert_false (broken.known);
}

static gboolean
has (OsinfoDeviceList *devices, const char *id)
{
  return osinfo_list_find_by_id (OSINFO_LIST (devices), id) != NULL;
}

static void
compare (OsinfoOs *os)
{
  g_autoptr (OsinfoDeviceList) devices = osinfo_os_get_all_devices (os, NULL);
  const char *id = osinfo_entity_get_id (OSINFO_ENTITY (os));
  AstOsTraits traits = ast_os_traits_lookup (id);

  g_test_message ("%s", id);
  g_assert_cmpint (traits.known, ==, osinfo_list_get_length (OSINFO_LIST (devices)) > 0);
  if (!traits.known)
    return;
  g_assert_cmpint (traits.virtio_disk, ==,
                   has (devices, "http://pcisig.com/pci/1af4/1001")
                       || has (devices, "http://pcisig.com/pci/1af4/1042"));
  g_assert_cmpint (traits.virtio_net, ==,
                   has (devices, "http://pcisig.com/pci/1af4/1000")
                       || has (devices, "http://pcisig.com/pci/1af4/1041"));
  g_assert_cmpint (traits.virtio_video, ==, has (devices, "http://pcisig.com/pci/1af4/1050"));
  g_assert_cmpint (traits.usb3, ==,
                   has (devices, "http://pcisig.com/pci/1b36/0004")
                       || has (devices, "http://pcisig.com/pci/1033/0194"));
}

// libosinfo 1.10 loses some bytes a load, in its own loader.
static void
load_whole_database (OsinfoLoader *loader, GError **error)
{
#ifdef __SANITIZE_ADDRESS__
  __lsan_disable ();
#endif
  osinfo_loader_process_default_path (loader, error);
#ifdef __SANITIZE_ADDRESS__
  __lsan_enable ();
#endif
}

// We read single files of the database; the library that owns it must see the same in every one of its
// systems.
// libosinfo takes minutes to answer for every system under the sanitizers, which are not for its code: there, every
// tenth has to do. The plain build, which runs this too, asks for all.
#ifdef __SANITIZE_ADDRESS__
#define STEP 10
#else
#define STEP 1
#endif

static void
test_same_as_libosinfo (void)
{
  g_autoptr (OsinfoLoader) loader = osinfo_loader_new ();
  g_autoptr (OsinfoOsList) systems = NULL;
  g_autoptr (GError) error = NULL;

  load_whole_database (loader, &error);
  g_assert_no_error (error);
  systems = osinfo_db_get_os_list (osinfo_loader_get_db (loader));
  g_assert_cmpint (osinfo_list_get_length (OSINFO_LIST (systems)), >, 500);
  for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (systems)); i += STEP)
    compare (OSINFO_OS (osinfo_list_get_nth (OSINFO_LIST (systems), i)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/os-traits/known", test_known);
  g_test_add_func ("/os-traits/unknown", test_unknown);
  g_test_add_func ("/os-traits/odd-ids", test_odd_ids);
  g_test_add_func ("/os-traits/own-database", test_own_database);
  g_test_add_func ("/os-traits/same-as-libosinfo", test_same_as_libosinfo);
  return g_test_run ();
}
