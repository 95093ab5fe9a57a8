// SPDX-License-Identifier: GPL-3.0-or-later
// How a guest is made to write out what it holds back of a device: the program that its agent runs, and what
// that program's exit status says. Pure.
#pragma once
#include "host.h"

G_BEGIN_DECLS

// The program and its arguments, ending in NULL. `windows`: for a Windows, else for a Linux. The caller frees
// it with g_strfreev.
char **ast_write_out_command (const AstUsbDevice *device, gboolean windows);
// `status`: of that program; -1 where it did not run to its end.
AstWritten ast_write_out_read_status (int status, gboolean windows);

G_END_DECLS
