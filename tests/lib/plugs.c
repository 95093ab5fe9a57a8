// SPDX-License-Identifier: GPL-3.0-or-later
// A module for an Xorg with the `dummy` driver, whose monitors are there for ever once they have shown
// something. With it a monitor is there as long as a file in a folder has its output's name; what stands in
// the file is the size that the monitor prefers, such as 1024x768. The server looks when it is asked for its
// monitors.
#include <xorg-server.h>
#include <xf86.h>
#include <xf86Crtc.h>
#include <xf86Modes.h>
#include <xf86Module.h>
#include <extension.h>
#include <stdio.h>
#include <stdlib.h>

#define REFRESH_HZ 60

static const char *folder;
static const xf86OutputFuncsRec *drivers_own;
static xf86OutputFuncsRec plugged;

static FILE *
open_plug (xf86OutputPtr output)
{
  char path[PATH_MAX];

  snprintf (path, sizeof path, "%s/%s", folder, output->name);
  return fopen (path, "re");
}

static xf86OutputStatus
detect (xf86OutputPtr output)
{
  FILE *plug = open_plug (output);

  if (plug == NULL)
    return XF86OutputStatusDisconnected;
  fclose (plug);
  return XF86OutputStatusConnected;
}

// Without a size in the file it is the driver that knows.
static DisplayModePtr
get_modes (xf86OutputPtr output)
{
  FILE *plug = open_plug (output);
  int width, height, read = plug ? fscanf (plug, "%dx%d", &width, &height) : 0;
  DisplayModePtr mode;

  if (plug)
    fclose (plug);
  if (read != 2)
    return drivers_own->get_modes (output);
  mode = xf86CVTMode (width, height, REFRESH_HZ, FALSE, FALSE);
  xf86SetModeDefaultName (mode);
  mode->type = M_T_DRIVER | M_T_PREFERRED;
  return mode;
}

static void
take_over (xf86OutputPtr output)
{
  if (drivers_own == NULL)
    {
      drivers_own = output->funcs;
      plugged = *drivers_own;
      plugged.detect = detect;
      plugged.get_modes = get_modes;
    }
  output->funcs = &plugged;
}

// An extension begins when the screens are there, as a module does not.
static void
begin (void)
{
  for (int i = 0; i < screenInfo.numScreens; i++)
    {
      xf86CrtcConfigPtr config = XF86_CRTC_CONFIG_PTR (xf86ScreenToScrn (screenInfo.screens[i]));

      for (int j = 0; j < config->num_output; j++)
        take_over (config->output[j]);
    }
}

static const ExtensionModule extension = { begin, "PLUGS", NULL };

static void *
set_up (void *module, void *options, int *major_error, int *minor_error)
{
  folder = xf86FindOptionValue (options, "Folder");
  LoadExtensionList (&extension, 1, FALSE);
  return module;
}

static XF86ModuleVersionInfo version = {
  .modname = "plugs",
  .vendor = "ASTEROIDE",
  ._modinfo1_ = MODINFOSTRING1,
  ._modinfo2_ = MODINFOSTRING2,
  .xf86version = XORG_VERSION_CURRENT,
  .majorversion = 1,
  .abiclass = ABI_CLASS_EXTENSION,
  .abiversion = ABI_EXTENSION_VERSION,
};

_X_EXPORT XF86ModuleData plugsModuleData = { &version, set_up, NULL };
