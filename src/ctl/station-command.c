// SPDX-License-Identifier: GPL-3.0-or-later
// The command “station”: makes a station of a machine, takes that back, and looks whether all is as it should
// be.
#include "command.h"
#include "json-print.h"
#include "station-points.h"
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  const AstInvocation *invocation;
  AstStationRoot *root;
  AstStationJournal *journal;
  const char *session; // the one asked for, else the machine's, else x11
  GPtrArray *points;   // of that session
} AstWork;

static AstExit
fail_text (const char *text)
{
  g_printerr ("asteroidectl: %s\n", text);
  return AST_EXIT_FAILED;
}

// systemd reads its files again, where it runs: neither in another machine's tree nor while an image is being
// built.
static AstExit
reload (const AstWork *work)
{
  const char *const words[] = { "systemctl", "daemon-reload", NULL };
  g_autoptr (GError) error = NULL;

  if (ast_station_root_is_offline (work->root))
    return AST_EXIT_DONE;
  if (g_file_test ("/run/systemd/system", G_FILE_TEST_IS_DIR)
      && !ast_station_root_run (work->root, words, &error))
    return ast_command_fail (error);
  g_print ("%s\n", _ ("Restart the machine now: some of this takes effect at its start only."));
  return AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// enable

// Tells each condition that is not met; FALSE where there is any.
static gboolean
meets_conditions (const AstWork *work)
{
  gboolean is_met = TRUE;

  for (guint i = 0; i < work->points->len; i++)
    {
      const AstStationPoint *point = work->points->pdata[i];
      g_autofree char *problem
          = ast_station_point_is_condition (point) ? ast_station_point_check (point, work->root) : NULL;

      if (problem)
        g_printerr ("asteroidectl: %s\n", problem);
      is_met = is_met && problem == NULL;
    }
  return is_met;
}

// Looks again after it: a point that does not stay as it was made is a failure here, not a surprise in the
// room.
static gboolean
make_point (const AstWork *work, const AstStationPoint *point, GError **error)
{
  g_autofree char *problem = NULL;

  if (!ast_station_point_apply (point, work->root, work->journal, error))
    return FALSE;
  problem = ast_station_point_check (point, work->root);
  if (problem)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, problem);
  return problem == NULL;
}

// How many points were not as they should be; -1 with error where one cannot be made so.
static int
make_points (const AstWork *work, GError **error)
{
  int changed = 0;

  for (guint i = 0; i < work->points->len; i++)
    {
      const AstStationPoint *point = work->points->pdata[i];
      g_autofree char *problem = ast_station_point_check (point, work->root);
      g_autofree char *change = NULL;

      if (problem == NULL || ast_station_point_is_condition (point))
        continue;
      if (!work->invocation->dry_run && !make_point (work, point, error))
        return -1;
      change = ast_station_point_describe (point, work->root);
      g_print ("%s\n", change);
      changed++;
    }
  return changed;
}

static AstExit
enable (const AstWork *work)
{
  const char *before = ast_station_journal_get_session (work->journal);
  g_autoptr (GError) error = NULL;
  int changed;

  if (before && strcmp (before, work->session) != 0)
    return fail_text (_ ("This machine is a station with the other session. Take that back first: "
                         "asteroidectl station disable"));
  if (!meets_conditions (work) && !work->invocation->force)
    return fail_text (_ ("Nothing was changed. With --force it is done all the same."));
  if (!work->invocation->dry_run && !ast_station_journal_begin (work->journal, work->session, &error))
    return ast_command_fail (error);
  changed = make_points (work, &error);
  if (changed < 0)
    {
      ast_command_fail (error);
      return fail_text (_ ("It was not finished. “asteroidectl station disable” takes back what was done."));
    }
  if (changed == 0)
    g_print ("%s\n", _ ("There is nothing to change."));
  if (work->invocation->dry_run)
    g_print ("%s\n", _ ("Nothing was changed: that is what would be."));
  return changed == 0 || work->invocation->dry_run ? AST_EXIT_DONE : reload (work);
}

// ---------------------------------------------------------------------------------------------------------------
// disable

static void
tell_taken_back (const char *path, gboolean is_kept)
{
  if (is_kept)
    g_print (_ ("leave %s, which is not empty\n"), path);
  else
    g_print (_ ("take back %s\n"), path);
}

