// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "launcher.h"
#include "policy.h"
#include "svg-image.h"
#include "tile.h"
#include "widgets.h"
#include <glib/gi18n.h>

// A screenful is made at once, the rest while the launcher is on the screen already.
#define TILES_AT_ONCE 40
#define TILES_A_TURN  25
#define TILES_A_LINE  8
#define SEARCH_WIDTH  240
#define TITLE_LINES   2

// The pointer crosses other tiles on its way to the chosen one.
#define LIKELY_MSEC 60

#define LOGO "resource:///org/asteroide/kiosk/logo.svg"

struct _AstLauncher
{
  GtkBox parent;

  const AstConfig *config;
  AstOverlayStore *store;
  GPtrArray *appliances; // AstAppliance*, as they are to be shown
  GHashTable *tiles;     // id → AstTile
  char *category;        // the chosen one; NULL = all

  GtkWidget *clock;
  GtkWidget *search_place;
  GtkWidget *search; // NULL until the first frame is on the monitor
  GtkWidget *categories;
  GtkWidget *category_scroller;
  GtkWidget *stack;
  GtkWidget *scroller;
  GtkWidget *flow;
  GtkWidget *empty;
  GtkWidget *countdown;
  GtkWidget *countdown_label;
  GtkWidget *countdown_bar;
  GtkWidget *notice;

  gboolean is_complete; // what the first frame can do without may be made
  guint next_tile;      // index of the first appliance that may lack its tile
  guint fill_idle;
  guint clock_timer;
  guint countdown_timer;
  guint seconds_left;
  char *likely; // id of the tile on which the pointer or the focus is
  guint likely_timer;
};

enum
{
  SIGNAL_CHOSEN,
  SIGNAL_LIKELY,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstLauncher, ast_launcher, GTK_TYPE_BOX)

// ---------------------------------------------------------------------------------------------------------------
// Which tiles are shown

static gboolean
is_shown (AstLauncher *self, const AstAppliance *appliance)
{
  const char *words = self->search ? gtk_entry_get_text (GTK_ENTRY (self->search)) : "";

  if (self->category && g_strcmp0 (self->category, appliance->category) != 0)
    return FALSE;
  return *words == '\0' || ast_appliance_matches (appliance, words);
}

static gboolean
filter_tile (GtkFlowBoxChild *child, gpointer data)
{
  return is_shown (data, ast_tile_get_appliance (AST_TILE (child)));
}

static int
compare_tiles (GtkFlowBoxChild *a, GtkFlowBoxChild *b, gpointer data)
{
  guint rank_a = ast_tile_get_rank (AST_TILE (a));
  guint rank_b = ast_tile_get_rank (AST_TILE (b));

  return rank_a < rank_b ? -1 : rank_a > rank_b;
}

static GtkWidget *
first_shown_tile (AstLauncher *self)
{
  GtkFlowBoxChild *child;

  for (int i = 0; (child = gtk_flow_box_get_child_at_index (GTK_FLOW_BOX (self->flow), i)); i++)
    if (gtk_widget_get_child_visible (GTK_WIDGET (child)))
      return GTK_WIDGET (child);
  return NULL;
}

static void
ast_launcher_update_empty (AstLauncher *self)
{
  g_autofree char *folders = g_strjoinv ("\n", self->config->appliances);
  g_autofree char *none
      = g_strdup_printf (_ ("There are no appliances on this station yet.\n\nThey belong in:\n%s"), folders);
  gboolean has_any = self->appliances->len > 0;

  gtk_label_set_text (GTK_LABEL (self->empty), has_any ? _ ("No appliance matches.") : none);
  gtk_stack_set_visible_child (GTK_STACK (self->stack),
                               first_shown_tile (self) ? self->scroller : self->empty);
}

static guint
count_shown (AstLauncher *self)
{
  guint shown = 0;

  for (guint i = 0; i < self->appliances->len; i++)
    shown += is_shown (self, self->appliances->pdata[i]);
  return shown;
}

