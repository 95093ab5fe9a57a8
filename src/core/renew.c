// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "renew.h"
#include "guest-agent.h"
#include "guest-script.h"
#include <libvirt/virterror.h>
#include <sys/random.h>

#define SCRIPT          "renew.sh"
#define RANDOM_BYTES    32
#define AGENT_SECONDS   10
#define AGENT_WAIT_USEC (100 * 1000)

static char *
make_random (void)
{
  guint8 bytes[RANDOM_BYTES] = { 0 };
  GString *text = g_string_new (NULL);

  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    g_message ("The station has no random numbers for its guest");
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

// libvirt finds the agent of a guest that it has restored a moment later.
static void
wait_for_agent (virDomainPtr domain)
{
  gint64 end = g_get_monotonic_time () + AGENT_SECONDS * G_USEC_PER_SEC;

  while (g_get_monotonic_time () < end && !ast_guest_agent_is_there (domain))
    g_usleep (AGENT_WAIT_USEC);
}

static void
run (virDomainPtr domain, const char *first, const char *second)
{
  g_auto (GStrv) command = ast_guest_script_command (SCRIPT, first, second);
  g_autoptr (GError) error = NULL;
  int status = ast_guest_agent_run (domain, command, NULL, &error);

  if (status != 0)
    g_message ("The guest does not %s what must not be there twice (%d): %s", first, status,
               error ? error->message : "");
}

void
ast_renew_mark (virDomainPtr domain, gboolean windows)
{
  if (!windows)
    run (domain, "mark", NULL);
}

// The guest's clock stood while it was saved.
static void
set_clock (virDomainPtr domain)
{
  gint64 now = g_get_real_time ();

  if (virDomainSetTime (domain, now / G_USEC_PER_SEC, (guint)(now % G_USEC_PER_SEC) * 1000, 0) != 0)
    g_message ("The guest's clock cannot be set: %s", virGetLastErrorMessage ());
}

void
ast_renew_run (virDomainPtr domain, gboolean windows)
{
  g_autofree char *random = make_random ();

  wait_for_agent (domain);
  if (!windows)
    run (domain, "renew", random);
  set_clock (domain);
}
