// SPDX-License-Identifier: GPL-3.0-or-later
// What a command of asteroidectl gets, and the table they stand in.
#pragma once
#include "catalogue.h"
#include "config.h"

G_BEGIN_DECLS

typedef enum // the process's exit status, the same for every command
{
  AST_EXIT_DONE = 0,
  AST_EXIT_FAILED = 1, // refused or failed; the reason is on standard error
  AST_EXIT_USAGE = 2,
} AstExit;

typedef struct
{
  AstConfig *config; // NULL for a command that takes none
  char **arguments;  // those behind the command, NULL-terminated
  gboolean json;
  gboolean force;
  gboolean all;
  gboolean digest;
  gboolean headless;
  gboolean dry_run;
  gboolean anew;
  gboolean list;
  gboolean drop;
  char *session;     // of a station; NULL where none is named
  char *appliance;   // its id; NULL where none is named
  char *root;        // the tree to work on; NULL = this machine's
  char *output;      // the file to write; NULL where none is named
  char *config_file; // for a command that takes no configuration and reads it itself; NULL = the station's
} AstInvocation;

typedef enum // options that a command takes beside --config
{
  AST_TAKES_JSON = 1 << 0,
  AST_TAKES_FORCE = 1 << 1,
  AST_TAKES_ALL = 1 << 2,
  AST_TAKES_DIGEST = 1 << 3,
  AST_TAKES_HEADLESS = 1 << 4,
  AST_TAKES_DRY_RUN = 1 << 5,
  AST_TAKES_SESSION = 1 << 6,
  AST_TAKES_ROOT = 1 << 7,
  AST_TAKES_APPLIANCE = 1 << 8,
  AST_TAKES_NO_CONFIG = 1 << 9, // works whatever the configuration says, which is not read for it
  AST_TAKES_WARM = 1 << 10,     // --anew, --list, --drop
  AST_TAKES_OUTPUT = 1 << 11,
} AstTakes;

typedef struct
{
  const char *name;
  const char *synopsis;    // its arguments, as help shows them
  const char *description; // one line, marked for translation
  AstTakes takes;
  guint least; // arguments
  guint most;
  AstExit (*run) (const AstInvocation *invocation);
} AstCommand;

AstExit ast_command_list (const AstInvocation *invocation);
AstExit ast_command_show (const AstInvocation *invocation);
AstExit ast_command_check (const AstInvocation *invocation);
AstExit ast_command_status (const AstInvocation *invocation);
AstExit ast_command_start (const AstInvocation *invocation);
AstExit ast_command_stop (const AstInvocation *invocation);
AstExit ast_command_reset (const AstInvocation *invocation);
AstExit ast_command_devices (const AstInvocation *invocation);
AstExit ast_command_give (const AstInvocation *invocation);
AstExit ast_command_take (const AstInvocation *invocation);
AstExit ast_command_station (const AstInvocation *invocation);
AstExit ast_command_usb (const AstInvocation *invocation);
AstExit ast_command_warm (const AstInvocation *invocation);
AstExit ast_command_report (const AstInvocation *invocation);
AstExit ast_command_version (const AstInvocation *invocation);

// What a kiosk, which runs as another user, has told, as one line that no terminal obeys anything of; NULL =
// "". The caller frees it.
char *ast_command_make_line (const char *text);
// Prints "asteroidectl: …" on standard error, without what D-Bus has put before the message, and returns
// AST_EXIT_FAILED.
AstExit ast_command_fail (const GError *error);
// Prints "asteroidectl: …" and where the help is on standard error and returns AST_EXIT_USAGE.
AstExit ast_command_fail_usage (const char *format, ...) G_GNUC_PRINTF (1, 2);
// The station's catalogue, loaded. Full reference.
AstCatalogue *ast_command_load_catalogue (const AstInvocation *invocation);
// Borrowed from the catalogue; NULL with AST_ERROR_NO_SUCH_APPLIANCE where it has none of this id.
AstAppliance *ast_command_find_appliance (AstCatalogue *catalogue, const char *id, GError **error);
// Prints the text and blanks up to `width` columns, by what a terminal shows and not by bytes.
void ast_command_print_padded (const char *text, glong width);

G_END_DECLS
