// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen.h"

G_DEFINE_INTERFACE (AstScreen, ast_screen, G_TYPE_OBJECT)

enum
{
  SIGNAL_SHOWN,
  SIGNAL_DESKTOP_READY,
  SIGNAL_LOST,
  SIGNAL_REDIRECTIONS_CHANGED,
  SIGNAL_HEADS_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static guint
new_signal (const char *name)
{
  return g_signal_new (name, AST_TYPE_SCREEN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_screen_default_init (AstScreenInterface *iface)
{
  signals[SIGNAL_SHOWN] = new_signal ("shown");
  signals[SIGNAL_DESKTOP_READY] = new_signal ("desktop-ready");
  signals[SIGNAL_LOST] = new_signal ("lost");
  signals[SIGNAL_REDIRECTIONS_CHANGED] = new_signal ("redirections-changed");
  signals[SIGNAL_HEADS_CHANGED] = new_signal ("heads-changed");
}

void
ast_screen_emit_shown (AstScreen *self)
{
  g_signal_emit (self, signals[SIGNAL_SHOWN], 0);
}

void
ast_screen_emit_desktop_ready (AstScreen *self)
{
  g_signal_emit (self, signals[SIGNAL_DESKTOP_READY], 0);
}

void
ast_screen_emit_lost (AstScreen *self)
{
  g_signal_emit (self, signals[SIGNAL_LOST], 0);
}

void
ast_screen_emit_heads_changed (AstScreen *self)
{
  g_signal_emit (self, signals[SIGNAL_HEADS_CHANGED], 0);
}

void
ast_screen_emit_redirections_changed (AstScreen *self)
{
  g_signal_emit (self, signals[SIGNAL_REDIRECTIONS_CHANGED], 0);
}

void
ast_screen_prepare (AstScreen *self, const AstConfig *config, AstAppliance *appliance,
                    const AstPolicy *policy)
{
  AST_SCREEN_GET_IFACE (self)->prepare (self, config, appliance, policy);
}

void
ast_screen_await (AstScreen *self, AstMachine *machine)
{
  AST_SCREEN_GET_IFACE (self)->await (self, machine);
}

void
ast_screen_attach (AstScreen *self, AstMachine *machine)
{
  AST_SCREEN_GET_IFACE (self)->attach (self, machine);
}

void
ast_screen_detach (AstScreen *self)
{
  AST_SCREEN_GET_IFACE (self)->detach (self);
}

void
ast_screen_send_chord (AstScreen *self, const guint *keys, guint n_keys)
{
  AST_SCREEN_GET_IFACE (self)->send_chord (self, keys, n_keys);
}

GPtrArray *
ast_screen_list_redirections (AstScreen *self)
{
  return AST_SCREEN_GET_IFACE (self)->list_redirections (self);
}

gboolean
ast_screen_redirect (AstScreen *self, const char *id, gboolean in, GError **error)
{
  return AST_SCREEN_GET_IFACE (self)->redirect (self, id, in, error);
}

void
ast_screen_set_volume (AstScreen *self, AstVolume volume)
{
  AST_SCREEN_GET_IFACE (self)->set_volume (self, volume);
}

guint
ast_screen_get_n_heads (AstScreen *self)
{
  return AST_SCREEN_GET_IFACE (self)->get_n_heads (self);
}

GObject *
ast_screen_get_head (AstScreen *self, guint head)
{
  return AST_SCREEN_GET_IFACE (self)->get_head (self, head);
}

void
ast_screen_place_heads (AstScreen *self, const AstHeadPlace *places, guint n_places)
{
  AST_SCREEN_GET_IFACE (self)->place_heads (self, places, n_places);
}
