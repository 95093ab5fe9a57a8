// SPDX-License-Identifier: GPL-3.0-or-later
#include "heads.h"

// The guest is told where its monitors stand when nothing has changed for so long: a monitor that is plugged
// in causes several changes, and each would have the guest arrange its desktop anew.
#define SETTLED_MSEC 250

struct _AstHeads
{
  GObject parent;

  AstWindow *window;
  AstScreen *screen;
  gboolean is_shown;
  guint settled_timer;
};

G_DEFINE_FINAL_TYPE (AstHeads, ast_heads, G_TYPE_OBJECT)

static guint
ast_heads_count (AstHeads *self)
{
  return MIN (ast_screen_get_n_heads (self->screen), ast_window_get_n_monitors (self->window));
}

static void
ast_heads_hang (AstHeads *self)
{
  guint shown = self->is_shown ? ast_heads_count (self) : 1;

  for (guint i = 1; i < ast_window_get_n_monitors (self->window); i++)
    ast_window_show_head (self->window, i,
                          i < shown ? GTK_WIDGET (ast_screen_get_head (self->screen, i)) : NULL);
}

// The toolkit's pixels are larger than the device's where the station's screens are fine.
static AstHeadPlace
measure (GdkMonitor *monitor)
{
  guint scale = (guint)gdk_monitor_get_scale_factor (monitor);
  GdkRectangle area;

  gdk_monitor_get_geometry (monitor, &area);
  return (AstHeadPlace){
    .x = (guint)area.x * scale,
    .y = (guint)area.y * scale,
    .width = (guint)area.width * scale,
    .height = (guint)area.height * scale,
    .width_mm = (guint)MAX (gdk_monitor_get_width_mm (monitor), 0),
    .height_mm = (guint)MAX (gdk_monitor_get_height_mm (monitor), 0),
  };
}

// Without the room of monitors that are left out at the top and at the left.
static void
move_to_corner (AstHeadPlace *places, guint n_places)
{
  guint left = G_MAXUINT, top = G_MAXUINT;

  for (guint i = 0; i < n_places; i++)
    {
      left = MIN (left, places[i].x);
      top = MIN (top, places[i].y);
    }
  for (guint i = 0; i < n_places; i++)
    {
      places[i].x -= left;
      places[i].y -= top;
    }
}

static void
ast_heads_tell (AstHeads *self)
{
  guint count = ast_heads_count (self);
  g_autofree AstHeadPlace *places = g_new0 (AstHeadPlace, count);

  g_clear_handle_id (&self->settled_timer, g_source_remove);
  for (guint i = 0; i < count; i++)
    places[i] = measure (ast_window_get_monitor (self->window, i));
  move_to_corner (places, count);
  ast_screen_place_heads (self->screen, places, count);
}

static gboolean
on_settled (gpointer data)
{
  AstHeads *self = data;

  self->settled_timer = 0;
  ast_heads_tell (self);
  return G_SOURCE_REMOVE;
}

static void
on_monitors_changed (AstHeads *self)
{
  ast_heads_hang (self);
  g_clear_handle_id (&self->settled_timer, g_source_remove);
  if (self->is_shown)
    self->settled_timer = g_timeout_add (SETTLED_MSEC, on_settled, self);
}

static void
on_heads_changed (AstHeads *self)
{
  ast_heads_hang (self);
  if (self->is_shown)
    ast_heads_tell (self);
}

void
ast_heads_set_shown (AstHeads *self, gboolean is_shown)
{
  if (self->is_shown == is_shown)
    return;
  self->is_shown = is_shown;
  g_clear_handle_id (&self->settled_timer, g_source_remove);
  on_heads_changed (self);
}

static void
ast_heads_dispose (GObject *object)
{
  g_clear_handle_id (&AST_HEADS (object)->settled_timer, g_source_remove);
  G_OBJECT_CLASS (ast_heads_parent_class)->dispose (object);
}

static void
ast_heads_class_init (AstHeadsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_heads_dispose;
}

static void
ast_heads_init (AstHeads *self)
{
}

AstHeads *
ast_heads_new (AstWindow *window, AstScreen *screen)
{
  AstHeads *self = g_object_new (AST_TYPE_HEADS, NULL);

  self->window = window;
  self->screen = screen;
  g_signal_connect_object (window, "monitors-changed", G_CALLBACK (on_monitors_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (screen, "heads-changed", G_CALLBACK (on_heads_changed), self, G_CONNECT_SWAPPED);
  return self;
}
