// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest-agent.h"
#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

// An agent that is there answers at once, also in a guest that is busy writing, but an emulated guest on a busy
// machine was seen to take longer than five.
#define ANSWER_SECONDS 20
#define POLL_USEC      (200 * 1000)

static char *
end_request (JsonBuilder *request)
{
  g_autoptr (JsonNode) root = NULL;

  json_builder_end_object (request); // of the arguments
  json_builder_end_object (request);
  root = json_builder_get_root (request);
  return json_to_string (root, FALSE);
}

static JsonBuilder *
begin_request (const char *name)
{
  JsonBuilder *request = json_builder_new ();

  json_builder_begin_object (request);
  json_builder_set_member_name (request, "execute");
  json_builder_add_string_value (request, name);
  json_builder_set_member_name (request, "arguments");
  json_builder_begin_object (request);
  return request;
}

// A guest may answer what it likes.
static gboolean
holds (JsonNode *node, GType type)
{
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static gint64
find_number (JsonObject *answer, const char *name, gint64 otherwise)
{
  JsonNode *node = json_object_get_member (answer, name);

  return holds (node, G_TYPE_INT64) ? json_node_get_int (node) : otherwise;
}

static gboolean
find_truth (JsonObject *answer, const char *name)
{
  JsonNode *node = json_object_get_member (answer, name);

  return holds (node, G_TYPE_BOOLEAN) && json_node_get_boolean (node);
}

// What is returned, a full reference; NULL with error.
static JsonObject *
read_answer (const char *text, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonNode *value = root && JSON_NODE_HOLDS_OBJECT (root)
                        ? json_object_get_member (json_node_get_object (root), "return")
                        : NULL;

  if (value && JSON_NODE_HOLDS_OBJECT (value))
    return json_object_ref (json_node_get_object (value));
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The guest's agent answers nonsense.");
  return NULL;
}

static JsonObject *
ask (virDomainPtr domain, JsonBuilder *request, GError **error)
{
  g_autofree char *question = end_request (request);
  char *text = virDomainQemuAgentCommand (domain, question, ANSWER_SECONDS, 0);
  JsonObject *answer;

  if (text == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, virGetLastErrorMessage ());
      return NULL;
    }
  answer = read_answer (text, error);
  free (text);
  return answer;
}

// The process's number in the guest; -1 with error.
static gint64
begin (virDomainPtr domain, char **command, GError **error)
{
  g_autoptr (JsonBuilder) request = begin_request ("guest-exec");
  g_autoptr (JsonObject) answer = NULL;

  json_builder_set_member_name (request, "path");
  json_builder_add_string_value (request, command[0]);
  json_builder_set_member_name (request, "arg");
  json_builder_begin_array (request);
  for (guint i = 1; command[i]; i++)
    json_builder_add_string_value (request, command[i]);
  json_builder_end_array (request);
  answer = ask (domain, request, error);
  return answer ? find_number (answer, "pid", 0) : -1;
}

// TRUE: it has ended, or the agent does not say so any more (error).
static gboolean
look (virDomainPtr domain, gint64 pid, int *status, GError **error)
{
  g_autoptr (JsonBuilder) request = begin_request ("guest-exec-status");
  g_autoptr (JsonObject) answer = NULL;

  json_builder_set_member_name (request, "pid");
  json_builder_add_int_value (request, pid);
  answer = ask (domain, request, error);
  if (answer == NULL)
    return TRUE;
  if (!find_truth (answer, "exited"))
    return FALSE;
  *status = (int)CLAMP (find_number (answer, "exitcode", -1), -1, 255);
  if (*status < 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The program was ended by a signal.");
  return TRUE;
}

int
ast_guest_agent_run (virDomainPtr domain, char **command, GCancellable *cancellable, GError **error)
{
  int status = -1;
  gint64 pid = begin (domain, command, error);

  if (pid < 0)
    return -1;
  while (!g_cancellable_set_error_if_cancelled (cancellable, error) && !look (domain, pid, &status, error))
    g_usleep (POLL_USEC);
  return status;
}
