// SPDX-License-Identifier: GPL-3.0-or-later
// What this station brings to every domain, found once.
#pragma once
#include "config.h"
#include "domain-builder.h"

G_BEGIN_DECLS

// Pinned, so that a newer QEMU gives a guest the same hardware: the newest type that Debian 12's QEMU has.
#define AST_STATION_MACHINE "pc-q35-7.2"

typedef struct
{
  AstDomainStation domain; // its strings live as long as the facts
  char *emulation_reason;  // why guests are emulated in software, a translated sentence; NULL with KVM

  char *emulator;
  char *machine_id;
} AstStationFacts;

// Blocking, up to some three seconds where KVM hangs: call it in a thread. Fails with AST_ERROR_NO_QEMU where
// there is no QEMU, and with AST_ERROR_CONFIGURATION where the configuration demands KVM and KVM runs no
// guest.
AstStationFacts *ast_station_facts_new (const AstConfig *config, GError **error);
void ast_station_facts_free (AstStationFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AstStationFacts, ast_station_facts_free)

// The program's absolute path, in PATH or in /usr/bin; NULL with AST_ERROR_NO_QEMU. The caller frees it.
char *ast_station_find_emulator (const char *program, GError **error);

// 32 lower-case hexadecimal digits: the content of `file` (/etc/machine-id but in tests), or where that holds
// no id, a hash of the host's name and model. Never fails. The caller frees it.
char *ast_station_read_machine_id (const char *file);

G_END_DECLS
