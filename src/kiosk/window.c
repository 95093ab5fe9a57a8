// SPDX-License-Identifier: GPL-3.0-or-later
#include "window.h"
#include "curtain.h"
#include "widgets.h"
#include <gdk/gdkx.h>

#define DESK_WIDTH  1280
#define DESK_HEIGHT 800
// A lost grab is taken again this often, until nobody else has it.
#define GRAB_MSEC 250

struct _AstWindow
{
  GtkWindow parent;

  gboolean is_on_desk;
  gboolean places_itself; // and comes back to its place whatever is done to it
  guint return_idle;
  guint grab_timer;
  gboolean was_granted; // the last grab that was asked for, and nothing has ended it since
  GPtrArray *monitors;  // its own one, then those that have a curtain
  GPtrArray *curtains;  // of monitor 1 and up; each stays as long as there are so many
};

enum
{
  SIGNAL_MONITORS_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstWindow, ast_window, GTK_TYPE_WINDOW)

static GdkMonitor *
find_monitor (AstWindow *self)
{
  GdkDisplay *display = gtk_widget_get_display (GTK_WIDGET (self));
  GdkMonitor *primary = gdk_display_get_primary_monitor (display);

  return primary ? primary : gdk_display_get_monitor (display, 0);
}

static gboolean
find_area (AstWindow *self, GdkRectangle *area)
{
  GdkMonitor *monitor = find_monitor (self);

  if (monitor)
    gdk_monitor_get_geometry (monitor, area);
  return monitor != NULL;
}

// Without a window manager only the size counts. A Wayland compositor knows only fullscreen and has the last
// word on place, size and order: a size that was insisted on would not fit its monitor's next one.
static void
ast_window_fill_monitor (AstWindow *self)
{
  GdkRectangle area;

  if (!find_area (self, &area))
    return;
  if (self->places_itself)
    {
      gtk_window_move (GTK_WINDOW (self), area.x, area.y);
      gtk_window_resize (GTK_WINDOW (self), area.width, area.height);
      gtk_widget_set_size_request (GTK_WIDGET (self), area.width, area.height);
    }
  else
    gtk_window_set_default_size (GTK_WINDOW (self), area.width, area.height);
  gtk_window_fullscreen (GTK_WINDOW (self));
}

// How the areas of monitors lie to each other that were looked at before.
typedef struct
{
  gboolean is_inside; // one of them shows all that this one does
  gboolean is_apart;  // none shows anything of it
} Overlap;

static Overlap
ast_window_find_overlap (AstWindow *self, const GdkRectangle *area)
{
  Overlap found = { .is_apart = TRUE };

  for (guint i = 0; i < self->monitors->len; i++)
    {
      GdkRectangle other, common;

      gdk_monitor_get_geometry (self->monitors->pdata[i], &other);
      if (!gdk_rectangle_intersect (area, &other, &common))
        continue;
      found.is_apart = FALSE;
      found.is_inside = found.is_inside || gdk_rectangle_equal (area, &common);
    }
  return found;
}

static void
ast_window_hang_curtain (AstWindow *self, const GdkRectangle *area, gboolean comes_back)
{
  guint number = self->monitors->len - 1;

  if (self->curtains->len < number)
    g_ptr_array_add (self->curtains, ast_curtain_new ());
  ast_curtain_cover (self->curtains->pdata[number - 1], area, comes_back);
}

// Monitors that show a part of what another one does have nothing of their own to hide. Where two share a
// part only, the later one gives way: they would else go on covering each other.
static void
ast_window_cover (AstWindow *self, GdkMonitor *monitor)
{
  GdkRectangle area;
  Overlap overlap;

  gdk_monitor_get_geometry (monitor, &area);
  overlap = ast_window_find_overlap (self, &area);
  if (overlap.is_inside)
    return;
  g_ptr_array_add (self->monitors, g_object_ref (monitor));
  ast_window_hang_curtain (self, &area, overlap.is_apart);
}

static void
ast_window_cover_others (AstWindow *self)
{
  GdkDisplay *display = gtk_widget_get_display (GTK_WIDGET (self));
  GdkMonitor *own = find_monitor (self);

  g_ptr_array_set_size (self->monitors, 0);
  if (own)
    g_ptr_array_add (self->monitors, g_object_ref (own));
  for (int i = 0; own && self->places_itself && i < gdk_display_get_n_monitors (display); i++)
    ast_window_cover (self, gdk_display_get_monitor (display, i));
  if (self->curtains->len >= MAX (self->monitors->len, 1))
    g_ptr_array_set_size (self->curtains, (int)MAX (self->monitors->len, 1) - 1);
}

static void
on_monitors_changed (AstWindow *self)
{
  ast_window_fill_monitor (self);
  ast_window_cover_others (self);
  g_signal_emit (self, signals[SIGNAL_MONITORS_CHANGED], 0);
}

