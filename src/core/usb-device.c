// SPDX-License-Identifier: GPL-3.0-or-later
#include "usb-device.h"
#include "text.h"
#include "usb-class.h"
#include "usb-rule.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES       "/sys/bus/usb/devices"
#define MAX_PATH      31   // "BUS-" and seven ports at most
#define MAX_ATTRIBUTE 1024 // bytes; a string of USB has 126 letters
#define MAX_NAME      60
#define MAX_DEPTH     16 // of folders below an interface; a partition of a card reader is seven down
#define KEYS_OF_KEYBOARD                                                                                     \
  0xfffffffe              // Escape, digits and the letters to D: whoever has all of them is a keyboard
#define AXES_OF_MOUSE 0x3 // across and along
#define IFF_UP        0x1 // the kernel's

// What the station holds, read once for all devices.
typedef struct
{
  const char *root;
  GHashTable *held; // "MAJOR:MINOR" and names of block devices that are mounted or swapped on
} Base;

// The beginning of a small file of the kernel's, as text; "" where it cannot be read.
static char *
read_attribute (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = g_malloc0 (MAX_ATTRIBUTE + 1);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    return g_strdup ("");
  if (read (fd, text, MAX_ATTRIBUTE) < 0)
    text[0] = '\0';
  close (fd);
  return g_steal_pointer (&text);
}

static gboolean
read_number (const char *folder, const char *name, guint base, guint most, guint *number)
{
  g_autofree char *text = read_attribute (folder, name);
  guint64 value;

  if (!g_ascii_string_to_unsigned (g_strstrip (text), base, 0, most, &value, NULL))
    return FALSE;
  *number = (guint)value;
  return TRUE;
}

static gboolean
read_byte (const char *folder, const char *name, guint8 *byte)
{
  guint number;

  if (!read_number (folder, name, 16, G_MAXUINT8, &number))
    return FALSE;
  *byte = (guint8)number;
  return TRUE;
}

// A bit mask, of which the kernel writes the highest word first.
static guint64
read_lowest_bits (const char *folder, const char *name)
{
  g_autofree char *text = g_strchomp (read_attribute (folder, name));
  const char *last = strrchr (text, ' ');

  return g_ascii_strtoull (last ? last + 1 : text, NULL, 16);
}

// ---------------------------------------------------------------------------------------------------------------
// What the station does with it

static AstUsbUse look_below (const Base *base, const char *folder, const char *name, guint depth);

static gboolean
is_held (const Base *base, const char *folder, const char *name)
{
  g_autofree char *number = g_strchomp (read_attribute (folder, "dev"));
  g_autofree char *holders = g_build_filename (folder, "holders", NULL);
  g_autoptr (GDir) dir = g_dir_open (holders, 0, NULL);

  return g_hash_table_contains (base->held, number) || g_hash_table_contains (base->held, name)
         || (dir && g_dir_read_name (dir));
}

static gboolean
is_keyboard_or_mouse (const char *folder)
{
  g_autofree char *capabilities = g_build_filename (folder, "capabilities", NULL);

  return (read_lowest_bits (capabilities, "key") & KEYS_OF_KEYBOARD) == KEYS_OF_KEYBOARD
         || (read_lowest_bits (capabilities, "rel") & AXES_OF_MOUSE) == AXES_OF_MOUSE;
}

static gboolean
is_up (const char *folder)
{
  g_autofree char *flags = read_attribute (folder, "flags"); // "0x1003"

  return (g_ascii_strtoull (flags, NULL, 16) & IFF_UP) != 0;
}

// What a folder of the kernel's stands for is told by the folder around it; a partition lies in its disk.
static AstUsbUse
use_of (const Base *base, const char *folder, const char *name, const char *kind)
{
  g_autofree char *partition = g_build_filename (folder, "partition", NULL);

  if (g_str_equal (kind, "net") && is_up (folder))
    return AST_USB_USE_NETWORK;
  if (g_str_equal (kind, "input") && is_keyboard_or_mouse (folder))
    return AST_USB_USE_INPUT;
  if ((g_str_equal (kind, "block") || g_file_test (partition, G_FILE_TEST_EXISTS))
      && is_held (base, folder, name))
    return AST_USB_USE_STORAGE;
  return AST_USB_USE_NONE;
}

// Links lead out of the device: to its driver, its class, its parent.
static AstUsbUse
look_into (const Base *base, const char *parent, const char *kind, const char *name, guint depth)
{
  g_autofree char *folder = g_build_filename (parent, name, NULL);
  AstUsbUse use;

  if (g_file_test (folder, G_FILE_TEST_IS_SYMLINK) || !g_file_test (folder, G_FILE_TEST_IS_DIR))
    return AST_USB_USE_NONE;
  use = use_of (base, folder, name, kind);
  return use != AST_USB_USE_NONE ? use : look_below (base, folder, name, depth + 1);
}

