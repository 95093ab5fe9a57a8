// SPDX-License-Identifier: GPL-3.0-or-later
// asteroide-share SOCKET FOLDER read|write: offers one folder of the station to the guest behind the socket,
// by WebDAV, and ends with it. A process of its own, because it reads a folder that may be slow (a network's)
// for a guest that may be hostile.
#include "fence.h"
#include "mux.h"
#include <errno.h>
#include <fcntl.h>
#include <libphodav/phodav.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct
{
  SoupServer *server;
  int folder;
} Share;

// ---------------------------------------------------------------------------------------------------------------
// Requests

static gboolean
destination_holds (const Share *self, SoupServerMessage *message)
{
  const char *header
      = soup_message_headers_get_one (soup_server_message_get_request_headers (message), "Destination");
  g_autoptr (GUri) uri = header ? g_uri_parse (header, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  g_autofree char *path = uri ? g_uri_unescape_string (g_uri_get_path (uri), NULL) : NULL;

  return header == NULL || (path && ast_fence_holds (self->folder, path));
}

// Before phodav sees it: it follows what it is told, "..", and links. The fence would keep it from the
// contents of what is outside, but not from telling how large that is, and from its date.
static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  const Share *self = data;

  if (ast_fence_holds (self->folder, path) && destination_holds (self, message))
    return;
  soup_server_message_set_status (message, SOUP_STATUS_FORBIDDEN, NULL);
  // It listens for the headers itself, to open the file that is to be written.
  g_signal_stop_emission_by_name (message, "got-headers");
}

static gboolean
serve (GIOStream *stream, gpointer data)
{
  const Share *self = data;
  g_autoptr (GSocketAddress) nobody = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;

  if (soup_server_accept_iostream (self->server, stream, nobody, nobody, &error))
    return TRUE;
  g_message ("A client of the shared folder was refused: %s", error->message);
  return FALSE;
}

// ---------------------------------------------------------------------------------------------------------------
// The way to the guest

static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    errno = ENAMETOOLONG;
  else if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) > 0
           && connect (fd, (const struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

static GIOStream *
wrap (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static int
run (int guest, int folder, const char *path, gboolean writable)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  PhodavServer *dav = phodav_server_new (path);
  g_autoptr (GIOStream) port = wrap (guest);
  g_autoptr (AstMux) mux = NULL;
  Share self = { .server = phodav_server_get_soup_server (dav), .folder = folder };

  g_object_set (dav, "read-only", !writable, NULL);
  soup_server_add_early_handler (self.server, NULL, on_request, &self, NULL);
  mux = ast_mux_new (port, serve, &self);
  g_signal_connect_swapped (mux, "ended", G_CALLBACK (g_main_loop_quit), loop);
  g_main_loop_run (loop);
  g_object_unref (dav);
  return EXIT_SUCCESS;
}

static int
fail (const char *what, const char *why)
{
  g_printerr ("asteroide-share: %s: %s\n", what, why);
  return EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  gboolean writable = argc == 4 && g_str_equal (argv[3], "write");
  int guest, folder;

  if (argc != 4)
    return fail ("usage", "asteroide-share SOCKET FOLDER read|write");
  guest = connect_to (argv[1]);
  if (guest < 0)
    return fail (argv[1], g_strerror (errno));
  folder = open (argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return fail (argv[2], g_strerror (errno));
  if (!ast_fence_close (folder, writable, &error))
    return fail (argv[2], error->message);
  // Nothing of a desktop's is to be looked for out there.
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  g_setenv ("GIO_MODULE_DIR", "/nonexistent", TRUE);
  // Without the exit handlers: a sanitizer's would look for its threads in /proc, which lies outside of the
  // fence.
  _exit (run (guest, folder, argv[2], writable));
}
