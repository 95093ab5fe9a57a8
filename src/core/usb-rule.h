// SPDX-License-Identifier: GPL-3.0-or-later
// One rule about USB devices, as the station's configuration and a descriptor write it, and the words for
// classes of devices.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define AST_USB_ANY -1
// Rules that one list may hold. QEMU is told all of them on its command line.
#define AST_USB_MAX_RULES 64

// A rule fits what meets all of its conditions; without one it fits everything.
typedef struct
{
  gboolean allow;
  int class;   // of one function of the device, 0x00 to 0xff, or AST_USB_ANY
  int vendor;  // 0x0000 to 0xffff, or AST_USB_ANY
  int product; // only with a vendor
  char *port;  // a pattern with * and ? for "BUS-PORT.PORT", as in "1-4*", or NULL
  guint line;  // where a descriptor has it, from 1; 0 = it is none of a descriptor
} AstUsbRule;

AstUsbRule *ast_usb_rule_new (gboolean allow);
void ast_usb_rule_free (AstUsbRule *self);
// Adds a condition: `key` is class, vendor, product or port. Returns NULL, or a translated sentence that says
// what is wrong with it, which the caller frees.
char *ast_usb_rule_add (AstUsbRule *self, const char *key, const char *value);
// NULL, or a translated sentence that says why these conditions do not go together. The caller frees it.
char *ast_usb_rule_check (const AstUsbRule *self);
// Reads "deny class=video" or "allow vendor=046d product=0825". Returns NULL with a translated sentence in
// `fault`, which the caller frees, where it is no rule. `text`: UTF-8.
AstUsbRule *ast_usb_rule_parse (const char *text, char **fault);
// The same text, in one spelling. The caller frees it.
char *ast_usb_rule_to_text (const AstUsbRule *self);

// The keys of conditions, ended by NULL.
extern const char *const ast_usb_rule_keys[];

// The word for a class as a rule may write it, "video", or else its number, "0x42". The caller frees it.
char *ast_usb_class_word (guint8 class);
// What people call a device of this class, translated: "Camera".
const char *ast_usb_class_name (guint8 class);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstUsbRule, ast_usb_rule_free)

G_END_DECLS
