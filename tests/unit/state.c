// SPDX-License-Identifier: GPL-3.0-or-later
#include "state.h"
#include "image-tools.h"
#include <json-glib/json-glib.h>
#include <string.h>

static const char *const words[]
    = { "idle", "preparing", "starting", "booting", "ready", "stopping", "discarding", "failed" };

static void
test_words (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      AstState state = AST_STATE_IDLE;

      g_assert_cmpstr (ast_state_word (i), ==, words[i]);
      g_assert_true (ast_state_from_word (words[i], &state));
      g_assert_cmpuint (state, ==, i);
    }
}

static void
test_other_words (void)
{
  const char *const others[] = { "", "Idle", "idle ", "running", NULL };
  AstState state = AST_STATE_READY;

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (ast_state_from_word (others[i], &state));
  g_assert_cmpint (state, ==, AST_STATE_READY);
}

static AstStatus *
make_failed (void)
{
  // 2026-03-04T05:06:07.000089Z
  AstStatus *status = ast_status_new (AST_STATE_FAILED, "netlab", G_GINT64_CONSTANT (1772600767000089));

  status->failure_code = g_strdup ("guest-lost");
  status->failure_message = g_strdup ("“Réseau” stopped\n\"unexpectedly\".");
  status->exam = TRUE;
  status->warming = TRUE;
  status->resumable = TRUE;
  return status;
}

static void
test_json (void)
{
  g_autoptr (AstStatus) idle = ast_status_new (AST_STATE_IDLE, NULL, 0);
  g_autoptr (AstStatus) failed = make_failed ();
  g_autofree char *idle_json = ast_status_to_json (idle);
  g_autofree char *failed_json = ast_status_to_json (failed);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) expected = json_from_string (
      "{\"state\":\"failed\",\"appliance\":\"netlab\",\"since\":\"2026-03-04T05:06:07.000089Z\","
      "\"failure\":{\"code\":\"guest-lost\",\"message\":\"“Réseau” stopped\\n\\\"unexpectedly\\\".\"},"
      "\"paused\":null,\"exam\":true,\"warming\":true,\"resumable\":true,\"room\":null}",
      &error);
  g_autoptr (JsonNode) nothing = json_from_string (
      "{\"state\":\"idle\",\"appliance\":null,\"since\":null,\"failure\":null,"
      "\"paused\":null,\"exam\":false,\"warming\":false,\"resumable\":false,\"room\":null}",
      &error);
  g_autoptr (JsonNode) said = json_from_string (failed_json, &error);
  g_autoptr (JsonNode) said_idle = json_from_string (idle_json, &error);

  g_assert_no_error (error);
  g_assert_true (json_node_equal (said, expected));
  g_assert_true (json_node_equal (said_idle, nothing));
}

static void
assert_equal (const AstStatus *a, const AstStatus *b)
{
  g_assert_cmpint (a->state, ==, b->state);
  g_assert_cmpstr (a->appliance, ==, b->appliance);
  g_assert_cmpint (a->since, ==, b->since);
  g_assert_cmpstr (a->failure_code, ==, b->failure_code);
  g_assert_cmpstr (a->failure_message, ==, b->failure_message);
  g_assert_cmpint (a->exam, ==, b->exam);
  g_assert_cmpint (a->warming, ==, b->warming);
}

static void
test_there_and_back (void)
{
  g_autoptr (TestFolder) folder = make_folder ();

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (AstStatus) status
          = i == AST_STATE_FAILED ? make_failed () : ast_status_new (i, i ? "lab" : NULL, g_get_real_time ());
      g_autoptr (AstStatus) copy = ast_status_copy (status);
      g_autoptr (AstStatus) loaded = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (ast_status_save (status, folder, &error));
      g_assert_no_error (error);
      loaded = ast_status_load (folder);
      assert_equal (loaded, status);
      assert_equal (copy, status);
    }
}

