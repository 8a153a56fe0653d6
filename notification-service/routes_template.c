#include "actor.h"
#include "api/templates.h"
#include "routes.h"

static const enum err NOT_FOUND[] = {ERR_NOT_FOUND, ERR_OK};
static const enum err CHANGED[] = {ERR_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_OK};
static const enum err PUT[] = {ERR_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_INSUFFICIENT_STORAGE,
                               ERR_OK};

#define ADMIN .auth = AUTH_USER, .permission = PERM_NOTIFICATION_ADMIN
#define ONE "/api/v1/notifications/templates/{name}/{language}"

const struct route TEMPLATE_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/templates",
        ADMIN,
        .handler = templates_list,
        .summary = "Every template, of administrators and shipped",
    },
    {
        .method = "GET",
        .pattern = ONE,
        ADMIN,
        .handler = templates_get,
        .summary = "The template that holds in a language",
        .reply = &TEMPLATE,
        .errors = NOT_FOUND,
    },
    {
        .method = "PUT",
        .pattern = ONE,
        ADMIN,
        .handler = templates_put,
        .summary = "Put another in its place, or add one",
        .body = &TEMPLATE_BODY,
        .reply = &TEMPLATE,
        .errors = PUT,
    },
    {
        .method = "DELETE",
        .pattern = ONE,
        ADMIN,
        .handler = templates_reset,
        .summary = "Go back to the shipped one",
        .success = 204,
        .errors = CHANGED,
    },
    {
        .method = "POST",
        .pattern = ONE "/preview",
        ADMIN,
        .handler = templates_preview,
        .summary = "How it looks, or a draft of it, with a sample or with given data",
        .body = &TEMPLATE_DRAFT,
        .reply = &TEMPLATE_PREVIEW,
        .errors = NOT_FOUND,
        .flags = ROUTE_BODY_OPTIONAL,
    },
    {0},
};
