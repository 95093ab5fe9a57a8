// SPDX-License-Identifier: GPL-3.0-or-later
// usb: what is plugged into the station, and what a session would do with it.
#include "ast-build.h"
#include "command.h"
#include "json-print.h"
#include "usb-policy.h"
#include <glib/gi18n.h>

static const char *const use_words[] = {
  [AST_USB_USE_INPUT] = "input",
  [AST_USB_USE_NETWORK] = "network",
  [AST_USB_USE_STORAGE] = "storage",
};

static char *
id_of (const AstUsbDevice *device)
{
  return g_strdup_printf ("%04x:%04x", device->vendor, device->product);
}

static void
add_classes (JsonBuilder *builder, const AstUsbDevice *device)
{
  g_auto (GStrv) classes = ast_usb_device_classes (device);

  json_builder_set_member_name (builder, "classes");
  json_builder_begin_array (builder);
  for (guint i = 0; classes[i]; i++)
    json_builder_add_string_value (builder, classes[i]);
  json_builder_end_array (builder);
}

static void
begin_device (JsonBuilder *builder, const AstUsbDevice *device)
{
  g_autofree char *vendor = g_strdup_printf ("%04x", device->vendor);
  g_autofree char *product = g_strdup_printf ("%04x", device->product);

  json_builder_begin_object (builder);
  ast_json_add_string (builder, "path", device->path);
  ast_json_add_number (builder, "bus", device->bus);
  ast_json_add_number (builder, "address", device->address);
  ast_json_add_string (builder, "vendor", vendor);
  ast_json_add_string (builder, "product", product);
  ast_json_add_string (builder, "name", device->name);
  add_classes (builder, device);
  ast_json_add_string (builder, "use", use_words[device->use]);
}

// ---------------------------------------------------------------------------------------------------------------
// list

static void
print_list_json (GPtrArray *devices)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < devices->len; i++)
    {
      begin_device (builder, g_ptr_array_index (devices, i));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  ast_json_print (builder);
}

static void
print_device (const AstUsbDevice *device, glong width)
{
  g_autofree char *id = id_of (device);

  ast_command_print_padded (device->path, width + 2);
  g_print ("%s  %s", id, device->name);
}

static glong
path_width (GPtrArray *devices)
{
  glong width = 0;

  for (guint i = 0; i < devices->len; i++)
    width = MAX (width, g_utf8_strlen (((const AstUsbDevice *)g_ptr_array_index (devices, i))->path, -1));
  return width;
}

static void
print_list (GPtrArray *devices)
{
  glong width = path_width (devices);

  for (guint i = 0; i < devices->len; i++)
    {
      const AstUsbDevice *device = g_ptr_array_index (devices, i);
      g_auto (GStrv) classes = ast_usb_device_classes (device);
      g_autofree char *words = g_strjoinv (", ", classes);

      print_device (device, width);
      g_print (words[0] ? "  (%s)\n" : "%s\n", words);
    }
}

static AstExit
list (const AstInvocation *invocation)
{
  g_autoptr (GPtrArray) devices = NULL;

  if (invocation->appliance)
    return ast_command_fail_usage (_ ("%s does not take %s."), "usb list", "--appliance");
  if (invocation->arguments[1])
    return ast_command_fail_usage (_ ("%s does not take “%s”."), "usb list", invocation->arguments[1]);
  devices = ast_usb_device_list ();
  (invocation->json ? print_list_json : print_list) (devices);
  return AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// explain

static gboolean
is_meant (const AstUsbDevice *device, const char *word)
{
  g_autofree char *id = id_of (device);

  return g_str_equal (device->path, word) || g_ascii_strcasecmp (id, word) == 0;
}

static gboolean
choose_device (GPtrArray *devices, const char *word, GPtrArray *chosen)
{
  guint before = chosen->len;

  for (guint i = 0; i < devices->len; i++)
    if (is_meant (g_ptr_array_index (devices, i), word))
      g_ptr_array_add (chosen, ast_usb_device_ref (g_ptr_array_index (devices, i)));
  return chosen->len > before;
}

// Those that the words name, or all where there are none; NULL with `error` where a word names nothing.
static GPtrArray *
choose_devices (char **words, GError **error)
{
  g_autoptr (GPtrArray) devices = ast_usb_device_list ();
  g_autoptr (GPtrArray) chosen = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_usb_device_unref);

  if (!words[0])
    return g_steal_pointer (&devices);
  for (guint i = 0; words[i]; i++)
    if (!choose_device (devices, words[i], chosen))
      {
        g_autofree char *word = g_utf8_make_valid (words[i], -1);

        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                     _ ("There is no USB device “%s” on this station. “asteroidectl usb list” tells those "
                        "that are plugged in."),
                     word);
        return NULL;
      }
  return g_steal_pointer (&chosen);
}

