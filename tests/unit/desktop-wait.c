// SPDX-License-Identifier: GPL-3.0-or-later
// Does a guest's screen stand still?
#include "desktop-wait.h"
#include <string.h>

#define WIDTH  100
#define HEIGHT 50

// Grey, with so many white pixels at the end.
static GBytes *
make_picture (guint white)
{
  const char head[] = "P6\n100 50\n255\n";
  gsize length = strlen (head) + 3 * WIDTH * HEIGHT;
  guint8 *bytes = g_malloc (length);

  memset (bytes, 0x80, length);
  memcpy (bytes, head, strlen (head));
  memset (bytes + length - 3 * white, 0xff, 3 * white);
  return g_bytes_new_take (bytes, length);
}

static void
test_like (void)
{
  g_autoptr (GBytes) one = make_picture (0);
  g_autoptr (GBytes) cursor = make_picture (10);
  g_autoptr (GBytes) window = make_picture (11);
  g_autoptr (GdkPixbuf) first = ast_picture_read (one);
  g_autoptr (GdkPixbuf) second = ast_picture_read (cursor);
  g_autoptr (GdkPixbuf) third = ast_picture_read (window);
  g_autoptr (GdkPixbuf) narrow = gdk_pixbuf_new_subpixbuf (first, 0, 0, WIDTH - 1, HEIGHT);

  g_assert_true (ast_picture_is_blank (first));
  g_assert_false (ast_picture_is_blank (second));
  g_assert_true (ast_picture_is_like (first, second));
  g_assert_false (ast_picture_is_like (first, third));
  g_assert_false (ast_picture_is_like (first, narrow));
}

static void
test_no_picture (void)
{
  static const char *const wrong[] = { "", "no picture", "P6\n0 0\n255\n", "\x89PNG\r\n\x1a\n" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (wrong[i], strlen (wrong[i]));

      g_assert_null (ast_picture_read (bytes));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desktop-wait/like", test_like);
  g_test_add_func ("/desktop-wait/no-picture", test_no_picture);
  return g_test_run ();
}