static void
test_nonsense (void)
{
  const char *const texts[] = { "",
                                "null",
                                "[]",
                                "{}",
                                "{\"state\":null}",
                                "{\"state\":1}",
                                "{\"state\":\"running\"}",
                                "{\"state\":[\"idle\"]}",
                                "{\"state\":\"idle\"",
                                "\xff\xfe",
                                "{\"state\":\"\xff\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_null (ast_status_from_json (texts[i], -1));
}

// Other types where text is meant: as if nothing were written there.
static void
test_half_nonsense (void)
{
  const char *const texts[] = {
    "{\"state\":\"ready\"}",
    "{\"state\":\"ready\",\"appliance\":7,\"since\":8,\"failure\":9,\"exam\":1}",
    "{\"state\":\"ready\",\"appliance\":{},\"since\":\"yesterday\",\"failure\":{},\"exam\":\"yes\"}",
    "{\"state\":\"ready\",\"appliance\":null,\"since\":\"\",\"failure\":{\"code\":1,\"message\":[]},\"x\":1}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (AstStatus) status = ast_status_from_json (texts[i], strlen (texts[i]));

      g_assert_nonnull (status);
      g_assert_cmpint (status->state, ==, AST_STATE_READY);
      g_assert_null (status->appliance);
      g_assert_cmpint (status->since, ==, 0);
      g_assert_null (status->failure_code);
      g_assert_null (status->failure_message);
      g_assert_false (status->exam);
    }
}

static void
test_no_file (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *file = g_build_filename (folder, "state.json", NULL);
  g_autoptr (AstStatus) none = ast_status_load (folder);
  g_autoptr (AstStatus) torn = NULL;

  g_assert_cmpint (none->state, ==, AST_STATE_IDLE);
  g_assert_cmpint (none->since, ==, 0);
  write_file (file, "{\"state\":\"rea", 13);
  torn = ast_status_load (folder);
  g_assert_cmpint (torn->state, ==, AST_STATE_IDLE);
}

static void
test_save_fails (void)
{
  g_autoptr (TestFolder) folder = make_folder ();
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);
  g_autoptr (AstStatus) status = ast_status_new (AST_STATE_IDLE, NULL, 0);
  g_autoptr (GError) error = NULL;

  g_assert_false (ast_status_save (status, missing, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

// Why a guest stands still is read again; how full its disk was then is not.
static void
test_paused (void)
{
  static const AstPause pauses[] = { AST_PAUSE_NO_SPACE, AST_PAUSE_DISK_ERROR };
  static const char *const texts[] = {
    "{\"state\":\"ready\",\"appliance\":\"a\",\"since\":null,\"failure\":null,\"paused\":\"no-space\","
    "\"exam\":false,\"warming\":false,\"resumable\":false,\"room\":{\"used\":1,\"bound\":2,\"left\":3}}",
    "{\"state\":\"ready\",\"appliance\":\"a\",\"since\":null,\"failure\":null,\"paused\":\"disk-error\","
    "\"exam\":false,\"warming\":false,\"resumable\":false,\"room\":{\"used\":1,\"bound\":2,\"left\":3}}"
  };

  for (guint i = 0; i < G_N_ELEMENTS (pauses); i++)
    {
      g_autoptr (AstStatus) status = ast_status_new (AST_STATE_READY, "a", 0);
      g_autoptr (JsonNode) expected = json_from_string (texts[i], NULL);
      g_autoptr (JsonNode) said = NULL;
      g_autoptr (AstStatus) read = NULL;
      g_autofree char *json = NULL;

      status->paused = pauses[i];
      status->room = (AstRoom){ 1, 2, 3 };
      json = ast_status_to_json (status);
      said = json_from_string (json, NULL);
      g_assert_true (json_node_equal (said, expected));
      read = ast_status_from_json (json, -1);
      g_assert_cmpint (read->paused, ==, pauses[i]);
      g_assert_cmpuint (read->room.bound, ==, 0);
    }
  g_assert_cmpint (ast_pause_from_word ("tired"), ==, AST_PAUSE_NONE);
}

static void
test_room_percent (void)
{
  static const struct
  {
    AstRoom room;
    guint percent;
  } rooms[] = { { { 0, 0, 0 }, 0 },       { { 5, 0, 100 }, 0 },      { { 0, 100, 100 }, 0 },
                { { 80, 100, 100 }, 80 }, { { 80, 100, 20 }, 80 },   { { 80, 100, 5 }, 94 },
                { { 80, 100, 0 }, 100 },  { { 120, 100, 100 }, 100 } };

  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    g_assert_cmpuint (ast_room_percent (&rooms[i].room), ==, rooms[i].percent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/state/words", test_words);
  g_test_add_func ("/state/other-words", test_other_words);
  g_test_add_func ("/state/json", test_json);
  g_test_add_func ("/state/paused", test_paused);
  g_test_add_func ("/state/there-and-back", test_there_and_back);
  g_test_add_func ("/state/nonsense", test_nonsense);
  g_test_add_func ("/state/half-nonsense", test_half_nonsense);
  g_test_add_func ("/state/no-file", test_no_file);
  g_test_add_func ("/state/save-fails", test_save_fails);
  g_test_add_func ("/state/room-percent", test_room_percent);
  return g_test_run ();
}
