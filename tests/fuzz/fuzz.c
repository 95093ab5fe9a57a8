// SPDX-License-Identifier: GPL-3.0-or-later
#include "fuzz.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
on_trap (int signal_number)
{
  abort ();
}

// GLib's fatal warnings are traps, which libFuzzer does not know: it would lose the input.
int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  signal (SIGTRAP, on_trap);
  return 0;
}

guint8
fuzz_take_byte (FuzzInput *self)
{
  if (self->left == 0)
    return 0;
  self->left--;
  return (guint8)*self->at++;
}

FuzzInput
fuzz_take_part (FuzzInput *self, char end)
{
  const char *found = self->left ? memchr (self->at, end, self->left) : NULL;
  FuzzInput part = { self->at, found ? (gsize)(found - self->at) : self->left };
  gsize taken = part.left + (found ? 1 : 0);

  self->at += taken;
  self->left -= taken;
  return part;
}

char *
fuzz_take_text (FuzzInput *self, char end)
{
  FuzzInput part = fuzz_take_part (self, end);

  return g_strndup (part.at, part.left);
}

static gboolean
turns_text (gunichar letter)
{
  return (letter >= 0x202A && letter <= 0x202E) || (letter >= 0x2066 && letter <= 0x2069);
}

void
fuzz_assert_text (const char *text)
{
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
  for (const char *at = text ? text : ""; *at; at = g_utf8_next_char (at))
    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (at)));
}

void
fuzz_assert_shown (const char *text)
{
  fuzz_assert_text (text);
  for (const char *at = text ? text : ""; *at; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      g_assert_false (turns_text (letter) || letter == 0x2028 || letter == 0x2029);
    }
}

void
fuzz_assert_short (const char *text, glong most)
{
  fuzz_assert_shown (text);
  g_assert_cmpint (g_utf8_strlen (text, -1), >, 0);
  g_assert_cmpint (g_utf8_strlen (text, -1), <=, most);
}

void
fuzz_assert_same_strings (char **one, char **other)
{
  g_assert_true (one == other
                 || (one && other && g_strv_equal ((const char *const *)one, (const char *const *)other)));
}

static char *folder;

static int
remove_entry (const char *path, const struct stat *found, int kind, struct FTW *walk)
{
  return remove (path);
}

static void
remove_folder (void)
{
  nftw (folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  g_clear_pointer (&folder, g_free);
}

const char *
fuzz_folder (void)
{
  if (folder)
    return folder;
  folder = g_build_filename (access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir (),
                             "asteroide-fuzz-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (folder));
  atexit (remove_folder);
  return folder;
}

void
fuzz_write (const char *path, const void *bytes, gsize length)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, length), ==, (gssize)length);
  close (fd);
}
