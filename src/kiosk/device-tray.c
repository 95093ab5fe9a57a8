// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "device-tray.h"
#include "widgets.h"
#include <glib/gi18n.h>

#define MAX_HEIGHT 260 // pixels; more lines than that are scrolled

struct _AstDeviceTray
{
  GtkScrolledWindow parent;

  GtkWidget *lines;  // holds them
  GHashTable *known; // id → Line*, each owned by its widget
  GtkWidget *nothing;
};

typedef struct
{
  AstDeviceTray *tray;
  char *id;
  GtkWidget *box;
  GtkWidget *name;
  GtkWidget *owner;
  GtkWidget *button; // the switch; what it shows is what is, not what is wished
  gulong on_active;
} Line;

enum
{
  SIGNAL_REDIRECT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstDeviceTray, ast_device_tray, GTK_TYPE_SCROLLED_WINDOW)

static void
line_free (Line *self)
{
  g_free (self->id);
  g_free (self);
}

static void
on_switched (GObject *button, GParamSpec *spec, Line *line)
{
  g_autofree char *id = g_strdup (line->id);

  g_signal_emit (line->tray, signals[SIGNAL_REDIRECT], 0, id, gtk_switch_get_active (GTK_SWITCH (button)));
}

static Line *
add_line (AstDeviceTray *self, const char *id)
{
  Line *line = g_new0 (Line, 1);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  line->tray = self;
  line->id = g_strdup (id);
  line->box = ast_with_class (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18), "device");
  line->name = ast_new_text (NULL, "device-name", FALSE);
  line->owner = ast_new_text (NULL, "bar-fate", FALSE);
  line->button = gtk_switch_new ();
  gtk_widget_set_valign (line->button, GTK_ALIGN_CENTER);
  gtk_container_add (GTK_CONTAINER (texts), line->name);
  gtk_container_add (GTK_CONTAINER (texts), line->owner);
  gtk_box_pack_start (GTK_BOX (line->box), line->button, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (line->box), texts, TRUE, TRUE, 0);
  line->on_active = g_signal_connect (line->button, "notify::active", G_CALLBACK (on_switched), line);
  g_object_set_data_full (G_OBJECT (line->box), "line", line, (GDestroyNotify)line_free);
  gtk_container_add (GTK_CONTAINER (self->lines), line->box);
  gtk_widget_show_all (line->box);
  g_hash_table_insert (self->known, line->id, line);
  return line;
}

static void
update_line (Line *line, const AstRedirection *device)
{
  gboolean is_in = device->state == AST_REDIRECTION_IN || device->state == AST_REDIRECTION_COMING;
  gboolean can_switch = device->is_present && device->state != AST_REDIRECTION_REFUSED
                        && device->state != AST_REDIRECTION_LEAVING;
  const char *owner = ast_redirection_owner_text (device);
  g_autofree char *text = device->note ? g_strdup_printf ("%s. %s", owner, device->note) : g_strdup (owner);

  gtk_label_set_text (GTK_LABEL (line->name), device->name);
  gtk_label_set_text (GTK_LABEL (line->owner), text);
  gtk_widget_set_sensitive (line->button, can_switch);
  atk_object_set_name (gtk_widget_get_accessible (line->button), device->name);
  g_signal_handler_block (line->button, line->on_active);
  gtk_switch_set_active (GTK_SWITCH (line->button), is_in);
  g_signal_handler_unblock (line->button, line->on_active);
}

static gboolean
is_missing (gpointer id, gpointer line, gpointer list)
{
  const GPtrArray *devices = list;

  for (guint i = 0; i < devices->len; i++)
    if (g_str_equal (((const AstRedirection *)devices->pdata[i])->id, id))
      return FALSE;
  gtk_widget_destroy (((Line *)line)->box);
  return TRUE;
}

void
ast_device_tray_show (AstDeviceTray *self, const GPtrArray *list)
{
  g_hash_table_foreach_remove (self->known, is_missing, (gpointer)list);
  for (guint i = 0; i < list->len; i++)
    {
      const AstRedirection *device = list->pdata[i];
      Line *line = g_hash_table_lookup (self->known, device->id);

      if (line == NULL)
        line = add_line (self, device->id);
      update_line (line, device);
      gtk_box_reorder_child (GTK_BOX (self->lines), line->box, (int)i);
    }
  gtk_widget_set_visible (self->nothing, list->len == 0);
}

static void
ast_device_tray_finalize (GObject *object)
{
  g_hash_table_unref (AST_DEVICE_TRAY (object)->known);
  G_OBJECT_CLASS (ast_device_tray_parent_class)->finalize (object);
}

static void
ast_device_tray_class_init (AstDeviceTrayClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_device_tray_finalize;
  signals[SIGNAL_REDIRECT] = g_signal_new ("redirect", AST_TYPE_DEVICE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                           NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
ast_device_tray_init (AstDeviceTray *self)
{
  self->known = g_hash_table_new (g_str_hash, g_str_equal);
  self->lines = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  self->nothing = ast_new_text (
      _ ("There is nothing that could be given to this machine: no stick, no disc."), "bar-fate", FALSE);
  gtk_container_add (GTK_CONTAINER (self->lines), self->nothing);
  gtk_container_add (GTK_CONTAINER (self), self->lines);
  g_object_set (self, "hscrollbar-policy", GTK_POLICY_NEVER, "propagate-natural-height", TRUE,
                "max-content-height", MAX_HEIGHT, "overlay-scrolling", FALSE, NULL);
}

GtkWidget *
ast_device_tray_new (void)
{
  return g_object_new (AST_TYPE_DEVICE_TRAY, NULL);
}
