// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "blank-overlay.h"
#include "error.h"
#include "qemu-img.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/mman.h>
#include <unistd.h>

struct _AstBlankOverlay
{
  GMutex mutex;  // guards what follows
  int fd;        // -1 = none yet
  char *made_of; // the image that it is on
};

AstBlankOverlay *
ast_blank_overlay_new (void)
{
  AstBlankOverlay *self = g_new0 (AstBlankOverlay, 1);

  g_mutex_init (&self->mutex);
  self->fd = -1;
  return self;
}

void
ast_blank_overlay_free (AstBlankOverlay *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->made_of);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static int
find (AstBlankOverlay *self, const char *made_of)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return g_strcmp0 (self->made_of, made_of) == 0 ? fcntl (self->fd, F_DUPFD_CLOEXEC, 3) : -1;
}

static void
keep (AstBlankOverlay *self, const char *made_of, int fd)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);

  if (copy < 0)
    return;
  if (self->fd >= 0)
    close (self->fd);
  self->fd = copy;
  g_free (self->made_of);
  self->made_of = g_strdup (made_of);
}

static gboolean
make (int fd, const AstImageTop *top, GCancellable *cancellable, GError **error)
{
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, top->virtual_size);
  // -u and a size: the image below is not even opened.
  const char *const arguments[] = {
    "create",          "-q", "-u", "-f", "qcow2", "-F", ast_image_format_word (top->format), "-b", top->path,
    "/proc/self/fd/3", size, NULL
  };
  g_autofree char *complaint = NULL;
  int status = ast_qemu_img_run (arguments, fd, cancellable, NULL, &complaint, error);

  if (status > 0)
    g_set_error (error, AST_ERROR, AST_ERROR_STORE, _ ("The overlay could not be made. %s"), complaint);
  return status == 0;
}

int
ast_blank_overlay_open (AstBlankOverlay *self, const AstImageTop *top, GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *made_of = g_strdup_printf (
      "%s %" G_GUINT64_FORMAT " %s", ast_image_format_word (top->format), top->virtual_size, top->path);
  int fd = find (self, made_of);

  if (fd >= 0)
    return fd;
  fd = memfd_create ("overlay", MFD_CLOEXEC);
  if (fd < 0)
    {
      g_set_error (error, AST_ERROR, AST_ERROR_STORE, _ ("The overlay could not be made. %s"),
                   g_strerror (errno));
      return -1;
    }
  if (make (fd, top, cancellable, error))
    {
      keep (self, made_of, fd);
      return fd;
    }
  close (fd);
  return -1;
}
