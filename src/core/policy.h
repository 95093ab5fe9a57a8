// SPDX-License-Identifier: GPL-3.0-or-later
// What a session may really use: the descriptor's wishes, less what an exam closes. Everything that opens a
// way out of a guest asks here, and nothing else decides.
#pragma once
#include "appliance.h"

G_BEGIN_DECLS

typedef enum // what the host bar offers beside help, which is always there
{
  AST_ACTION_END = 1 << 0,
  AST_ACTION_RESTART = 1 << 1,
  AST_ACTION_SEND_KEYS = 1 << 2,
  AST_ACTION_DEVICES = 1 << 3, // connecting devices while the guest runs
} AstActions;

typedef struct
{
  gboolean exam;      // by the descriptor's <exam>, or because the whole station is under exam
  AstDevices devices; // those that the guest may use
  gboolean network;   // may its cards reach anything? FALSE also where it has none that could
  AstActions actions; // those that the person may use
} AstPolicy;

// Pure. Without an exam: all that the descriptor allows, and all actions. Under exam network, USB, DVD,
// clipboard, microphone, shared folder, smartcard and actions are closed but for those that <exam allow="…">
// names, which opens nothing that the descriptor does not give without an exam. Sound stays as in the
// descriptor: to hear a recording is no way out.
AstPolicy ast_policy_of (const AstAppliance *appliance, gboolean station_exam);

G_END_DECLS
