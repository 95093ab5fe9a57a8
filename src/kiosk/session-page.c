// SPDX-License-Identifier: GPL-3.0-or-later
#include "session-page.h"
#include "widgets.h"

// The pointer must rest at the top edge this long: brushing it while working in a guest's menu opens nothing.
#define EDGE_MSEC   350
#define EDGE_HEIGHT 1

struct _AstSessionPage
{
  GtkOverlay parent;

  GtkWidget *screen;
  GtkWidget *bar;
  GtkWidget *edge;
  GtkWidget *notice;
  guint chord_key;
  GdkModifierType chord_mods;
  GHashTable *held; // hardware key codes whose press the guest has got
  guint edge_timer;
};

G_DEFINE_FINAL_TYPE (AstSessionPage, ast_session_page, GTK_TYPE_OVERLAY)

static gboolean
on_edge_rested (gpointer data)
{
  AstSessionPage *self = data;

  self->edge_timer = 0;
  ast_host_bar_open (AST_HOST_BAR (self->bar));
  return G_SOURCE_REMOVE;
}

static gboolean
on_edge_entered (AstSessionPage *self)
{
  if (self->edge_timer == 0)
    self->edge_timer = g_timeout_add (EDGE_MSEC, on_edge_rested, self);
  return GDK_EVENT_PROPAGATE;
}

static gboolean
on_edge_left (AstSessionPage *self)
{
  g_clear_handle_id (&self->edge_timer, g_source_remove);
  return GDK_EVENT_PROPAGATE;
}

static void
on_bar_closed (AstSessionPage *self)
{
  gtk_widget_grab_focus (self->screen);
}

static gboolean
is_chord (AstSessionPage *self, const GdkEventKey *event)
{
  return gdk_keyval_to_lower (event->keyval) == self->chord_key
         && (event->state & gtk_accelerator_get_default_mod_mask ()) == self->chord_mods;
}

static void
ast_session_page_toggle_bar (AstSessionPage *self)
{
  AstHostBar *bar = AST_HOST_BAR (self->bar);

  if (ast_host_bar_is_open (bar))
    ast_host_bar_close (bar);
  else
    ast_host_bar_open (bar);
}

// A release goes where its press went: the keys of the chord itself are let go while the bar has the focus,
// and the guest would hold them down for ever.
static gboolean
ast_session_page_release_key (AstSessionPage *self, GdkEventKey *event)
{
  GtkWidget *display = gtk_bin_get_child (GTK_BIN (self->screen));

  if (event->type != GDK_KEY_RELEASE
      || !g_hash_table_remove (self->held, GUINT_TO_POINTER (event->hardware_keycode)))
    return FALSE;
  if (display)
    gtk_widget_event (display, (GdkEvent *)event);
  return TRUE;
}

gboolean
ast_session_page_handle_key (AstSessionPage *self, GdkEventKey *event)
{
  AstHostBar *bar = AST_HOST_BAR (self->bar);

  if (ast_session_page_release_key (self, event))
    return TRUE;
  if (is_chord (self, event))
    {
      if (event->type == GDK_KEY_PRESS)
        ast_session_page_toggle_bar (self);
      return TRUE;
    }
  if (!ast_host_bar_is_open (bar))
    {
      if (event->type == GDK_KEY_PRESS)
        g_hash_table_add (self->held, GUINT_TO_POINTER (event->hardware_keycode));
      gtk_window_propagate_key_event (GTK_WINDOW (gtk_widget_get_toplevel (GTK_WIDGET (self))), event);
      return TRUE; // whatever the guest's widget made of it, no default handler of the window gets it
    }
  if (event->keyval == GDK_KEY_Escape && event->type == GDK_KEY_PRESS)
    {
      ast_host_bar_close (bar);
      return TRUE;
    }
  return FALSE;
}

void
ast_session_page_tell (AstSessionPage *self, const char *text)
{
  gtk_label_set_text (GTK_LABEL (self->notice), text);
  gtk_widget_set_visible (self->notice, text != NULL);
}

AstScreen *
ast_session_page_get_screen (AstSessionPage *self)
{
  return AST_SCREEN (self->screen);
}

AstHostBar *
ast_session_page_get_bar (AstSessionPage *self)
{
  return AST_HOST_BAR (self->bar);
}

static void
ast_session_page_dispose (GObject *object)
{
  g_clear_handle_id (&AST_SESSION_PAGE (object)->edge_timer, g_source_remove);
  G_OBJECT_CLASS (ast_session_page_parent_class)->dispose (object);
}

static void
ast_session_page_finalize (GObject *object)
{
  g_hash_table_unref (AST_SESSION_PAGE (object)->held);
  G_OBJECT_CLASS (ast_session_page_parent_class)->finalize (object);
}

static void
ast_session_page_class_init (AstSessionPageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_session_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_session_page_finalize;
}

static void
ast_session_page_init (AstSessionPage *self)
{
  ast_with_class (GTK_WIDGET (self), "session");
  self->held = g_hash_table_new (NULL, NULL);
  self->bar = ast_host_bar_new ();
  self->edge = gtk_event_box_new ();
  gtk_event_box_set_visible_window (GTK_EVENT_BOX (self->edge), FALSE);
  gtk_event_box_set_above_child (GTK_EVENT_BOX (self->edge), TRUE);
  g_object_set (self->edge, "valign", GTK_ALIGN_START, "height-request", EDGE_HEIGHT, "visible", TRUE, NULL);
  gtk_widget_add_events (self->edge, GDK_ENTER_NOTIFY_MASK | GDK_LEAVE_NOTIFY_MASK);
  self->notice = ast_new_text (NULL, "session-notice", TRUE);
  g_object_set (self->notice, "halign", GTK_ALIGN_CENTER, "valign", GTK_ALIGN_END, "no-show-all", TRUE, NULL);
  gtk_overlay_add_overlay (GTK_OVERLAY (self), self->notice);
  gtk_overlay_set_overlay_pass_through (GTK_OVERLAY (self), self->notice, TRUE);
  gtk_overlay_add_overlay (GTK_OVERLAY (self), self->edge);
  gtk_overlay_add_overlay (GTK_OVERLAY (self), self->bar);
  // Its place is as high as it would be with the least width.
  gtk_overlay_set_overlay_pass_through (GTK_OVERLAY (self), self->bar, TRUE);
  g_signal_connect_object (self->edge, "enter-notify-event", G_CALLBACK (on_edge_entered), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->edge, "leave-notify-event", G_CALLBACK (on_edge_left), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->bar, "closed", G_CALLBACK (on_bar_closed), self, G_CONNECT_SWAPPED);
}

GtkWidget *
ast_session_page_new (GtkWidget *screen, const char *bar_chord)
{
  AstSessionPage *self = g_object_new (AST_TYPE_SESSION_PAGE, "visible", TRUE, NULL);

  self->screen = screen;
  gtk_container_add (GTK_CONTAINER (self), screen);
  gtk_accelerator_parse (bar_chord, &self->chord_key, &self->chord_mods);
  return GTK_WIDGET (self);
}
