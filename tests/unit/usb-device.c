// SPDX-License-Identifier: GPL-3.0-or-later
// A kernel's tree of USB devices in a folder: what is read of it, also where it is broken.
#include "usb-device.h"
#include "folder.h"
#include <string.h>
#include <unistd.h>

#define DEVICES "sys/bus/usb/devices"

typedef struct
{
  char *root;
} Tree;

static void
set_up (Tree *self, gconstpointer data)
{
  self->root = make_folder ();
}

static void
tear_down (Tree *self, gconstpointer data)
{
  remove_folder (self->root);
}

static void
put (const Tree *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

// One attribute of a device or an interface.
static void
set (const Tree *self, const char *device, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (DEVICES, device, name, NULL);

  put (self, path, text);
}

static void
add_device (const Tree *self, const char *path, const char *vendor, const char *product,
            const char *interfaces)
{
  set (self, path, "idVendor", vendor);
  set (self, path, "idProduct", product);
  set (self, path, "busnum", "1\n");
  set (self, path, "devnum", "7\n");
  set (self, path, "bDeviceClass", "00\n");
  set (self, path, "bDeviceSubClass", "00\n");
  set (self, path, "bDeviceProtocol", "00\n");
  set (self, path, "bNumInterfaces", interfaces);
}

static void
add_interface (const Tree *self, const char *path, guint index, const char *class)
{
  g_autofree char *interface = g_strdup_printf ("%s/%s:1.%u", path, path, index);

  set (self, interface, "bInterfaceClass", class);
  set (self, interface, "bInterfaceSubClass", "06\n");
  set (self, interface, "bInterfaceProtocol", "50\n");
}

static void
add_stick (const Tree *self, const char *path)
{
  add_device (self, path, "0951\n", "1666\n", " 1\n");
  add_interface (self, path, 0, "08\n");
}

static AstUsbDevice *
read_one (const Tree *self)
{
  g_autoptr (GPtrArray) devices = ast_usb_device_list_below (self->root);

  g_assert_cmpuint (devices->len, ==, 1);
  return ast_usb_device_ref (g_ptr_array_index (devices, 0));
}

static void
assert_name (const Tree *self, const char *name)
{
  g_autoptr (AstUsbDevice) device = read_one (self);

  g_assert_cmpstr (device->name, ==, name);
}

static void
assert_use (const Tree *self, AstUsbUse use)
{
  g_autoptr (AstUsbDevice) device = read_one (self);

  g_assert_cmpint (device->use, ==, use);
}

static void
assert_no_function (const Tree *self)
{
  g_autoptr (AstUsbDevice) device = read_one (self);

  g_assert_cmpuint (device->functions->len, ==, 0);
}

static void
test_stick (Tree *self, gconstpointer data)
{
  g_autoptr (AstUsbDevice) device = NULL;
  g_auto (GStrv) classes = NULL;
  const AstUsbFunction *function;

  add_stick (self, "1-2.3");
  set (self, "1-2.3", "manufacturer", "Kingston\n");
  set (self, "1-2.3", "product", "DataTraveler 3.0\n");
  set (self, "1-2.3", "serial", "60A44C3F\n");
  device = read_one (self);
  classes = ast_usb_device_classes (device);
  function = &g_array_index (device->functions, AstUsbFunction, 0);
  g_assert_cmpstr (device->path, ==, "1-2.3");
  g_assert_cmpuint (device->bus, ==, 1);
  g_assert_cmpuint (device->address, ==, 7);
  g_assert_cmphex (device->vendor, ==, 0x0951);
  g_assert_cmphex (device->product, ==, 0x1666);
  g_assert_cmpstr (device->name, ==, "Kingston DataTraveler 3.0");
  g_assert_cmpstr (device->serial, ==, "60A44C3F");
  g_assert_cmphex (device->device.class, ==, 0);
  g_assert_cmpuint (device->functions->len, ==, 1);
  g_assert_cmphex (function->class, ==, 0x08);
  g_assert_cmphex (function->subclass, ==, 0x06);
  g_assert_cmphex (function->protocol, ==, 0x50);
  g_assert_cmpuint (g_strv_length (classes), ==, 1);
  g_assert_cmpstr (classes[0], ==, "storage");
  g_assert_cmpint (device->use, ==, AST_USB_USE_NONE);
}

static void
test_names (Tree *self, gconstpointer data)
{
  g_autofree char *many = g_strnfill (300, 'x');
  g_autofree char *cut = g_strdup_printf ("%.60s…", many);

  add_stick (self, "1-1");
  assert_name (self, "Memory stick or disk");
  set (self, "1-1", "manufacturer", "Maker\n");
  assert_name (self, "Memory stick or disk");
  set (self, "1-1", "product", "maker Stick\n");
  assert_name (self, "maker Stick");
  set (self, "1-1", "product", many);
  set (self, "1-1", "manufacturer", "");
  assert_name (self, cut);
  set (self, "1-1", "product", " \n\t\n");
  assert_name (self, "Memory stick or disk");
  set (self, "1-1", "product",
       "a\n\nb\033[2J\xe2\x80\xae"
       "c");
  assert_name (self, "a b[2Jc");
  set (self, "1-1", "product", "<b>bold</b> &amp;");
  assert_name (self, "<b>bold</b> &amp;");
  set (self, "1-1", "product", "\xff\xfe\xc3");
  assert_name (self, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

// A name by the device's own class, where that says something.
static void
test_class_names (Tree *self, gconstpointer data)
{
  add_device (self, "1-1", "0001\n", "0001\n", " 2\n");
  add_interface (self, "1-1", 0, "0e\n");
  add_interface (self, "1-1", 1, "01\n");
  set (self, "1-1", "bDeviceClass", "ef\n");
  assert_name (self, "Camera");
  set (self, "1-1", "bDeviceClass", "e0\n");
  assert_name (self, "Wireless adapter");
}

// What does not tell all of its functions has none; what tells nothing at all is none.
static void
test_half_there (Tree *self, gconstpointer data)
{
  static const char *const broken[]
      = { "", "garbage", "-1", "100", "\xff", "  ", "999999999999999999999999" };
  static const char *const needed[] = { "idVendor", "idProduct", "busnum", "devnum", "bDeviceClass" };

  add_stick (self, "1-1");
  set (self, "1-1", "bNumInterfaces", " 2\n");
  assert_no_function (self);
  set (self, "1-1", "bNumInterfaces", "\n");
  assert_no_function (self);
  set (self, "1-1", "bNumInterfaces", " 1\n");
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      set (self, "1-1/1-1:1.0", "bInterfaceClass", broken[i]);
      assert_no_function (self);
    }
  for (guint i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autoptr (GPtrArray) devices = NULL;

      set (self, "1-1", needed[i], "garbage\n");
      devices = ast_usb_device_list_below (self->root);
      g_assert_cmpuint (devices->len, ==, 0);
      add_stick (self, "1-1");
    }
}

// Any bytes in any of the files: no device, or one that can be shown.
static void
test_noise (Tree *self, gconstpointer data)
{
  static const char *const files[] = { "1-1/idVendor",
                                       "1-1/idProduct",
                                       "1-1/busnum",
                                       "1-1/devnum",
                                       "1-1/bDeviceClass",
                                       "1-1/bNumInterfaces",
                                       "1-1/manufacturer",
                                       "1-1/product",
                                       "1-1/1-1:1.0/bInterfaceClass",
                                       "1-1/1-1:1.0/net/x/flags",
                                       "1-1/1-1:1.0/block/x/dev",
                                       "1-1/1-1:1.0/input/x/capabilities/key" };

  guint seen = 0;

  for (guint round = 0; round < 300; round++)
    {
      g_autoptr (GPtrArray) devices = NULL;
      char bytes[24] = { 0 };

      // Often enough: in seven of twelve whole sticks the noise reaches nothing that is needed.
      if (round % 4 == 0)
        add_stick (self, "1-1");
      for (guint i = 0; i < sizeof bytes - 1; i++)
        bytes[i] = (char)(g_test_rand_bit () ? g_test_rand_int_range (0, 256)
                                             : g_test_rand_int_range ('0', '9' + 1));
      set (self, "", files[g_test_rand_int_range (0, G_N_ELEMENTS (files))], bytes);
      put (self, "proc/self/mountinfo", bytes);
      devices = ast_usb_device_list_below (self->root);
      seen += devices->len;
      for (guint i = 0; i < devices->len; i++)
        {
          const AstUsbDevice *device = g_ptr_array_index (devices, i);

          g_assert_true (device->name[0] && g_utf8_validate (device->name, -1, NULL));
          g_assert_cmpint (g_utf8_strlen (device->name, -1), <=, 61);
        }
    }
  g_assert_cmpuint (seen, >, 30);
  g_assert_cmpuint (seen, <, 300);
}

static void
test_storage (Tree *self, gconstpointer data)
{
#define DISK "1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
  add_stick (self, "1-1");
  set (self, DISK, "dev", "8:16\n");
  set (self, DISK "/sdb1", "dev", "8:17\n");
  set (self, DISK "/sdb1", "partition", "1\n");
  assert_use (self, AST_USB_USE_NONE);
  put (self, "proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\nx\n");
  assert_use (self, AST_USB_USE_NONE);
  put (self, "proc/self/mountinfo",
       "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 8:17 / /mnt rw - vfat /dev/x rw\n");
  assert_use (self, AST_USB_USE_STORAGE);
  put (self, "proc/self/mountinfo", "23 22 0:45 / /mnt rw shared:1 - btrfs /dev/sdb1 rw\n");
  assert_use (self, AST_USB_USE_STORAGE);
  put (self, "proc/self/mountinfo", "23 22 8:16 / /mnt rw shared:1 - iso9660 /dev/sdb ro\n");
  assert_use (self, AST_USB_USE_STORAGE);
  put (self, "proc/self/mountinfo", "");
  put (self, "proc/swaps", "Filename Type Size Used Priority\n/dev/sdb1 partition 1 0 -2\n");
  assert_use (self, AST_USB_USE_STORAGE);
  put (self, "proc/swaps", "Filename Type Size Used Priority\n");
  assert_use (self, AST_USB_USE_NONE);
  set (self, DISK "/sdb1/holders", "dm-0", "");
  assert_use (self, AST_USB_USE_STORAGE);
}

static void
test_network (Tree *self, gconstpointer data)
{
  add_stick (self, "1-1");
  set (self, "1-1/1-1:1.0/net/enx0", "flags", "0x1002\n");
  assert_use (self, AST_USB_USE_NONE);
  set (self, "1-1/1-1:1.0/net/enx0", "flags", "0x1003\n");
  assert_use (self, AST_USB_USE_NETWORK);
}

static void
test_input (Tree *self, gconstpointer data)
{
#define INPUT "1-1/1-1:1.0/0003:046D:C52B.0001/0003:046D:4024.0002/input/input5/capabilities"
  add_stick (self, "1-1");
  set (self, INPUT, "key", "1000000000007 ff98000000000000 0\n"); // the buttons of a headset
  set (self, INPUT, "rel", "40\n");
  assert_use (self, AST_USB_USE_NONE);
  set (self, INPUT, "key", "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n");
  assert_use (self, AST_USB_USE_INPUT);
  set (self, INPUT, "key", "garbage\n");
  assert_use (self, AST_USB_USE_NONE);
  set (self, INPUT, "rel", "1943\n");
  assert_use (self, AST_USB_USE_INPUT);
}

// Links lead to what is not this device's: they are not followed.
static void
test_links (Tree *self, gconstpointer data)
{
  g_autofree char *link = g_build_filename (self->root, DEVICES, "1-1/1-1:1.0/subsystem", NULL);
  g_autofree char *loop = g_build_filename (self->root, DEVICES, "1-1/1-1:1.0/loop", NULL);

  add_stick (self, "1-1");
  put (self, "elsewhere/net/eth0/flags", "0x1003\n");
  g_assert_cmpint (symlink ("../../../../../../elsewhere", link), ==, 0);
  g_assert_cmpint (symlink (".", loop), ==, 0);
  assert_use (self, AST_USB_USE_NONE);
}

// In the order of the ports, and nothing but devices.
static void
test_many (Tree *self, gconstpointer data)
{
  static const char *const others[] = { "usb1", "1-", "-1", "1-1:1.0", "1-1.", "x1-1", "1-1x", ".1-1" };
  g_autoptr (GPtrArray) devices = NULL;

  for (guint i = 50; i > 0; i--)
    {
      g_autofree char *path = g_strdup_printf ("2-%u", i);

      add_stick (self, path);
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    add_stick (self, others[i]);
  devices = ast_usb_device_list_below (self->root);
  g_assert_cmpuint (devices->len, ==, 50);
  for (guint i = 0; i < devices->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("2-%u", i + 1);

      g_assert_cmpstr (((AstUsbDevice *)g_ptr_array_index (devices, i))->path, ==, path);
    }
}

static void
test_nothing (Tree *self, gconstpointer data)
{
  g_autoptr (GPtrArray) devices = ast_usb_device_list_below (self->root);

  g_assert_cmpuint (devices->len, ==, 0);
  g_assert_null (ast_usb_device_read ("99-99"));
  g_assert_null (ast_usb_device_read (""));
  g_assert_null (ast_usb_device_read ("../../../../etc"));
}

#define ADD(name, test) g_test_add ("/usb-device/" name, Tree, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("stick", test_stick);
  ADD ("names", test_names);
  ADD ("class-names", test_class_names);
  ADD ("half-there", test_half_there);
  ADD ("noise", test_noise);
  ADD ("storage", test_storage);
  ADD ("network", test_network);
  ADD ("input", test_input);
  ADD ("links", test_links);
  ADD ("many", test_many);
  ADD ("nothing", test_nothing);
  return g_test_run ();
}
