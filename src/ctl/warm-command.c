// SPDX-License-Identifier: GPL-3.0-or-later
// warm: prepares appliances for warm starts, on the running kiosk or here; lists and drops what is prepared.
#include "ast-build.h"
#include "session.h"
#include "json-print.h"
#include "module.h"
#include "warm-table.h"
#include <errno.h>
#include <glib/gi18n.h>
#include <unistd.h>

// ---------------------------------------------------------------------------------------------------------------
// Which

// AstAppliance*: those that were named, or all that start warm.
static GPtrArray *
choose (AstCatalogue *catalogue, const AstInvocation *invocation, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  GPtrArray *appliances = ast_catalogue_list (catalogue);

  for (guint i = 0; invocation->arguments[i]; i++)
    {
      AstAppliance *appliance = ast_command_find_appliance (catalogue, invocation->arguments[i], error);

      if (appliance == NULL)
        return NULL;
      g_ptr_array_add (chosen, appliance);
    }
  for (guint i = 0; invocation->arguments[0] == NULL && i < appliances->len; i++)
    if (((AstAppliance *)appliances->pdata[i])->start_mode == AST_START_WARM)
      g_ptr_array_add (chosen, appliances->pdata[i]);
  return g_steal_pointer (&chosen);
}

// ---------------------------------------------------------------------------------------------------------------
// Prepare

static gboolean
is_over_or_gave_way (const AstStatus *status)
{
  return ast_is_at_rest (status->state) || !status->warming;
}

static AstExit
warm_on_kiosk (AstBusKiosk1 *kiosk, const char *id, gboolean anew)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AstStatus) status = NULL;

  if (!ast_bus_kiosk1_call_warm_sync (kiosk, id, anew, NULL, &error))
    return ast_command_fail (error);
  status = ast_session_wait_for_kiosk (kiosk, is_over_or_gave_way);
  if (status && !ast_is_at_rest (status->state))
    {
      g_printerr ("asteroidectl: %s\n", _ ("It gave way to a session. Try again when that is over."));
      return AST_EXIT_FAILED;
    }
  return status && status->state == AST_STATE_IDLE ? AST_EXIT_DONE : ast_session_fail_status (status);
}

static AstExit
warm_here (AstRunner *runner, AstAppliance *appliance, gboolean anew)
{
  g_autoptr (GError) error = NULL;
  const AstStatus *status;

  if (!ast_runner_warm (runner, appliance, anew, &error))
    return ast_command_fail (error);
  status = ast_session_run_here (runner);
  if (status->state == AST_STATE_IDLE)
    return AST_EXIT_DONE;
  ast_session_fail_status (status);
  ast_runner_dismiss_failure (runner);
  return AST_EXIT_FAILED;
}

static AstExit
warm_all (const AstInvocation *invocation, AstCatalogue *catalogue, GPtrArray *chosen)
{
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_find_kiosk (invocation->config, NULL);
  g_autoptr (AstRunner) runner = NULL;
  g_autoptr (AstBusService) service = NULL;
  g_autoptr (GError) error = NULL;
  AstExit worst = AST_EXIT_DONE;

  if (kiosk == NULL && (runner = ast_session_make_runner (invocation->config, NULL, &error)) == NULL)
    return ast_command_fail (error);
  if (runner)
    {
      service = ast_bus_service_new (invocation->config, runner, catalogue);
      ast_runner_recover (runner);
      ast_session_run_here (runner);
    }
  for (guint i = 0; i < chosen->len; i++)
    {
      AstAppliance *appliance = chosen->pdata[i];
      AstExit status;

      g_print ("%s\n", appliance->id);
      status = kiosk ? warm_on_kiosk (kiosk, appliance->id, invocation->anew)
                     : warm_here (runner, appliance, invocation->anew);
      worst = MAX (worst, status);
    }
  return worst;
}

// ---------------------------------------------------------------------------------------------------------------
// List

static const char *
describe (AstWarmth warmth)
{
  switch (warmth)
    {
    case AST_WARMTH_FRESH:
      return _ ("starts warm");
    case AST_WARMTH_STALE:
      return _ ("starts cold: what was prepared is out of date");
    case AST_WARMTH_DAMAGED:
      return _ ("starts cold: what was prepared is of no use");
    case AST_WARMTH_NONE:
      break;
    }
  return _ ("starts cold: nothing is prepared");
}

