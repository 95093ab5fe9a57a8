// SPDX-License-Identifier: GPL-3.0-or-later
// The commands that look at files alone: list, show, check, version.
#include "ast-build.h"
#include "command.h"
#include "image.h"
#include "json-print.h"
#include "overlay-store.h"
#include "policy.h"
#include "usb-rule.h"
#include <glib/gi18n.h>

// ---------------------------------------------------------------------------------------------------------------
// JSON

static void
add_problems (JsonBuilder *builder, const char *name, GPtrArray *problems)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *text = ast_problem_to_string (problems->pdata[i]);
      g_autofree char *valid = g_utf8_make_valid (text, -1); // a file's name may be anything

      json_builder_add_string_value (builder, valid);
    }
  json_builder_end_array (builder);
}

static void
begin_appliance (JsonBuilder *builder, const AstAppliance *appliance, const AstConfig *config)
{
  json_builder_begin_object (builder);
  ast_json_add_string (builder, "id", appliance->id);
  ast_json_add_string (builder, "name", appliance->name);
  ast_json_add_string (builder, "summary", appliance->summary);
  ast_json_add_string (builder, "category", appliance->category);
  ast_json_add_boolean (builder, "exam", ast_policy_of (appliance, config->exam).exam);
  ast_json_add_boolean (builder, "usable", ast_appliance_is_usable (appliance));
  add_problems (builder, "problems", appliance->problems);
}

// ---------------------------------------------------------------------------------------------------------------
// list

static void
print_list_json (GPtrArray *appliances, const AstConfig *config)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < appliances->len; i++)
    {
      begin_appliance (builder, appliances->pdata[i], config);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  ast_json_print (builder);
}

static void
print_problems (GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *text = ast_problem_to_string (problems->pdata[i]);

      g_printerr ("%s\n", text);
    }
}

static void
print_nothing_found (const AstConfig *config)
{
  g_autofree char *folders = g_strjoinv (", ", config->appliances);

  g_printerr ("asteroidectl: %s %s\n", _ ("There is no appliance in the appliance folders:"), folders);
}

AstExit
ast_command_list (const AstInvocation *invocation)
{
  g_autoptr (AstCatalogue) catalogue = ast_command_load_catalogue (invocation);
  GPtrArray *appliances = ast_catalogue_list (catalogue);
  glong width = 0;

  print_problems (ast_catalogue_problems (catalogue));
  if (invocation->json)
    {
      print_list_json (appliances, invocation->config);
      return AST_EXIT_DONE;
    }
  if (appliances->len == 0)
    print_nothing_found (invocation->config);
  for (guint i = 0; i < appliances->len; i++)
    width = MAX (width, g_utf8_strlen (((AstAppliance *)appliances->pdata[i])->id, -1));
  for (guint i = 0; i < appliances->len; i++)
    {
      AstAppliance *appliance = appliances->pdata[i];

      ast_command_print_padded (appliance->id, width + 2);
      g_print ("%s%s\n", appliance->name,
               ast_appliance_is_usable (appliance) ? "" : _ ("  (broken: “asteroidectl check” tells why)"));
    }
  return AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// show

static const char *
network_word (AstNetworkType type)
{
  static const char *const words[] = { [AST_NETWORK_USER] = "user",
                                       [AST_NETWORK_BRIDGE] = "bridge",
                                       [AST_NETWORK_ISOLATED] = "isolated",
                                       [AST_NETWORK_NONE] = "none" };

  return words[type];
}

static const struct
{
  AstDevices of; // looked at
  AstDevices device;
  const char *word;
} device_words[] = {
  { AST_DEVICE_USB, AST_DEVICE_USB, "usb" },
  { AST_DEVICE_DVD, AST_DEVICE_DVD, "dvd" },
  { AST_DEVICE_SOUND, AST_DEVICE_SOUND, "sound" },
  { AST_DEVICE_CLIPBOARD, AST_DEVICE_CLIPBOARD, "clipboard" },
  { AST_DEVICE_CLIPBOARD, AST_DEVICE_CLIPBOARD_IN, "clipboard-in" },
  { AST_DEVICE_CLIPBOARD, AST_DEVICE_CLIPBOARD_OUT, "clipboard-out" },
  { AST_DEVICE_MICROPHONE, AST_DEVICE_MICROPHONE, "microphone" },
  { AST_DEVICE_SHARE, AST_DEVICE_SHARE, "share" },
  { AST_DEVICE_SHARE_WRITE, AST_DEVICE_SHARE_WRITE, "share-write" },
  { AST_DEVICE_SMARTCARD, AST_DEVICE_SMARTCARD, "smartcard" },
};

static GPtrArray *
list_devices (const AstAppliance *appliance)
{
  GPtrArray *words = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (device_words); i++)
    if ((appliance->devices & device_words[i].of) == device_words[i].device)
      g_ptr_array_add (words, (char *)device_words[i].word);
  return words;
}

