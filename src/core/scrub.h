// SPDX-License-Identifier: GPL-3.0-or-later
// Takes out of a text what strangers must not read: what it is told to be secret, and what looks so.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define AST_SCRUB_BLANK "[blanked]" // what stands in its place

typedef struct AstScrub AstScrub;

// `user`: whose folders below /home and /media may be named, or NULL.
AstScrub *ast_scrub_new (const char *user);
void ast_scrub_free (AstScrub *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstScrub, ast_scrub_free)

// From now on this is blanked wherever it stands. Shorter than 4 bytes it is ignored: it would stand
// everywhere.
void ast_scrub_learn (AstScrub *self, const char *secret);
// Learns the passwords, keys, user names and variables that a descriptor hands to libvirt and QEMU, as far as
// it can be parsed.
void ast_scrub_learn_descriptor (AstScrub *self, const char *bytes, gsize length);

// Without what was learned; values of what is called a password, secret, token or key; variables of a QEMU
// log; users, passwords and queries of addresses; machine ids, UUIDs, MAC addresses, serial numbers of
// guests; and names of people's folders. Always UTF-8. The caller frees it.
char *ast_scrub_text (const AstScrub *self, const char *text);
// Of a web address, no more than where it leads to: "https://host/[blanked]". The caller frees it.
char *ast_scrub_address (const char *address);

G_END_DECLS
