// SPDX-License-Identifier: GPL-3.0-or-later
// What a guest is asked for before a device is taken from it, with a double for the guest.
#include "release.h"
#include "doubles.h"

// Longer than any test may take, and none at all; milliseconds.
#define NEVER   (3600 * 1000)
#define AT_ONCE 1

typedef struct
{
  GString *trail; // (calls), and "taken", by whoever wants the device
  TestHost *host;
  AstMachine *machine;
  AstUsbDevice *stick;
  GCancellable *cancellable;
  gboolean is_back;
  gboolean was_cancelled;
  AstWritten written;
} Fixture;

static AstUsbDevice *
make_device (guint8 first, guint8 second)
{
  AstUsbDevice *device = g_atomic_rc_box_new0 (AstUsbDevice);
  const AstUsbFunction functions[] = { { .class = first }, { .class = second } };

  device->functions = g_array_new (FALSE, FALSE, sizeof (AstUsbFunction));
  g_array_append_vals (device->functions, functions, second ? 2 : 1);
  return device;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->trail = g_string_new (NULL);
  self->host = test_host_new (self->trail);
  self->machine = ast_host_make_machine (AST_HOST (self->host), NULL, NULL);
  self->stick = make_device (0x08, 0);
  self->cancellable = g_cancellable_new ();
  g_string_truncate (self->trail, 0);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_assert_finalize_object (self->cancellable);
  ast_usb_device_unref (self->stick);
  g_assert_finalize_object (self->machine);
  g_assert_finalize_object (self->host);
  g_string_free (self->trail, TRUE);
}

static void
on_released (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *self = data;

  self->is_back = TRUE;
  self->was_cancelled = !ast_release_finish (result, &self->written);
  if (!self->was_cancelled)
    test_note (self->trail, "taken");
}

static void
release (Fixture *self, guint msec)
{
  ast_release_within_async (self->machine, self->stick, msec, self->cancellable, on_released, self);
}

static void
wait (Fixture *self)
{
  while (!self->is_back)
    g_main_context_iteration (NULL, TRUE);
  // Whatever was still to come of it has come, and lets go of what it holds.
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_needed (void)
{
  static const struct
  {
    guint8 first, second;
    gboolean needed;
  } cases[] = {
    { 0x08, 0, TRUE }, { 0x03, 0x08, TRUE }, { 0x08, 0xff, TRUE }, { 0x06, 0, FALSE }, { 0x0e, 0x01, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (AstUsbDevice) device = make_device (cases[i].first, cases[i].second);

      g_assert_cmpint (ast_release_is_needed (device), ==, cases[i].needed);
    }
}

// Nobody takes it while the guest writes.
static void
test_order (Fixture *self, gconstpointer data)
{
  self->host->manners[CALL_WRITE_OUT] = DOUBLE_WAITS;
  self->host->written = AST_WRITTEN_ALL;
  release (self, NEVER);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (self->trail->str, ==, "(write-out)");
  test_host_answer (self->host, CALL_WRITE_OUT, NULL);
  wait (self);
  g_assert_cmpstr (self->trail->str, ==, "(write-out) taken");
  g_assert_cmpint (self->written, ==, AST_WRITTEN_ALL);
}

// What the guest says of it is handed on.
static void
test_open (Fixture *self, gconstpointer data)
{
  self->host->written = AST_WRITTEN_OPEN;
  release (self, NEVER);
  wait (self);
  g_assert_cmpint (self->written, ==, AST_WRITTEN_OPEN);
}

static void
test_no_agent (Fixture *self, gconstpointer data)
{
  self->host->manners[CALL_WRITE_OUT] = DOUBLE_FAILS;
  release (self, NEVER);
  wait (self);
  g_assert_cmpstr (self->trail->str, ==, "(write-out) taken");
  g_assert_cmpint (self->written, ==, AST_WRITTEN_NOT);
}

// The guest does not come to an end: it may be taken all the same, and nobody says that it is safe.
static void
test_bound (Fixture *self, gconstpointer data)
{
  self->host->manners[CALL_WRITE_OUT] = DOUBLE_WAITS;
  self->host->written = AST_WRITTEN_ALL; // said too late
  release (self, AT_ONCE);
  wait (self);
  g_assert_cmpstr (self->trail->str, ==, "(write-out) taken");
  g_assert_cmpint (self->written, ==, AST_WRITTEN_NOT);
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  self->host->manners[CALL_WRITE_OUT] = DOUBLE_WAITS;
  release (self, NEVER);
  g_cancellable_cancel (self->cancellable);
  wait (self);
  g_assert_true (self->was_cancelled);
  g_assert_cmpstr (self->trail->str, ==, "(write-out)");
}

static void
test_notes (void)
{
  g_assert_nonnull (g_strrstr (ast_release_note (AST_WRITTEN_NOT), "could not be asked"));
  g_assert_nonnull (g_strrstr (ast_release_note (AST_WRITTEN_OPEN), "still used it"));
  g_assert_nonnull (g_strrstr (ast_release_note (AST_WRITTEN_ALL), "pull it out"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/release/needed", test_needed);
  g_test_add_func ("/release/notes", test_notes);
  g_test_add ("/release/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/release/open", Fixture, NULL, set_up, test_open, tear_down);
  g_test_add ("/release/no-agent", Fixture, NULL, set_up, test_no_agent, tear_down);
  g_test_add ("/release/bound", Fixture, NULL, set_up, test_bound, tear_down);
  g_test_add ("/release/cancelled", Fixture, NULL, set_up, test_cancelled, tear_down);
  return g_test_run ();
}
