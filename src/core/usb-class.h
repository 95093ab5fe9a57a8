// SPDX-License-Identifier: GPL-3.0-or-later
// Class numbers of USB that decide something here.
#pragma once

#define AST_USB_CLASS_PER_INTERFACE 0x00 // of a device: only its interfaces tell
#define AST_USB_CLASS_HID           0x03
#define AST_USB_CLASS_STORAGE       0x08
#define AST_USB_CLASS_HUB           0x09
#define AST_USB_CLASS_MISCELLANEOUS 0xef // of a device: the same
#define AST_USB_HID_BOOT            0x01 // subclass of keyboards and mice that a firmware can read
