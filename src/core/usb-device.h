// SPDX-License-Identifier: GPL-3.0-or-later
// One USB device that is plugged into the station, as the kernel tells of it. An immutable value.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint8 class;
  guint8 subclass;
  guint8 protocol;
} AstUsbFunction;

typedef enum // what the station itself does with a device
{
  AST_USB_USE_NONE,
  AST_USB_USE_INPUT,   // a keyboard or a mouse of it is at work
  AST_USB_USE_NETWORK, // a network card of it is up
  AST_USB_USE_STORAGE, // something on it is mounted, swapped on, or held by another block device
} AstUsbUse;

typedef struct
{
  char *path;         // "BUS-PORT.PORT", the kernel's name for the place it is plugged into
  guint bus, address; // address: another one each time it is plugged in
  guint16 vendor, product;
  char *name;   // that a person knows it by, plain text, never NULL or empty: what it says of itself, made
                // fit to be shown, or what its class is called, translated
  char *serial; // bytes of the device's own choice, without line breaks at the end; "" where it has none
  AstUsbFunction device; // of the device as a whole
  GArray *functions; // AstUsbFunction: its interfaces. Empty while the kernel has not set all of them up: for
                     // a moment after it was plugged in, and where it can make nothing of them
  AstUsbUse use;
} AstUsbDevice;

// Blocking, for less than a millisecond each: the kernel answers from memory. `path`: as above; libusb's bus
// and port numbers make it, and a root hub has none. Returns a full reference; NULL where there is no such
// device (any more), or it does not tell what it is.
AstUsbDevice *ast_usb_device_read (const char *path);
// All that are plugged in, by path, without the root hubs. AstUsbDevice*, full references.
GPtrArray *ast_usb_device_list (void);
// The same of the tree whose sys and proc are in the folder `root`; "" = this machine.
GPtrArray *ast_usb_device_list_below (const char *root);
AstUsbDevice *ast_usb_device_ref (AstUsbDevice *self);
void ast_usb_device_unref (AstUsbDevice *self);
// The words of the classes of its functions, each once, in their order. The caller frees it with g_strfreev.
char **ast_usb_device_classes (const AstUsbDevice *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstUsbDevice, ast_usb_device_unref)

G_END_DECLS
