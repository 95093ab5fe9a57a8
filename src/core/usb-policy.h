// SPDX-License-Identifier: GPL-3.0-or-later
// Which USB devices a session's guest may have, and by which rule. Pure.
//
// What stays with the station comes first: hubs, keyboards, mice, and what the station uses itself. Then the
// station's rules, then the descriptor's; the first that fits counts. As in the filter of usbredir each
// function of a device is judged for itself, and the device is allowed when all of them are: a camera that is
// a keyboard as well is a keyboard.
#pragma once
#include "appliance.h"
#include "policy.h"
#include "usb-device.h"
#include "usb-rule.h"

G_BEGIN_DECLS

// The CD drive that spice-gtk emulates. It is no USB device of the station, and ast_usb_policy_judge is not
// asked about it: it may be connected where the session's policy has AST_DEVICE_DVD.
#define AST_USB_DRIVE_VENDOR  0x2b23
#define AST_USB_DRIVE_PRODUCT 0xcdcd

typedef enum // why a device is allowed or refused
{
  AST_USB_BY_STATION,    // a rule of the station's configuration
  AST_USB_BY_DESCRIPTOR, // a rule of the descriptor
  AST_USB_NO_RULE,       // allowed: no rule is against it
  AST_USB_NOT_LISTED,    // refused: the descriptor lists what it allows
  AST_USB_INPUT_DEVICE,  // refused: another input device, which no rule names
  AST_USB_NO_USB,        // refused: the descriptor gives no USB
  AST_USB_EXAM,          // refused: an exam closes USB
  AST_USB_HUB,           // refused always, as all that follow
  AST_USB_KEYBOARD_OR_MOUSE,
  AST_USB_NETWORK_UP,
  AST_USB_STORAGE_HELD,
  AST_USB_FALSE_DRIVE, // a real device that calls itself the emulated CD drive
  AST_USB_NOT_SET_UP,  // it has no functions (yet): judge it again when it has been read again
} AstUsbReason;

typedef struct
{
  gboolean allowed;
  AstUsbReason reason;
  const AstUsbRule *rule; // of the first two reasons, else NULL; borrowed from configuration or appliance
} AstUsbVerdict;

// All that the verdicts of one session hang on; filled by its user, who keeps what it points to.
typedef struct
{
  const GPtrArray *station_rules; // AstUsbRule*; NULL = none
  const AstAppliance *appliance;
  AstPolicy policy; // by ast_policy_of
} AstUsbPolicy;

AstUsbVerdict ast_usb_policy_judge (const AstUsbPolicy *self, const AstUsbDevice *device);
// Will no rule ever give this device to a guest? Of the reasons of a verdict.
gboolean ast_usb_reason_is_final (AstUsbReason reason);
// A word for programs: "station-rule", "not-listed", "hub", …
const char *ast_usb_reason_word (AstUsbReason reason);
// One translated sentence for people: what happens, by which rule, and whose it is. The caller frees it.
char *ast_usb_verdict_explain (const AstUsbVerdict *verdict);

// One line of usbredir's filter; AST_USB_ANY in the numbers fits everything.
typedef struct
{
  int class;
  int vendor;
  int product;
  gboolean allow;
} AstUsbFilterLine;

// The same rules as usbredir can tell them, with the emulated CD drive: AstUsbFilterLine, the first that fits
// counts, and the last fits everything. It knows neither ports nor what the station uses, and so allows some
// devices that the verdict refuses, but refuses none that the verdict allows. The caller unrefs it.
GArray *ast_usb_policy_filter (const AstUsbPolicy *self);
// As spice-gtk and usbredir read it: "class,vendor,product,version,allow|…". The caller frees it.
char *ast_usb_policy_filter_text (const AstUsbPolicy *self);

G_END_DECLS
