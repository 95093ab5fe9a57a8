// SPDX-License-Identifier: GPL-3.0-or-later
#include "outputs.h"
#include <X11/extensions/Xrandr.h>
#include <gdk/gdkx.h>

#define MM_PER_INCH 25.4
// X's own idea of a monitor's pixels. The size in millimetres of all monitors together means nothing.
#define PIXELS_PER_INCH 96

// What an output shows. Pixels, from the screen's left upper corner; already turned.
typedef struct
{
  GdkRectangle area;
  RRMode mode;
  Rotation rotation;
  int n_outputs; // that show it
} AstPicture;

struct _AstOutputs
{
  GdkDisplay *display;
  Display *x;
  Window root;
  int change_event;
  // Numbers of the outputs that have a monitor, as far as that was acted on. NULL before the first look.
  GHashTable *plugged;
  GHashTable *shown; // number → AstPicture*: what an output showed when its monitor was pulled out
  guint look_idle;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (XRRScreenResources, XRRFreeScreenResources)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (XRROutputInfo, XRRFreeOutputInfo)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (XRRCrtcInfo, XRRFreeCrtcInfo)

// What the server says without asking the cables, which would take a monitor's time.
static XRRScreenResources *
ast_outputs_read (AstOutputs *self)
{
  return XRRGetScreenResourcesCurrent (self->x, self->root);
}

static gboolean
ast_outputs_read_picture (AstOutputs *self, XRRScreenResources *resources, RRCrtc id, AstPicture *picture)
{
  g_autoptr (XRRCrtcInfo) crtc = XRRGetCrtcInfo (self->x, resources, id);

  if (crtc == NULL || crtc->mode == None)
    return FALSE;
  picture->area = (GdkRectangle){ crtc->x, crtc->y, (int)crtc->width, (int)crtc->height };
  picture->mode = crtc->mode;
  picture->rotation = crtc->rotation;
  picture->n_outputs = crtc->noutput;
  return TRUE;
}

// All that is shown now: AstPicture.
static GArray *
ast_outputs_list_pictures (AstOutputs *self, XRRScreenResources *resources)
{
  GArray *pictures = g_array_new (FALSE, FALSE, sizeof (AstPicture));

  for (int i = 0; i < resources->ncrtc; i++)
    {
      AstPicture picture;

      if (ast_outputs_read_picture (self, resources, resources->crtcs[i], &picture))
        g_array_append_val (pictures, picture);
    }
  return pictures;
}

// What all pictures cover together, from the screen's corner.
static GdkRectangle
measure (const GArray *pictures)
{
  GdkRectangle all = { 0 };

  for (guint i = 0; i < pictures->len; i++)
    gdk_rectangle_union (&all, &g_array_index (pictures, AstPicture, i).area, &all);
  return all;
}

static gboolean
is_free (const GArray *pictures, const GdkRectangle *area)
{
  for (guint i = 0; i < pictures->len; i++)
    if (gdk_rectangle_intersect (area, &g_array_index (pictures, AstPicture, i).area, NULL))
      return FALSE;
  return TRUE;
}

static const XRRModeInfo *
find_mode (const XRRScreenResources *resources, RRMode id)
{
  for (int i = 0; i < resources->nmode; i++)
    if (resources->modes[i].id == id)
      return &resources->modes[i];
  return NULL;
}

static gboolean
fills (const XRRModeInfo *mode, const AstPicture *picture)
{
  gboolean is_upright = (picture->rotation & (RR_Rotate_90 | RR_Rotate_270)) != 0;

  return (int)mode->width == (is_upright ? picture->area.height : picture->area.width)
         && (int)mode->height == (is_upright ? picture->area.width : picture->area.height);
}

// The same size: a mode that no monitor has is forgotten, and gets another number later.
static gboolean
choose_former (const XRRScreenResources *resources, const XRROutputInfo *output, const AstPicture *before,
               AstPicture *picture)
{
  for (int i = 0; i < output->nmode; i++)
    {
      const XRRModeInfo *mode = find_mode (resources, output->modes[i]);

      if (mode == NULL || !fills (mode, before))
        continue;
      *picture = *before;
      picture->mode = mode->id;
      return TRUE;
    }
  return FALSE;
}

// A server lists the mode that a monitor prefers first.
static gboolean
choose_preferred (const XRRScreenResources *resources, const XRROutputInfo *output, int left,
                  AstPicture *picture)
{
  const XRRModeInfo *mode = output->nmode > 0 ? find_mode (resources, output->modes[0]) : NULL;

  if (mode == NULL)
    return FALSE;
  *picture = (AstPicture){ .area = { left, 0, (int)mode->width, (int)mode->height },
                           .mode = mode->id,
                           .rotation = RR_Rotate_0 };
  return TRUE;
}

static gboolean
ast_outputs_choose_picture (AstOutputs *self, XRRScreenResources *resources, RROutput id,
                            const XRROutputInfo *output, const GArray *pictures, AstPicture *picture)
{
  const AstPicture *before = g_hash_table_lookup (self->shown, GUINT_TO_POINTER (id));
  GdkRectangle all = measure (pictures);

  if (before && is_free (pictures, &before->area) && choose_former (resources, output, before, picture))
    return TRUE;
  return choose_preferred (resources, output, all.x + all.width, picture);
}

static RRCrtc
ast_outputs_find_free_crtc (AstOutputs *self, XRRScreenResources *resources, const XRROutputInfo *output)
{
  for (int i = 0; i < output->ncrtc; i++)
    {
      AstPicture picture;

      if (!ast_outputs_read_picture (self, resources, output->crtcs[i], &picture))
        return output->crtcs[i];
    }
  return None;
}

static int
to_mm (int pixels)
{
  return (int)(pixels * MM_PER_INCH / PIXELS_PER_INCH);
}

// The screen is as large as what its monitors cover, or must cover next.
static gboolean
ast_outputs_fit_screen (AstOutputs *self, const GdkRectangle *all)
{
  int width = all->x + all->width, height = all->y + all->height;
  int least_width, least_height, most_width, most_height;

  if (!XRRGetScreenSizeRange (self->x, self->root, &least_width, &least_height, &most_width, &most_height)
      || width > most_width || height > most_height)
    return FALSE;
  width = MAX (width, least_width);
  height = MAX (height, least_height);
  XRRSetScreenSize (self->x, self->root, width, height, to_mm (width), to_mm (height));
  return TRUE;
}

static gboolean
ast_outputs_show (AstOutputs *self, XRRScreenResources *resources, RRCrtc crtc, RROutput id,
                  const AstPicture *picture)
{
  return XRRSetCrtcConfig (self->x, resources, crtc, CurrentTime, picture->area.x, picture->area.y,
                           picture->mode, picture->rotation, &id, 1)
         == RRSetConfigSuccess;
}

// Where none is called the primary one, the toolkit takes the server's first, which may be the one that
// comes: the kiosk would go there in the middle of a session.
static void
ast_outputs_keep_primary (AstOutputs *self)
{
  GdkMonitor *first = gdk_display_get_primary_monitor (self->display);

  if (first && XRRGetOutputPrimary (self->x, self->root) == None)
    XRRSetOutputPrimary (self->x, self->root, gdk_x11_monitor_get_output (first));
}

static gboolean
ast_outputs_switch_on (AstOutputs *self, XRRScreenResources *resources, RROutput id,
                       const XRROutputInfo *output)
{
  g_autoptr (GArray) pictures = ast_outputs_list_pictures (self, resources);
  RRCrtc crtc = ast_outputs_find_free_crtc (self, resources, output);
  GdkRectangle all = measure (pictures);
  AstPicture picture;

  if (crtc == None || !ast_outputs_choose_picture (self, resources, id, output, pictures, &picture))
    return FALSE;
  gdk_rectangle_union (&all, &picture.area, &all);
  if (!ast_outputs_fit_screen (self, &all))
    return FALSE;
  ast_outputs_keep_primary (self);
  return ast_outputs_show (self, resources, crtc, id, &picture);
}

static void
ast_outputs_shrink_screen (AstOutputs *self, XRRScreenResources *resources)
{
  g_autoptr (GArray) pictures = ast_outputs_list_pictures (self, resources);
  GdkRectangle all = measure (pictures);

  ast_outputs_fit_screen (self, &all);
}

// FALSE for the last one, which stays: a screen without any has no place for the kiosk. So does what another
// output shows, too.
static gboolean
ast_outputs_switch_off (AstOutputs *self, XRRScreenResources *resources, RROutput id,
                        const XRROutputInfo *output)
{
  g_autoptr (GArray) pictures = ast_outputs_list_pictures (self, resources);
  AstPicture picture;

  if (pictures->len < 2 || !ast_outputs_read_picture (self, resources, output->crtc, &picture))
    return FALSE;
  if (picture.n_outputs > 1)
    return TRUE;
  XRRSetCrtcConfig (self->x, resources, output->crtc, CurrentTime, 0, 0, None, RR_Rotate_0, NULL, 0);
  g_hash_table_insert (self->shown, GUINT_TO_POINTER (id), g_memdup2 (&picture, sizeof picture));
  ast_outputs_shrink_screen (self, resources);
  return TRUE;
}

// Has the server found other monitors or modes since? Then it has said so, and another look is due.
static gboolean
ast_outputs_is_outdated (AstOutputs *self, XRRScreenResources *resources)
{
  g_autoptr (XRRScreenResources) now = ast_outputs_read (self);

  return now == NULL || now->configTimestamp != resources->configTimestamp;
}

// Once for each time that a monitor comes: one that cannot be switched on is not tried again and again.
static void
ast_outputs_take (AstOutputs *self, XRRScreenResources *resources, RROutput id, const XRROutputInfo *output)
{
  if (output->crtc == None && !ast_outputs_switch_on (self, resources, id, output))
    {
      if (ast_outputs_is_outdated (self, resources))
        return;
      g_message ("The monitor at %s cannot be switched on", output->name);
    }
  g_hash_table_add (self->plugged, GUINT_TO_POINTER (id));
}

static void
ast_outputs_look_at (AstOutputs *self, RROutput id)
{
  g_autoptr (XRRScreenResources) resources = ast_outputs_read (self);
  g_autoptr (XRROutputInfo) output = resources ? XRRGetOutputInfo (self->x, resources, id) : NULL;
  gboolean was_plugged = g_hash_table_contains (self->plugged, GUINT_TO_POINTER (id));

  if (output == NULL)
    return;
  if (output->connection == RR_Connected && !was_plugged)
    ast_outputs_take (self, resources, id, output);
  if (output->connection == RR_Disconnected && was_plugged
      && (output->crtc == None || ast_outputs_switch_off (self, resources, id, output)))
    g_hash_table_remove (self->plugged, GUINT_TO_POINTER (id));
}

// What is lit before the first look may have lost its monitor already, or never had one: a server that finds
// none at all lights what it likes.
static void
ast_outputs_begin (AstOutputs *self, XRRScreenResources *resources)
{
  self->plugged = g_hash_table_new (NULL, NULL);
  for (int i = 0; i < resources->noutput; i++)
    {
      g_autoptr (XRROutputInfo) output = XRRGetOutputInfo (self->x, resources, resources->outputs[i]);

      if (output && output->crtc != None)
        g_hash_table_add (self->plugged, GUINT_TO_POINTER (resources->outputs[i]));
    }
}

// Each change is made on what the server says after the one before. The server's answer is waited for; it
// could not paint either while it changes a mode.
static gboolean
on_look (gpointer data)
{
  AstOutputs *self = data;
  g_autoptr (XRRScreenResources) all = ast_outputs_read (self);

  self->look_idle = 0;
  gdk_x11_display_error_trap_push (self->display);
  if (all && self->plugged == NULL)
    ast_outputs_begin (self, all);
  for (int i = 0; all && i < all->noutput; i++)
    ast_outputs_look_at (self, all->outputs[i]);
  gdk_x11_display_error_trap_pop_ignored (self->display);
  return G_SOURCE_REMOVE;
}

// In an idle: several changes at once are one, and a first frame that waits is painted before.
static void
ast_outputs_look (AstOutputs *self)
{
  if (self->look_idle == 0)
    self->look_idle = g_idle_add_full (G_PRIORITY_LOW, on_look, self, NULL);
}

// The toolkit has asked for these events; what asks again in the same window's name would undo that.
static GdkFilterReturn
on_event (GdkXEvent *xevent, GdkEvent *event, gpointer data)
{
  AstOutputs *self = data;

  if (((XEvent *)xevent)->type == self->change_event)
    ast_outputs_look (self);
  return GDK_FILTER_CONTINUE;
}

void
ast_outputs_free (AstOutputs *self)
{
  gdk_window_remove_filter (gdk_get_default_root_window (), on_event, self);
  g_clear_handle_id (&self->look_idle, g_source_remove);
  g_clear_pointer (&self->plugged, g_hash_table_unref);
  g_hash_table_unref (self->shown);
  g_free (self);
}

AstOutputs *
ast_outputs_new (GdkDisplay *display)
{
  AstOutputs *self;
  int first_event, first_error;

  if (!GDK_IS_X11_DISPLAY (display)
      || !XRRQueryExtension (gdk_x11_display_get_xdisplay (display), &first_event, &first_error))
    return NULL;
  self = g_new0 (AstOutputs, 1);
  self->display = display;
  self->x = gdk_x11_display_get_xdisplay (display);
  self->root = gdk_x11_get_default_root_xwindow ();
  self->change_event = first_event + RRScreenChangeNotify;
  self->shown = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  gdk_window_add_filter (gdk_get_default_root_window (), on_event, self);
  ast_outputs_look (self);
  return self;
}
