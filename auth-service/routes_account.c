/* What people do with their own account. */
#include "routes.h"

#include "api/handlers.h"
#include "api/view.h"

#define PROFILE_ERRORS                                                                             \
    ERRORS(ERR_USER_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_DUPLICATE_RESOURCE, ERR_CONFLICT,      \
           ERR_VALIDATION_ERROR)

static const struct route_text SIMPLE_ME_TEXTS[] = {
    {ERR_UNAUTHENTICATED, "missing token"},
    {ERR_TOKEN_INVALID, "invalid token"},
    {ERR_TOKEN_EXPIRED, "invalid token"},
    {0},
};

#define PROFILE_ROUTE(path)                                                                        \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_USER, .handler = profile_get,               \
        .summary = "The caller", .reply = &USER_VIEW                                               \
    }
#define PROFILE_CHANGE_ROUTE(method_)                                                              \
    {                                                                                              \
        .method = method_, .pattern = "/api/v1/users/profile", .auth = AUTH_USER,                  \
        .handler = profile_put, .summary = "Change one's own profile", .body = &PROFILE_BODY,      \
        .reply = &USER_VIEW, .errors = PROFILE_ERRORS, .max_body = SMALL_BODY                      \
    }

const struct route ACCOUNT_ROUTES[] = {
    PROFILE_ROUTE("/api/v1/auth/me"),
    PROFILE_ROUTE("/api/v1/users/me"),
    PROFILE_ROUTE("/api/v1/users/profile"),
    PROFILE_ROUTE("/api/auth/me"),
    PROFILE_ROUTE("/api/me"),
    {.method = "GET",
     .pattern = "/auth/me",
     .auth = AUTH_USER,
     .handler = me_claims,
     .summary = "The caller's claims",
     .reply = &ME_VIEW,
     .texts = SIMPLE_ME_TEXTS},
    PROFILE_CHANGE_ROUTE("PUT"),
    PROFILE_CHANGE_ROUTE("PATCH"),
    {0},
};
