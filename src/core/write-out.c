// SPDX-License-Identifier: GPL-3.0-or-later
#include "write-out.h"
#include "guest-script.h"

// Exit statuses of the script.
#define STATUS_ALL  0
#define STATUS_OPEN 1

// As the script compares it: the kernel's own files, one after the other.
static char *
describe (const AstUsbDevice *device)
{
  gboolean has_serial = *device->serial && g_utf8_validate (device->serial, -1, NULL);

  return g_strdup_printf ("%04x\n%04x%s%s", device->vendor, device->product, has_serial ? "\n" : "",
                          has_serial ? device->serial : "");
}

// All disks that have a letter and something in them: one that is plugged in counts as removable there only
// if it says so itself.
#define WINDOWS_DISKS "$_.DriveLetter -and $_.Size -and $_.DriveType -in 'Fixed', 'Removable'"

static char **
windows_command (void)
{
  static const char *const words[]
      = { "powershell.exe",
          "-NoProfile",
          "-NonInteractive",
          "-Command",
          "Get-Volume | Where-Object { " WINDOWS_DISKS " } | Write-VolumeCache -ErrorAction Stop",
          NULL };

  return g_strdupv ((char **)words);
}

char **
ast_write_out_command (const AstUsbDevice *device, gboolean windows)
{
  g_autofree char *which = describe (device);

  return windows ? windows_command () : ast_guest_script_command ("write-out.sh", which, NULL);
}

// That something is still open is what our script says, and no other program.
AstWritten
ast_write_out_read_status (int status, gboolean windows)
{
  if (status == STATUS_ALL)
    return AST_WRITTEN_ALL;
  return status == STATUS_OPEN && !windows ? AST_WRITTEN_OPEN : AST_WRITTEN_NOT;
}