static void
ast_launcher_filter (AstLauncher *self)
{
  // A line has no more places than there are tiles, so that few of them stand in the middle.
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (self->flow),
                                          CLAMP (count_shown (self), 1, TILES_A_LINE));
  gtk_flow_box_invalidate_filter (GTK_FLOW_BOX (self->flow));
  ast_launcher_update_empty (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Countdown

void
ast_launcher_stop_countdown (AstLauncher *self)
{
  g_clear_handle_id (&self->countdown_timer, g_source_remove);
  gtk_widget_hide (self->countdown);
}

static AstAppliance *
find_default (AstLauncher *self)
{
  for (guint i = 0; self->config->default_id && i < self->appliances->len; i++)
    {
      AstAppliance *appliance = self->appliances->pdata[i];

      if (g_str_equal (appliance->id, self->config->default_id))
        return ast_appliance_is_usable (appliance) ? appliance : NULL;
    }
  return NULL;
}

static void
ast_launcher_show_countdown (AstLauncher *self, const AstAppliance *appliance)
{
  g_autofree char *text = g_strdup_printf (
      ngettext ("“%s” starts in %u second. Press any key to choose yourself.",
                "“%s” starts in %u seconds. Press any key to choose yourself.", self->seconds_left),
      appliance->name, self->seconds_left);

  gtk_label_set_text (GTK_LABEL (self->countdown_label), text);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->countdown_bar),
                                 (double)self->seconds_left / self->config->timeout_seconds);
  gtk_widget_show (self->countdown);
}

static gboolean
on_countdown (gpointer data)
{
  AstLauncher *self = data;
  AstAppliance *appliance = find_default (self);

  if (appliance && --self->seconds_left > 0)
    {
      ast_launcher_show_countdown (self, appliance);
      return G_SOURCE_CONTINUE;
    }
  self->countdown_timer = 0;
  ast_launcher_stop_countdown (self);
  if (appliance)
    g_signal_emit (self, signals[SIGNAL_CHOSEN], 0, appliance->id);
  return G_SOURCE_REMOVE;
}

void
ast_launcher_start_countdown (AstLauncher *self)
{
  AstAppliance *appliance = find_default (self);

  if (appliance == NULL || self->config->timeout_seconds == 0 || self->countdown_timer)
    return;
  self->seconds_left = self->config->timeout_seconds;
  ast_launcher_show_countdown (self, appliance);
  self->countdown_timer = g_timeout_add_seconds (1, on_countdown, self);
}

// ---------------------------------------------------------------------------------------------------------------
// Tiles

static void
on_child_activated (GtkFlowBox *flow, GtkFlowBoxChild *child, AstLauncher *self)
{
  AstAppliance *appliance = ast_tile_get_appliance (AST_TILE (child));

  ast_launcher_stop_countdown (self);
  if (ast_appliance_is_usable (appliance))
    g_signal_emit (self, signals[SIGNAL_CHOSEN], 0, appliance->id);
}

static gboolean
on_likely (gpointer data)
{
  AstLauncher *self = data;

  self->likely_timer = 0;
  g_signal_emit (self, signals[SIGNAL_LIKELY], 0, self->likely);
  return G_SOURCE_REMOVE;
}

static void
on_tile_state (GtkWidget *tile, GtkStateFlags before, AstLauncher *self)
{
  AstAppliance *appliance = ast_tile_get_appliance (AST_TILE (tile));
  GtkStateFlags entered = gtk_widget_get_state_flags (tile) & ~before;

  if (!(entered & (GTK_STATE_FLAG_PRELIGHT | GTK_STATE_FLAG_FOCUSED)) || !ast_appliance_is_usable (appliance))
    return;
  g_free (self->likely);
  self->likely = g_strdup (appliance->id);
  g_clear_handle_id (&self->likely_timer, g_source_remove);
  self->likely_timer = g_timeout_add (LIKELY_MSEC, on_likely, self);
}

