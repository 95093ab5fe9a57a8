// SPDX-License-Identifier: GPL-3.0-or-later
// A host, its machines and a screen that only do what a test tells them, and note what they were asked for.
#pragma once
#include "error.h"
#include "host.h"
#include "screen.h"

// What a double does when it is asked for something.
typedef enum
{
  DOUBLE_SUCCEEDS, // in the next turn of the main loop
  DOUBLE_FAILS,    // with the error that was set
  DOUBLE_WAITS,    // until test_host_answer
} DoubleManner;

typedef enum // the calls that come back
{
  CALL_START,
  CALL_ASK,
  CALL_DESTROY,
  CALL_FIND,
  CALL_STAND,
  CALL_RESUME,
  CALL_WRITE_OUT,
  CALL_RESTORE,
  CALL_DESKTOP,
  CALL_SAVE,
  CALL_DESCRIBE,
  N_CALLS
} DoubleCall;

#define TEST_TYPE_HOST (test_host_get_type ())
G_DECLARE_FINAL_TYPE (TestHost, test_host, TEST, HOST, GObject)

struct _TestHost
{
  GObject parent;

  GString *trail; // borrowed; a word for each call
  DoubleManner manners[N_CALLS];
  AstError errors[N_CALLS];
  guint counts[N_CALLS];
  GTask *waiting[N_CALLS];
  char *overlay;       // what the last machine was made with
  const char *depends; // what a saved guest depends on
  gboolean leftover;   // is there one to be found, …
  const char *token;   // … of which session, …
  AstPause paused;     // … and why does it stand still?
  char *started_token; // what the last machine was started with
  char *started_seed;
  AstWritten written;  // what is told of a device
  AstMachine *machine; // the last one made; weak
};

TestHost *test_host_new (GString *trail);
// Comes back from a call that waits. `error` (taken over) NULL: well.
void test_host_answer (TestHost *self, DoubleCall call, GError *error);

#define TEST_TYPE_SCREEN (test_screen_get_type ())
G_DECLARE_FINAL_TYPE (TestScreen, test_screen, TEST, SCREEN, GObject)

struct _TestScreen
{
  GObject parent;

  GString *trail;   // borrowed
  AstPolicy policy; // of the last prepare
  guint attached;   // how often
  guint detached;
  gboolean has_stick; // is its one device in the guest?
};

TestScreen *test_screen_new (GString *trail);
// Appends a word to a trail of words.
void test_note (GString *trail, const char *word);
