// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "session-facts.h"
#include "key-file.h"
#include "overlay-names.h"
#include "reading.h"
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <time.h>

#define FILE_NAME       "session"
#define DESCRIPTOR_NAME "session.xml"
#define BOOT_ID         "/proc/sys/kernel/random/boot_id"
// A few lines, and paths of 4096 bytes at the most.
#define MAX_BYTES (32 * 1024)
#define GROUP     "session"

AstSessionFacts *
ast_session_facts_new (const AstAppliance *appliance)
{
  AstSessionFacts *self = g_new0 (AstSessionFacts, 1);

  self->boot = ast_session_boot ();
  self->token = g_uuid_string_random ();
  self->appliance = g_strdup (appliance->id);
  self->folder = g_strdup (appliance->folder);
  self->seen = self->touched = ast_session_clock ();
  return self;
}

void
ast_session_facts_free (AstSessionFacts *self)
{
  g_free (self->boot);
  g_free (self->token);
  g_free (self->appliance);
  g_free (self->folder);
  g_free (self->overlay);
  g_free (self->seed);
  g_free (self->failure_code);
  g_free (self->failure_message);
  g_free (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Bytes

static char *
get (GKeyFile *file, const char *key)
{
  return g_key_file_get_string (file, GROUP, key, NULL);
}

static gboolean
is_path (const char *text)
{
  g_autofree char *plain = text && g_path_is_absolute (text) ? g_canonicalize_filename (text, NULL) : NULL;

  return g_strcmp0 (plain, text) == 0 && plain;
}

static gboolean
is_named (const char *folder, const char *id)
{
  g_autofree char *name = g_path_get_basename (folder);

  return strcmp (name, id) == 0;
}

static gboolean
is_path_or_null (const char *text)
{
  return text == NULL || is_path (text);
}

// The file lies where only the kiosk's user writes; what is not as that one writes it, is not believed.
static gboolean
is_sane (const AstSessionFacts *self)
{
  return self->boot && *self->boot && self->token && g_uuid_string_is_valid (self->token) && self->appliance
         && ast_appliance_id_is_valid (self->appliance) && is_path (self->folder)
         && is_named (self->folder, self->appliance) && is_path_or_null (self->overlay)
         && is_path_or_null (self->seed) && (self->seed == NULL || self->overlay)
         && (self->failure_code == NULL) == (self->failure_message == NULL) && self->seen >= 0
         && self->touched >= 0 && self->touched <= self->seen;
}

AstSessionFacts *
ast_session_facts_parse (const char *bytes, gsize length)
{
  g_autoptr (GKeyFile) file = length <= MAX_BYTES ? ast_key_file_parse (bytes, length) : NULL;
  g_autoptr (AstSessionFacts) self = g_new0 (AstSessionFacts, 1);

  if (file == NULL)
    return NULL;
  self->boot = get (file, "boot");
  self->token = get (file, "token");
  self->appliance = get (file, "appliance");
  self->folder = get (file, "folder");
  self->overlay = get (file, "overlay");
  self->seed = get (file, "seed");
  self->failure_code = get (file, "failure-code");
  self->failure_message = get (file, "failure-message");
  self->exam = g_key_file_get_boolean (file, GROUP, "exam", NULL);
  self->ending = g_key_file_get_boolean (file, GROUP, "ending", NULL);
  self->seen = g_key_file_get_int64 (file, GROUP, "seen", NULL);
  self->touched = g_key_file_get_int64 (file, GROUP, "touched", NULL);
  return is_sane (self) ? g_steal_pointer (&self) : NULL;
}

static void
set (GKeyFile *file, const char *key, const char *value)
{
  if (value)
    g_key_file_set_string (file, GROUP, key, value);
}

char *
ast_session_facts_print (const AstSessionFacts *self)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  set (file, "boot", self->boot);
  set (file, "token", self->token);
  set (file, "appliance", self->appliance);
  set (file, "folder", self->folder);
  set (file, "overlay", self->overlay);
  set (file, "seed", self->seed);
  set (file, "failure-code", self->failure_code);
  set (file, "failure-message", self->failure_message);
  g_key_file_set_boolean (file, GROUP, "exam", self->exam);
  g_key_file_set_boolean (file, GROUP, "ending", self->ending);
  g_key_file_set_int64 (file, GROUP, "seen", self->seen);
  g_key_file_set_int64 (file, GROUP, "touched", self->touched);
  return g_key_file_to_data (file, NULL, NULL);
}

// ---------------------------------------------------------------------------------------------------------------
// Files

static char *
facts_path (const char *runtime)
{
  return g_build_filename (runtime, FILE_NAME, NULL);
}

static char *
descriptor_path (const char *runtime)
{
  return g_build_filename (runtime, DESCRIPTOR_NAME, NULL);
}

AstSessionFacts *
ast_session_facts_load (const char *runtime)
{
  g_autofree char *path = facts_path (runtime);
  g_autofree char *bytes = NULL;
  gsize length;

  return g_file_get_contents (path, &bytes, &length, NULL) ? ast_session_facts_parse (bytes, length) : NULL;
}

gboolean
ast_session_facts_save (const AstSessionFacts *self, const char *runtime, GError **error)
{
  g_autofree char *path = facts_path (runtime);
  g_autofree char *bytes = ast_session_facts_print (self);

  return g_file_set_contents_full (path, bytes, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

gboolean
ast_session_facts_keep_descriptor (const AstAppliance *appliance, const char *runtime, GError **error)
{
  g_autofree char *from = g_build_filename (appliance->folder, AST_DESCRIPTOR_FILE, NULL);
  g_autofree char *to = descriptor_path (runtime);
  g_autofree char *bytes = NULL;
  gsize length;

  return g_file_get_contents (from, &bytes, &length, error)
         && g_file_set_contents_full (to, bytes, (gssize)length, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

AstAppliance *
ast_session_facts_read_appliance (const AstSessionFacts *self, const char *runtime,
                                  const char *const *image_stores)
{
  g_autoptr (AstSources) sources = ast_sources_new (image_stores, g_get_language_names ());
  g_autoptr (AstReading) reading = ast_reading_new (self->folder);
  g_autofree char *path = descriptor_path (runtime);

  ast_reading_run_file (reading, path, sources);
  return ast_appliance_ref (reading->appliance);
}

void
ast_session_facts_remove (const char *runtime)
{
  g_autofree char *facts = facts_path (runtime);
  g_autofree char *descriptor = descriptor_path (runtime);

  g_unlink (facts);
  g_unlink (descriptor);
}

// ---------------------------------------------------------------------------------------------------------------
// The verdict

static gboolean
is_same_person (const AstSessionFacts *self, const AstSessionNow *now)
{
  gint64 limit = (gint64)now->idle_seconds * 1000;

  return now->clock >= self->seen && now->clock - self->seen <= AST_SESSION_AWAY_LIMIT
         && (limit == 0 || now->clock - self->touched <= limit);
}

AstRescue
ast_session_facts_judge (const AstSessionFacts *self, const AstSessionNow *now)
{
  if (self == NULL)
    return AST_RESCUE_NONE;
  if (g_strcmp0 (self->boot, now->boot) != 0)
    return AST_RESCUE_OTHER_BOOT;
  if (self->ending)
    return AST_RESCUE_ENDED;
  if (!is_same_person (self, now))
    return AST_RESCUE_OTHER_PERSON;
  return self->exam == now->exam ? AST_RESCUE_GO_ON : AST_RESCUE_OTHER_RULES;
}

const char *
ast_rescue_reason (AstRescue rescue)
{
  static const char *const reasons[] = {
    [AST_RESCUE_GO_ON] = "the same person sits there",
    [AST_RESCUE_NONE] = "nothing is known of it",
    [AST_RESCUE_OTHER_BOOT] = "the station was started, or logged in, anew",
    [AST_RESCUE_ENDED] = "its end had begun",
    [AST_RESCUE_OTHER_PERSON] = "somebody else may sit there by now",
    [AST_RESCUE_OTHER_RULES] = "an exam has begun or ended",
  };

  return reasons[rescue];
}

// ---------------------------------------------------------------------------------------------------------------
// Now

gint64
ast_session_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (gint64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

char *
ast_session_boot (void)
{
  const char *login = g_getenv ("XDG_SESSION_ID");
  g_autofree char *text = NULL;

  if (!g_file_get_contents (BOOT_ID, &text, NULL, NULL))
    return g_strdup ("");
  g_strstrip (text);
  return login && login[0] ? g_strdup_printf ("%s %s", text, login) : g_steal_pointer (&text);
}