// `name`: of the folder itself.
static AstUsbUse
look_below (const Base *base, const char *folder, const char *name, guint depth)
{
  g_autoptr (GDir) dir = depth < MAX_DEPTH ? g_dir_open (folder, 0, NULL) : NULL;
  AstUsbUse use = AST_USB_USE_NONE;
  const char *child;

  while (dir && use == AST_USB_USE_NONE && (child = g_dir_read_name (dir)))
    use = look_into (base, folder, name, child, depth);
  return use;
}

static void
hold_mount (GHashTable *held, const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", -1);
  guint length = g_strv_length (fields);

  if (length > 2)
    g_hash_table_add (held, g_strdup (fields[2]));
  // A file system may show a number that is not its device's (btrfs does): the name behind the dash is.
  for (guint i = 3; i + 2 < length; i++)
    if (g_str_equal (fields[i], "-") && fields[i + 2][0] == '/')
      g_hash_table_add (held, g_path_get_basename (fields[i + 2]));
}

static void
hold_swap (GHashTable *held, const char *line)
{
  g_autofree char *path = g_strndup (line, strcspn (line, " \t"));

  if (path[0] == '/')
    g_hash_table_add (held, g_path_get_basename (path));
}

static void
hold_lines (Base *base, const char *file, void (*hold) (GHashTable *held, const char *line))
{
  g_autofree char *path = g_strconcat (base->root, file, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    hold (base->held, lines[i]);
}

static void
base_init (Base *base, const char *root)
{
  base->root = root;
  base->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  hold_lines (base, "/proc/self/mountinfo", hold_mount);
  hold_lines (base, "/proc/swaps", hold_swap);
}

// ---------------------------------------------------------------------------------------------------------------
// What it is

static gboolean
read_function (const char *folder, const char *prefix, AstUsbFunction *function)
{
  g_autofree char *class = g_strconcat (prefix, "Class", NULL);
  g_autofree char *subclass = g_strconcat (prefix, "SubClass", NULL);
  g_autofree char *protocol = g_strconcat (prefix, "Protocol", NULL);

  return read_byte (folder, class, &function->class) && read_byte (folder, subclass, &function->subclass)
         && read_byte (folder, protocol, &function->protocol);
}

static gboolean
read_interface (AstUsbDevice *self, const Base *base, const char *folder)
{
  AstUsbFunction function;

  if (!read_function (folder, "bInterface", &function))
    return FALSE;
  g_array_append_val (self->functions, function);
  if (self->use == AST_USB_USE_NONE)
    self->use = look_below (base, folder, "", 0);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

// The names in a folder that begin so, in order.
static GPtrArray *
list_names (const char *folder, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, prefix))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

// All or none: who sees a part of a device only would judge that part.
static void
read_interfaces (AstUsbDevice *self, const Base *base, const char *folder)
{
  g_autofree char *prefix = g_strconcat (self->path, ":", NULL);
  g_autoptr (GPtrArray) names = list_names (folder, prefix);
  guint expected = 0;
  gboolean whole
      = read_number (folder, "bNumInterfaces", 10, G_MAXUINT8, &expected) && expected == names->len;

  for (guint i = 0; whole && i < names->len; i++)
    {
      g_autofree char *interface = g_build_filename (folder, g_ptr_array_index (names, i), NULL);

      whole = read_interface (self, base, interface);
    }
  if (!whole)
    g_array_set_size (self->functions, 0);
}

static char *
read_label (const char *folder, const char *name)
{
  g_autofree char *text = read_attribute (folder, name);

  return ast_text_label (text, MAX_NAME);
}

// The maker's name says nothing new where the product's begins with it.
static char *
name_by_itself (const char *folder)
{
  g_autofree char *maker = read_label (folder, "manufacturer");
  g_autofree char *product = read_label (folder, "product");
  g_autofree char *folded_maker = g_utf8_casefold (maker, -1);
  g_autofree char *folded_product = g_utf8_casefold (product, -1);
  g_autofree char *both = g_strconcat (maker, " ", product, NULL);

  if (!product[0] || g_str_has_prefix (folded_product, folded_maker))
    return g_steal_pointer (&product);
  return ast_text_label (both, MAX_NAME);
}

static char *
read_serial (const char *folder)
{
  char *text = read_attribute (folder, "serial");
  gsize length = strlen (text);

  while (length > 0 && text[length - 1] == '\n')
    text[--length] = '\0';
  return text;
}

static gboolean
is_told_by_interfaces (const AstUsbFunction *device)
{
  return device->class == AST_USB_CLASS_PER_INTERFACE || device->class == AST_USB_CLASS_MISCELLANEOUS;
}

static char *
name_by_class (const AstUsbDevice *self)
{
  gboolean by_interface = is_told_by_interfaces (&self->device) && self->functions->len > 0;
  const AstUsbFunction *first
      = by_interface ? &g_array_index (self->functions, AstUsbFunction, 0) : &self->device;

  return g_strdup (ast_usb_class_name (first->class));
}

static gboolean
read_numbers (AstUsbDevice *self, const char *folder)
{
  guint vendor, product;

  if (!read_number (folder, "idVendor", 16, G_MAXUINT16, &vendor)
      || !read_number (folder, "idProduct", 16, G_MAXUINT16, &product)
      || !read_number (folder, "busnum", 10, G_MAXUINT16, &self->bus)
      || !read_number (folder, "devnum", 10, G_MAXUINT16, &self->address))
    return FALSE;
  self->vendor = (guint16)vendor;
  self->product = (guint16)product;
  return read_function (folder, "bDevice", &self->device);
}

static gboolean
is_path (const char *text)
{
  return strlen (text) <= MAX_PATH
         && g_regex_match_simple ("^[0-9]+-[0-9]+(\\.[0-9]+)*$", text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static AstUsbDevice *
read_device (const Base *base, const char *path)
{
  g_autoptr (AstUsbDevice) self = NULL;
  g_autofree char *folder = g_strconcat (base->root, DEVICES "/", path, NULL);

  if (!is_path (path))
    return NULL;
  self = g_atomic_rc_box_new0 (AstUsbDevice);
  self->path = g_strdup (path);
  self->functions = g_array_new (FALSE, FALSE, sizeof (AstUsbFunction));
  if (!read_numbers (self, folder))
    return NULL;
  read_interfaces (self, base, folder);
  self->serial = read_serial (folder);
  self->name = name_by_itself (folder);
  if (!self->name[0])
    {
      g_free (self->name);
      self->name = name_by_class (self);
    }
  return g_steal_pointer (&self);
}

AstUsbDevice *
ast_usb_device_read (const char *path)
{
  AstUsbDevice *self;
  Base base;

  base_init (&base, "");
  self = read_device (&base, path);
  g_hash_table_unref (base.held);
  return self;
}

// By bus and ports as numbers: "1-10" stands behind "1-9".
static int
compare_paths (gconstpointer a, gconstpointer b)
{
  const char *left = (*(const AstUsbDevice *const *)a)->path;
  const char *right = (*(const AstUsbDevice *const *)b)->path;

  return strverscmp (left, right);
}

GPtrArray *
ast_usb_device_list_below (const char *root)
{
  g_autofree char *folder = g_strconcat (root, DEVICES, NULL);
  g_autoptr (GPtrArray) names = list_names (folder, "");
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_usb_device_unref);
  Base base;

  base_init (&base, root);
  for (guint i = 0; i < names->len; i++)
    {
      AstUsbDevice *device = read_device (&base, g_ptr_array_index (names, i));

      if (device)
        g_ptr_array_add (devices, device);
    }
  g_ptr_array_sort (devices, compare_paths);
  g_hash_table_unref (base.held);
  return devices;
}

GPtrArray *
ast_usb_device_list (void)
{
  return ast_usb_device_list_below ("");
}

AstUsbDevice *
ast_usb_device_ref (AstUsbDevice *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
device_clear (AstUsbDevice *self)
{
  g_free (self->path);
  g_free (self->name);
  g_free (self->serial);
  g_array_unref (self->functions);
}

void
ast_usb_device_unref (AstUsbDevice *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify)device_clear);
}

static void
add_class (GPtrArray *words, const AstUsbFunction *function)
{
  g_autofree char *word = ast_usb_class_word (function->class);

  if (!g_ptr_array_find_with_equal_func (words, word, g_str_equal, NULL))
    g_ptr_array_add (words, g_steal_pointer (&word));
}

char **
ast_usb_device_classes (const AstUsbDevice *self)
{
  GPtrArray *words = g_ptr_array_new ();

  if (!is_told_by_interfaces (&self->device))
    add_class (words, &self->device);
  for (guint i = 0; i < self->functions->len; i++)
    add_class (words, &g_array_index (self->functions, AstUsbFunction, i));
  g_ptr_array_add (words, NULL);
  return (char **)g_ptr_array_free (words, FALSE);
}
