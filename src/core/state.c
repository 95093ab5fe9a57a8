// SPDX-License-Identifier: GPL-3.0-or-later
#include "state.h"
#include "json-print.h"
#include "json-read.h"
#include <gio/gio.h>

static const char *const words[] = {
  [AST_STATE_IDLE] = "idle",
  [AST_STATE_PREPARING] = "preparing",
  [AST_STATE_STARTING] = "starting",
  [AST_STATE_BOOTING] = "booting",
  [AST_STATE_READY] = "ready",
  [AST_STATE_STOPPING] = "stopping",
  [AST_STATE_DISCARDING] = "discarding",
  [AST_STATE_FAILED] = "failed",
};

const char *
ast_state_word (AstState state)
{
  g_return_val_if_fail ((guint)state < G_N_ELEMENTS (words), "failed");
  return words[state];
}

gboolean
ast_is_at_rest (AstState state)
{
  return state == AST_STATE_IDLE || state == AST_STATE_FAILED;
}

gboolean
ast_state_from_word (const char *word, AstState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (word, words[i]) == 0)
      {
        *state = i;
        return TRUE;
      }
  return FALSE;
}

AstStatus *
ast_status_new (AstState state, const char *appliance, gint64 since)
{
  AstStatus *self = g_new0 (AstStatus, 1);

  self->state = state;
  self->appliance = g_strdup (appliance);
  self->since = since;
  return self;
}

AstStatus *
ast_status_copy (const AstStatus *self)
{
  AstStatus *copy = ast_status_new (self->state, self->appliance, self->since);

  copy->failure_code = g_strdup (self->failure_code);
  copy->failure_message = g_strdup (self->failure_message);
  copy->paused = self->paused;
  copy->exam = self->exam;
  copy->warming = self->warming;
  copy->filled = self->filled;
  copy->tampered = self->tampered;
  copy->resumable = self->resumable;
  copy->room = self->room;
  return copy;
}

void
ast_status_free (AstStatus *self)
{
  g_free (self->appliance);
  g_free (self->failure_code);
  g_free (self->failure_message);
  g_free (self);
}

guint
ast_room_percent (const AstRoom *room)
{
  guint64 most = MIN (room->bound, room->used + room->left);

  return most == 0 || room->bound == 0 ? 0 : (guint)MIN (room->used * 100 / most, 100);
}

static const char *const pause_words[] = { NULL, "no-space", "disk-error", "watchdog" };

const char *
ast_pause_word (AstPause pause)
{
  return pause_words[pause];
}

AstPause
ast_pause_from_word (const char *word)
{
  for (guint i = 1; i < G_N_ELEMENTS (pause_words); i++)
    if (g_strcmp0 (word, pause_words[i]) == 0)
      return i;
  return AST_PAUSE_NONE;
}

// NULL: no calendar has it.
static char *
since_to_iso8601 (gint64 since)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (since / G_USEC_PER_SEC);
  g_autoptr (GDateTime) exact = seconds ? g_date_time_add (seconds, since % G_USEC_PER_SEC) : NULL;

  return exact ? g_date_time_format_iso8601 (exact) : NULL;
}

static gint64
since_from_iso8601 (const char *text)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (text, NULL);

  return date ? g_date_time_to_unix (date) * G_USEC_PER_SEC + g_date_time_get_microsecond (date) : 0;
}

static void
add_room (JsonBuilder *builder, const AstRoom *room)
{
  json_builder_set_member_name (builder, "room");
  if (room->bound == 0)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  ast_json_add_number (builder, "used", room->used);
  ast_json_add_number (builder, "bound", room->bound);
  ast_json_add_number (builder, "left", room->left);
  json_builder_end_object (builder);
}

char *
ast_status_to_json (const AstStatus *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *since = self->since ? since_to_iso8601 (self->since) : NULL;

  json_builder_begin_object (builder);
  ast_json_add_string (builder, "state", ast_state_word (self->state));
  ast_json_add_string (builder, "appliance", self->appliance);
  ast_json_add_string (builder, "since", since);
  json_builder_set_member_name (builder, "failure");
  if (self->failure_code)
    {
      json_builder_begin_object (builder);
      ast_json_add_string (builder, "code", self->failure_code);
      ast_json_add_string (builder, "message", self->failure_message);
      json_builder_end_object (builder);
    }
  else
    json_builder_add_null_value (builder);
  ast_json_add_string (builder, "paused", ast_pause_word (self->paused));
  ast_json_add_boolean (builder, "exam", self->exam);
  ast_json_add_boolean (builder, "warming", self->warming);
  ast_json_add_boolean (builder, "resumable", self->resumable);
  add_room (builder, &self->room);
  json_builder_end_object (builder);
  return ast_json_to_text (builder);
}

AstStatus *
ast_status_from_json (const char *json, gssize length)
{
  g_autoptr (JsonObject) object = ast_json_read_object (json, length);
  g_autoptr (AstStatus) self = ast_status_new (AST_STATE_IDLE, NULL, 0);
  JsonNode *failure;
  const char *since;

  if (!object || !ast_state_from_word (ast_json_get_string (object, "state"), &self->state))
    return NULL;
  self->appliance = g_strdup (ast_json_get_string (object, "appliance"));
  since = ast_json_get_string (object, "since");
  self->since = since ? since_from_iso8601 (since) : 0;
  self->paused = ast_pause_from_word (ast_json_get_string (object, "paused"));
  self->exam = ast_json_get_boolean (object, "exam");
  self->warming = ast_json_get_boolean (object, "warming");
  self->resumable = ast_json_get_boolean (object, "resumable");
  failure = json_object_get_member (object, "failure");
  if (failure && JSON_NODE_HOLDS_OBJECT (failure))
    {
      self->failure_code = g_strdup (ast_json_get_string (json_node_get_object (failure), "code"));
      self->failure_message = g_strdup (ast_json_get_string (json_node_get_object (failure), "message"));
    }
  return g_steal_pointer (&self);
}

static char *
status_path (const char *runtime)
{
  return g_build_filename (runtime, "state.json", NULL);
}

AstStatus *
ast_status_load (const char *runtime)
{
  g_autofree char *path = status_path (runtime);
  g_autofree char *json = NULL;
  AstStatus *status = NULL;
  gsize length;

  if (g_file_get_contents (path, &json, &length, NULL))
    status = ast_status_from_json (json, length);
  return status ? status : ast_status_new (AST_STATE_IDLE, NULL, 0);
}

gboolean
ast_status_save (const AstStatus *self, const char *runtime, GError **error)
{
  g_autofree char *path = status_path (runtime);
  g_autofree char *json = ast_status_to_json (self);

  return g_file_set_contents_full (path, json, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}
