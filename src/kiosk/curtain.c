// SPDX-License-Identifier: GPL-3.0-or-later
#include "curtain.h"
#include "widgets.h"

struct _AstCurtain
{
  GtkWindow parent;

  GdkRectangle area;
  gboolean comes_back;
  guint return_idle;
};

G_DEFINE_FINAL_TYPE (AstCurtain, ast_curtain, GTK_TYPE_WINDOW)

static gboolean
on_return (gpointer data)
{
  AstCurtain *self = data;
  GdkWindow *window = gtk_widget_get_window (GTK_WIDGET (self));

  self->return_idle = 0;
  if (window)
    ast_put_back (window, &self->area);
  return G_SOURCE_REMOVE;
}

// In an idle: what was done to the window is over by then, and many things at once are one.
static void
ast_curtain_come_back (AstCurtain *self)
{
  if (self->comes_back && self->return_idle == 0 && !gtk_widget_in_destruction (GTK_WIDGET (self)))
    self->return_idle = g_idle_add (on_return, self);
}

static gboolean
ast_curtain_delete_event (GtkWidget *widget, GdkEventAny *event)
{
  return GDK_EVENT_STOP;
}

static gboolean
ast_curtain_unmap_event (GtkWidget *widget, GdkEventAny *event)
{
  ast_curtain_come_back (AST_CURTAIN (widget));
  return GDK_EVENT_PROPAGATE;
}

static gboolean
ast_curtain_visibility_event (GtkWidget *widget, GdkEventVisibility *event)
{
  if (event->state != GDK_VISIBILITY_UNOBSCURED)
    ast_curtain_come_back (AST_CURTAIN (widget));
  return GDK_EVENT_PROPAGATE;
}

static gboolean
ast_curtain_configure_event (GtkWidget *widget, GdkEventConfigure *event)
{
  if (!ast_is_at (event, &AST_CURTAIN (widget)->area))
    ast_curtain_come_back (AST_CURTAIN (widget));
  return GTK_WIDGET_CLASS (ast_curtain_parent_class)->configure_event (widget, event);
}

void
ast_curtain_show_head (AstCurtain *self, GtkWidget *head)
{
  GtkWidget *shown = gtk_bin_get_child (GTK_BIN (self));

  if (shown == head)
    return;
  if (shown)
    gtk_container_remove (GTK_CONTAINER (self), shown);
  if (head)
    gtk_container_add (GTK_CONTAINER (self), head);
}

void
ast_curtain_cover (AstCurtain *self, const GdkRectangle *area, gboolean comes_back)
{
  GtkWindow *window = GTK_WINDOW (self);

  self->comes_back = comes_back;
  if (gtk_widget_get_visible (GTK_WIDGET (self)) && gdk_rectangle_equal (&self->area, area))
    return;
  self->area = *area;
  gtk_window_set_default_size (window, area->width, area->height);
  gtk_window_resize (window, area->width, area->height);
  gtk_window_move (window, area->x, area->y);
  gtk_widget_show (GTK_WIDGET (self));
  // Two monitors may show parts of the same: the kiosk's window stays whole.
  gdk_window_lower (gtk_widget_get_window (GTK_WIDGET (self)));
}

static void
ast_curtain_destroy (GtkWidget *widget)
{
  AstCurtain *self = AST_CURTAIN (widget);

  g_clear_handle_id (&self->return_idle, g_source_remove);
  ast_curtain_show_head (self, NULL);
  GTK_WIDGET_CLASS (ast_curtain_parent_class)->destroy (widget);
}

static void
ast_curtain_class_init (AstCurtainClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->delete_event = ast_curtain_delete_event;
  widget_class->unmap_event = ast_curtain_unmap_event;
  widget_class->visibility_notify_event = ast_curtain_visibility_event;
  widget_class->configure_event = ast_curtain_configure_event;
  widget_class->destroy = ast_curtain_destroy;
}

static void
ast_curtain_init (AstCurtain *self)
{
  gtk_widget_add_events (GTK_WIDGET (self), GDK_VISIBILITY_NOTIFY_MASK);
}

GtkWidget *
ast_curtain_new (void)
{
  // A popup: no window manager may decorate or move it, or give it the focus.
  return ast_with_class (g_object_new (AST_TYPE_CURTAIN, "type", GTK_WINDOW_POPUP, NULL), "curtain");
}
