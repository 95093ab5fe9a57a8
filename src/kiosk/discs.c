// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "discs.h"
#include "text.h"
#include "watcher.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <gudev/gudev.h>
#include <linux/cdrom.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_NAME   60  // characters
#define MAX_IMAGES 200 // a folder with more is no list for people

// Ten seconds for a drive that somebody else still has open.
#define EJECT_PAUSE_USEC 100000
#define EJECT_TRIES      100

struct _AstDiscs
{
  GObject parent;

  GPtrArray *folders; // char*
  AstWatcher *watcher;
  GUdevClient *udev;
  GPtrArray *drives; // AstDisc*
  GPtrArray *images; // AstDisc*
  GPtrArray *all;    // both; borrowed
  gboolean is_looking;
  gboolean looks_again; // something happened while it looked
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstDiscs, ast_discs, G_TYPE_OBJECT)

static void
ast_disc_free (AstDisc *self)
{
  g_free (self->path);
  g_free (self->name);
  g_free (self->mark);
  g_free (self);
}

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)ast_disc_free);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const AstDisc *first = *(AstDisc *const *)a;
  const AstDisc *second = *(AstDisc *const *)b;

  return first->is_drive ? g_strcmp0 (first->path, second->path) : g_utf8_collate (first->name, second->name);
}

static void
ast_discs_tell (AstDiscs *self)
{
  g_ptr_array_set_size (self->all, 0);
  g_ptr_array_extend (self->all, self->drives, NULL, NULL);
  g_ptr_array_extend (self->all, self->images, NULL, NULL);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

// ---------------------------------------------------------------------------------------------------------------
// Drives, as udev knows them: it has looked at a disc before it tells of it

static char *
name_drive (GUdevDevice *device)
{
  const char *label = g_udev_device_get_property (device, "ID_FS_LABEL");
  const char *model = g_udev_device_get_property (device, "ID_MODEL");
  g_autofree char *name = ast_text_label (label ? label : model ? model : "", MAX_NAME);

  if (!*name)
    return g_strdup (_ ("CD drive"));
  return g_strdup_printf (label ? _ ("Disc “%s”") : _ ("CD drive %s"), name);
}

static void
look_at_drive (gpointer data, gpointer list)
{
  GUdevDevice *device = data;
  AstDisc *disc;

  if (!g_udev_device_get_property_as_boolean (device, "ID_CDROM")
      || g_strcmp0 (g_udev_device_get_devtype (device), "disk") != 0)
    return;
  disc = g_new0 (AstDisc, 1);
  disc->path = g_strdup (g_udev_device_get_device_file (device));
  disc->name = name_drive (device);
  disc->is_drive = TRUE;
  disc->has_disc = g_udev_device_get_property_as_boolean (device, "ID_CDROM_MEDIA");
  disc->is_data = g_udev_device_get_property_as_int (device, "ID_CDROM_MEDIA_TRACK_COUNT_DATA") > 0;
  disc->mark = g_strdup (g_udev_device_get_property (device, "DISKSEQ"));
  g_ptr_array_add (list, disc);
}

static void
ast_discs_look_at_drives (AstDiscs *self)
{
  GList *devices = g_udev_client_query_by_subsystem (self->udev, "block");

  g_ptr_array_set_size (self->drives, 0);
  g_list_foreach (devices, look_at_drive, self->drives);
  g_list_free_full (devices, g_object_unref);
  g_ptr_array_sort (self->drives, compare_names);
}

static void
on_uevent (GUdevClient *client, const char *action, GUdevDevice *device, AstDiscs *self)
{
  if (!g_udev_device_get_property_as_boolean (device, "ID_CDROM"))
    return;
  ast_discs_look_at_drives (self);
  ast_discs_tell (self);
}

// 0, or what errno says.
static int
try_to_eject (const char *path)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  int trouble;

  if (fd < 0)
    return errno;
  // The lock may be a guest's that is gone.
  ioctl (fd, CDROM_LOCKDOOR, 0);
  trouble = ioctl (fd, CDROMEJECT) == 0 ? 0 : errno;
  close (fd);
  return trouble;
}

// As long as anybody has the drive open it is busy: the library closes it a little after it has told that it
// is done with it, and udev looks at it after each change.
static void
eject_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  int trouble = try_to_eject (data);

  for (int i = 0; trouble == EBUSY && i < EJECT_TRIES; i++)
    {
      g_usleep (EJECT_PAUSE_USEC);
      trouble = try_to_eject (data);
    }
  if (trouble)
    g_message ("The drive %s does not open: %s", (const char *)data, g_strerror (trouble));
  g_task_return_boolean (task, TRUE);
}

void
ast_disc_eject (const char *path)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, eject_in_thread);
}

// ---------------------------------------------------------------------------------------------------------------
// Images

