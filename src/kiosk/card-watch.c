// SPDX-License-Identifier: GPL-3.0-or-later
#include "card-watch.h"
#include <gudev/gudev.h>

#define SUBSYSTEM "drm"

struct _AstCardWatch
{
  GUdevClient *udev;
  gboolean gone;
  GSourceFunc back;
  gpointer data;
};

// Not one of its connectors (card0-HDMI-A-1), nor what only calculates (renderD128).
static gboolean
is_card (GUdevDevice *device)
{
  const char *name = g_udev_device_get_name (device);

  return g_str_has_prefix (name, "card") && strchr (name, '-') == NULL;
}

static void
on_uevent (GUdevClient *client, const char *action, GUdevDevice *device, AstCardWatch *self)
{
  if (!is_card (device))
    return;
  if (g_str_equal (action, "remove"))
    self->gone = TRUE;
  else if (g_str_equal (action, "add") && self->gone)
    {
      self->gone = FALSE;
      self->back (self->data);
    }
}

AstCardWatch *
ast_card_watch_new (GSourceFunc back, gpointer data)
{
  AstCardWatch *self = g_new0 (AstCardWatch, 1);

  self->udev = g_udev_client_new ((const char *const[]){ SUBSYSTEM, NULL });
  self->back = back;
  self->data = data;
  g_signal_connect (self->udev, "uevent", G_CALLBACK (on_uevent), self);
  return self;
}

void
ast_card_watch_free (AstCardWatch *self)
{
  g_object_unref (self->udev);
  g_free (self);
}
