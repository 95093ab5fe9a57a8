// SPDX-License-Identifier: GPL-3.0-or-later
// The domain of a guest that is to be saved, and of one that is restored. Pure.
#pragma once
#include "domain-builder.h"

G_BEGIN_DECLS

// Takes the builder's network cards that lead somewhere out of a domain: a guest gets them after each
// restore, as if somebody plugged them in, and so asks the network anew. `cards`: char*, an <interface> each,
// appended. Returns the rest, which the caller frees; NULL with AST_ERROR_WARM when it is no domain.
char *ast_warm_domain_split (const char *xml, GPtrArray *cards, GError **error);

// Has the domain the card, by its alias?
gboolean ast_warm_domain_has_card (const char *xml, const char *card);

// `saved`: a saved guest's domain, in libvirt's words. Its disk becomes `overlay`, on the seed (absolute
// path) that the disk was when it was saved, on what was below that. `overlay` NULL: it has no disk of ours.
// `session`: the token of the session that it is restored for. The caller frees it; NULL with AST_ERROR_WARM.
char *ast_warm_domain_on_seed (const char *saved, const AstDomainOverlay *overlay, const char *seed,
                               const char *session, GError **error);

// May this guest's RAM be a file that QEMU maps privately? Not where its memory is described in more words
// than its size (huge pages, shared with another process, nodes), nor with a balloon: what that
// gives back, QEMU would punch out of the file.
gboolean ast_warm_domain_can_be_mapped (const char *xml);

// The domain with its RAM in the file `ram` (absolute path), `bytes` long, in the place of libvirt's: each
// page is taken when it is first touched, and what the guest writes stays its own. The caller frees it; NULL
// with AST_ERROR_WARM when it is no domain.
char *ast_warm_domain_map (const char *xml, const char *ram, guint64 bytes, GError **error);

G_END_DECLS