static AstExit
disable (const AstWork *work)
{
  g_autoptr (GError) error = NULL;

  if (ast_station_journal_get_session (work->journal) == NULL)
    {
      g_print ("%s\n", _ ("This machine is no station: there is nothing to take back."));
      return AST_EXIT_DONE;
    }
  if (work->invocation->dry_run)
    {
      ast_station_journal_foreach (work->journal, tell_taken_back);
      g_print ("%s\n", _ ("Nothing was changed: that is what would be."));
      return AST_EXIT_DONE;
    }
  if (!ast_station_journal_revert (work->journal, tell_taken_back, &error))
    return ast_command_fail (error);
  return reload (work);
}

// ---------------------------------------------------------------------------------------------------------------
// check

static void
add_point (JsonBuilder *builder, const AstWork *work, const AstStationPoint *point, const char *problem)
{
  g_autofree char *subject = ast_station_point_get_subject (point, work->root);

  json_builder_begin_object (builder);
  ast_json_add_string (builder, "name", ast_station_point_get_name (point));
  ast_json_add_string (builder, "subject", subject);
  ast_json_add_boolean (builder, "good", problem == NULL);
  ast_json_add_string (builder, "problem", problem);
  json_builder_end_object (builder);
}

static void
print_point (const AstStationPoint *point, const char *problem)
{
  if (problem)
    g_print ("%s: %s\n", ast_station_point_get_name (point), problem);
  else
    g_print (_ ("%s: good\n"), ast_station_point_get_name (point));
}

static AstExit
check (const AstWork *work)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  AstExit status = AST_EXIT_DONE;

  json_builder_begin_object (builder);
  ast_json_add_string (builder, "enabled", ast_station_journal_get_session (work->journal));
  ast_json_add_string (builder, "session", work->session);
  json_builder_set_member_name (builder, "points");
  json_builder_begin_array (builder);
  for (guint i = 0; i < work->points->len; i++)
    {
      const AstStationPoint *point = work->points->pdata[i];
      g_autofree char *problem = ast_station_point_check (point, work->root);

      add_point (builder, work, point, problem);
      if (!work->invocation->json)
        print_point (point, problem);
      if (problem)
        status = AST_EXIT_FAILED;
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  if (work->invocation->json)
    ast_json_print (builder);
  return status == AST_EXIT_DONE ? status
                                 : fail_text (_ ("Something of the station is not as it should be."));
}

// ---------------------------------------------------------------------------------------------------------------

static const struct
{
  const char *word;
  AstExit (*run) (const AstWork *work);
} actions[] = { { "enable", enable }, { "disable", disable }, { "check", check } };

static AstExit
run_action (const AstInvocation *invocation, AstExit (*run) (const AstWork *work))
{
  g_autoptr (AstStationRoot) root = ast_station_root_new (invocation->root);
  g_autoptr (GError) error = NULL;
  g_autoptr (AstStationJournal) journal = NULL;
  g_autoptr (GPtrArray) points = NULL;
  AstWork work = { invocation, root };

  if (!ast_station_root_is_offline (root) && geteuid () != 0)
    return fail_text (_ ("Only root can do this."));
  if (ast_station_root_is_offline (root) && !g_file_test (root->folder, G_FILE_TEST_IS_DIR))
    return fail_text (_ ("There is no such folder for --root."));
  journal = ast_station_journal_load (root, &error);
  if (journal == NULL)
    return ast_command_fail (error);
  work.journal = journal;
  work.session = invocation->session ?: ast_station_journal_get_session (journal) ?: "x11";
  points = ast_station_points_of (ast_station_session_from_word (work.session));
  work.points = points;
  return run (&work);
}

AstExit
ast_command_station (const AstInvocation *invocation)
{
  const char *action = invocation->arguments[0];

  if (invocation->session && ast_station_session_from_word (invocation->session) == 0)
    return ast_command_fail_usage (_ ("There is no session “%s”: it is x11 or cage."), invocation->session);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (strcmp (action, actions[i].word) == 0)
      return run_action (invocation, actions[i].run);
  return ast_command_fail_usage (_ ("station does not take “%s”: it is enable, disable or check."), action);
}
