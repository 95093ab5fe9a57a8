// SPDX-License-Identifier: GPL-3.0-or-later
// What a guest sends to the process that shares a folder with it. The first byte chooses: m (frames of many
// clients over one port: each server gets its client's bytes and no others), p (the path of a request: it is
// held only if it stays inside).
#include "../../src/share/fence.h"
#include "../../src/share/mux.h"
#include "fuzz.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 64 // of the mux
#define HEADER      10
#define GREETING    "Who is there?"

// ---------------------------------------------------------------------------------------------------------------
// Frames

typedef struct
{
  GPtrArray *streams; // GIOStream*, the servers' ends, in the order of the clients
  guint asked;        // how often a client was offered
  gboolean is_over;
} Servers;

// One in so many is refused.
static gboolean
is_refused (guint number)
{
  return number % 7 == 6;
}

static gboolean
serve (GIOStream *stream, gpointer data)
{
  Servers *self = data;
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  if (is_refused (self->asked++))
    return FALSE;
  g_assert_cmpint (g_socket_send (socket, GREETING, strlen (GREETING), NULL, NULL), ==,
                   (gssize)strlen (GREETING));
  g_ptr_array_add (self->streams, g_object_ref (stream));
  return TRUE;
}

static void
on_ended (AstMux *mux, Servers *self)
{
  g_assert_false (self->is_over);
  self->is_over = TRUE;
}

// What the frames mean, read in the simplest way: the bytes of each client in the order of their first
// frames.
static GPtrArray *
read_frames (FuzzInput input)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
  g_autoptr (GHashTable) clients = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  guint asked = 0;

  while (input.left >= HEADER)
    {
      const guint8 *header = (const guint8 *)input.at;
      gsize length = header[8] | (gsize)header[9] << 8;
      gint64 number;
      GByteArray *text;

      memcpy (&number, header, sizeof number);
      if (input.left < HEADER + length)
        break;
      text = g_hash_table_lookup (clients, &number);
      if (!text && length && g_hash_table_size (clients) < MAX_CLIENTS && !is_refused (asked++))
        {
          text = g_byte_array_new ();
          g_ptr_array_add (texts, text);
          g_hash_table_insert (clients, g_memdup2 (&number, sizeof number), text);
        }
      if (text && length)
        g_byte_array_append (text, header + HEADER, (guint)length);
      if (!length)
        g_hash_table_remove (clients, &number);
      input.at += HEADER + length;
      input.left -= HEADER + length;
    }
  return texts;
}

static void
check_server (GIOStream *stream, const GByteArray *wanted)
{
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  g_autoptr (GByteArray) got = g_byte_array_new ();
  guint8 bytes[4096];
  gssize length;

  while ((length = recv (g_socket_get_fd (socket), bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    g_byte_array_append (got, bytes, (guint)length);
  g_assert_cmpmem (got->data, got->len, wanted->data, wanted->len);
}

// Each piece is a whole frame, of what the servers say; none says more than its greeting.
static void
check_port (GMemoryOutputStream *out, guint most)
{
  const guint8 *at = g_memory_output_stream_get_data (out);
  gsize left = g_memory_output_stream_get_data_size (out);

  for (guint frames = 0; left > 0; frames++)
    {
      gsize length = strlen (GREETING);

      g_assert_cmpuint (frames, <, most);
      g_assert_cmpuint (left, >=, HEADER + length);
      g_assert_cmpuint (at[8], ==, length);
      g_assert_cmpuint (at[9], ==, 0);
      g_assert_cmpmem (at + HEADER, length, GREETING, length);
      at += HEADER + length;
      left -= HEADER + length;
    }
}

static void
check_frames (const FuzzInput *input)
{
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_data (input->at, (gssize)input->left, NULL);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) port = g_simple_io_stream_new (in, out);
  Servers servers = { g_ptr_array_new_with_free_func (g_object_unref), 0, FALSE };
  g_autoptr (GPtrArray) texts = read_frames (*input);
  AstMux *mux = ast_mux_new (port, serve, &servers);

  g_signal_connect (mux, "ended", G_CALLBACK (on_ended), &servers);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (servers.is_over);
  g_assert_cmpuint (servers.streams->len, ==, texts->len);
  for (guint i = 0; i < texts->len; i++)
    check_server (servers.streams->pdata[i], texts->pdata[i]);
  check_port (G_MEMORY_OUTPUT_STREAM (out), texts->len);
  g_object_unref (mux);
  g_ptr_array_unref (servers.streams);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

// ---------------------------------------------------------------------------------------------------------------
// Paths

static const char *const links[][2] = {
  { "in/out", "../outside" }, { "in/up", ".." },         { "in/loop", "loop" },  { "in/dead", "../nowhere" },
  { "in/root", "/" },         { "in/back", "dir/deep" }, { "in/dir/self", "." },
};

static char *
in_folder (const char *name)
{
  return g_build_filename (fuzz_folder (), name, NULL);
}

static int
make_tree (void)
{
  static const char *const folders[] = { "in/dir/deep", "outside" };
  static const char *const files[] = { "in/file", "in/dir/deep/file", "outside/secret" };
  g_autofree char *in = in_folder ("in");

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = in_folder (folders[i]);

      g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = in_folder (files[i]);

      fuzz_write (path, "x", 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *path = in_folder (links[i][0]);

      g_assert_cmpint (symlink (links[i][1], path), ==, 0);
    }
  return open (in, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// As a program without a fence would find it; of what is missing, the folder in which it would be.
static char *
find (const char *path)
{
  g_autofree char *whole = g_build_filename (fuzz_folder (), "in", path, NULL);
  g_autofree char *parent = NULL;
  char *found = realpath (whole, NULL);

  if (found)
    return found;
  while (g_str_has_suffix (whole, "/"))
    whole[strlen (whole) - 1] = '\0';
  parent = g_path_get_dirname (whole);
  return realpath (parent, NULL);
}

static void
check_path (FuzzInput *input)
{
  static int folder = -1;
  g_autofree char *path = fuzz_take_text (input, '\0');
  g_autofree char *in = in_folder ("in");
  g_autofree char *below = g_strconcat (in, "/", NULL);
  char *found;

  if (folder < 0)
    folder = make_tree ();
  found = find (path);
  if (ast_fence_holds (folder, path))
    g_assert_true (found && (g_str_equal (found, in) || g_str_has_prefix (found, below)));
  free (found);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t length)
{
  FuzzInput input = { (const char *)bytes, length };
  guint8 choice = fuzz_take_byte (&input);

  if (choice == 'm')
    check_frames (&input);
  else if (choice == 'p')
    check_path (&input);
  return 0;
}