static gboolean
ast_launcher_add_tile (AstLauncher *self, guint rank)
{
  AstAppliance *appliance = self->appliances->pdata[rank];
  AstTile *tile = g_hash_table_lookup (self->tiles, appliance->id);

  if (tile)
    {
      ast_tile_set_rank (tile, rank);
      return FALSE;
    }
  tile = AST_TILE (
      ast_tile_new (appliance, ast_policy_of (appliance, self->config->exam).exam, rank < TILES_AT_ONCE));
  ast_tile_set_rank (tile, rank);
  g_signal_connect (tile, "state-flags-changed", G_CALLBACK (on_tile_state), self);
  g_hash_table_insert (self->tiles, appliance->id, tile);
  gtk_flow_box_insert (GTK_FLOW_BOX (self->flow), GTK_WIDGET (tile), -1);
  return TRUE;
}

static void
ast_launcher_add_tiles (AstLauncher *self, guint most)
{
  while (most > 0 && self->next_tile < self->appliances->len)
    if (ast_launcher_add_tile (self, self->next_tile++))
      most--;
}

static gboolean
on_fill (gpointer data)
{
  AstLauncher *self = data;

  ast_launcher_add_tiles (self, TILES_A_TURN);
  if (self->next_tile < self->appliances->len)
    return G_SOURCE_CONTINUE;
  self->fill_idle = 0;
  ast_launcher_filter (self);
  return G_SOURCE_REMOVE;
}

static void
ast_launcher_fill (AstLauncher *self)
{
  if (self->is_complete && self->next_tile < self->appliances->len && self->fill_idle == 0)
    self->fill_idle = g_idle_add_full (G_PRIORITY_LOW, on_fill, self, NULL);
}

static void
ast_launcher_drop_tiles_not_in (AstLauncher *self, GPtrArray *appliances)
{
  GHashTableIter iter;
  gpointer tile;

  g_hash_table_iter_init (&iter, self->tiles);
  while (g_hash_table_iter_next (&iter, NULL, &tile))
    if (!g_ptr_array_find (appliances, ast_tile_get_appliance (tile), NULL))
      {
        g_hash_table_iter_remove (&iter);
        gtk_widget_destroy (tile);
      }
}

// In front the one that was used last, behind the broken ones, by name within.
static GPtrArray *
put_in_order (AstLauncher *self, GPtrArray *by_name)
{
  GPtrArray *order = g_ptr_array_new_full (by_name->len, (GDestroyNotify)ast_appliance_unref);
  AstAppliance *last = NULL;
  gint64 last_used = 0;

  for (guint i = 0; i < by_name->len; i++)
    {
      AstAppliance *appliance = by_name->pdata[i];
      gint64 used = ast_overlay_store_last_used (self->store, appliance->id);

      if (used > last_used && ast_appliance_is_usable (appliance))
        {
          last = appliance;
          last_used = used;
        }
    }
  if (last)
    g_ptr_array_add (order, ast_appliance_ref (last));
  for (guint usable = 2; usable-- > 0;)
    for (guint i = 0; i < by_name->len; i++)
      if (by_name->pdata[i] != last && ast_appliance_is_usable (by_name->pdata[i]) == (gboolean)usable)
        g_ptr_array_add (order, ast_appliance_ref (by_name->pdata[i]));
  return order;
}

// ---------------------------------------------------------------------------------------------------------------
// Categories

static void
on_category_toggled (GtkToggleButton *button, AstLauncher *self)
{
  if (!gtk_toggle_button_get_active (button))
    return;
  g_free (self->category);
  self->category = g_strdup (g_object_get_data (G_OBJECT (button), "category"));
  ast_launcher_stop_countdown (self);
  ast_launcher_filter (self);
}

static GtkWidget *
add_category (AstLauncher *self, GtkWidget *group, const char *category, const char *label)
{
  GtkWidget *button
      = gtk_radio_button_new_with_label_from_widget (group ? GTK_RADIO_BUTTON (group) : NULL, label);

  gtk_toggle_button_set_mode (GTK_TOGGLE_BUTTON (button), FALSE);
  g_object_set_data_full (G_OBJECT (button), "category", g_strdup (category), g_free);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), g_strcmp0 (category, self->category) == 0);
  g_signal_connect (button, "toggled", G_CALLBACK (on_category_toggled), self);
  gtk_container_add (GTK_CONTAINER (self->categories), ast_with_class (button, "category"));
  gtk_widget_show (button);
  return button;
}

