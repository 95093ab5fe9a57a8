// SPDX-License-Identifier: GPL-3.0-or-later
// A question that may hang or crash its asker, asked in a short-lived child process.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Answers for what was no answer.
#define AST_GUARDED_HUNG    -1 // no end within the time allowed; the child was killed
#define AST_GUARDED_CRASHED -2 // ended by a signal
#define AST_GUARDED_NONE    -3 // no child could be made

// Runs in a forked child: only async-signal-safe calls are allowed. Returns 0 to 255.
typedef int (*AstGuardedJob) (const void *data);

// What `job` returned, or one of the above. Blocks for `milliseconds` and a little at most, even where the
// child sits in a kernel call that no signal interrupts. Not for the main loop.
int ast_guarded_child_run (AstGuardedJob job, const void *data, guint milliseconds);

G_END_DECLS
