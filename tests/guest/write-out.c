// SPDX-License-Identifier: GPL-3.0-or-later
// write-out CONFIG VENDOR PRODUCT SERIAL: asks the guest of the kiosk with this configuration as that does
// before it takes a stick, and prints the line that people would see. In tests no stick is the station's to
// take.
#include "config.h"
#include "libvirt-host.h"
#include "release.h"
#include <locale.h>
#include <stdlib.h>

typedef struct
{
  GMainLoop *loop;
  AstUsbDevice *stick;
} Asking;

static void
on_released (GObject *source, GAsyncResult *result, gpointer data)
{
  AstWritten written;

  g_assert_true (ast_release_finish (result, &written));
  g_print ("%s\n", ast_release_note (written));
  g_main_loop_quit (((Asking *)data)->loop);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstLeftover) leftover = ast_host_find_leftover_finish (AST_HOST (source), result, &error);

  if (leftover == NULL)
    g_error ("There is no guest: %s", error ? error->message : "none runs");
  ast_release_async (leftover->machine, ((Asking *)data)->stick, NULL, on_released, data);
}

int
main (int argc, char **argv)
{
  g_autoptr (AstUsbDevice) stick = g_atomic_rc_box_new0 (AstUsbDevice);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (AstConfig) config = NULL;
  g_autoptr (AstLibvirtHost) host = NULL;
  g_autoptr (GError) error = NULL;
  Asking asking = { loop, stick };

  g_assert_cmpint (argc, ==, 5);
  config = ast_config_load (argv[1], &error);
  g_assert_no_error (error);
  host = ast_libvirt_host_new (config);
  stick->vendor = (guint16)strtoul (argv[2], NULL, 16);
  stick->product = (guint16)strtoul (argv[3], NULL, 16);
  stick->serial = g_strdup (argv[4]);
  stick->functions = g_array_new (FALSE, FALSE, sizeof (AstUsbFunction));
  ast_host_find_leftover_async (AST_HOST (host), on_found, &asking);
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}