// A descriptor has its category in one language: these common ones are shown in the reader's, others as they
// are.
static const char *const common_categories[] = {
  NC_ ("category", "network"),     NC_ ("category", "office"),    NC_ ("category", "system"),
  NC_ ("category", "development"), NC_ ("category", "languages"), NC_ ("category", "science"),
  NC_ ("category", "media"),       NC_ ("category", "exam"),      NULL,
};

static char *
category_label (const char *category)
{
  gboolean is_common = g_strv_contains (common_categories, category);
  const char *label = is_common ? g_dpgettext2 (NULL, "category", category) : category;
  g_autofree char *first = g_utf8_substring (label, 0, 1);
  g_autofree char *upper = g_utf8_strup (first, -1);

  return g_strconcat (upper, g_utf8_next_char (label), NULL);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
list_categories (AstLauncher *self)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->appliances->len; i++)
    {
      char *category = ((AstAppliance *)self->appliances->pdata[i])->category;

      if (category && *category && g_hash_table_add (seen, category))
        g_ptr_array_add (list, category);
    }
  g_ptr_array_sort (list, compare_strings);
  return list;
}

static void
ast_launcher_update_categories (AstLauncher *self)
{
  g_autoptr (GPtrArray) list = list_categories (self);
  GtkWidget *group;

  if (self->category && !g_ptr_array_find_with_equal_func (list, self->category, g_str_equal, NULL))
    g_clear_pointer (&self->category, g_free);
  ast_clear_children (self->categories);
  if (list->len < 2)
    return;
  group = add_category (self, NULL, NULL, _ ("All"));
  for (guint i = 0; i < list->len; i++)
    {
      g_autofree char *label = category_label (list->pdata[i]);

      add_category (self, group, list->pdata[i], label);
    }
}

void
ast_launcher_set_appliances (AstLauncher *self, GPtrArray *appliances)
{
  g_autoptr (GPtrArray) order = put_in_order (self, appliances);

  ast_launcher_drop_tiles_not_in (self, order);
  g_ptr_array_unref (self->appliances);
  self->appliances = g_steal_pointer (&order);
  self->next_tile = 0;
  ast_launcher_add_tiles (self, TILES_AT_ONCE);
  for (guint i = self->next_tile; i < self->appliances->len; i++)
    {
      AstTile *tile = g_hash_table_lookup (self->tiles, ((AstAppliance *)self->appliances->pdata[i])->id);

      if (tile)
        ast_tile_set_rank (tile, i);
    }
  ast_launcher_fill (self);
  gtk_flow_box_invalidate_sort (GTK_FLOW_BOX (self->flow));
  ast_launcher_update_categories (self);
  ast_launcher_filter (self);
}

// ---------------------------------------------------------------------------------------------------------------
// Keys

static void
on_search_changed (GtkEntry *entry, AstLauncher *self)
{
  ast_launcher_filter (self);
}

// Neither the menu of the entry nor the chooser of emojis.
static void
on_insert_emoji (GtkEntry *entry)
{
  g_signal_stop_emission_by_name (entry, "insert-emoji");
}

static gboolean
on_search_menu (GtkWidget *entry)
{
  return TRUE;
}

static gboolean
on_search_button (GtkWidget *entry, GdkEventButton *event)
{
  return event->button == GDK_BUTTON_PRIMARY ? GDK_EVENT_PROPAGATE : GDK_EVENT_STOP;
}

// A finger gets the focus and no more: GTK's own answer to it has handles, and a bubble with “Paste”.
static gboolean
on_search_touch (GtkWidget *entry, GdkEventTouch *event)
{
  if (event->type == GDK_TOUCH_BEGIN)
    {
      gtk_entry_grab_focus_without_selecting (GTK_ENTRY (entry));
      gtk_editable_set_position (GTK_EDITABLE (entry), -1);
    }
  return GDK_EVENT_STOP;
}

