// SPDX-License-Identifier: GPL-3.0-or-later
// How spice-gtk reads the discs that it lends to a guest. Its version 0.42 bears neither a read that fails
// (it hands the guest what its memory happened to hold) nor one that is called off while it lasts, because
// the disc is taken out or the guest starts anew (it waits for itself, for ever). Where drives are slow and
// discs scratched both happen. Here, a read that fails has brought nothing, which the guest sees as an error
// of its drive, and one that is called off is never heard of again.
#pragma once
#include <gio/gio.h>
#include <sys/stat.h>

G_BEGIN_DECLS

// Whose discs they are. All are called in the main loop, with the facts of an open file.
typedef struct
{
  gboolean (*is_disc) (const struct stat *file, gpointer data); // files that are none are read as ever
  void (*failed) (const struct stat *file, const GError *error, gpointer data);
  void (*called_off) (const struct stat *file, gpointer data); // the library reads it no more
} AstDiscReads;

// From now on, for all files that the process reads, until ast_disc_reads_forget() or another call.
void ast_disc_reads_mind (const AstDiscReads *owner, gpointer data);
// Nobody is asked or told any more, if `data` was the last one's. What is being read then still ends well.
void ast_disc_reads_forget (gpointer data);

G_END_DECLS