guint
ast_window_get_n_monitors (AstWindow *self)
{
  return self->monitors->len;
}

GdkMonitor *
ast_window_get_monitor (AstWindow *self, guint number)
{
  return self->monitors->pdata[number];
}

void
ast_window_show_head (AstWindow *self, guint number, GtkWidget *head)
{
  ast_curtain_show_head (self->curtains->pdata[number - 1], head);
}

/* The grab: every key comes here, whoever has the focus and wherever the pointer is */

// GDK alone does not know: it believes in a grab that X took back until the keyboard's next event.
static gboolean
ast_window_has_grab (AstWindow *self)
{
  GdkDisplay *display = gtk_widget_get_display (GTK_WIDGET (self));
  GdkDevice *keyboard = gdk_seat_get_keyboard (gdk_display_get_default_seat (display));

  return self->was_granted && gdk_display_device_is_grabbed (display, keyboard);
}

static void
ast_window_grab (AstWindow *self)
{
  GdkWindow *window = gtk_widget_get_window (GTK_WIDGET (self));
  GdkSeat *seat = gdk_display_get_default_seat (gtk_widget_get_display (GTK_WIDGET (self)));

  if (window && gdk_window_is_visible (window) && !ast_window_has_grab (self))
    self->was_granted
        = gdk_seat_grab (seat, window, GDK_SEAT_CAPABILITY_KEYBOARD, TRUE, NULL, NULL, NULL, NULL)
          == GDK_GRAB_SUCCESS;
}

static gboolean
on_grab (gpointer data)
{
  ast_window_grab (data);
  return G_SOURCE_CONTINUE;
}

/* Back again */

static gboolean
on_return (gpointer data)
{
  AstWindow *self = data;
  GdkWindow *window = gtk_widget_get_window (GTK_WIDGET (self));
  GdkRectangle area;

  self->return_idle = 0;
  if (window == NULL || !find_area (self, &area))
    return G_SOURCE_REMOVE;
  ast_put_back (window, &area);
  gdk_window_focus (window, GDK_CURRENT_TIME);
  // At once: no key may be anybody else's until the timer's next turn.
  if (self->grab_timer)
    ast_window_grab (self);
  return G_SOURCE_REMOVE;
}

// In an idle: what was done to the window is over by then, and many things at once are one.
static void
ast_window_come_back (AstWindow *self)
{
  if (self->places_itself && self->return_idle == 0 && !gtk_widget_in_destruction (GTK_WIDGET (self)))
    self->return_idle = g_idle_add (on_return, self);
}

// On a desk the application listens, and ends; nobody else can close it.
static gboolean
ast_window_delete_event (GtkWidget *widget, GdkEventAny *event)
{
  return GDK_EVENT_STOP;
}

static gboolean
ast_window_unmap_event (GtkWidget *widget, GdkEventAny *event)
{
  // X ends the grab of a window that goes.
  AST_WINDOW (widget)->was_granted = FALSE;
  ast_window_come_back (AST_WINDOW (widget));
  return GDK_EVENT_PROPAGATE;
}

static gboolean
ast_window_visibility_event (GtkWidget *widget, GdkEventVisibility *event)
{
  if (event->state != GDK_VISIBILITY_UNOBSCURED)
    ast_window_come_back (AST_WINDOW (widget));
  return GDK_EVENT_PROPAGATE;
}

static gboolean
ast_window_focus_out_event (GtkWidget *widget, GdkEventFocus *event)
{
  ast_window_come_back (AST_WINDOW (widget));
  return GTK_WIDGET_CLASS (ast_window_parent_class)->focus_out_event (widget, event);
}

static gboolean
ast_window_configure_event (GtkWidget *widget, GdkEventConfigure *event)
{
  AstWindow *self = AST_WINDOW (widget);
  GdkRectangle area;

  if (find_area (self, &area) && !ast_is_at (event, &area))
    ast_window_come_back (self);
  return GTK_WIDGET_CLASS (ast_window_parent_class)->configure_event (widget, event);
}

/* On a monitor of its own, its size never follows from what is in it */

// GTK makes a window at least as large as its content: a long title would push it over the next monitor.
static void
ast_window_get_preferred_width (GtkWidget *widget, int *minimum, int *natural)
{
  if (AST_WINDOW (widget)->is_on_desk)
    GTK_WIDGET_CLASS (ast_window_parent_class)->get_preferred_width (widget, minimum, natural);
  else
    *minimum = *natural = 1;
}

static void
ast_window_get_preferred_height (GtkWidget *widget, int *minimum, int *natural)
{
  if (AST_WINDOW (widget)->is_on_desk)
    GTK_WIDGET_CLASS (ast_window_parent_class)->get_preferred_height (widget, minimum, natural);
  else
    *minimum = *natural = 1;
}