static GPtrArray *
list_networks (const AstAppliance *appliance)
{
  GPtrArray *words = g_ptr_array_new ();

  for (guint i = 0; i < appliance->networks->len; i++)
    g_ptr_array_add (words, (char *)network_word (((AstNetwork *)appliance->networks->pdata[i])->type));
  return words;
}

// Where each image of the chain is, from the disk upwards, then the CDs.
static GPtrArray *
list_images (const AstAppliance *appliance)
{
  GPtrArray *paths = g_ptr_array_new ();

  if (appliance->disk)
    g_ptr_array_add (paths, appliance->disk->path ? appliance->disk->path : appliance->disk->href);
  for (guint pass = 0; pass < 2; pass++)
    {
      GPtrArray *images = pass == 0 ? appliance->layers : appliance->cdroms;

      for (guint i = 0; i < images->len; i++)
        {
          AstImage *image = images->pdata[i];

          g_ptr_array_add (paths, image->path ? image->path : image->href);
        }
    }
  return paths;
}

// What the descriptor leaves open under exam.
static GPtrArray *
list_allowances (const AstAppliance *appliance)
{
  GPtrArray *words = g_ptr_array_new ();

  for (guint i = 0; ast_allowance_words[i]; i++)
    if (appliance->exam_allows & (1u << i))
      g_ptr_array_add (words, (char *)ast_allowance_words[i]);
  return words;
}

// The descriptor's own, in their order. The station's, which come before them, are in its configuration.
static GPtrArray *
list_usb_rules (const AstAppliance *appliance)
{
  GPtrArray *rules = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < appliance->usb_rules->len; i++)
    g_ptr_array_add (rules, ast_usb_rule_to_text (appliance->usb_rules->pdata[i]));
  return rules;
}

static void
add_strings (JsonBuilder *builder, const char *name, GPtrArray *strings)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < strings->len; i++)
    json_builder_add_string_value (builder, strings->pdata[i]);
  json_builder_end_array (builder);
}

static void
print_line (const char *label, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  ast_command_print_padded (label, 12);
  g_print (" %s\n", value);
}

static void
print_strings (const char *label, GPtrArray *strings)
{
  for (guint i = 0; i < strings->len; i++)
    print_line (i == 0 ? label : "", strings->pdata[i]);
}

static void
print_exam (GPtrArray *allowed)
{
  g_autoptr (GString) words = g_string_new (NULL);
  g_autofree char *text = NULL;

  for (guint i = 0; i < allowed->len; i++)
    g_string_append_printf (words, "%s%s", i ? ", " : "", (char *)allowed->pdata[i]);
  text = allowed->len > 0 ? g_strdup_printf (_ ("yes; it allows: %s"), words->str)
                          : g_strdup (_ ("yes; it allows nothing"));
  print_line (_ ("exam"), text);
}

