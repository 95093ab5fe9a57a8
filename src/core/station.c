// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "station.h"
#include "error.h"
#include "kvm-probe.h"
#include <glib/gi18n.h>
#include <unistd.h>
#include <string.h>

#define EMULATOR          "qemu-system-x86_64"
#define MACHINE_ID_FILE   "/etc/machine-id"
#define MACHINE_ID_LENGTH 32
// Vendor, board and model as the firmware tells them; readable by everybody, unlike serial numbers.
#define MODEL_FILE "/sys/class/dmi/id/modalias"

char *
ast_station_find_emulator (const char *program, GError **error)
{
  g_autofree char *in_path = g_find_program_in_path (program);
  g_autofree char *usual = g_build_filename ("/usr/bin", program, NULL);

  if (in_path)
    return g_steal_pointer (&in_path);
  if (g_file_test (usual, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&usual);
  g_set_error (error, AST_ERROR, AST_ERROR_NO_QEMU, _ ("QEMU (%s) is not installed on this station."),
               program);
  return NULL;
}

static gboolean
is_machine_id (const char *text)
{
  return strlen (text) == MACHINE_ID_LENGTH && strspn (text, "0123456789abcdef") == MACHINE_ID_LENGTH
         && strspn (text, "0") < MACHINE_ID_LENGTH;
}

static char *
hash_of_host (void)
{
  g_autofree char *model = NULL;
  g_autofree char *text = NULL;
  char *hash;

  g_file_get_contents (MODEL_FILE, &model, NULL, NULL);
  text = g_strdup_printf ("%s\n%s", g_get_host_name (), model ? model : "");
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  hash[MACHINE_ID_LENGTH] = '\0';
  return hash;
}

char *
ast_station_read_machine_id (const char *file)
{
  g_autofree char *text = NULL;

  if (g_file_get_contents (file, &text, NULL, NULL) && is_machine_id (g_strstrip (text)))
    return g_steal_pointer (&text);
  return hash_of_host ();
}

static gboolean
find_kvm (AstStationFacts *self, AstAccel accel, GError **error)
{
  g_autofree char *reason = NULL;

  if (accel == AST_ACCEL_TCG)
    {
      self->emulation_reason = g_strdup (_ ("The configuration says so (accel=tcg)."));
      return TRUE;
    }
  self->domain.kvm = ast_kvm_probe (AST_KVM_DEVICE, &reason);
  if (self->domain.kvm || accel == AST_ACCEL_AUTO)
    {
      self->emulation_reason = g_steal_pointer (&reason);
      return TRUE;
    }
  g_set_error (error, AST_ERROR, AST_ERROR_CONFIGURATION,
               // Translators: the reason follows, a whole sentence.
               _ ("The configuration demands KVM (accel=kvm), but guests cannot use it. %s"), reason);
  return FALSE;
}

static guint64
read_memory_mib (void)
{
  long pages = sysconf (_SC_PHYS_PAGES), bytes = sysconf (_SC_PAGESIZE);

  return pages > 0 && bytes > 0 ? (guint64)pages * (guint64)bytes / (1024 * 1024) : 0;
}

AstStationFacts *
ast_station_facts_new (const AstConfig *config, GError **error)
{
  g_autoptr (AstStationFacts) self = g_new0 (AstStationFacts, 1);

  self->emulator = ast_station_find_emulator (EMULATOR, error);
  if (!self->emulator || !find_kvm (self, config->accel, error))
    return NULL;
  self->machine_id = ast_station_read_machine_id (MACHINE_ID_FILE);
  self->domain.machine = AST_STATION_MACHINE;
  self->domain.emulator = self->emulator;
  self->domain.machine_id = self->machine_id;
  self->domain.memory_mib = read_memory_mib ();
  return g_steal_pointer (&self);
}

void
ast_station_facts_free (AstStationFacts *self)
{
  g_free (self->emulation_reason);
  g_free (self->emulator);
  g_free (self->machine_id);
  g_free (self);
}
