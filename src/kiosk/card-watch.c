// SPDX-License-Identifier: GPL-3.0-or-later
#include "card-watch.h"
#include <gudev/gudev.h>

#define SUBSYSTEM "drm"

struct _AstCardWatch
{
  GUdevClient *udev;
  gboolean gone;
  void (*back) (void);
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
      self->back ();
    }
}

AstCardWatch *
ast_card_watch_new (void (*back) (void))
{
  AstCardWatch *self = g_new0 (AstCardWatch, 1);

  self->udev = g_udev_client_new ((const char *const[]){ SUBSYSTEM, NULL });
  self->back = back;
  g_signal_connect (self->udev, "uevent", G_CALLBACK (on_uevent), self);
  return self;
}

void
ast_card_watch_free (AstCardWatch *self)
{
  g_object_unref (self->udev);
  g_free (self);
}