static void
on_search_activate (GtkEntry *entry, AstLauncher *self)
{
  GtkWidget *tile = first_shown_tile (self);

  if (tile)
    on_child_activated (GTK_FLOW_BOX (self->flow), GTK_FLOW_BOX_CHILD (tile), self);
}

static void
ast_launcher_focus_first (AstLauncher *self)
{
  GtkWidget *tile = first_shown_tile (self);

  if (tile)
    gtk_widget_grab_focus (tile);
}

static void
ast_launcher_end_search (AstLauncher *self)
{
  if (self->search)
    gtk_entry_set_text (GTK_ENTRY (self->search), "");
  ast_launcher_focus_first (self);
}

// A text entry costs a tenth of the time to the first frame, and nobody types before it: a label holds its
// place.
static void
ast_launcher_add_search (AstLauncher *self)
{
  ast_clear_children (self->search_place);
  self->search = ast_with_class (gtk_entry_new (), "search");
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->search), _ ("Type to search"));
  gtk_entry_set_input_hints (GTK_ENTRY (self->search), GTK_INPUT_HINT_NO_EMOJI);
  g_signal_connect (self->search, "changed", G_CALLBACK (on_search_changed), self);
  g_signal_connect (self->search, "activate", G_CALLBACK (on_search_activate), self);
  g_signal_connect (self->search, "insert-emoji", G_CALLBACK (on_insert_emoji), NULL);
  g_signal_connect (self->search, "popup-menu", G_CALLBACK (on_search_menu), NULL);
  g_signal_connect (self->search, "button-press-event", G_CALLBACK (on_search_button), NULL);
  g_signal_connect (self->search, "touch-event", G_CALLBACK (on_search_touch), NULL);
  gtk_drag_dest_unset (self->search);
  gtk_box_pack_start (GTK_BOX (self->search_place), self->search, TRUE, TRUE, 0);
  gtk_widget_show (self->search);
}

void
ast_launcher_complete (AstLauncher *self)
{
  ast_launcher_add_search (self);
  self->is_complete = TRUE;
  ast_launcher_fill (self);
}

gboolean
ast_launcher_handle_key (AstLauncher *self, GdkEventKey *event)
{
  gboolean in_search = self->search && gtk_widget_has_focus (self->search);
  guint32 character = gdk_keyval_to_unicode (event->keyval);

  if (in_search && event->keyval == GDK_KEY_Down)
    {
      ast_launcher_focus_first (self);
      return TRUE;
    }
  if (event->keyval == GDK_KEY_Escape)
    {
      ast_launcher_end_search (self);
      return TRUE;
    }
  if (in_search || self->search == NULL)
    return FALSE;
  // Space starts the focused tile; everything else that prints is a search.
  if (character > ' ' && g_unichar_isprint (character)
      && !(event->state & (GDK_CONTROL_MASK | GDK_MOD1_MASK)))
    {
      gtk_entry_grab_focus_without_selecting (GTK_ENTRY (self->search));
      gtk_editable_set_position (GTK_EDITABLE (self->search), -1);
      return gtk_widget_event (self->search, (GdkEvent *)event);
    }
  return FALSE;
}

void
ast_launcher_reset (AstLauncher *self)
{
  GList *buttons = gtk_container_get_children (GTK_CONTAINER (self->categories));

  if (buttons)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (buttons->data), TRUE);
  g_list_free (buttons);
  if (self->search)
    gtk_entry_set_text (GTK_ENTRY (self->search), "");
  gtk_adjustment_set_value (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller)), 0);
  gtk_adjustment_set_value (
      gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (self->category_scroller)), 0);
  ast_launcher_filter (self);
  ast_launcher_focus_first (self);
}

static void
show_warmth_of (GtkWidget *child, gpointer table)
{
  AstTile *tile = AST_TILE (child);
  const AstWarmLine *line = ast_warm_table_find (table, ast_tile_get_appliance (tile)->id);
  g_autofree char *hint = NULL;

  if (line == NULL)
    return;
  if (line->warmth == AST_WARMTH_FRESH)
    hint = g_strdup (_ ("ready at once"));
  else if (line->why)
    // Translators: %s is a reason, as in “an image has changed”.
    hint = g_strdup_printf (_ ("boots first: %s"), line->why);
  else
    hint = g_strdup (_ ("boots first"));
  ast_tile_set_hint (tile, hint, line->warmth == AST_WARMTH_FRESH);
}