static void
print_show_json (const AstAppliance *appliance, const AstConfig *config, GPtrArray *images,
                 GPtrArray *networks, GPtrArray *devices, gboolean kept)
{
  g_autoptr (GPtrArray) allowed = list_allowances (appliance);
  g_autoptr (GPtrArray) usb_rules = list_usb_rules (appliance);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin_appliance (builder, appliance, config);
  ast_json_add_string (builder, "folder", appliance->folder);
  ast_json_add_string (builder, "os", appliance->os_id);
  ast_json_add_number (builder, "cpus", appliance->cpus);
  ast_json_add_number (builder, "memory-mib", appliance->memory_mib);
  ast_json_add_number (builder, "heads", appliance->heads);
  add_strings (builder, "images", images);
  add_strings (builder, "networks", networks);
  add_strings (builder, "devices", devices);
  add_strings (builder, "usb-rules", usb_rules);
  add_strings (builder, "exam-allows", allowed);
  ast_json_add_string (builder, "state", appliance->keeping == AST_KEEPING_KEPT ? "kept" : "volatile");
  ast_json_add_string (builder, "start", appliance->start_mode == AST_START_WARM ? "warm" : "cold");
  ast_json_add_boolean (builder, "has-kept-state", kept);
  json_builder_end_object (builder);
  ast_json_print (builder);
}

static void
print_show (const AstAppliance *appliance, const AstConfig *config, GPtrArray *images, GPtrArray *networks,
            GPtrArray *devices, gboolean kept)
{
  g_autoptr (GPtrArray) allowed = list_allowances (appliance);
  g_autoptr (GPtrArray) usb_rules = list_usb_rules (appliance);
  g_autofree char *machine = g_strdup_printf (_ ("processors: %u, memory: %u MiB, monitors: %u"),
                                              appliance->cpus, appliance->memory_mib, appliance->heads);

  print_line (_ ("id"), appliance->id);
  print_line (_ ("name"), appliance->name);
  print_line (_ ("summary"), appliance->summary);
  print_line (_ ("category"), appliance->category);
  print_line (_ ("folder"), appliance->folder);
  print_line (_ ("system"), appliance->os_id);
  print_line (_ ("machine"), machine);
  print_strings (_ ("images"), images);
  print_strings (_ ("network"), networks);
  print_strings (_ ("devices"), devices);
  print_strings (_ ("USB rules"), usb_rules);
  if (ast_policy_of (appliance, config->exam).exam)
    print_exam (allowed);
  print_line (_ ("state"), appliance->keeping == AST_KEEPING_VOLATILE
                               ? _ ("forgotten at the end of each session")
                           : kept ? _ ("kept between sessions; there is a kept state")
                                  : _ ("kept between sessions; nothing is kept yet"));
}

AstExit
ast_command_show (const AstInvocation *invocation)
{
  g_autoptr (AstCatalogue) catalogue = ast_command_load_catalogue (invocation);
  g_autoptr (AstOverlayStore) store = ast_overlay_store_new (
      invocation->config->overlays, invocation->config->reserve_mib, invocation->config->overlay_mib);
  g_autoptr (GError) error = NULL;
  AstAppliance *appliance = ast_command_find_appliance (catalogue, invocation->arguments[0], &error);
  g_autoptr (GPtrArray) images = NULL;
  g_autoptr (GPtrArray) networks = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  gboolean kept;

  if (appliance == NULL)
    return ast_command_fail (error);
  images = list_images (appliance);
  networks = list_networks (appliance);
  devices = list_devices (appliance);
  kept = ast_overlay_store_has_kept (store, appliance->id);
  (invocation->json ? print_show_json : print_show) (appliance, invocation->config, images, networks, devices,
                                                     kept);
  print_problems (appliance->problems);
  return AST_EXIT_DONE;
}

// ---------------------------------------------------------------------------------------------------------------
// check

typedef struct
{
  const AstInvocation *invocation;
  GPtrArray *checked; // AstAppliance*
  GPtrArray *problems;
  GPtrArray *warnings;
} AstCheck;

static void
copy_problem (gpointer data, gpointer into)
{
  const AstProblem *problem = data;

  g_ptr_array_add (into,
                   ast_problem_new (problem->file, problem->line, problem->column, "%s", problem->text));
}

// A station may lack the folder: the lesson goes on without it, so it is no problem of the appliance.
static void
check_share (AstCheck *check, const AstAppliance *appliance)
{
  if (appliance->share && !g_hash_table_contains (check->invocation->config->shares, appliance->share))
    g_ptr_array_add (
        check->warnings,
        ast_problem_new (
            appliance->id, 0, 0,
            _ ("This station has no shared folder “%s”: sessions go without it. Name the folder under "
               "[shares] in the station's configuration."),
            appliance->share));
}

