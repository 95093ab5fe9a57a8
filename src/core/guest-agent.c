// SPDX-License-Identifier: GPL-3.0-or-later
#include "guest-agent.h"
#include "json-print.h"
#include "json-read.h"
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

// An agent that is there answers at once, also in a guest that is busy writing, but an emulated guest on a
// busy machine was seen to take longer than five.
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
  ast_json_add_string (request, "execute", name);
  json_builder_set_member_name (request, "arguments");
  json_builder_begin_object (request);
  return request;
}

static void
fail_nonsense (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The guest's agent answers nonsense.");
}

// What is returned, a full reference; NULL with error.
static JsonObject *
read_answer (const char *text, GError **error)
{
  g_autoptr (JsonObject) object = ast_json_read_object (text, -1);
  JsonNode *value = object ? json_object_get_member (object, "return") : NULL;

  if (value && JSON_NODE_HOLDS_OBJECT (value))
    return json_object_ref (json_node_get_object (value));
  fail_nonsense (error);
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
  gint64 pid;

  ast_json_add_string (request, "path", command[0]);
  json_builder_set_member_name (request, "arg");
  json_builder_begin_array (request);
  for (guint i = 1; command[i]; i++)
    json_builder_add_string_value (request, command[i]);
  json_builder_end_array (request);
  answer = ask (domain, request, error);
  pid = answer ? ast_json_get_number (answer, "pid", -1) : -1;
  if (answer && pid < 0)
    fail_nonsense (error);
  return pid;
}

// TRUE: it has ended, or the agent does not say so any more (error).
static gboolean
look (virDomainPtr domain, gint64 pid, int *status, GError **error)
{
  g_autoptr (JsonBuilder) request = begin_request ("guest-exec-status");
  g_autoptr (JsonObject) answer = NULL;

  ast_json_add_number (request, "pid", pid);
  answer = ask (domain, request, error);
  if (answer == NULL)
    return TRUE;
  if (!ast_json_get_boolean (answer, "exited"))
    return FALSE;
  *status = (int)CLAMP (ast_json_get_number (answer, "exitcode", -1), -1, 255);
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

gboolean
ast_guest_agent_is_there (virDomainPtr domain)
{
  g_autoptr (JsonBuilder) request = begin_request ("guest-ping");
  g_autoptr (JsonObject) answer = ask (domain, request, NULL);

  return answer != NULL;
}