void
ast_launcher_show_warmth (AstLauncher *self, AstWarmTable *table)
{
  gtk_container_foreach (GTK_CONTAINER (self->flow), show_warmth_of, table);
}

void
ast_launcher_set_notice (AstLauncher *self, const char *text)
{
  gtk_label_set_text (GTK_LABEL (self->notice), text ? text : "");
}

// ---------------------------------------------------------------------------------------------------------------
// The clock

static gboolean
on_clock (gpointer data)
{
  AstLauncher *self = data;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *text = g_date_time_format (now, "%H:%M");

  gtk_label_set_text (GTK_LABEL (self->clock), text);
  self->clock_timer = g_timeout_add_seconds (60 - g_date_time_get_second (now), on_clock, self);
  return G_SOURCE_REMOVE;
}

// ---------------------------------------------------------------------------------------------------------------
// The object

static GtkWidget *
new_header (AstLauncher *self)
{
  GtkWidget *header = ast_with_class (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 18), "header");
  GtkWidget *titles = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *title = ast_new_bounded_text (self->config->title, "title", FALSE, TITLE_LINES);
  GtkWidget *station = ast_new_bounded_text (self->config->name, "station", FALSE, 1);
  GtkWidget *exam = ast_new_exam_badge ();

  gtk_widget_set_visible (exam, self->config->exam);
  gtk_container_add (GTK_CONTAINER (titles), title);
  gtk_container_add (GTK_CONTAINER (titles), station);
  gtk_widget_set_valign (titles, GTK_ALIGN_CENTER);
  self->clock = ast_with_class (gtk_label_new (NULL), "clock");
  self->search_place = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_size_request (self->search_place, SEARCH_WIDTH, -1);
  gtk_widget_set_valign (self->search_place, GTK_ALIGN_CENTER);
  gtk_box_pack_start (GTK_BOX (self->search_place),
                      ast_with_class (gtk_label_new (_ ("Type to search")), "search"), TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (header), ast_svg_image_new (self->config->logo, LOGO, 72, 72), FALSE, FALSE,
                      0);
  gtk_box_pack_start (GTK_BOX (header), titles, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (header), exam, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (header), self->clock, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (header), self->search_place, FALSE, FALSE, 0);
  return header;
}

// More of them than fit are scrolled.
static GtkWidget *
new_categories (AstLauncher *self)
{
  self->categories = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);
  gtk_widget_set_valign (self->categories, GTK_ALIGN_START);
  self->category_scroller = ast_with_class (gtk_scrolled_window_new (NULL, NULL), "categories");
  gtk_container_add (GTK_CONTAINER (self->category_scroller), self->categories);
  g_object_set (self->category_scroller, "halign", GTK_ALIGN_CENTER, "vscrollbar-policy", GTK_POLICY_NEVER,
                "propagate-natural-width", TRUE, "overlay-scrolling", FALSE, "can-focus", FALSE, NULL);
  return self->category_scroller;
}

static GtkWidget *
new_tiles (AstLauncher *self)
{
  self->flow = gtk_flow_box_new ();
  g_object_set (self->flow, "homogeneous", TRUE, "selection-mode", GTK_SELECTION_NONE,
                "activate-on-single-click", TRUE, "row-spacing", 20, "column-spacing", 20,
                "min-children-per-line", 1, "halign", GTK_ALIGN_CENTER, "valign", GTK_ALIGN_START, NULL);
  gtk_flow_box_set_filter_func (GTK_FLOW_BOX (self->flow), filter_tile, self, NULL);
  gtk_flow_box_set_sort_func (GTK_FLOW_BOX (self->flow), compare_tiles, self, NULL);
  g_signal_connect (self->flow, "child-activated", G_CALLBACK (on_child_activated), self);
  self->scroller = ast_with_class (gtk_scrolled_window_new (NULL, NULL), "tiles");
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_container_add (GTK_CONTAINER (self->scroller), self->flow);
  self->empty = ast_with_class (gtk_label_new (NULL), "empty");
  gtk_label_set_justify (GTK_LABEL (self->empty), GTK_JUSTIFY_CENTER);
  self->stack = gtk_stack_new ();
  gtk_container_add (GTK_CONTAINER (self->stack), self->scroller);
  gtk_container_add (GTK_CONTAINER (self->stack), self->empty);
  return self->stack;
}

