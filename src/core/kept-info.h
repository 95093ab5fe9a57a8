// SPDX-License-Identifier: GPL-3.0-or-later
// A small file beside a kept overlay: which images it was made on.
#pragma once
#include "appliance.h"

G_BEGIN_DECLS

// Notes size and time of the disk and its layers. Atomic, on the disk when it returns. Fails with NO_SPACE or
// STORE.
gboolean ast_kept_info_write (const char *path, const AstAppliance *appliance, GError **error);
// Are they still the same? FALSE also when the note is missing or damaged: nobody can tell then.
gboolean ast_kept_info_matches (const char *path, const AstAppliance *appliance);

G_END_DECLS
