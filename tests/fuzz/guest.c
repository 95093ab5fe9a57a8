// SPDX-License-Identifier: GPL-3.0-or-later
// What a guest tells: its agent's answers, its screen's pictures, and texts. The first byte chooses: a (the
// agent runs a program), d (a desktop is waited for), t (text). libvirt is stood in for by the functions at
// the beginning, and so is time.
#include "desktop-wait.h"
#include "error.h"
#include "fuzz.h"
#include "guest-agent.h"
#include "text.h"
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 32 // of a picture, pixels
#define MAX_WAIT 64 // looks: a guest that is never there need not be waited for to the end

static FuzzInput input;
static GCancellable *cancellable;
static gint64 now; // monotonic µs
static guint waits;

// ---------------------------------------------------------------------------------------------------------------
// In place of libvirt and GLib

void
g_usleep (gulong microseconds)
{
  now += (gint64)microseconds;
  if (++waits > MAX_WAIT || input.left == 0)
    g_cancellable_cancel (cancellable);
}

gint64
g_get_monotonic_time (void)
{
  return now;
}

static void
check_question (const char *question)
{
  g_autoptr (JsonNode) root = json_from_string (question, NULL);

  g_assert_true (root && JSON_NODE_HOLDS_OBJECT (root));
  g_assert_true (json_object_has_member (json_node_get_object (root), "execute"));
}

char *
virDomainQemuAgentCommand (virDomainPtr domain, const char *question, int seconds, unsigned int flags)
{
  g_autofree char *answer = NULL;

  check_question (question);
  if (input.left == 0)
    return NULL;
  answer = fuzz_take_text (&input, '\n');
  return strdup (answer);
}

const char *
virGetLastErrorMessage (void)
{
  return "The guest is gone.";
}

char *
virDomainGetXMLDesc (virDomainPtr domain, unsigned int flags)
{
  g_autofree char *xml = fuzz_take_text (&input, '\n');

  return input.left ? strdup (xml) : NULL;
}

virConnectPtr
virDomainGetConnect (virDomainPtr domain)
{
  return (virConnectPtr)domain;
}

virStreamPtr
virStreamNew (virConnectPtr connection, unsigned int flags)
{
  return (virStreamPtr)connection;
}

int
virStreamFree (virStreamPtr stream)
{
  return 0;
}

int
virStreamFinish (virStreamPtr stream)
{
  return 0;
}

int
virStreamAbort (virStreamPtr stream)
{
  return 0;
}

char *
virDomainScreenshot (virDomainPtr domain, virStreamPtr stream, unsigned int screen, unsigned int flags)
{
  return input.left ? strdup ("image/x-portable-pixmap") : NULL;
}

// A header and pixels of the input's bytes, again and again; in pieces, as a stream has them.
static int
send_picture (virStreamPtr stream, virStreamSinkFunc handler, void *into)
{
  guint width = fuzz_take_byte (&input) % MAX_SIDE;
  guint height = fuzz_take_byte (&input) % MAX_SIDE;
  g_autofree char *header = g_strdup_printf ("P6\n%u %u\n255\n", width, height);
  FuzzInput pixels = fuzz_take_part (&input, '\n');
  gsize size = pixels.left ? width * height * 3 : 0;

  if (handler (stream, header, strlen (header), into) < 0)
    return -1;
  for (gsize sent = 0; sent < size; sent += pixels.left)
    if (handler (stream, pixels.at, MIN (pixels.left, size - sent), into) < 0)
      return -1;
  return 0;
}

int
virStreamRecvAll (virStreamPtr stream, virStreamSinkFunc handler, void *into)
{
  g_autofree char *bytes = NULL;

  if (fuzz_take_byte (&input) % 8)
    return send_picture (stream, handler, into);
  bytes = fuzz_take_text (&input, '\n');
  return handler (stream, bytes, strlen (bytes), into) < 0 ? -1 : 0;
}

// ---------------------------------------------------------------------------------------------------------------

static virDomainPtr
get_domain (void)
{
  static char domain;

  return (virDomainPtr)&domain;
}

static void
check_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR || error->domain == AST_ERROR);
  fuzz_assert_short (error->message, 500);
}

static void
check_agent (void)
{
  char *command[] = { (char *)"/bin/sh", (char *)"-c", (char *)"true", NULL };
  g_autoptr (GError) error = NULL;
  int status = ast_guest_agent_run (get_domain (), command, cancellable, &error);

  g_assert_true (status >= -1 && status <= 255);
  if (status < 0)
    check_error (error);
  else
    g_assert_no_error (error);
}

static void
check_desktop (void)
{
  guint8 choice = fuzz_take_byte (&input);
  g_autoptr (GError) error = NULL;
  const char *probe = choice & 1 ? "true" : NULL;

  if (ast_desktop_wait (get_domain (), probe, (choice & 2) != 0, cancellable, &error))
    g_assert_no_error (error);
  else
    check_error (error);
}

static void
check_label (const char *bytes, guint most)
{
  g_autofree char *label = ast_text_label (bytes, most);
  g_autofree char *again = ast_text_label (label, most + 1);

  fuzz_assert_shown (label);
  g_assert_cmpint (g_utf8_strlen (label, -1), <=, most + 1);
  g_assert_cmpstr (again, ==, label);
  g_assert_false (label[0] == ' ' || g_str_has_suffix (label, " ") || strstr (label, "  "));
}

static void
check_texts (guint most)
{
  g_autofree char *bytes = fuzz_take_text (&input, '\0');
  g_autofree char *valid = g_utf8_make_valid (bytes, -1);
  g_autofree char *quoted = ast_text_quote (valid);
  g_autofree char *without = ast_text_drop_controls (valid);
  g_autofree char *again = ast_text_drop_controls (without);

  check_label (bytes, most);
  fuzz_assert_shown (quoted);
  g_assert_cmpint (g_utf8_strlen (quoted, -1), <=, 61);
  fuzz_assert_shown (without);
  g_assert_cmpstr (again, ==, without);
  g_assert_cmpint (g_utf8_strlen (without, -1), <=, g_utf8_strlen (valid, -1));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  guint8 choice;

  input = (FuzzInput){ (const char *)bytes, length };
  choice = fuzz_take_byte (&input);
  cancellable = g_cancellable_new ();
  waits = 0;
  if (choice == 'a')
    check_agent ();
  else if (choice == 'd')
    check_desktop ();
  else if (choice == 't')
    check_texts (1 + fuzz_take_byte (&input) % 80);
  g_clear_object (&cancellable);
  return 0;
}
