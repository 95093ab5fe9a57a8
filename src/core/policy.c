// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy.h"

#define ALL_ACTIONS (AST_ACTION_END | AST_ACTION_RESTART | AST_ACTION_SEND_KEYS | AST_ACTION_DEVICES)

// A device that does not stand here is closed under exam.
static const struct
{
  AstAllowances needed; // 0 = it stays as in the descriptor
  AstDevices device;
} devices[] = {
  { 0, AST_DEVICE_SOUND },
  { AST_ALLOW_USB, AST_DEVICE_USB },
  { AST_ALLOW_DVD, AST_DEVICE_DVD },
  { AST_ALLOW_CLIPBOARD, AST_DEVICE_CLIPBOARD },
  { AST_ALLOW_MICROPHONE, AST_DEVICE_MICROPHONE },
  { AST_ALLOW_SHARE, AST_DEVICE_SHARE | AST_DEVICE_SHARE_WRITE },
  { AST_ALLOW_SMARTCARD, AST_DEVICE_SMARTCARD },
};

static const struct
{
  AstAllowances needed;
  AstActions action;
} actions[] = {
  { AST_ALLOW_END, AST_ACTION_END },
  { AST_ALLOW_RESTART, AST_ACTION_RESTART },
  { AST_ALLOW_SEND_KEYS, AST_ACTION_SEND_KEYS },
  { AST_ALLOW_DEVICES, AST_ACTION_DEVICES },
};

static gboolean
reaches_something (const AstAppliance *appliance)
{
  for (guint i = 0; i < appliance->networks->len; i++)
    {
      const AstNetwork *network = g_ptr_array_index (appliance->networks, i);

      if (network->type == AST_NETWORK_USER || network->type == AST_NETWORK_BRIDGE)
        return TRUE;
    }
  return FALSE;
}

static AstDevices
open_devices (AstAllowances allowed)
{
  AstDevices open = 0;

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if ((allowed & devices[i].needed) == devices[i].needed)
      open |= devices[i].device;
  return open;
}

static AstActions
open_actions (AstAllowances allowed)
{
  AstActions open = 0;

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (allowed & actions[i].needed)
      open |= actions[i].action;
  return open;
}

AstPolicy
ast_policy_of (const AstAppliance *appliance, gboolean station_exam)
{
  AstPolicy policy = {
    .exam = station_exam || appliance->exam,
    .devices = appliance->devices,
    .network = reaches_something (appliance),
    .actions = ALL_ACTIONS,
  };

  if (!policy.exam)
    return policy;
  policy.devices &= open_devices (appliance->exam_allows);
  policy.network = policy.network && (appliance->exam_allows & AST_ALLOW_NETWORK);
  policy.actions = open_actions (appliance->exam_allows);
  return policy;
}
