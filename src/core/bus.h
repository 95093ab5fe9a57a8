// SPDX-License-Identifier: GPL-3.0-or-later
// org.asteroide.Kiosk1: a runner made steerable over D-Bus, and the way to find one.
#pragma once
#include "catalogue.h"
#include "config.h"
#include "kiosk-bus.h"
#include "runner.h"

G_BEGIN_DECLS

#define AST_BUS_NAME "org.asteroide.Kiosk1"
#define AST_BUS_PATH "/org/asteroide/Kiosk1"

#define AST_TYPE_BUS_SERVICE (ast_bus_service_get_type ())
G_DECLARE_FINAL_TYPE (AstBusService, ast_bus_service, AST, BUS_SERVICE, GObject)

// Exports the runner on the buses that the configuration allows and the process can reach, in the background.
// That no bus can be reached, or that the name is taken, is told in the log and is no error: the kiosk works
// without.
AstBusService *ast_bus_service_new (const AstConfig *config, AstRunner *runner, AstCatalogue *catalogue);
// The same on one more connection, which need not be one to a bus.
void ast_bus_service_export (AstBusService *self, GDBusConnection *connection);

// The running kiosk of the station with this configuration; blocking; full reference. NULL with
// AST_ERROR_NO_KIOSK when there is none (or only one of another station).
AstBusKiosk1 *ast_bus_find_kiosk (const AstConfig *config, GError **error);
// What the kiosk's properties say. The caller frees it.
AstStatus *ast_bus_kiosk_get_status (AstBusKiosk1 *kiosk);

G_END_DECLS
