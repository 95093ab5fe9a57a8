// SPDX-License-Identifier: GPL-3.0-or-later
// What a kiosk that died has left of its session: any bytes → facts that are written and read as the same,
// and a verdict by them; or nothing. The first byte chooses how things are now, the second how long it has
// been.
#include "fuzz.h"
#include "session-facts.h"
#include <string.h>

// The bits of the first byte.
#define EXAM  1
#define LIMIT 2
#define BACK  4 // the clock says less than what was written

static void
assert_path (const char *path)
{
  if (path)
    {
      g_assert_true (g_path_is_absolute (path));
      g_assert_null (strstr (path, "/../"));
    }
}

static void
assert_sane (const AstSessionFacts *facts)
{
  g_assert_true (g_uuid_string_is_valid (facts->token));
  g_assert_true (ast_appliance_id_is_valid (facts->appliance));
  g_assert_nonnull (facts->folder);
  assert_path (facts->folder);
  assert_path (facts->overlay);
  assert_path (facts->seed);
  g_assert_cmpint (facts->touched, <=, facts->seen);
  if (facts->failure_code)
    g_assert_true (g_utf8_validate (facts->failure_message, -1, NULL));
}

static void
assert_same (const AstSessionFacts *facts)
{
  g_autofree char *bytes = ast_session_facts_print (facts);
  g_autoptr (AstSessionFacts) again = ast_session_facts_parse (bytes, strlen (bytes));
  g_autofree char *bytes_again = again ? ast_session_facts_print (again) : NULL;

  g_assert_cmpstr (bytes_again, ==, bytes);
}

// Only in the same start of the station, unfinished, by the same rules and soon after, a session goes on.
static void
assert_verdict (const AstSessionFacts *facts, guint8 how, guint8 minutes)
{
  gint64 since = (gint64)minutes * 60 * 1000;
  gboolean back = (how & BACK) != 0 && facts->seen > 0;
  AstSessionNow now = { facts->boot, back ? facts->seen - 1 : MIN (facts->seen, G_MAXINT64 - since) + since,
                        how & LIMIT ? 300 : 0, (how & EXAM) != 0 };
  AstSessionNow other = now;

  if (ast_session_facts_judge (facts, &now) == AST_RESCUE_GO_ON)
    {
      g_assert_false (facts->ending);
      g_assert_false (back);
      g_assert_cmpint (facts->exam != FALSE, ==, now.exam);
      g_assert_cmpint (now.clock - facts->seen, <=, AST_SESSION_AWAY_LIMIT);
    }
  other.boot = "another";
  if (g_strcmp0 (facts->boot, other.boot) != 0)
    g_assert_cmpint (ast_session_facts_judge (facts, &other), ==, AST_RESCUE_OTHER_BOOT);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  FuzzInput input = { (const char *)bytes, length };
  guint8 how = fuzz_take_byte (&input);
  guint8 minutes = fuzz_take_byte (&input);
  g_autoptr (AstSessionFacts) facts = ast_session_facts_parse (input.at, input.left);

  if (facts == NULL)
    return 0;
  assert_sane (facts);
  assert_same (facts);
  assert_verdict (facts, how, minutes);
  return 0;
}
