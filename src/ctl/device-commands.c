// SPDX-License-Identifier: GPL-3.0-or-later
// The commands about a running guest's devices: devices, give, take. All of them ask the kiosk, which has
// them.
#include "ast-build.h"
#include "command.h"
#include "bus.h"
#include "json-print.h"
#include "redirection.h"
#include <glib/gi18n.h>

static void
print_device (gpointer data, gpointer unused)
{
  const AstRedirection *device = data;

  g_print ("%s\t%s\t%s", device->id,
           device->is_present ? ast_redirection_state_word (device->state) : "empty", device->name);
  g_print (device->note ? "\t%s\n" : "\n", device->note);
}

static AstExit
print_devices (const GPtrArray *list, gboolean as_json)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!as_json)
    g_ptr_array_foreach ((GPtrArray *)list, print_device, NULL);
  else
    {
      ast_redirection_list_add_to_json (list, builder);
      ast_json_print (builder);
    }
  return AST_EXIT_DONE;
}

AstExit
ast_command_devices (const AstInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_find_kiosk (invocation->config, &error);
  g_autoptr (GVariant) devices = NULL;
  g_autoptr (GPtrArray) list = NULL;

  if (kiosk == NULL || !ast_bus_kiosk1_call_list_devices_sync (kiosk, &devices, NULL, &error))
    return ast_command_fail (error);
  list = ast_redirection_list_from_variant (devices);
  return print_devices (list, invocation->json);
}

static AstExit
redirect (const AstInvocation *invocation, gboolean to_guest)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_find_kiosk (invocation->config, &error);

  if (kiosk == NULL
      || !ast_bus_kiosk1_call_redirect_sync (kiosk, invocation->arguments[0], to_guest, NULL, &error))
    return ast_command_fail (error);
  return AST_EXIT_DONE;
}

AstExit
ast_command_give (const AstInvocation *invocation)
{
  return redirect (invocation, TRUE);
}

AstExit
ast_command_take (const AstInvocation *invocation)
{
  return redirect (invocation, FALSE);
}
