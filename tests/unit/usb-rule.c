// SPDX-License-Identifier: GPL-3.0-or-later
#include "usb-rule.h"
#include <string.h>

static void
assert_good (const char *text, const char *written)
{
  g_autofree char *fault = NULL;
  g_autoptr (AstUsbRule) rule = ast_usb_rule_parse (text, &fault);
  g_autoptr (AstUsbRule) again = NULL;
  g_autofree char *back = NULL;

  g_assert_cmpstr (fault, ==, NULL);
  back = ast_usb_rule_to_text (rule);
  g_assert_cmpstr (back, ==, written);
  again = ast_usb_rule_parse (back, &fault);
  g_assert_nonnull (again);
  g_assert_cmpint (again->allow, ==, rule->allow);
  g_assert_cmpint (again->class, ==, rule->class);
  g_assert_cmpint (again->vendor, ==, rule->vendor);
  g_assert_cmpint (again->product, ==, rule->product);
  g_assert_cmpstr (again->port, ==, rule->port);
}

static void
test_good (void)
{
  assert_good ("deny", "deny");
  assert_good (" allow ", "allow");
  assert_good ("deny class=video", "deny class=video");
  assert_good ("deny class=0x0e", "deny class=video");
  assert_good ("deny class=0x42", "deny class=0x42");
  assert_good ("deny class=hid", "deny class=hid");
  assert_good ("deny class=hub", "deny class=hub");
  assert_good ("allow\tvendor=0x046D  product=0825", "allow vendor=046d product=0825");
  assert_good ("allow product=0825 class=hid vendor=046d", "allow class=hid vendor=046d product=0825");
  assert_good ("deny port=1-4*", "deny port=1-4*");
  assert_good ("deny port=?-1.2.*", "deny port=?-1.2.*");
}

static void
test_numbers (void)
{
  g_autofree char *fault = NULL;
  g_autoptr (AstUsbRule) rule
      = ast_usb_rule_parse ("allow class=imaging vendor=04a9 product=0xffff port=2-1", &fault);

  g_assert_true (rule->allow);
  g_assert_cmpint (rule->class, ==, 0x06);
  g_assert_cmpint (rule->vendor, ==, 0x04a9);
  g_assert_cmpint (rule->product, ==, 0xffff);
  g_assert_cmpstr (rule->port, ==, "2-1");
}

static void
test_bad (void)
{
  static const char *const bad[] = {
    "",
    "permit",
    "Deny",
    "deny video",
    "deny class",
    "deny class=",
    "deny class=Video",
    "deny class=14",
    "deny class=0x100",
    "deny class=0x",
    "deny class=-1",
    "deny vendor=46d",
    "deny vendor=0x46d",
    "deny vendor=10000",
    "deny vendor=xyzw",
    "deny vendor=-001",
    "deny vendor=+001",
    "deny product=0825",
    "deny port=",
    "deny port=a",
    "deny port=1-4;",
    "deny port=1-1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
    "deny serial=1",
    "deny class=video class=audio",
    "allow class=hub",
    "allow class=hid",
    "allow class=hid vendor=046d",
    "allow=yes",
    "deny\nclass=video",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *fault = NULL;
      g_autoptr (AstUsbRule) rule = ast_usb_rule_parse (bad[i], &fault);

      g_test_message ("%s: %s", bad[i], fault);
      g_assert_null (rule);
      g_assert_true (g_utf8_validate (fault, -1, NULL) && g_str_has_suffix (fault, "."));
    }
}

// Pieces of rules in any order: a rule that is read as it was written back, or a sentence.
static void
test_random (void)
{
  static const char *const pieces[]
      = { "allow", "deny", " ",   " ", " ", "class=", "vendor=", "product=",     "port=", "video", "hid",
          "046d",  "0x",   "1-4", "*", "=", "\t",     "é",       "\xe2\x80\xae", "0825",  "\033" };
  guint read = 0;

  for (guint round = 0; round < 10000; round++)
    {
      g_autoptr (GString) text = g_string_new (g_test_rand_bit () ? "deny " : "allow ");
      g_autofree char *fault = NULL;
      g_autoptr (AstUsbRule) rule = NULL;
      guint count = (guint)g_test_rand_int_range (0, 8);

      for (guint i = 0; i < count; i++)
        g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      rule = ast_usb_rule_parse (text->str, &fault);
      g_assert_true ((rule == NULL) == (fault != NULL));
      if (rule)
        {
          g_autofree char *written = ast_usb_rule_to_text (rule);

          assert_good (written, written);
          read++;
        }
      else
        g_assert_true (g_utf8_validate (fault, -1, NULL) && !strchr (fault, '\033'));
    }
  g_assert_cmpuint (read, >, 300);
}

// Each class has one word, and the word is read as that class.
static void
test_classes (void)
{
  for (guint class = 0; class <= G_MAXUINT8; class ++)
    {
      g_autofree char *word = ast_usb_class_word ((guint8) class);
      g_autoptr (AstUsbRule) rule = ast_usb_rule_new (FALSE);

      g_assert_null (ast_usb_rule_add (rule, "class", word));
      g_assert_cmpint (rule->class, ==, (int)class);
      g_assert_cmpstr (ast_usb_class_name ((guint8) class), !=, "");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/usb-rule/good", test_good);
  g_test_add_func ("/usb-rule/numbers", test_numbers);
  g_test_add_func ("/usb-rule/bad", test_bad);
  g_test_add_func ("/usb-rule/random", test_random);
  g_test_add_func ("/usb-rule/classes", test_classes);
  return g_test_run ();
}
