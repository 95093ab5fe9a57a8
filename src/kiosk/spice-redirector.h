// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the station's devices a guest has: SPICE's USB redirection, for what is plugged in and, through
// the drive that spice-gtk emulates, for discs. One object for one connection to one guest.
#pragma once
#include "config.h"
#include "host.h"
#include "policy.h"
#include "redirection.h"
#include <spice-client.h>

G_BEGIN_DECLS

#define AST_TYPE_SPICE_REDIRECTOR (ast_spice_redirector_get_type ())
// Signal "changed": the list is another one, or something in it.
G_DECLARE_FINAL_TYPE (AstSpiceRedirector, ast_spice_redirector, AST, SPICE_REDIRECTOR, GObject)

// Offers the guest by itself what the policy allows. NULL with error where there is no USB on this station;
// everything else goes into the list. What may hold back what belongs on a stick is asked of the machine.
// `config` outlives it.
AstSpiceRedirector *ast_spice_redirector_new (SpiceSession *session, AstMachine *machine,
                                              const AstConfig *config, AstAppliance *appliance,
                                              const AstPolicy *policy, GError **error);
// As in ast_screen_list_redirections and ast_screen_redirect.
GPtrArray *ast_spice_redirector_list (AstSpiceRedirector *self);
gboolean ast_spice_redirector_redirect (AstSpiceRedirector *self, const char *id, gboolean in,
                                        GError **error);
// The guest has started again: what it lost with that, or could not take before, it is offered once more.
void ast_spice_redirector_offer_again (AstSpiceRedirector *self);

G_END_DECLS
