// SPDX-License-Identifier: GPL-3.0-or-later
#include "ast-build.h"
#include "overlay-bound.h"
#include "error.h"
#include "qemu-img.h"
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#define CLUSTER_BYTES (64 * 1024) // qemu-img's default, in which our overlays are made

// What qcow2 needs beside the guest's data: 8 bytes of tables for each cluster, twice as much while one is
// copied, and 2 bytes of reference counts: less than a thousandth. The constant is for header, top tables and
// rounding.
#define METADATA_SHARE 1024
#define METADATA_BYTES (4 * 1024 * 1024)

// qemu-img check: 3 = only clusters that nothing refers to.
#define STATUS_LEAKS 3

guint64
ast_overlay_bound (const AstOverlaySituation *situation)
{
  guint64 spare = situation->free > situation->reserve ? situation->free - situation->reserve : 0;
  guint64 needed = situation->virtual_size + situation->virtual_size / METADATA_SHARE + METADATA_BYTES;
  guint64 bound = MIN (situation->taken + spare, needed);

  if (situation->limit > 0)
    bound = MIN (bound, situation->limit);
  bound -= bound % CLUSTER_BYTES;
  return MAX (bound, (situation->end + CLUSTER_BYTES - 1) / CLUSTER_BYTES * CLUSTER_BYTES);
}

gboolean
ast_overlay_holes_fit (const AstOverlaySituation *situation)
{
  guint64 holes = situation->end > situation->taken ? situation->end - situation->taken : 0;

  return situation->free >= situation->reserve && situation->free - situation->reserve >= holes;
}

static gboolean
find_end (const char *report, guint64 *end)
{
  g_autoptr (JsonNode) root = json_from_string (report, NULL);
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  gint64 found = object ? json_object_get_int_member_with_default (object, "image-end-offset", 0) : 0;

  *end = (guint64)MAX (found, 0);
  return found > 0;
}

gboolean
ast_overlay_read_end (int fd, GCancellable *cancellable, guint64 *end, GError **error)
{
  // The image below is not even opened.
  const char *const arguments[] = { "check", "--output=json",
                                    "json:{\"driver\":\"qcow2\",\"backing\":null,\"file\":"
                                    "{\"driver\":\"file\",\"filename\":\"/proc/self/fd/3\"}}",
                                    NULL };
  g_autofree char *report = NULL;
  g_autofree char *complaint = NULL;
  int status = ast_qemu_img_run (arguments, fd, cancellable, &report, &complaint, error);

  if (status < 0)
    return FALSE;
  if ((status == 0 || status == STATUS_LEAKS) && find_end (report, end))
    return TRUE;
  g_set_error (error, AST_ERROR, AST_ERROR_IMAGE_CORRUPT, _ ("The image is damaged. %s"), complaint);
  return FALSE;
}