static void
check_appliance (AstCheck *check, AstAppliance *appliance)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);

  g_ptr_array_foreach (appliance->problems, copy_problem, found);
  if (appliance->problems->len == 0)
    ast_image_check_all (appliance, check->invocation->digest, NULL, found);
  if (found->len == 0 && !check->invocation->json)
    g_print (_ ("%s: good\n"), appliance->id);
  g_ptr_array_add (check->checked, ast_appliance_ref (appliance));
  g_ptr_array_extend_and_steal (check->problems, g_steal_pointer (&found));
  g_ptr_array_foreach (appliance->warnings, copy_problem, check->warnings);
  check_share (check, appliance);
}

static void
check_everything (AstCheck *check)
{
  g_autoptr (AstCatalogue) catalogue = ast_command_load_catalogue (check->invocation);
  GPtrArray *appliances = ast_catalogue_list (catalogue);
  GPtrArray *warnings = check->invocation->config->warnings;

  for (guint i = 0; i < warnings->len; i++)
    g_printerr ("%s %s\n", _ ("Warning:"), (char *)warnings->pdata[i]);
  g_ptr_array_foreach (ast_catalogue_problems (catalogue), copy_problem, check->problems);
  for (guint i = 0; i < appliances->len; i++)
    check_appliance (check, appliances->pdata[i]);
}

static void
check_argument (AstCheck *check, AstCatalogue *catalogue, const char *argument)
{
  const AstConfig *config = check->invocation->config;
  AstAppliance *known = ast_catalogue_find (catalogue, argument);
  g_autoptr (AstAppliance) read = NULL;

  if (known)
    return check_appliance (check, known);
  if (!g_file_test (argument, G_FILE_TEST_EXISTS))
    {
      g_ptr_array_add (check->problems,
                       ast_problem_new (argument, 0, 0, "%s",
                                        _ ("There is no such file, and no appliance of that name.")));
      return;
    }
  read = ast_catalogue_read (argument, (const char *const *)config->images, g_get_language_names ());
  check_appliance (check, read);
}

static void
print_warnings (GPtrArray *warnings)
{
  for (guint i = 0; i < warnings->len; i++)
    {
      g_autofree char *text = ast_problem_to_string (warnings->pdata[i]);

      g_printerr ("%s %s\n", _ ("Warning:"), text);
    }
}

static void
print_check_json (const AstCheck *check)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  ast_json_add_number (builder, "checked", check->checked->len);
  add_problems (builder, "problems", check->problems);
  add_problems (builder, "warnings", check->warnings);
  json_builder_end_object (builder);
  ast_json_print (builder);
}

AstExit
ast_command_check (const AstInvocation *invocation)
{
  g_autoptr (GPtrArray) checked = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_appliance_unref);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func ((GDestroyNotify)ast_problem_free);
  AstCheck check = { invocation, checked, problems, warnings };

  if (invocation->arguments[0])
    {
      g_autoptr (AstCatalogue) catalogue = ast_command_load_catalogue (invocation);

      for (guint i = 0; invocation->arguments[i]; i++)
        check_argument (&check, catalogue, invocation->arguments[i]);
    }
  else
    check_everything (&check);
  print_problems (problems);
  print_warnings (warnings);
  if (invocation->json)
    print_check_json (&check);
  return problems->len == 0 ? AST_EXIT_DONE : AST_EXIT_FAILED;
}

// ---------------------------------------------------------------------------------------------------------------
// version

AstExit
ast_command_version (const AstInvocation *invocation)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!invocation->json)
    {
      g_print ("asteroide %s\n", AST_VERSION);
      return AST_EXIT_DONE;
    }
  json_builder_begin_object (builder);
  ast_json_add_string (builder, "version", AST_VERSION);
  json_builder_end_object (builder);
  ast_json_print (builder);
  return AST_EXIT_DONE;
}
