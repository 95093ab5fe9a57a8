// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "desktop-wait.h"
#include "error.h"
#include "guest-agent.h"
#include "xml-tree.h"
#include <glib/gi18n.h>
#include <libvirt/virterror.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStream, virStreamFree)

#define MOST_SECONDS (20 * 60)
#define LOOK_USEC    (1000 * 1000)
// One in so many pixels may change.
#define STILL_PART 500
#define MAX_BYTES  (64 * 1024 * 1024)

typedef enum // who is there, from the one that tells least
{
  AGENT_NONE,
  AGENT_QEMU,
  AGENT_SPICE,
} Agent;

static const guint still_seconds[] = { [AGENT_NONE] = 30, [AGENT_QEMU] = 10, [AGENT_SPICE] = 3 };

// ---------------------------------------------------------------------------------------------------------------
// Pictures

// The loaders of all other formats need not see what comes from a guest.
static const char *
find_loader (GBytes *bytes)
{
  gsize length;
  const char *begins = g_bytes_get_data (bytes, &length);

  if (length >= 2 && memcmp (begins, "P6", 2) == 0)
    return "pnm";
  return length >= 4 && memcmp (begins, "\x89PNG", 4) == 0 ? "png" : NULL;
}

GdkPixbuf *
ast_picture_read (GBytes *bytes)
{
  const char *format = find_loader (bytes);
  g_autoptr (GdkPixbufLoader) loader = format ? gdk_pixbuf_loader_new_with_type (format, NULL) : NULL;
  gboolean written = loader && gdk_pixbuf_loader_write_bytes (loader, bytes, NULL);
  gboolean whole = loader && gdk_pixbuf_loader_close (loader, NULL) && written;
  GdkPixbuf *picture = whole ? gdk_pixbuf_loader_get_pixbuf (loader) : NULL;

  return picture ? g_object_ref (picture) : NULL;
}

// How many pixels of `one` differ from those of `other` that are `shift` pixels further on in the same row.
static gsize
count_different (const GdkPixbuf *one, const GdkPixbuf *other, int shift)
{
  int size = gdk_pixbuf_get_n_channels (one);
  int width = gdk_pixbuf_get_width (one) - shift;
  gsize different = 0;

  for (int y = 0; y < gdk_pixbuf_get_height (one); y++)
    {
      const guint8 *a = gdk_pixbuf_read_pixels (one) + (gsize)y * gdk_pixbuf_get_rowstride (one);
      const guint8 *b
          = gdk_pixbuf_read_pixels (other) + (gsize)y * gdk_pixbuf_get_rowstride (other) + shift * size;

      for (int x = 0; x < width; x++)
        if (memcmp (a + x * size, b + x * size, size) != 0)
          different++;
    }
  return different;
}

gboolean
ast_picture_is_like (const GdkPixbuf *one, const GdkPixbuf *other)
{
  gsize count = (gsize)gdk_pixbuf_get_width (one) * gdk_pixbuf_get_height (one);

  return gdk_pixbuf_get_width (one) == gdk_pixbuf_get_width (other)
         && gdk_pixbuf_get_height (one) == gdk_pixbuf_get_height (other)
         && gdk_pixbuf_get_n_channels (one) == gdk_pixbuf_get_n_channels (other)
         && count_different (one, other, 0) * STILL_PART <= count;
}

// Each row of one colour: no desktop looks like that, and many screens do on the way to one.
gboolean
ast_picture_is_blank (const GdkPixbuf *picture)
{
  return count_different (picture, picture, 1) == 0;
}

static int
receive (virStreamPtr stream, const char *bytes, size_t length, void *into)
{
  GByteArray *picture = into;

  if (picture->len + length > MAX_BYTES)
    return -1;
  g_byte_array_append (picture, (const guint8 *)bytes, (guint)length);
  return (int)length;
}

static GdkPixbuf *
take_picture (virDomainPtr domain)
{
  g_autoptr (virStream) stream = virStreamNew (virDomainGetConnect (domain), 0);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  char *type = stream ? virDomainScreenshot (domain, stream, 0, 0) : NULL;
  gboolean taken = type && virStreamRecvAll (stream, receive, bytes) == 0 && virStreamFinish (stream) == 0;
  g_autoptr (GBytes) whole = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));

  if (type && !taken)
    virStreamAbort (stream);
  free (type);
  return taken ? ast_picture_read (whole) : NULL;
}