static GtkSizeRequestMode
ast_window_get_request_mode (GtkWidget *widget)
{
  return AST_WINDOW (widget)->is_on_desk
             ? GTK_WIDGET_CLASS (ast_window_parent_class)->get_request_mode (widget)
             : GTK_SIZE_REQUEST_CONSTANT_SIZE;
}

void
ast_window_paint_now (AstWindow *self)
{
  gtk_container_check_resize (GTK_CONTAINER (self));
  // Deprecated because the frame clock should decide; it has no successor.
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  gdk_window_process_updates (gtk_widget_get_window (GTK_WIDGET (self)), TRUE);
  G_GNUC_END_IGNORE_DEPRECATIONS
}

static void
ast_window_dispose (GObject *object)
{
  AstWindow *self = AST_WINDOW (object);

  g_clear_handle_id (&self->return_idle, g_source_remove);
  g_clear_handle_id (&self->grab_timer, g_source_remove);
  g_ptr_array_set_size (self->curtains, 0);
  g_ptr_array_set_size (self->monitors, 0);
  G_OBJECT_CLASS (ast_window_parent_class)->dispose (object);
}

static void
ast_window_finalize (GObject *object)
{
  g_ptr_array_unref (AST_WINDOW (object)->curtains);
  g_ptr_array_unref (AST_WINDOW (object)->monitors);
  G_OBJECT_CLASS (ast_window_parent_class)->finalize (object);
}

static void
ast_window_class_init (AstWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = ast_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_window_finalize;
  widget_class->delete_event = ast_window_delete_event;
  widget_class->unmap_event = ast_window_unmap_event;
  widget_class->visibility_notify_event = ast_window_visibility_event;
  widget_class->focus_out_event = ast_window_focus_out_event;
  widget_class->configure_event = ast_window_configure_event;
  widget_class->get_request_mode = ast_window_get_request_mode;
  widget_class->get_preferred_width = ast_window_get_preferred_width;
  widget_class->get_preferred_height = ast_window_get_preferred_height;
  signals[SIGNAL_MONITORS_CHANGED] = g_signal_new ("monitors-changed", AST_TYPE_WINDOW, G_SIGNAL_RUN_LAST, 0,
                                                   NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_window_init (AstWindow *self)
{
  self->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  self->curtains = g_ptr_array_new_with_free_func ((GDestroyNotify)gtk_widget_destroy);
}

// Nothing of the toolkit's own opens a window, starts a drag or loads a module.
static void
tame_toolkit (GdkScreen *screen)
{
  g_object_set (gtk_settings_get_for_screen (screen), "gtk-im-module", "gtk-im-context-simple",
                "gtk-dnd-drag-threshold", G_MAXINT, "gtk-long-press-time", (guint)G_MAXINT,
                "gtk-menu-bar-accel", NULL, "gtk-enable-primary-paste", FALSE, NULL);
}

// A bare X server's own pointer is a cross, which all windows without a pointer of their own get from its
// root.
static void
set_pointer (GdkScreen *screen)
{
  g_autoptr (GdkCursor) arrow = gdk_cursor_new_for_display (gdk_screen_get_display (screen), GDK_LEFT_PTR);

  gdk_window_set_cursor (gdk_screen_get_root_window (screen), arrow);
}

static void
ast_window_lock (AstWindow *self, GdkScreen *screen)
{
  self->places_itself = GDK_IS_X11_DISPLAY (gdk_screen_get_display (screen));
  if (self->places_itself)
    set_pointer (screen);
  tame_toolkit (screen);
  gtk_window_set_decorated (GTK_WINDOW (self), FALSE);
  gtk_widget_add_events (GTK_WIDGET (self), GDK_VISIBILITY_NOTIFY_MASK);
  g_signal_connect_object (screen, "monitors-changed", G_CALLBACK (on_monitors_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (screen, "size-changed", G_CALLBACK (on_monitors_changed), self, G_CONNECT_SWAPPED);
  on_monitors_changed (self);
}

GtkWidget *
ast_window_new (gboolean windowed, gboolean grab)
{
  AstWindow *self = g_object_new (AST_TYPE_WINDOW, "title", "ASTEROIDE", "icon-name", "asteroide", NULL);

  self->is_on_desk = windowed;
  if (windowed)
    gtk_window_set_default_size (GTK_WINDOW (self), DESK_WIDTH, DESK_HEIGHT);
  else
    ast_window_lock (self, gtk_widget_get_screen (GTK_WIDGET (self)));
  if (!windowed && grab)
    self->grab_timer = g_timeout_add (GRAB_MSEC, on_grab, self);
  return GTK_WIDGET (self);
}
