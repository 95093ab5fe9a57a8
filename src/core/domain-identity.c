// SPDX-License-Identifier: GPL-3.0-or-later
#include "domain-identity.h"

#define DIGEST_LENGTH 32

static void
hash (const char *purpose, guint index, const char *machine_id, const char *appliance_id, guint8 *digest)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text
      = g_strdup_printf ("asteroide %s %u\n%s\n%s", purpose, index, machine_id, appliance_id);
  gsize length = DIGEST_LENGTH;

  g_checksum_update (sum, (const guint8 *)text, -1);
  g_checksum_get_digest (sum, digest, &length);
}

char *
ast_domain_identity_uuid (const char *machine_id, const char *appliance_id)
{
  guint8 d[DIGEST_LENGTH];

  hash ("uuid", 0, machine_id, appliance_id, d);
  d[6] = (d[6] & 0x0f) | 0x80;
  d[8] = (d[8] & 0x3f) | 0x80;
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
                          d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14],
                          d[15]);
}

char *
ast_domain_identity_mac (const char *machine_id, const char *appliance_id, guint index)
{
  guint8 d[DIGEST_LENGTH];

  hash ("mac", index, machine_id, appliance_id, d);
  return g_strdup_printf ("52:54:00:%02x:%02x:%02x", d[0], d[1], d[2]);
}

char *
ast_domain_identity_serial (const char *machine_id, const char *appliance_id)
{
  guint8 d[DIGEST_LENGTH];

  hash ("serial", 0, machine_id, appliance_id, d);
  return g_strdup_printf ("AST-%02X%02X%02X%02X%02X", d[0], d[1], d[2], d[3], d[4]);
}
