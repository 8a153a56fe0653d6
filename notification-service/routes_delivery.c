#include "actor.h"
#include "api/deliveries.h"
#include "routes.h"

static const enum err NOT_FOUND[] = {ERR_NOT_FOUND, ERR_OK};
static const enum err RESEND[] = {ERR_NOT_FOUND, ERR_CONFLICT, ERR_OK};

#define LOOK .auth = AUTH_ANY, .permission = PERM_OPERATE

const struct route DELIVERY_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/deliveries",
        LOOK,
        .handler = deliveries_list,
        .summary = "What goes or went out, newest first",
        .query = &DELIVERY_QUERY,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/deliveries/stats",
        LOOK,
        .handler = deliveries_stats,
        .summary = "How many there are of each channel and state",
    },
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/deliveries/{id}",
        LOOK,
        .handler = deliveries_get,
        .summary = "One, with its attempts",
        .errors = NOT_FOUND,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/notifications/deliveries/{id}/resend",
        .auth = AUTH_USER,
        .permission = PERM_NOTIFICATION_ADMIN,
        .handler = deliveries_resend,
        .summary = "Send it again, as a delivery of its own",
        .reply = &DELIVERY,
        .success = 201,
        .errors = RESEND,
    },
    {0},
};
