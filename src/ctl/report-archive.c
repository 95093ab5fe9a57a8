// SPDX-License-Identifier: GPL-3.0-or-later
#include "report-archive.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MODE 0600

struct AstReportArchive
{
  char *path;
  char *folder;
  int fd;
  struct archive *archive;
  gboolean is_broken;
};

static gboolean
fail (const char *path, int code, const char *why, GError **error)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path, why);
  return FALSE;
}

AstReportArchive *
ast_report_archive_new (const char *path, const char *folder, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
  AstReportArchive *self;

  if (fd < 0)
    {
      fail (path, errno, g_strerror (errno), error);
      return NULL;
    }
  self = g_new0 (AstReportArchive, 1);
  self->path = g_strdup (path);
  self->folder = g_strdup (folder);
  self->fd = fd;
  self->archive = archive_write_new ();
  self->is_broken = archive_write_add_filter_gzip (self->archive) != ARCHIVE_OK
                    || archive_write_set_format_ustar (self->archive) != ARCHIVE_OK
                    || archive_write_open_fd (self->archive, fd) != ARCHIVE_OK;
  return self;
}

void
ast_report_archive_add (AstReportArchive *self, const char *name, const char *text)
{
  struct archive_entry *entry = archive_entry_new ();
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  size_t length = strlen (text);

  archive_entry_set_pathname (entry, path);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, MODE);
  archive_entry_set_mtime (entry, time (NULL), 0);
  archive_entry_set_size (entry, (la_int64_t)length);
  self->is_broken = self->is_broken || archive_write_header (self->archive, entry) != ARCHIVE_OK
                    || archive_write_data (self->archive, text, length) != (la_ssize_t)length;
  archive_entry_free (entry);
}

gboolean
ast_report_archive_close (AstReportArchive *self, GError **error)
{
  gboolean is_whole = !self->is_broken && archive_write_close (self->archive) == ARCHIVE_OK;
  int code = archive_errno (self->archive);

  if (!is_whole)
    fail (self->path, code, code ? g_strerror (code) : archive_error_string (self->archive), error);
  archive_write_free (self->archive);
  if (close (self->fd) != 0 && is_whole)
    is_whole = fail (self->path, errno, g_strerror (errno), error);
  if (!is_whole)
    unlink (self->path);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
  return is_whole;
}