gboolean
ast_desktop_look (virDomainPtr domain)
{
  g_autoptr (GdkPixbuf) picture = take_picture (domain);

  return picture != NULL;
}

// ---------------------------------------------------------------------------------------------------------------
// Agents

static Agent
agent_of_channel (const xmlNode *channel)
{
  const xmlNode *target = ast_xml_child (channel, "target");
  g_autofree char *name = target ? ast_xml_get (target, "name") : NULL;
  g_autofree char *state = target ? ast_xml_get (target, "state") : NULL;

  if (g_strcmp0 (state, "connected") != 0)
    return AGENT_NONE;
  if (g_strcmp0 (name, "com.redhat.spice.0") == 0)
    return AGENT_SPICE;
  return g_strcmp0 (name, "org.qemu.guest_agent.0") == 0 ? AGENT_QEMU : AGENT_NONE;
}

static Agent
find_agent (const char *xml)
{
  g_autoptr (xmlDoc) doc = xmlReadMemory (xml, (int)strlen (xml), NULL, NULL,
                                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  const xmlNode *devices = doc ? ast_xml_child (xmlDocGetRootElement (doc), "devices") : NULL;
  Agent best = AGENT_NONE;

  for (const xmlNode *device = devices ? devices->children : NULL; device; device = device->next)
    if (ast_xml_is (device, "channel"))
      best = MAX (best, agent_of_channel (device));
  return best;
}

// ---------------------------------------------------------------------------------------------------------------
// The wait

typedef struct
{
  virDomainPtr domain;
  GdkPixbuf *last; // the last picture that was unlike the one before it
  gint64 since;    // when it was taken, monotonic µs
} Wait;

static gboolean
is_still (Wait *self, Agent agent)
{
  g_autoptr (GdkPixbuf) picture = take_picture (self->domain);
  gint64 now = g_get_monotonic_time ();
  gboolean shows_something = picture && !ast_picture_is_blank (picture);

  if (shows_something && self->last && ast_picture_is_like (picture, self->last))
    return now - self->since >= still_seconds[agent] * G_USEC_PER_SEC;
  g_clear_object (&self->last);
  self->last = shows_something ? g_steal_pointer (&picture) : NULL;
  self->since = now;
  return FALSE;
}

static gboolean
succeeds (virDomainPtr domain, const char *probe, gboolean windows, GCancellable *cancellable)
{
  const char *words[] = { windows ? "cmd.exe" : "/bin/sh", windows ? "/c" : "-c", probe, NULL };

  return ast_guest_agent_run (domain, (char **)words, cancellable, NULL) == 0;
}

static gboolean
is_there (Wait *self, const char *probe, gboolean windows, GCancellable *cancellable, GError **error)
{
  char *xml = virDomainGetXMLDesc (self->domain, 0);
  Agent agent = xml ? find_agent (xml) : AGENT_NONE;

  free (xml);
  if (xml == NULL)
    g_set_error (error, AST_ERROR, AST_ERROR_WARM, _ ("The guest ended before its desktop was there. %s"),
                 virGetLastErrorMessage ());
  else if (probe)
    return agent != AGENT_NONE && succeeds (self->domain, probe, windows, cancellable);
  else
    return is_still (self, agent);
  return FALSE;
}

gboolean
ast_desktop_wait (virDomainPtr domain, const char *probe, gboolean windows, GCancellable *cancellable,
                  GError **error)
{
  gint64 end = g_get_monotonic_time () + MOST_SECONDS * G_USEC_PER_SEC;
  g_autoptr (GError) problem = NULL;
  Wait wait = { .domain = domain };
  gboolean there = FALSE;

  while (!there && problem == NULL && g_get_monotonic_time () < end
         && !g_cancellable_set_error_if_cancelled (cancellable, &problem))
    {
      g_usleep (LOOK_USEC);
      there = is_there (&wait, probe, windows, cancellable, &problem);
    }
  g_clear_object (&wait.last);
  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (!there)
    g_set_error (
        error, AST_ERROR, AST_ERROR_WARM, "%s",
        probe ? _ ("The descriptor's probe did not succeed within 20 minutes.")
              : _ ("The guest's screen was not still within 20 minutes. A probe in the descriptor can tell "
                   "when it is ready: <start mode=\"warm\" probe=\"…\"/>."));
  return there;
}
