// SPDX-License-Identifier: GPL-3.0-or-later
#include "style.h"

#define SHEET "/org/asteroide/kiosk/style.css"

// Only what GDK itself reads as a colour goes into the sheet: a value cannot smuggle in rules.
static void
append_colour (GString *css, const char *name, const char *value)
{
  g_autofree char *clean = NULL;
  GdkRGBA colour;

  if (value == NULL)
    return;
  if (!gdk_rgba_parse (&colour, value))
    {
      g_message ("[branding] %s=%s is not a colour", name, value);
      return;
    }
  clean = gdk_rgba_to_string (&colour);
  g_string_append_printf (css, "@define-color %s %s;\n", name, clean);
}

static void
append_wallpaper (GString *css, const char *path)
{
  g_autofree char *uri = path ? g_filename_to_uri (path, NULL, NULL) : NULL;

  if (uri && g_file_test (path, G_FILE_TEST_IS_REGULAR))
    g_string_append_printf (css, ".backdrop { background-image: url(\"%s\"); background-size: cover; }\n",
                            uri);
  else if (path)
    g_message ("[branding] wallpaper=%s is not a file", path);
}

static void
add_provider (GtkWidget *widget, GtkCssProvider *provider, guint priority)
{
  gtk_style_context_add_provider_for_screen (gtk_widget_get_screen (widget), GTK_STYLE_PROVIDER (provider),
                                             priority);
}

void
ast_style_apply (const AstConfig *config, GtkWidget *widget)
{
  g_autoptr (GtkCssProvider) branding = gtk_css_provider_new ();
  g_autoptr (GString) css = g_string_new (NULL);
  g_autoptr (GBytes) bytes = g_resources_lookup_data (SHEET, 0, NULL);

  // Named colours are looked up per provider: the branding's definitions must stand behind the sheet's own.
  g_string_append_len (css, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  append_colour (css, "accent", config->accent);
  append_colour (css, "background", config->background);
  append_wallpaper (css, config->wallpaper);
  gtk_css_provider_load_from_data (branding, css->str, css->len, NULL);
  add_provider (widget, branding, GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}
