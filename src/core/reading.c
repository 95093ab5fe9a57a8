// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "reading.h"
#include "descriptor.h"
#include "image.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// More threads than this only wait for the same disk.
#define MAX_THREADS 8

typedef struct
{
  AstReading *reading;
  const AstSources *sources;
  const char *file;
  AstAppliance *appliance;
} Look;

typedef enum
{
  FOUND,
  ABSENT,
  OUTSIDE,  // a symbolic link leads out of every allowed folder
  DANGLING, // a symbolic link leads nowhere
} Place;

AstSources *
ast_sources_new (const char *const *image_stores, const char *const *languages)
{
  static const char *const none[] = { NULL };
  AstSources *self = g_atomic_rc_box_new0 (AstSources);

  self->image_stores = g_strdupv ((char **)(image_stores ? image_stores : none));
  self->languages = g_strdupv ((char **)(languages ? languages : none));
  return self;
}

AstSources *
ast_sources_ref (AstSources *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
sources_clear (AstSources *self)
{
  g_strfreev (self->image_stores);
  g_strfreev (self->languages);
}

void
ast_sources_unref (AstSources *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify)sources_clear);
}

AstReading *
ast_reading_new (const char *folder)
{
  AstReading *self = g_new0 (AstReading, 1);

  self->folder = g_strdup (folder);
  self->paths = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->paths, g_strconcat (folder, "/", NULL));
  return self;
}

void
ast_reading_free (AstReading *self)
{
  g_free (self->folder);
  g_clear_pointer (&self->appliance, ast_appliance_unref);
  g_free (self->fingerprint);
  g_ptr_array_unref (self->paths);
  g_free (self);
}

static gboolean
is_inside (const char *real, const char *folder)
{
  g_autofree char *real_folder = realpath (folder, NULL);
  gsize length = real_folder ? strlen (real_folder) : 0;

  return length && strncmp (real, real_folder, length) == 0 && (real[length] == '/' || length == 1);
}