static GtkWidget *
new_countdown (AstLauncher *self)
{
  self->countdown = ast_with_class (gtk_box_new (GTK_ORIENTATION_VERTICAL, 8), "countdown");
  self->countdown_label = ast_new_text (NULL, "countdown-text", TRUE);
  self->countdown_bar = gtk_progress_bar_new ();
  gtk_container_add (GTK_CONTAINER (self->countdown), self->countdown_label);
  gtk_container_add (GTK_CONTAINER (self->countdown), self->countdown_bar);
  gtk_widget_set_halign (self->countdown, GTK_ALIGN_CENTER);
  return self->countdown;
}

static GtkWidget *
new_footer (AstLauncher *self)
{
  GtkWidget *footer = ast_with_class (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 24), "footer");

  self->notice = ast_with_class (gtk_label_new (NULL), "notice");
  gtk_label_set_ellipsize (GTK_LABEL (self->notice), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (self->notice), 1);
  gtk_box_pack_start (GTK_BOX (footer), gtk_label_new (_ ("Enter: start")), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (footer), gtk_label_new (_ ("F1: about this station")), FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (footer), self->notice, TRUE, TRUE, 0);
  return footer;
}

static void
ast_launcher_dispose (GObject *object)
{
  AstLauncher *self = AST_LAUNCHER (object);

  g_clear_handle_id (&self->fill_idle, g_source_remove);
  g_clear_handle_id (&self->clock_timer, g_source_remove);
  g_clear_handle_id (&self->countdown_timer, g_source_remove);
  g_clear_handle_id (&self->likely_timer, g_source_remove);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (ast_launcher_parent_class)->dispose (object);
}

static void
ast_launcher_finalize (GObject *object)
{
  AstLauncher *self = AST_LAUNCHER (object);

  g_hash_table_unref (self->tiles);
  g_ptr_array_unref (self->appliances);
  g_free (self->category);
  g_free (self->likely);
  G_OBJECT_CLASS (ast_launcher_parent_class)->finalize (object);
}

static void
ast_launcher_class_init (AstLauncherClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_launcher_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_launcher_finalize;
  signals[SIGNAL_CHOSEN] = g_signal_new ("chosen", AST_TYPE_LAUNCHER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_LIKELY] = g_signal_new ("likely", AST_TYPE_LAUNCHER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
ast_launcher_init (AstLauncher *self)
{
  self->appliances = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_appliance_unref);
  self->tiles = g_hash_table_new (g_str_hash, g_str_equal);
}

GtkWidget *
ast_launcher_new (const AstConfig *config, AstOverlayStore *store)
{
  AstLauncher *self = g_object_new (AST_TYPE_LAUNCHER, "orientation", GTK_ORIENTATION_VERTICAL, NULL);

  self->config = config;
  self->store = g_object_ref (store);
  ast_with_class (ast_with_class (GTK_WIDGET (self), "launcher"), "backdrop");
  gtk_container_add (GTK_CONTAINER (self), new_header (self));
  gtk_container_add (GTK_CONTAINER (self), new_categories (self));
  gtk_box_pack_start (GTK_BOX (self), new_tiles (self), TRUE, TRUE, 0);
  gtk_container_add (GTK_CONTAINER (self), new_countdown (self));
  gtk_container_add (GTK_CONTAINER (self), new_footer (self));
  gtk_widget_show_all (GTK_WIDGET (self));
  gtk_widget_hide (self->countdown);
  on_clock (self);
  return GTK_WIDGET (self);
}
