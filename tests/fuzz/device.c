// SPDX-License-Identifier: GPL-3.0-or-later
// A device that says anything at all of itself → a device with a name that can be shown, and a verdict. The
// input sets files of the kernel's tree, each by its number in `files`, and their content up to a zero byte.
#include "fuzz.h"
#include "text.h"
#include "usb-device.h"
#include "usb-policy.h"
#include <string.h>

#define DEVICE    "sys/bus/usb/devices/1-2/"
#define INTERFACE DEVICE "1-2:1.0/"

static const struct
{
  const char *name;
  const char *usual; // what it holds where the input does not set it
} files[] = {
  { DEVICE "idVendor", "0951\n" },
  { DEVICE "idProduct", "1666\n" },
  { DEVICE "busnum", "1\n" },
  { DEVICE "devnum", "7\n" },
  { DEVICE "bDeviceClass", "00\n" },
  { DEVICE "bDeviceSubClass", "00\n" },
  { DEVICE "bDeviceProtocol", "00\n" },
  { DEVICE "bNumInterfaces", " 1\n" },
  { DEVICE "manufacturer", "" },
  { DEVICE "product", "" },
  { DEVICE "serial", "" },
  { INTERFACE "bInterfaceClass", "08\n" },
  { INTERFACE "bInterfaceSubClass", "06\n" },
  { INTERFACE "bInterfaceProtocol", "50\n" },
  { INTERFACE "net/eth0/flags", "0x1002\n" },
  { INTERFACE "input/input0/capabilities/key", "" },
  { INTERFACE "input/input0/capabilities/rel", "" },
  { INTERFACE "host0/block/sda/dev", "8:0\n" },
  { INTERFACE "host0/block/sda/sda1/dev", "8:1\n" },
  { INTERFACE "host0/block/sda/sda1/partition", "1\n" },
  { "proc/self/mountinfo", "" },
  { "proc/swaps", "" },
};

static gboolean is_set[G_N_ELEMENTS (files)];

static void
write_file (guint number, const char *bytes, gsize length)
{
  g_autofree char *path = g_build_filename (fuzz_folder (), files[number].name, NULL);

  fuzz_write (path, bytes, length);
}

static void
write_usual (guint number)
{
  write_file (number, files[number].usual, strlen (files[number].usual));
  is_set[number] = FALSE;
}

static void
make_tree (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (fuzz_folder (), files[i].name, NULL);
      g_autofree char *folder = g_path_get_dirname (path);

      g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
      write_usual (i);
    }
}

static void
set_files (FuzzInput *input)
{
  while (input->left > 0)
    {
      guint number = fuzz_take_byte (input) % G_N_ELEMENTS (files);
      FuzzInput content = fuzz_take_part (input, '\0');

      write_file (number, content.at, content.left);
      is_set[number] = TRUE;
    }
}

static void
put_back (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (is_set[i])
      write_usual (i);
}

static void
check_classes (const AstUsbDevice *device)
{
  g_auto (GStrv) words = ast_usb_device_classes (device);

  for (guint i = 0; words[i]; i++)
    {
      fuzz_assert_short (words[i], 40);
      for (guint j = 0; j < i; j++)
        g_assert_cmpstr (words[i], !=, words[j]);
    }
}

static void
check_verdict (const AstUsbDevice *device, gboolean exam)
{
  g_autoptr (AstAppliance) appliance = ast_appliance_new ("lab", "/lab");
  AstUsbPolicy policy = { NULL, appliance, { 0 } };
  AstUsbVerdict verdict;
  g_autofree char *sentence = NULL;

  appliance->devices = AST_DEVICE_USB;
  policy.policy = ast_policy_of (appliance, exam);
  verdict = ast_usb_policy_judge (&policy, device);
  sentence = ast_usb_verdict_explain (&verdict);
  fuzz_assert_short (sentence, 500);
  // No rule is needed for what the station itself uses, and an exam that opens nothing opens nothing.
  g_assert_false (verdict.allowed
                  && (exam || device->use != AST_USB_USE_NONE || device->functions->len == 0));
  g_assert_false (verdict.allowed && ast_usb_reason_is_final (verdict.reason));
}

static void
check_device (const AstUsbDevice *device)
{
  g_assert_cmpstr (device->path, ==, "1-2");
  fuzz_assert_short (device->name, 61);
  g_assert_cmpuint (device->functions->len, <=, 1);
  g_assert_cmpuint (device->use, <=, AST_USB_USE_STORAGE);
  g_assert_false (g_str_has_suffix (device->serial, "\n"));
  g_assert_cmpuint (strlen (device->serial), <=, 1024);
  check_classes (device);
  check_verdict (device, FALSE);
  check_verdict (device, TRUE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  static gboolean is_made;
  FuzzInput input = { (const char *)bytes, length };
  g_autoptr (GPtrArray) devices = NULL;

  if (!is_made)
    make_tree ();
  is_made = TRUE;
  set_files (&input);
  devices = ast_usb_device_list_below (fuzz_folder ());
  g_assert_cmpuint (devices->len, <=, 1);
  if (devices->len == 1)
    check_device (devices->pdata[0]);
  put_back ();
  return 0;
}
