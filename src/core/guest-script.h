// SPDX-License-Identifier: GPL-3.0-or-later
// The scripts that a Linux guest's agent is asked to run. They come with the program; nothing of them has to
// be in the guest.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// What the agent runs for the script of this name ("renew.sh"), with up to two arguments (NULL = none from
// here on). Ends in NULL; the caller frees it with g_strfreev.
char **ast_guest_script_command (const char *name, const char *first, const char *second);

G_END_DECLS
