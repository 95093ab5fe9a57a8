// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "idle-watch.h"

// So long before the end the screen asks; where the limit itself is short, for its second half.
#define ASK_SECONDS 60

struct _AstIdleWatch
{
  GObject parent;

  gint64 touched; // monotonic µs
  guint limit;    // seconds; 0 = none
  guint tick;
  gboolean is_asking;
};

enum
{
  SIGNAL_TOUCHED,
  SIGNAL_LEAVING,
  SIGNAL_LEFT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstIdleWatch, ast_idle_watch, G_TYPE_OBJECT)

static void
ast_idle_watch_stop_asking (AstIdleWatch *self)
{
  if (!self->is_asking)
    return;
  self->is_asking = FALSE;
  g_signal_emit (self, signals[SIGNAL_LEAVING], 0, 0);
}

static void
ast_idle_watch_touch (AstIdleWatch *self)
{
  gint64 now = g_get_monotonic_time ();
  gboolean is_news = now - self->touched >= G_USEC_PER_SEC;

  self->touched = is_news ? now : self->touched;
  ast_idle_watch_stop_asking (self);
  if (is_news)
    g_signal_emit (self, signals[SIGNAL_TOUCHED], 0);
}

static gboolean
on_tick (gpointer data)
{
  AstIdleWatch *self = data;
  gint64 idle = (g_get_monotonic_time () - self->touched) / G_USEC_PER_SEC;
  gint64 left = (gint64)self->limit - idle;

  if (left <= 0)
    {
      self->tick = 0;
      self->is_asking = FALSE;
      g_signal_emit (self, signals[SIGNAL_LEFT], 0);
      return G_SOURCE_REMOVE;
    }
  self->is_asking = left <= MIN (ASK_SECONDS, self->limit / 2);
  if (self->is_asking)
    g_signal_emit (self, signals[SIGNAL_LEAVING], 0, (guint)left);
  return G_SOURCE_CONTINUE;
}

// What people do, and not what windows tell about themselves.
static gboolean
is_touch (const GdkEvent *event)
{
  GdkEventType type = event->type;

  return type == GDK_MOTION_NOTIFY || type == GDK_BUTTON_PRESS || type == GDK_BUTTON_RELEASE
         || type == GDK_KEY_PRESS || type == GDK_KEY_RELEASE || type == GDK_SCROLL || type == GDK_TOUCH_BEGIN
         || type == GDK_TOUCH_UPDATE || type == GDK_TOUCH_END;
}

static void
pass_on (GdkEvent *event, gpointer unused)
{
  gtk_main_do_event (event);
}

static void
on_event (GdkEvent *event, gpointer data)
{
  if (is_touch (event))
    ast_idle_watch_touch (data);
  gtk_main_do_event (event);
}

void
ast_idle_watch_set_limit (AstIdleWatch *self, guint seconds)
{
  g_clear_handle_id (&self->tick, g_source_remove);
  ast_idle_watch_stop_asking (self);
  self->limit = seconds;
  self->touched = g_get_monotonic_time ();
  if (seconds > 0)
    self->tick = g_timeout_add_seconds (1, on_tick, self);
}

static void
ast_idle_watch_dispose (GObject *object)
{
  AstIdleWatch *self = AST_IDLE_WATCH (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  gdk_event_handler_set (pass_on, NULL, NULL);
  G_OBJECT_CLASS (ast_idle_watch_parent_class)->dispose (object);
}

static void
ast_idle_watch_class_init (AstIdleWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_idle_watch_dispose;
  signals[SIGNAL_TOUCHED]
      = g_signal_new ("touched", AST_TYPE_IDLE_WATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_LEAVING] = g_signal_new ("leaving", AST_TYPE_IDLE_WATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                          NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_LEFT]
      = g_signal_new ("left", AST_TYPE_IDLE_WATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_idle_watch_init (AstIdleWatch *self)
{
  self->touched = g_get_monotonic_time ();
  gdk_event_handler_set (on_event, self, NULL);
}

AstIdleWatch *
ast_idle_watch_new (void)
{
  return g_object_new (AST_TYPE_IDLE_WATCH, NULL);
}