// Without a name, one that gives all devices and has no rules: what is left are the station's.
static AstAppliance *
choose_appliance (const AstInvocation *invocation, GError **error)
{
  g_autoptr (AstCatalogue) catalogue = NULL;
  AstAppliance *appliance;

  if (!invocation->appliance)
    {
      appliance = ast_appliance_new ("", "");
      appliance->devices = AST_DEVICE_USB | AST_DEVICE_DVD;
      return appliance;
    }
  catalogue = ast_command_load_catalogue (invocation);
  appliance = ast_command_find_appliance (catalogue, invocation->appliance, error);
  return appliance ? ast_appliance_ref (appliance) : NULL;
}

static void
add_verdict (JsonBuilder *builder, const AstUsbVerdict *verdict)
{
  g_autofree char *rule = verdict->rule ? ast_usb_rule_to_text (verdict->rule) : NULL;
  g_autofree char *sentence = ast_usb_verdict_explain (verdict);

  ast_json_add_boolean (builder, "allowed", verdict->allowed);
  ast_json_add_string (builder, "reason", ast_usb_reason_word (verdict->reason));
  ast_json_add_string (builder, "rule", rule);
  if (verdict->rule && verdict->rule->line > 0)
    ast_json_add_number (builder, "line", verdict->rule->line);
  else
    ast_json_add_string (builder, "line", NULL);
  ast_json_add_string (builder, "explanation", sentence);
}

static void
explain_json (GPtrArray *devices, const AstUsbPolicy *policy)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < devices->len; i++)
    {
      const AstUsbDevice *device = g_ptr_array_index (devices, i);
      AstUsbVerdict verdict = ast_usb_policy_judge (policy, device);

      begin_device (builder, device);
      add_verdict (builder, &verdict);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  ast_json_print (builder);
}

static void
explain_text (GPtrArray *devices, const AstUsbPolicy *policy)
{
  glong width = path_width (devices);

  for (guint i = 0; i < devices->len; i++)
    {
      const AstUsbDevice *device = g_ptr_array_index (devices, i);
      AstUsbVerdict verdict = ast_usb_policy_judge (policy, device);
      g_autofree char *sentence = ast_usb_verdict_explain (&verdict);

      print_device (device, width);
      g_print ("\n");
      ast_command_print_padded ("", width + 2);
      g_print ("%s\n", sentence);
    }
}

static AstExit
explain (const AstInvocation *invocation)
{
  const AstConfig *config = invocation->config;
  g_autoptr (GError) error = NULL;
  g_autoptr (AstAppliance) appliance = choose_appliance (invocation, &error);
  g_autoptr (GPtrArray) devices = appliance ? choose_devices (invocation->arguments + 1, &error) : NULL;
  AstUsbPolicy policy;

  if (error)
    return ast_command_fail (error);
  policy = (AstUsbPolicy){ config->usb_rules, appliance, ast_policy_of (appliance, config->exam) };
  (invocation->json ? explain_json : explain_text) (devices, &policy);
  return AST_EXIT_DONE;
}

AstExit
ast_command_usb (const AstInvocation *invocation)
{
  const char *action = invocation->arguments[0];

  if (g_str_equal (action, "list"))
    return list (invocation);
  if (g_str_equal (action, "explain"))
    return explain (invocation);
  return ast_command_fail_usage (_ ("usb does not take “%s”: it is list or explain."), action);
}
