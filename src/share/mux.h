// SPDX-License-Identifier: GPL-3.0-or-later
// The guest's WebDAV clients, which share one port: each piece of data goes with the number of its client. It
// is the protocol of spice-webdavd: number (8 bytes), length (2 bytes, both little-endian), data; no data =
// the client is gone.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

#define AST_TYPE_MUX (ast_mux_get_type ())
// Signals: "ended": nothing comes from the port any more, or it speaks something else.
G_DECLARE_FINAL_TYPE (AstMux, ast_mux, AST, MUX, GObject)

// Serves a new client, whose data come and go through `stream`. FALSE: it is refused.
typedef gboolean (*AstMuxServe) (GIOStream *stream, gpointer data);

// Begins at once. Nobody is read faster than what was read is taken, so that a guest cannot fill memory.
AstMux *ast_mux_new (GIOStream *port, AstMuxServe serve, gpointer data);

G_END_DECLS
