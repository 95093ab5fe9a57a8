// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal.h"
#include <string.h>
#include <unistd.h>

void
ast_journal_tell (const char *station, AstState state, const char *appliance, const GError *error)
{
  const char *code = ast_error_word_of (error);
  g_autofree char *message = appliance ? g_strdup_printf ("%s (%s): %s", appliance, code, error->message)
                                       : g_strdup_printf ("%s: %s", code, error->message);
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "PRIORITY", "5", -1 }, // notice, as G_LOG_LEVEL_MESSAGE is
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "ASTEROIDE_CODE", code, -1 },
    { "ASTEROIDE_STATION", station, -1 },
    { "ASTEROIDE_STATE", ast_state_word (state), -1 },
    { "ASTEROIDE_APPLIANCE", appliance, -1 },
  };

  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS (fields) - (appliance ? 0 : 1));
}

const char *
ast_journal_find_field (const GLogField *fields, gsize count, const char *key)
{
  for (gsize i = 0; i < count; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].value;
  return NULL;
}

static GLogWriterOutput
write_named (GLogLevelFlags level, const GLogField *fields, gsize count, const char *program)
{
  g_autofree GLogField *named = g_new (GLogField, count + 1);

  memcpy (named, fields, count * sizeof *fields);
  named[count] = (GLogField){ "SYSLOG_IDENTIFIER", program, -1 };
  return g_log_writer_default (level, named, count + 1, NULL);
}

GLogWriterOutput
ast_journal_write (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer program)
{
  const char *message = ast_journal_find_field (fields, count, "MESSAGE");

  if (g_log_writer_is_journald (STDERR_FILENO))
    return write_named (level, fields, count, program);
  if (!(level & G_LOG_LEVEL_MESSAGE))
    return g_log_writer_default (level, fields, count, NULL);
  g_printerr ("%s: %s\n", (const char *)program, message ? message : "");
  return G_LOG_WRITER_HANDLED;
}
