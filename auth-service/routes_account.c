/* What people do with their own account. */
#include "routes.h"

#include "api/handlers.h"
#include "api/view.h"

#define PROFILE_ERRORS                                                                             \
    ERRORS(ERR_FORBIDDEN, ERR_USER_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_VALIDATION_ERROR)
#define SESSION_ERRORS ERRORS(ERR_FORBIDDEN, ERR_USER_NOT_FOUND)

static const struct route_text SIMPLE_ME_TEXTS[] = {
    {ERR_UNAUTHENTICATED, "missing token"},
    {ERR_TOKEN_INVALID, "invalid token"},
    {ERR_TOKEN_EXPIRED, "invalid token"},
    {0},
};

static const struct route_text PROFILE_TEXTS[] = {
    {ERR_FORBIDDEN, "roles are not one's own to change"},
    {0},
};

#define PROFILE_ROUTE(path)                                                                        \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_USER, .handler = profile_get,               \
        .summary = "The caller", .reply = &USER_VIEW                                               \
    }
#define PROFILE_CHANGE_ROUTE(method_, path)                                                        \
    {                                                                                              \
        .method = method_, .pattern = path, .auth = AUTH_USER, .handler = profile_put,             \
        .summary = "Change one's own profile", .body = &PROFILE_BODY, .reply = &USER_VIEW,         \
        .flags = ROUTE_LOGIN, .errors = PROFILE_ERRORS, .texts = PROFILE_TEXTS,                    \
        .max_body = SMALL_BODY                                                                     \
    }

const struct route ACCOUNT_ROUTES[] = {
    PROFILE_ROUTE("/api/v1/auth/me"),
    PROFILE_ROUTE("/api/v1/users/me"),
    PROFILE_ROUTE("/api/v1/users/profile"),
    PROFILE_ROUTE("/api/auth/me"),
    PROFILE_ROUTE("/api/me"),
    PROFILE_ROUTE("/api/v1/hdts/employees/api/me"),
    PROFILE_ROUTE("/api/v1/hdts/employees/api/profile"),
    {.method = "GET",
     .pattern = "/auth/me",
     .auth = AUTH_USER,
     .handler = me_claims,
     .summary = "The caller's claims",
     .reply = &ME_VIEW,
     .texts = SIMPLE_ME_TEXTS},
    PROFILE_CHANGE_ROUTE("PUT", "/api/v1/users/profile"),
    PROFILE_CHANGE_ROUTE("PATCH", "/api/v1/users/profile"),
    PROFILE_CHANGE_ROUTE("PATCH", "/api/v1/hdts/employees/api/profile"),
    {.method = "GET",
     .pattern = "/api/v1/auth/sessions",
     .auth = AUTH_USER,
     .handler = session_list_get,
     .summary = "One's open sessions",
     .reply = &SESSION_LIST_VIEW,
     .errors = SESSION_ERRORS,
     .flags = ROUTE_LOGIN},
    {.method = "DELETE",
     .pattern = "/api/v1/auth/sessions",
     .auth = AUTH_USER,
     .handler = session_delete_others,
     .summary = "End all of one's sessions but this one",
     .reply = &SESSIONS_ENDED_VIEW,
     .errors = SESSION_ERRORS,
     .flags = ROUTE_LOGIN},
    {.method = "DELETE",
     .pattern = "/api/v1/auth/sessions/{id}",
     .auth = AUTH_USER,
     .handler = session_delete,
     .summary = "End one of one's sessions",
     .reply = &SESSIONS_ENDED_VIEW,
     .errors = ERRORS(ERR_FORBIDDEN, ERR_USER_NOT_FOUND, ERR_NOT_FOUND),
     .flags = ROUTE_LOGIN},
    {0},
};
