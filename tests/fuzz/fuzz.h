// SPDX-License-Identifier: GPL-3.0-or-later
// What libFuzzer, or the replay of a corpus, calls; and what the targets share.
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

// One input, which must not crash, leak or hang the target, nor break what it asserts. Returns 0.
int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length);
// Called by libFuzzer once, before the first input.
int LLVMFuzzerInitialize (int *argc, char ***argv);

// An input, of which parts are taken from the front.
typedef struct
{
  const char *at;
  gsize left;
} FuzzInput;

// 0 where nothing is left.
guint8 fuzz_take_byte (FuzzInput *self);
// Up to `end`, which is dropped, or else all that is left; borrowed from the input.
FuzzInput fuzz_take_part (FuzzInput *self, char end);
// The same as a string, which ends at a zero byte. The caller frees it.
char *fuzz_take_text (FuzzInput *self, char end);

// Is this UTF-8 without control characters? NULL is.
void fuzz_assert_text (const char *text);
// The same, and nothing in it breaks a line, or turns the direction of what follows: it is fit to be shown.
void fuzz_assert_shown (const char *text);
// The same, and it has 1 to `most` characters.
void fuzz_assert_short (const char *text, glong most);
// Both NULL, or equal.
void fuzz_assert_same_strings (char **one, char **other);

// A folder of this process's own, in memory where there is such a place, made when it is first asked for and
// removed at its end. Borrowed.
const char *fuzz_folder (void);
// The whole content of a file, which is made where it is missing.
void fuzz_write (const char *path, const void *bytes, gsize length);