static void
add_image (GPtrArray *list, GFile *file, GFileInfo *info)
{
  const char *name = g_file_info_get_display_name (info);
  gsize length = strlen (name);
  AstDisc *disc;

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR || length <= 4
      || g_ascii_strcasecmp (name + length - 4, ".iso") != 0 || list->len >= MAX_IMAGES)
    return;
  disc = g_new0 (AstDisc, 1);
  disc->path = g_file_get_path (file);
  disc->name = ast_text_label (name, MAX_NAME);
  disc->has_disc = disc->is_data = TRUE;
  g_ptr_array_add (list, disc);
}

static void
look_at_folder (gpointer data, gpointer list)
{
  g_autoptr (GFile) folder = g_file_new_for_path (data);
  g_autoptr (GFileEnumerator) children
      = g_file_enumerate_children (folder,
                                   G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_DISPLAY_NAME
                                                                  "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                   G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  GFileInfo *info;
  GFile *file;

  while (children && g_file_enumerator_iterate (children, &info, &file, NULL, NULL) && info)
    add_image (list, file, info);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GPtrArray *list = new_list ();

  g_ptr_array_foreach (data, look_at_folder, list);
  g_ptr_array_sort (list, compare_names);
  g_task_return_pointer (task, list, (GDestroyNotify)g_ptr_array_unref);
}

static void ast_discs_look_at_folders (AstDiscs *self);

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  AstDiscs *self = AST_DISCS (source);
  gboolean again = self->looks_again;

  g_ptr_array_unref (self->images);
  self->images = g_task_propagate_pointer (G_TASK (result), NULL);
  self->is_looking = FALSE;
  ast_discs_tell (self);
  if (again && self->watcher)
    ast_discs_look_at_folders (self);
}

static void
ast_discs_look_at_folders (AstDiscs *self)
{
  g_autoptr (GTask) task = NULL;

  self->looks_again = self->is_looking;
  if (self->is_looking)
    return;
  self->is_looking = TRUE;
  task = g_task_new (self, NULL, on_looked, NULL);
  g_task_set_task_data (task, g_ptr_array_ref (self->folders), (GDestroyNotify)g_ptr_array_unref);
  g_task_run_in_thread (task, look_in_thread);
}

static void
on_folder_touched (gpointer data, gpointer subject)
{
  ast_discs_look_at_folders (data);
}

static void
ast_discs_watch_folders (AstDiscs *self)
{
  g_autoptr (GPtrArray) contents = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->folders->len; i++)
    g_ptr_array_add (contents, g_strconcat (self->folders->pdata[i], "/", NULL));
  self->watcher = ast_watcher_new (on_folder_touched, self);
  ast_watcher_set (self->watcher, self, contents);
}

// ---------------------------------------------------------------------------------------------------------------

const GPtrArray *
ast_discs_list (AstDiscs *self)
{
  return self->all;
}

// A look that is still on holds the object: what could call back ends here.
static void
ast_discs_dispose (GObject *object)
{
  AstDiscs *self = AST_DISCS (object);

  g_clear_pointer (&self->watcher, ast_watcher_free);
  g_clear_object (&self->udev);
  G_OBJECT_CLASS (ast_discs_parent_class)->dispose (object);
}

static void
ast_discs_finalize (GObject *object)
{
  AstDiscs *self = AST_DISCS (object);

  g_ptr_array_unref (self->all);
  g_ptr_array_unref (self->drives);
  g_ptr_array_unref (self->images);
  g_ptr_array_unref (self->folders);
  G_OBJECT_CLASS (ast_discs_parent_class)->finalize (object);
}

static void
ast_discs_class_init (AstDiscsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ast_discs_dispose;
  G_OBJECT_CLASS (klass)->finalize = ast_discs_finalize;
  signals[SIGNAL_CHANGED]
      = g_signal_new ("changed", AST_TYPE_DISCS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_discs_init (AstDiscs *self)
{
  static const char *const subsystems[] = { "block", NULL };

  self->folders = g_ptr_array_new_with_free_func (g_free);
  self->drives = new_list ();
  self->images = new_list ();
  self->all = g_ptr_array_new ();
  self->udev = g_udev_client_new (subsystems);
  g_signal_connect_object (self->udev, "uevent", G_CALLBACK (on_uevent), self, 0);
}

AstDiscs *
ast_discs_new (char **folders, const char *appliance)
{
  AstDiscs *self = g_object_new (AST_TYPE_DISCS, NULL);

  for (guint i = 0; folders[i]; i++)
    {
      g_ptr_array_add (self->folders, g_strdup (folders[i]));
      g_ptr_array_add (self->folders, g_build_filename (folders[i], appliance, NULL));
    }
  ast_discs_look_at_drives (self);
  ast_discs_tell (self);
  ast_discs_watch_folders (self);
  ast_discs_look_at_folders (self);
  return self;
}
