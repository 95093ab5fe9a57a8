// SPDX-License-Identifier: GPL-3.0-or-later
// What could be put into a guest's CD drive: the station's own drives with the discs in them, and the ISO
// images in the teachers' folders.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *path; // of the drive's device, or of the image
  char *name; // for people: the disc's label and the drive's name, or the image's file name
  gboolean is_drive;
  gboolean has_disc; // always, but for a drive that is empty
  gboolean is_data;  // FALSE: a disc with sound only, which an emulated drive cannot pass on
  char *mark;        // another one for each disc that was put into the drive; NULL of an image
} AstDisc;

#define AST_TYPE_DISCS (ast_discs_get_type ())
// Signal "changed": the list is another one, or a disc in it.
G_DECLARE_FINAL_TYPE (AstDiscs, ast_discs, AST, DISCS, GObject)

// Looks for images named *.iso in the folders, and in those of them that are named as the appliance; only
// there does it follow them. The first look at the folders is taken in a thread: they may be far away.
AstDiscs *ast_discs_new (char **folders, const char *appliance);
// AstDisc*, drives first, each kind in the order of its names. Borrowed until the next "changed".
const GPtrArray *ast_discs_list (AstDiscs *self);

// Opens the drive's tray, in a thread; what goes wrong goes to the journal.
void ast_disc_eject (const char *path);

G_END_DECLS
