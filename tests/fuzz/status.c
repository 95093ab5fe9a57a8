// SPDX-License-Identifier: GPL-3.0-or-later
// What asteroidectl is told of a kiosk, by its file or over the bus: any bytes → a status or a list that can
// be shown, or nothing. The first byte chooses: j (state.json), p (the bus's properties), l (the reply to
// ListDevices).
#include "bus.h"
#include "fuzz.h"
#include "redirection.h"
#include "state.h"
#include <string.h>

// What no calendar has is not told.
static gboolean
has_date (gint64 since)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (since / G_USEC_PER_SEC);

  return since != 0 && date != NULL;
}

// What is told as JSON is read as the same.
static void
check_status (const AstStatus *status)
{
  g_autofree char *json = ast_status_to_json (status);
  g_autoptr (AstStatus) again = ast_status_from_json (json, -1);
  g_autofree char *json_again = NULL;

  g_assert_cmpuint (status->state, <=, AST_STATE_FAILED);
  g_assert_cmpuint (status->paused, <=, AST_PAUSE_DISK_ERROR);
  g_assert_true (g_utf8_validate (json, -1, NULL));
  g_assert_nonnull (again);
  g_assert_cmpint (again->state, ==, status->state);
  g_assert_cmpint (again->paused, ==, status->paused);
  g_assert_cmpint (again->exam, ==, status->exam);
  g_assert_cmpint (again->warming, ==, status->warming);
  g_assert_cmpstr (again->appliance, ==, status->appliance);
  g_assert_cmpstr (again->failure_code, ==, status->failure_code);
  if (has_date (status->since) && status->since > 0)
    g_assert_cmpint (again->since, ==, status->since);
  json_again = ast_status_to_json (again);
  if (!has_date (status->since) || status->since > 0)
    g_assert_cmpstr (json_again, ==, json);
}

static void
check_file (const FuzzInput *input)
{
  g_autoptr (AstStatus) status = ast_status_from_json (input->at, (gssize)input->left);

  if (status)
    check_status (status);
}

static void
check_properties (FuzzInput *input)
{
  g_autoptr (AstBusKiosk1) kiosk = ast_bus_kiosk1_skeleton_new ();
  guint8 flags = fuzz_take_byte (input);
  guint8 shift = fuzz_take_byte (input);
  gint64 since = (gint64)(((guint64)fuzz_take_byte (input) << (shift % 64)) - shift);
  char *texts[5];
  g_autoptr (AstStatus) status = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = fuzz_take_text (input, '\n');

      texts[i] = g_utf8_make_valid (text, -1);
    }
  g_object_set (kiosk, "state", texts[0], "appliance", texts[1], "failure-code", texts[2], "failure-message",
                texts[3], "paused", texts[4], "since", since, "exam", flags & 1, "warming", (flags & 2) != 0,
                NULL);
  status = ast_bus_kiosk_get_status (kiosk);
  check_status (status);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
}

static void
check_entry (gpointer data, gpointer unused)
{
  const AstRedirection *entry = data;

  fuzz_assert_shown (entry->name);
  fuzz_assert_shown (entry->note);
  g_assert_true (g_utf8_validate (entry->id, -1, NULL));
  fuzz_assert_shown (ast_redirection_owner_text (entry));
  g_assert_nonnull (ast_redirection_kind_word (entry->kind));
  g_assert_nonnull (ast_redirection_state_word (entry->state));
}

static void
check_list (const FuzzInput *input)
{
  g_autoptr (GBytes) bytes = g_bytes_new (input->at, input->left);
  g_autoptr (GVariant) variant
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("a(sssssb)"), bytes, FALSE));
  g_autoptr (GPtrArray) list = ast_redirection_list_from_variant (variant);
  g_autoptr (GVariant) told = g_variant_ref_sink (ast_redirection_list_to_variant (list));
  g_autoptr (GPtrArray) again = ast_redirection_list_from_variant (told);
  g_autoptr (GVariant) told_again = g_variant_ref_sink (ast_redirection_list_to_variant (again));
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  g_ptr_array_foreach (list, check_entry, NULL);
  g_assert_true (g_variant_equal (told, told_again));
  ast_redirection_list_add_to_json (list, builder);
  root = json_builder_get_root (builder);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (root)), ==, list->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  FuzzInput input = { (const char *)bytes, length };
  guint8 choice = fuzz_take_byte (&input);

  if (choice == 'j')
    check_file (&input);
  else if (choice == 'p')
    check_properties (&input);
  else if (choice == 'l')
    check_list (&input);
  return 0;
}