static gboolean
is_allowed (const Look *look, const char *real, gboolean stores_too)
{
  char *const *stores = look->sources->image_stores;

  if (is_inside (real, look->reading->folder))
    return TRUE;
  for (guint i = 0; stores_too && stores[i]; i++)
    if (is_inside (real, stores[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_link (const char *path)
{
  struct stat about;

  return lstat (path, &about) == 0 && S_ISLNK (about.st_mode);
}

// A path that cannot be followed for another reason than absence counts as found: opening it tells the
// reason.
static Place
find (const Look *look, const char *path, gboolean stores_too)
{
  g_autofree char *real = realpath (path, NULL);

  if (real)
    return is_allowed (look, real, stores_too) ? FOUND : OUTSIDE;
  if (errno != ENOENT && errno != ENOTDIR)
    return FOUND;
  return is_link (path) ? DANGLING : ABSENT;
}

static void
complain (const Look *look, const AstImage *image, char *text)
{
  g_ptr_array_add (look->appliance->problems,
                   ast_problem_new (look->file, image->line, image->column, "%s", text));
  g_free (text);
}

// An error's message ends without a full stop, as GLib's do.
static char *
sentence (const char *message)
{
  return g_strconcat (message, g_str_has_suffix (message, "?") ? "" : ".", NULL);
}

// Tries one place; TRUE = look no further.
static gboolean
try_place (const Look *look, AstImage *image, gboolean cdrom, char *path)
{
  g_autofree char *candidate = path;
  g_autoptr (GError) error = NULL;
  AstImageFormat format;
  Place place = find (look, candidate, TRUE);

  g_ptr_array_add (look->reading->paths, g_strdup (candidate));
  if (place == ABSENT)
    return FALSE;
  if (place == DANGLING)
    complain (look, image, g_strdup_printf (_ ("“%s” is a symbolic link that leads nowhere."), image->href));
  if (place == OUTSIDE)
    complain (
        look, image,
        g_strdup_printf (_ ("“%s” is a symbolic link that leaves the appliance's folder. Name its target's "
                            "folder as an image store of this station, or copy the file."),
                         image->href));
  if (place != FOUND)
    return TRUE;
  image->path = g_steal_pointer (&candidate);
  if (!ast_image_probe (image->path, cdrom, &format, &error))
    complain (look, image, sentence (error->message));
  return TRUE;
}

static void
look_for_image (const Look *look, AstImage *image, gboolean cdrom)
{
  const char *folder = look->reading->folder;
  char *const *stores = look->sources->image_stores;

  if (try_place (look, image, cdrom, g_build_filename (folder, image->href, NULL)))
    return;
  for (guint i = 0; stores[i]; i++)
    {
      if (try_place (look, image, cdrom,
                     g_build_filename (stores[i], look->appliance->id, image->href, NULL)))
        return;
      if (try_place (look, image, cdrom, g_build_filename (stores[i], image->href, NULL)))
        return;
    }
  complain (
      look, image,
      g_strdup_printf (_ ("The file “%s” is missing. Copy it into the appliance's folder or into an image "
                          "store, or mend its name."),
                       image->href));
}

static void
look_for_images (const Look *look)
{
  AstAppliance *appliance = look->appliance;

  if (appliance->disk)
    look_for_image (look, appliance->disk, FALSE);
  for (guint i = 0; i < appliance->layers->len; i++)
    look_for_image (look, g_ptr_array_index (appliance->layers, i), FALSE);
  for (guint i = 0; i < appliance->cdroms->len; i++)
    look_for_image (look, g_ptr_array_index (appliance->cdroms, i), TRUE);
}

// A tile without its drawing still starts what it stands for; a link out of the folder is refused like any
// other.
static void
look_for_icon (const Look *look)
{
  AstAppliance *appliance = look->appliance;
  g_autofree char *icon = g_steal_pointer (&appliance->icon);
  Place place = icon ? find (look, icon, FALSE) : ABSENT;

  if (!icon)
    return;
  g_ptr_array_add (look->reading->paths, g_strdup (icon));
  if (place == OUTSIDE)
    g_ptr_array_add (
        appliance->problems,
        ast_problem_new (look->file, appliance->icon_line, appliance->icon_column,
                         _ ("The icon is a symbolic link that leaves the appliance's folder. Copy "
                            "the drawing into the folder.")));
  else if (place != FOUND || eaccess (icon, R_OK) != 0 || !g_file_test (icon, G_FILE_TEST_IS_REGULAR))
    g_ptr_array_add (appliance->warnings,
                     ast_problem_new (look->file, appliance->icon_line, appliance->icon_column,
                                      _ ("The icon's file is missing or cannot be read.")));
  else
    appliance->icon = g_steal_pointer (&icon);
}

static void
add_problems (GChecksum *sum, const GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *text = ast_problem_to_string (g_ptr_array_index (problems, i));

      g_checksum_update (sum, (const guchar *)text, (gssize)strlen (text) + 1);
    }
}

static void
add_file (GChecksum *sum, const char *path)
{
  struct stat about = { 0 };

  if (!path)
    return;
  g_checksum_update (sum, (const guchar *)path, (gssize)strlen (path) + 1);
  if (stat (path, &about) != 0)
    return;
  g_checksum_update (sum, (const guchar *)&about.st_mtim, sizeof about.st_mtim);
  g_checksum_update (sum, (const guchar *)&about.st_ino, sizeof about.st_ino);
  g_checksum_update (sum, (const guchar *)&about.st_size, sizeof about.st_size);
}

static void
add_images (GChecksum *sum, const AstAppliance *appliance)
{
  if (appliance->disk)
    add_file (sum, appliance->disk->path);
  for (guint i = 0; i < appliance->layers->len; i++)
    add_file (sum, ((AstImage *)g_ptr_array_index (appliance->layers, i))->path);
  for (guint i = 0; i < appliance->cdroms->len; i++)
    add_file (sum, ((AstImage *)g_ptr_array_index (appliance->cdroms, i))->path);
}

static void
take_fingerprint (AstReading *self, const char *bytes, gsize length)
{
  const AstAppliance *appliance = self->appliance;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  g_checksum_update (sum, (const guchar *)bytes, (gssize)length);
  add_problems (sum, appliance->problems);
  add_problems (sum, appliance->warnings);
  add_file (sum, appliance->icon);
  add_images (sum, appliance);
  self->fingerprint = g_strdup (g_checksum_get_string (sum));
}

// What the folder is called, as something that can be printed and sent.
static char *
id_of (const char *folder)
{
  g_autofree char *name = g_path_get_basename (folder);

  return g_utf8_make_valid (name, -1);
}

static void
give_up (AstReading *self, const char *file, char *text)
{
  g_autofree char *id = id_of (self->folder);

  self->appliance = ast_appliance_new (id, self->folder);
  g_ptr_array_add (self->appliance->problems, ast_problem_new (file, 0, 0, "%s", text));
  take_fingerprint (self, "", 0);
  g_free (text);
}

// One byte more than is allowed tells a file that grew since it was measured.
static gssize
read_whole (int fd, char *bytes, gsize size)
{
  gsize length = 0;
  gssize part;

  while (length < size && (part = read (fd, bytes + length, size - length)) != 0)
    {
      if (part < 0 && errno == EINTR)
        continue;
      if (part < 0)
        return -1;
      length += (gsize)part;
    }
  return (gssize)length;
}

static char *
too_large (goffset size)
{
  g_autofree char *text = g_format_size ((guint64)size);

  return g_strdup_printf (_ ("The file has %s; a descriptor is never that large."), text);
}

// NULL, or why the open file is no descriptor.
static char *
slurp (int fd, char **bytes, gsize *length)
{
  struct stat about;
  gssize count;
  gsize size;

  if (fstat (fd, &about) != 0)
    return g_strdup_printf (_ ("The file cannot be read: %s."), g_strerror (errno));
  if (!S_ISREG (about.st_mode))
    return g_strdup (_ ("This is not an ordinary file."));
  if (about.st_size > AST_DESCRIPTOR_MAX_BYTES)
    return too_large (about.st_size);
  size = (gsize)about.st_size + 1;
  *bytes = g_malloc (size);
  count = read_whole (fd, *bytes, size);
  if (count < 0)
    return g_strdup_printf (_ ("The file cannot be read: %s."), g_strerror (errno));
  *length = (gsize)count;
  return NULL;
}

static void
parse (AstReading *self, const char *file, const char *bytes, gsize length, const AstSources *sources)
{
  g_autofree char *id = id_of (self->folder);
  Look look = { self, sources, file, NULL };

  self->appliance
      = ast_descriptor_parse (bytes, length, file, id, self->folder, (const char *const *)sources->languages);
  look.appliance = self->appliance;
  look_for_images (&look);
  look_for_icon (&look);
  take_fingerprint (self, bytes, length);
}

// O_NONBLOCK: opening a pipe must not wait for its other end.
static void
read_file (AstReading *self, const char *file, const AstSources *sources)
{
  g_autofree char *bytes = NULL;
  gsize length = 0;
  char *fault;
  int fd = open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    {
      give_up (self, file, g_strdup_printf (_ ("The file cannot be read: %s."), g_strerror (errno)));
      return;
    }
  fault = slurp (fd, &bytes, &length);
  close (fd);
  if (fault)
    give_up (self, file, fault);
  else
    parse (self, file, bytes, length, sources);
}

static void
read_descriptor (AstReading *self, const char *file, const AstSources *sources)
{
  Look look = { self, sources, file, NULL };
  Place place = is_link (file) ? find (&look, file, FALSE) : FOUND;

  if (place == OUTSIDE)
    give_up (self, file,
             g_strdup (_ ("The descriptor is a symbolic link that leaves the appliance's folder.")));
  else if (place == DANGLING)
    give_up (self, file, g_strdup (_ ("The descriptor is a symbolic link that leads nowhere.")));
  else
    read_file (self, file, sources);
}

// mkfs makes this folder for itself, and nobody but root may look into it.
static gboolean
is_file_systems_own (const char *folder)
{
  return g_str_has_suffix (folder, "/lost+found");
}

void
ast_reading_run (AstReading *self, const AstSources *sources)
{
  g_autofree char *file = g_build_filename (self->folder, AST_DESCRIPTOR_FILE, NULL);
  struct stat about;
  int code = lstat (file, &about) == 0 ? 0 : errno;

  if (code == 0)
    read_descriptor (self, file, sources);
  else if (is_link (self->folder) && !g_file_test (self->folder, G_FILE_TEST_EXISTS))
    give_up (self, self->folder, g_strdup (_ ("The folder is a symbolic link that leads nowhere.")));
  else if (code != ENOENT && code != ENOTDIR && !is_file_systems_own (self->folder))
    give_up (self, self->folder, g_strdup_printf (_ ("The folder cannot be read: %s."), g_strerror (code)));
}

void
ast_reading_run_file (AstReading *self, const char *file, const AstSources *sources)
{
  if (g_file_test (file, G_FILE_TEST_EXISTS) || is_link (file))
    read_descriptor (self, file, sources);
  else
    give_up (self, file, g_strdup (_ ("There is no such file.")));
}

static void
run_in_pool (gpointer reading, gpointer sources)
{
  ast_reading_run (reading, sources);
}

void
ast_readings_run (GPtrArray *readings, const AstSources *sources)
{
  guint threads = MIN (MIN (g_get_num_processors (), MAX_THREADS), readings->len);
  GThreadPool *pool;

  if (threads < 2)
    {
      g_ptr_array_foreach (readings, run_in_pool, (gpointer)sources);
      return;
    }
  // GLib 2.74 looks its C locale up at the first number it reads; threads that meet there leave EAGAIN in
  // errno, which g_ascii_string_to_unsigned takes for a number that cannot be read.
  g_ascii_strtoull ("0", NULL, 10);
  pool = g_thread_pool_new (run_in_pool, (gpointer)sources, (int)threads, FALSE, NULL);
  for (guint i = 0; i < readings->len; i++)
    g_thread_pool_push (pool, g_ptr_array_index (readings, i), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
}
