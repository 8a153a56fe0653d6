#include "actor.h"
#include "api/preferences.h"
#include "routes.h"

static const enum err NOT_FOUND[] = {ERR_NOT_FOUND, ERR_OK};
static const enum err CHANGED[] = {ERR_PRECONDITION_FAILED, ERR_OK};
static const enum err LINK[] = {ERR_NOT_FOUND, ERR_PAYLOAD_TOO_LARGE, ERR_OK};

#define OWN .auth = AUTH_USER, .permission = PERM_NOTIFICATION_OWN
#define ADMIN .auth = AUTH_USER, .permission = PERM_NOTIFICATION_ADMIN

const struct route PREFERENCE_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/preferences",
        OWN,
        .handler = preferences_get,
        .summary = "What one wants to be told, where and when",
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/notifications/preferences",
        OWN,
        .handler = preferences_put,
        .summary = "Change what one wants to be told; what is absent stays",
        .body = &PREFERENCE_CHANGE,
        .errors = CHANGED,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/preferences/defaults",
        ADMIN,
        .handler = defaults_get,
        .summary = "What holds for everybody who has said nothing",
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/notifications/preferences/defaults",
        ADMIN,
        .handler = defaults_put,
        .summary = "Change that, and what nobody may switch off",
        .body = &PREFERENCE_CHANGE,
        .errors = CHANGED,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/devices",
        OWN,
        .handler = devices_list,
        .summary = "One's devices that get push messages",
    },
    {
        .method = "POST",
        .pattern = "/api/v1/notifications/devices",
        OWN,
        .handler = devices_post,
        .summary = "Register a device for push messages",
        .body = &NEW_DEVICE,
        .reply = &DEVICE,
        .success = 201,
    },
    {
        .method = "DELETE",
        .pattern = "/api/v1/notifications/devices/{id}",
        OWN,
        .handler = devices_delete,
        .summary = "Forget one",
        .success = 204,
        .errors = NOT_FOUND,
    },
    {
        .method = "GET",
        .pattern = "/notifications/unsubscribe/{token}",
        .auth = AUTH_NONE,
        .handler = unsubscribe_page,
        .summary = "A page with a button; opening it changes nothing",
        .errors = NOT_FOUND,
    },
    {
        .method = "POST",
        .pattern = "/notifications/unsubscribe/{token}",
        .auth = AUTH_NONE,
        .handler = unsubscribe_do,
        .summary = "No more mails of the link's kind (RFC 8058)",
        .errors = LINK,
        .flags = ROUTE_STREAM,
    },
    {0},
};
