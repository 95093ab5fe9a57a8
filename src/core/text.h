// SPDX-License-Identifier: GPL-3.0-or-later
// Texts that others wrote, made fit to be shown: a descriptor's, and what a device says of itself.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// A value as it may be put into a sentence: 60 characters at most, then "…", and U+FFFD for each character
// that a terminal or a screen would obey. `value`: UTF-8. The caller frees it.
char *ast_text_quote (const char *value);
// `text` (UTF-8) without what a terminal or a screen would obey: control characters, line separators, and the
// characters that turn the direction of what follows. A name stands in our sentences, and would turn the rest
// of them, too. Languages that are written from the right do not need them. The caller frees it.
char *ast_text_drop_controls (const char *text);
// Any bytes as one short line: valid UTF-8, `most` characters at most, then "…"; blanks at the ends dropped
// and those within made one; nothing in it that is not printed (control characters, turns of direction). May
// be empty. The caller frees it.
char *ast_text_label (const char *bytes, guint most);

G_END_DECLS
