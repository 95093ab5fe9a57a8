// SPDX-License-Identifier: GPL-3.0-or-later
#include "mux.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Windows keeps some ten connections; each costs two sockets and 64 KiB here.
#define MAX_CLIENTS 64
#define MAX_DATA    G_MAXUINT16

typedef struct
{
  guint8 client[8];
  guint8 length[2];
  guint8 data[MAX_DATA];
} Frame;

G_STATIC_ASSERT (sizeof (Frame) == 10 + MAX_DATA);

#define HEADER G_STRUCT_OFFSET (Frame, data)

struct _AstMux
{
  GObject parent;

  GIOStream *port;
  AstMuxServe serve;
  gpointer data;
  GHashTable *clients; // gint64* → Client*
  GQueue *waiting;     // Client*, owned: each has one frame for the port
  gboolean is_writing;
  Frame *in; // the one that is being read; an object of GLib's cannot be as large as this
};

typedef struct
{
  AstMux *mux;
  gint64 number;
  GIOStream *stream; // our end; the other one is the server's
  GCancellable *gone;
  Frame out; // what the server said last
} Client;

enum
{
  SIGNAL_ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (AstMux, ast_mux, G_TYPE_OBJECT)

static void read_frame (AstMux *self);
static void read_server (Client *client);
static void write_next (AstMux *self);

static void
client_clear (gpointer data)
{
  Client *client = data;

  g_clear_object (&client->stream);
  g_clear_object (&client->gone);
}

static void
client_unref (gpointer client)
{
  g_rc_box_release_full (client, client_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Client, client_unref)

// What is under way for it ends with an error, and drops its reference then.
static void
client_leave (gpointer data)
{
  Client *client = data;

  g_cancellable_cancel (client->gone);
  client_unref (client);
}

static guint
length_of (const Frame *frame)
{
  return frame->length[0] | (guint)frame->length[1] << 8;
}

static void
set_length (Frame *frame, gsize length)
{
  frame->length[0] = (guint8)length;
  frame->length[1] = (guint8)(length >> 8);
}

// ---------------------------------------------------------------------------------------------------------------
// From the server to the guest

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Client) client = data;
  AstMux *self = client->mux;
  gboolean written = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);

  self->is_writing = FALSE;
  if (!written) // the port is closed, which its reader tells
    return;
  write_next (self);
  if (length_of (&client->out) > 0 && !g_cancellable_is_cancelled (client->gone))
    read_server (client);
  else
    g_hash_table_remove (self->clients, &client->number);
}

static void
write_next (AstMux *self)
{
  Client *client = self->is_writing ? NULL : g_queue_pop_head (self->waiting);

  if (client == NULL)
    return;
  self->is_writing = TRUE;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->port), &client->out,
                                   HEADER + length_of (&client->out), G_PRIORITY_DEFAULT, NULL, on_written,
                                   client);
}

static void
on_server_said (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Client) client = data;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (g_cancellable_is_cancelled (client->gone))
    return;
  set_length (&client->out, (gsize)MAX (length, 0));
  g_queue_push_tail (client->mux->waiting, g_rc_box_acquire (client));
  write_next (client->mux);
}

static void
read_server (Client *client)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (client->stream), client->out.data, MAX_DATA,
                             G_PRIORITY_DEFAULT, client->gone, on_server_said, g_rc_box_acquire (client));
}

// ---------------------------------------------------------------------------------------------------------------
// From the guest to the server

static GIOStream *
new_end (int fd)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static Client *
add_client (AstMux *self, gint64 number)
{
  g_autoptr (Client) client = NULL;
  g_autoptr (GIOStream) server = NULL;
  int ends[2];

  if (g_hash_table_size (self->clients) >= MAX_CLIENTS
      || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return NULL;
  client = g_rc_box_new0 (Client);
  client->mux = self;
  client->number = number;
  client->stream = new_end (ends[0]);
  client->gone = g_cancellable_new ();
  memcpy (client->out.client, self->in->client, sizeof client->out.client);
  server = new_end (ends[1]);
  if (!self->serve (server, self->data))
    return NULL;
  g_hash_table_insert (self->clients, &client->number, g_rc_box_acquire (client));
  read_server (client);
  return client;
}

static void
on_handed_on (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Client) client = data;
  AstMux *self = client->mux;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    g_hash_table_remove (self->clients, &client->number);
  read_frame (self);
}

static void
hand_on (AstMux *self)
{
  gint64 number;
  guint length = length_of (self->in);
  Client *client;

  memcpy (&number, self->in->client, sizeof number);
  client = g_hash_table_lookup (self->clients, &number);
  if (client == NULL && length > 0)
    client = add_client (self, number);
  if (client == NULL || length == 0)
    {
      g_hash_table_remove (self->clients, &number);
      return read_frame (self);
    }
  g_output_stream_write_all_async (g_io_stream_get_output_stream (client->stream), self->in->data, length,
                                   G_PRIORITY_DEFAULT, client->gone, on_handed_on, g_rc_box_acquire (client));
}

static gboolean
was_read (AstMux *self, GObject *source, GAsyncResult *result, gsize wanted)
{
  gsize length = 0;

  if (g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, NULL) && length == wanted)
    return TRUE;
  g_signal_emit (self, signals[SIGNAL_ENDED], 0);
  return FALSE;
}

static void
on_data (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstMux) self = data;

  if (was_read (self, source, result, length_of (self->in)))
    hand_on (self);
}

static void
on_header (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (AstMux) self = data;

  if (was_read (self, source, result, HEADER))
    g_input_stream_read_all_async (G_INPUT_STREAM (source), self->in->data, length_of (self->in),
                                   G_PRIORITY_DEFAULT, NULL, on_data, g_object_ref (self));
}

static void
read_frame (AstMux *self)
{
  g_input_stream_read_all_async (g_io_stream_get_input_stream (self->port), self->in, HEADER,
                                 G_PRIORITY_DEFAULT, NULL, on_header, g_object_ref (self));
}

// ---------------------------------------------------------------------------------------------------------------

static void
ast_mux_finalize (GObject *object)
{
  AstMux *self = AST_MUX (object);

  g_hash_table_unref (self->clients);
  g_queue_free_full (self->waiting, client_unref);
  g_clear_object (&self->port);
  g_free (self->in);
  G_OBJECT_CLASS (ast_mux_parent_class)->finalize (object);
}

static void
ast_mux_class_init (AstMuxClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ast_mux_finalize;
  signals[SIGNAL_ENDED]
      = g_signal_new ("ended", AST_TYPE_MUX, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ast_mux_init (AstMux *self)
{
  self->clients = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, client_leave);
  self->waiting = g_queue_new ();
  self->in = g_new (Frame, 1);
}

AstMux *
ast_mux_new (GIOStream *port, AstMuxServe serve, gpointer data)
{
  AstMux *self = g_object_new (AST_TYPE_MUX, NULL);

  self->port = g_object_ref (port);
  self->serve = serve;
  self->data = data;
  read_frame (self);
  return self;
}
