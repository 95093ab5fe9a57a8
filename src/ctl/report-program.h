// SPDX-License-Identifier: GPL-3.0-or-later
// What another program has to say to a report, in English. One that does not answer is a part of the report,
// too.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Appends the command line, all that the program says, and how it ended where that was not well. Blocking, a
// minute at most; then it is killed, with what it has started.
void ast_report_append_program (GString *text, const char *const *words);

G_END_DECLS