static void
print_line (gpointer data, gpointer unused)
{
  const AstWarmLine *line = data;
  g_autoptr (GDateTime) made = line->pair ? g_date_time_new_from_unix_local (line->pair->made) : NULL;
  g_autofree char *when = made ? g_date_time_format (made, "%F %R") : NULL;
  g_autofree char *size = line->pair ? g_format_size_full (line->pair->bytes, G_FORMAT_SIZE_IEC_UNITS) : NULL;

  ast_command_print_padded (line->id, 16);
  g_print (" %s", describe (line->warmth));
  if (line->why)
    g_print (" (%s)", line->why);
  if (when)
    g_print (_ (", prepared %s, %s"), when, size);
  g_print ("\n");
}

static void
print_json (GPtrArray *lines)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < lines->len; i++)
    {
      const AstWarmLine *line = lines->pdata[i];

      json_builder_begin_object (builder);
      ast_json_add_string (builder, "id", line->id);
      ast_json_add_string (builder, "warmth", ast_warmth_word (line->warmth));
      ast_json_add_string (builder, "why", line->why);
      ast_json_add_number (builder, "made", line->pair ? line->pair->made : 0);
      ast_json_add_number (builder, "bytes", line->pair ? (gint64)line->pair->bytes : 0);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  ast_json_print (builder);
}

// The folder is the kiosk's alone: what cannot be seen is not told to be nothing.
static gboolean
check_folder (const AstConfig *config, GError **error)
{
  if (access (config->warm, R_OK | X_OK) == 0 || errno == ENOENT)
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_STORE, "%s: %s", config->warm, g_strerror (errno));
  return FALSE;
}

static AstExit
list (const AstInvocation *invocation, GPtrArray *chosen)
{
  g_autoptr (AstHost) host = NULL;
  g_autoptr (AstWarmStore) store = ast_warm_store_new_of (invocation->config);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (AstWarmTable) table = NULL;
  g_autoptr (GError) error = NULL;

  if (!check_folder (invocation->config, &error)
      || (host = ast_module_make_host (invocation->config, &error)) == NULL)
    return ast_command_fail (error);
  table = ast_warm_table_new (host, store);
  g_signal_connect_swapped (table, "changed", G_CALLBACK (g_main_loop_quit), loop);
  ast_warm_table_look (table, chosen);
  g_main_loop_run (loop);
  if (invocation->json)
    print_json (ast_warm_table_list (table));
  else
    g_ptr_array_foreach (ast_warm_table_list (table), print_line, NULL);
  return AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// Drop

// Also of an appliance that is no longer there. A guest that runs on a pair holds its files open.
static AstExit
drop (const AstInvocation *invocation)
{
  g_autoptr (AstWarmStore) store = ast_warm_store_new_of (invocation->config);
  g_autoptr (GError) error = NULL;
  guint dropped = 0;

  if (!check_folder (invocation->config, &error))
    return ast_command_fail (error);
  if (invocation->all)
    dropped = ast_warm_store_drop (store, NULL);
  for (guint i = 0; invocation->arguments[i]; i++)
    dropped += ast_warm_store_drop (store, invocation->arguments[i]);
  g_print (ngettext ("%u warm start was dropped.\n", "%u warm starts were dropped.\n", dropped), dropped);
  return AST_EXIT_DONE;
}

AstExit
ast_command_warm (const AstInvocation *invocation)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  g_autoptr (GPtrArray) chosen = NULL;
  g_autoptr (GError) error = NULL;
  gboolean named = invocation->arguments[0] != NULL;

  if (invocation->anew + invocation->list + invocation->drop > 1)
    return ast_command_fail_usage ("%s", _ ("Say one of --anew, --list and --drop."));
  if (named == invocation->all && !(invocation->list && !named))
    return ast_command_fail_usage ("%s", _ ("Name the appliances, or say --all."));
  if (invocation->json && !invocation->list)
    return ast_command_fail_usage ("%s", _ ("--json goes with --list."));
  if (invocation->drop)
    return drop (invocation);
  catalogue = ast_command_load_catalogue (invocation);
  chosen = choose (catalogue, invocation, &error);
  if (chosen == NULL)
    return ast_command_fail (error);
  return invocation->list ? list (invocation, chosen) : warm_all (invocation, catalogue, chosen);
}
