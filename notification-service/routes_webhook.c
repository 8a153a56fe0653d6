/* Webhooks. */
#include "routes.h"

#include "actor.h"
#include "api/webhook_deliveries.h"
#include "api/webhooks.h"
#include "page.h"

#define ERRORS(...)                                                                                \
    (const enum err[])                                                                             \
    {                                                                                              \
        __VA_ARGS__, ERR_OK                                                                        \
    }
#define ADMIN .auth = AUTH_USER, .permission = PERM_WEBHOOK_ADMIN

const struct route WEBHOOK_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/api/v1/webhooks",
        ADMIN,
        .handler = webhooks_list,
        .summary = "Endpoints that are told of events, newest first",
        .query = &PAGE_QUERY,
        .errors = ERRORS(ERR_INVALID_INPUT, ERR_VALIDATION_ERROR),
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks",
        ADMIN,
        .handler = webhooks_post,
        .summary = "Add an endpoint; the answer shows its secret, this once",
        .body = &WEBHOOK_BODY,
        .success = 201,
        .errors = ERRORS(ERR_VALIDATION_ERROR),
    },
    {
        .method = "GET",
        .pattern = "/api/v1/webhooks/event-types",
        ADMIN,
        .handler = webhooks_event_types,
        .summary = "The events there are, and what is told of each",
    },
    {
        .method = "GET",
        .pattern = "/api/v1/webhooks/{id}",
        ADMIN,
        .handler = webhooks_get,
        .summary = "An endpoint",
        .errors = ERRORS(ERR_NOT_FOUND),
    },
    {
        .method = "PATCH",
        .pattern = "/api/v1/webhooks/{id}",
        ADMIN,
        .handler = webhooks_patch,
        .summary = "Change an endpoint",
        .body = &WEBHOOK_PATCH,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_VALIDATION_ERROR),
    },
    {
        .method = "DELETE",
        .pattern = "/api/v1/webhooks/{id}",
        ADMIN,
        .handler = webhooks_delete,
        .summary = "Remove an endpoint, with all that is known of its deliveries",
        .success = 204,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_PRECONDITION_FAILED),
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks/{id}/rotate-secret",
        ADMIN,
        .handler = webhooks_rotate,
        .summary = "A new secret; the previous one signs as well for a while",
        .body = &WEBHOOK_ROTATION,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_VALIDATION_ERROR),
        .flags = ROUTE_BODY_OPTIONAL,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks/{id}/enable",
        ADMIN,
        .handler = webhooks_enable,
        .summary = "Send to the endpoint again, what has waited first",
        .errors = ERRORS(ERR_NOT_FOUND, ERR_PRECONDITION_FAILED),
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks/{id}/disable",
        ADMIN,
        .handler = webhooks_disable,
        .summary = "Send nothing more to the endpoint",
        .errors = ERRORS(ERR_NOT_FOUND, ERR_PRECONDITION_FAILED),
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks/{id}/ping",
        ADMIN,
        .handler = webhook_deliveries_ping,
        .summary = "Send the endpoint a message of type webhook.ping",
        .success = 202,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_CONFLICT),
    },
    {
        .method = "GET",
        .pattern = "/api/v1/webhooks/{id}/deliveries",
        ADMIN,
        .handler = webhook_deliveries_list,
        .summary = "What the endpoint was sent, newest first",
        .query = &WEBHOOK_DELIVERY_QUERY,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_INVALID_INPUT, ERR_VALIDATION_ERROR),
    },
    {
        .method = "GET",
        .pattern = "/api/v1/webhooks/{id}/deliveries/{delivery_id}",
        ADMIN,
        .handler = webhook_deliveries_get,
        .summary = "A delivery with its attempts",
        .errors = ERRORS(ERR_NOT_FOUND),
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks/{id}/deliveries/{delivery_id}/replay",
        ADMIN,
        .handler = webhook_deliveries_replay,
        .summary = "Send it again, with the same webhook-id",
        .success = 202,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_CONFLICT),
    },
    {
        .method = "POST",
        .pattern = "/api/v1/webhooks/{id}/replay",
        ADMIN,
        .handler = webhook_deliveries_replay_range,
        .summary = "Send what has failed since a time, or was missed while disabled",
        .body = &WEBHOOK_REPLAY_BODY,
        .success = 202,
        .errors = ERRORS(ERR_NOT_FOUND, ERR_VALIDATION_ERROR),
    },
    {0},
};
