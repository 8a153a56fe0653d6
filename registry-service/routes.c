/* Every route of the program. Looking up is open to everybody: it is what a client does first. */
#include "routes.h"

#include "api/handlers.h"
#include "api/view.h"

#define ERRORS(...) ((const enum err[]){__VA_ARGS__, ERR_OK})
#define SMALL_BODY (16 * 1024)
#define LIMITS_BODY_MAX (1024 * 1024)

static const struct route_text REGISTER_TEXTS[] = {
    {ERR_INVALID_INPUT, "name, host, and port are required"},
    {0},
};
static const struct route_text RENEW_TEXTS[] = {
    {ERR_INVALID_INPUT, "name and instance are required"},
    {0},
};

const struct route REGISTRY_ROUTES[] = {
    {.method = "POST",
     .pattern = "/register",
     .auth = AUTH_OPTIONAL,
     .handler = lease_register,
     .summary = "Register an instance or renew its lease",
     .body = &REGISTER_BODY,
     .reply = &REGISTERED_VIEW,
     .success = 201,
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_UNAUTHENTICATED, ERR_FORBIDDEN, ERR_VALIDATION_ERROR),
     .texts = REGISTER_TEXTS,
     .max_body = SMALL_BODY},
    {.method = "PUT",
     .pattern = "/renew",
     .auth = AUTH_OPTIONAL,
     .handler = lease_renew,
     .summary = "Renew a lease",
     .body = &RENEW_BODY,
     .reply = &MESSAGE_VIEW,
     .errors = ERRORS(ERR_INVALID_INPUT, ERR_UNAUTHENTICATED, ERR_FORBIDDEN, ERR_SERVICE_NOT_FOUND),
     .texts = RENEW_TEXTS,
     .max_body = SMALL_BODY},
    {.method = "DELETE",
     .pattern = "/deregister/{name}",
     .auth = AUTH_OPTIONAL,
     .handler = lease_deregister,
     .summary = "Leave: one instance (?instance=) or all of the name",
     .reply = &MESSAGE_VIEW,
     .errors = ERRORS(ERR_UNAUTHENTICATED, ERR_FORBIDDEN, ERR_SERVICE_NOT_FOUND)},

    {.method = "GET",
     .pattern = "/services",
     .handler = lookup_services,
     .summary = "All registered instances",
     .reply = &RECORD_LIST_VIEW},
    {.method = "GET",
     .pattern = "/services/{name}",
     .handler = lookup_service,
     .summary = "The best instance of a service",
     .reply = &RECORD_VIEW,
     .errors = ERRORS(ERR_SERVICE_NOT_FOUND)},
    {.method = "GET",
     .pattern = "/discover/{name}",
     .handler = lookup_discover,
     .summary = "Where to reach a service",
     .reply = &DISCOVERY_VIEW,
     .errors = ERRORS(ERR_SERVICE_NOT_FOUND, ERR_SERVICE_UNAVAILABLE)},
    {.method = "GET",
     .pattern = "/health/{name}",
     .handler = lookup_probe,
     .summary = "Probe a service now",
     .reply = &PROBE_VIEW,
     .errors = ERRORS(ERR_SERVICE_NOT_FOUND)},
    {.method = "GET",
     .pattern = "/health",
     .handler = lookup_health,
     .summary = "Liveness; touches no dependency",
     .reply = &REGISTRY_HEALTH_VIEW,
     .flags = ROUTE_HIDDEN},

    {.method = "GET",
     .pattern = "/api/v1/services",
     .handler = services_list,
     .summary = "Services with all their instances",
     .reply = &SERVICE_LIST_VIEW},
    {.method = "GET",
     .pattern = "/api/v1/services/{name}",
     .handler = services_get,
     .summary = "One service with all its instances",
     .reply = &SERVICE_VIEW,
     .errors = ERRORS(ERR_SERVICE_NOT_FOUND)},

    {.method = "POST",
     .pattern = "/registry/limits/sync",
     .auth = AUTH_SERVICE,
     .handler = limits_sync,
     .summary = "Add to the counters of rate limits and read their totals over all gateways",
     .body = &LIMITS_BODY,
     .reply = &LIMITS_VIEW,
     .errors = ERRORS(ERR_SERVICE_UNAVAILABLE),
     .max_body = LIMITS_BODY_MAX},
    {0},
};
