/*
 * Every route of the program. Several paths of one operation stand together: the canonical one
 * first, then the names that the older documents use for it.
 */
#include "routes.h"

#include "actor.h"
#include "api/handlers.h"
#include "api/view.h"

/* Nothing here takes a large body; hashing makes large ones expensive. */
#define SMALL_BODY (16 * 1024)

#define ERRORS(...) ((const enum err[]){__VA_ARGS__, ERR_OK})
#define LOGIN_ERRORS                                                                               \
    ERRORS(ERR_INVALID_INPUT, ERR_INVALID_CREDENTIALS, ERR_FORBIDDEN, ERR_ACCOUNT_LOCKED,          \
           ERR_SERVICE_UNAVAILABLE)
#define REGISTER_ERRORS                                                                            \
    ERRORS(ERR_INVALID_INPUT, ERR_FORBIDDEN, ERR_DUPLICATE_RESOURCE, ERR_VALIDATION_ERROR,         \
           ERR_SERVICE_UNAVAILABLE)
#define REFRESH_ERRORS                                                                             \
    ERRORS(ERR_INVALID_INPUT, ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_FORBIDDEN)
#define VERIFY_ERRORS ERRORS(ERR_INVALID_INPUT, ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED)
#define CHANGE_ERRORS                                                                              \
    ERRORS(ERR_USER_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_DUPLICATE_RESOURCE, ERR_CONFLICT,      \
           ERR_VALIDATION_ERROR)

static const struct route_text LOGIN_TEXTS[] = {
    {ERR_FORBIDDEN, "the account is deactivated"},
    {0},
};
static const struct route_text SIMPLE_LOGIN_TEXTS[] = {
    {ERR_INVALID_INPUT, "email and password are required"},
    {ERR_INVALID_CREDENTIALS, "invalid credentials"},
    {ERR_FORBIDDEN, "the account is deactivated"},
    {0},
};
static const struct route_text REGISTER_TEXTS[] = {
    {ERR_INVALID_INPUT, "email and password are required"},
    {ERR_DUPLICATE_RESOURCE, "email already registered"},
    {ERR_FORBIDDEN, "a role cannot be chosen at registration"},
    {0},
};
static const struct route_text REFRESH_TEXTS[] = {
    {ERR_INVALID_INPUT, "a refresh token is required"},
    {ERR_FORBIDDEN, "the origin of the request is not allowed"},
    {0},
};
static const struct route_text SIMPLE_ME_TEXTS[] = {
    {ERR_UNAUTHENTICATED, "missing token"},
    {ERR_TOKEN_INVALID, "invalid token"},
    {ERR_TOKEN_EXPIRED, "invalid token"},
    {0},
};
static const struct route_text USER_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "email already registered"},
    {ERR_CONFLICT, "this is the last administrator"},
    {0},
};
static const struct route_text GRANT_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "the person already holds this role"},
    {0},
};
static const struct route_text REVOKE_TEXTS[] = {
    {ERR_NOT_FOUND, "the person does not hold this role"},
    {ERR_CONFLICT, "this is the last administrator"},
    {0},
};

#define LOGIN_ROUTE(path, handler_, reply_, texts_)                                                \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = handler_, .summary = "Log in",               \
        .body = &LOGIN_BODY, .reply = &reply_, .errors = LOGIN_ERRORS, .texts = texts_,            \
        .max_body = SMALL_BODY                                                                     \
    }
#define REGISTER_ROUTE(path, handler_, reply_)                                                     \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = handler_, .summary = "Create an account",    \
        .body = &REGISTER_BODY, .reply = &reply_, .success = 201, .errors = REGISTER_ERRORS,       \
        .texts = REGISTER_TEXTS, .max_body = SMALL_BODY                                            \
    }
#define REFRESH_ROUTE(path, handler_, reply_)                                                      \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = handler_,                                    \
        .summary = "Exchange a refresh token", .body = &REFRESH_BODY, .reply = &reply_,            \
        .errors = REFRESH_ERRORS, .flags = ROUTE_BODY_OPTIONAL, .texts = REFRESH_TEXTS,            \
        .max_body = SMALL_BODY                                                                     \
    }
#define VERIFY_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = session_verify,                              \
        .summary = "Whether a token is good", .body = &VERIFY_BODY, .errors = VERIFY_ERRORS,       \
        .max_body = SMALL_BODY                                                                     \
    }
#define LOGOUT_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "POST", .pattern = path, .handler = session_logout,                              \
        .summary = "End the session", .body = &REFRESH_BODY, .reply = &MESSAGE_VIEW,               \
        .flags = ROUTE_BODY_OPTIONAL, .max_body = SMALL_BODY                                       \
    }
#define PROFILE_ROUTE(path)                                                                        \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_USER, .handler = profile_get,               \
        .summary = "The caller", .reply = &USER_VIEW                                               \
    }
#define CHANGE_ROUTE(method_, path, handler_, summary_, body_)                                     \
    {                                                                                              \
        .method = method_, .pattern = path, .auth = AUTH_USER, .permission = PERM_USER_ADMIN,      \
        .handler = handler_, .summary = summary_, .body = body_, .reply = &USER_VIEW,              \
        .errors = CHANGE_ERRORS, .texts = USER_TEXTS, .max_body = SMALL_BODY                       \
    }
#define PROFILE_CHANGE_ROUTE(method_)                                                              \
    {                                                                                              \
        .method = method_, .pattern = "/api/v1/users/profile", .auth = AUTH_USER,                  \
        .handler = profile_put, .summary = "Change one's own profile", .body = &PROFILE_BODY,      \
        .reply = &USER_VIEW, .errors = CHANGE_ERRORS, .max_body = SMALL_BODY                       \
    }
#define LIST_ROUTE(path)                                                                           \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .permission = PERM_USER_READ,          \
        .handler = user_list_get, .summary = "People", .query = &USER_QUERY,                       \
        .reply = &USER_PAGE_VIEW                                                                   \
    }

#define PERSON_ROUTE(path)                                                                         \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .handler = user_get,                   \
        .summary = "One person: oneself, or with USER_READ anybody", .reply = &USER_VIEW,          \
        .errors = ERRORS(ERR_FORBIDDEN, ERR_USER_NOT_FOUND)                                        \
    }
#define SYSTEM_LIST_ROUTE(path)                                                                    \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .handler = system_list,                \
        .summary = "The systems that have roles", .reply = &SYSTEM_LIST_VIEW                       \
    }
#define ROLE_LIST_ROUTE(path)                                                                      \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .handler = role_list,                  \
        .summary = "The roles of all systems or of one", .query = &ROLE_QUERY,                     \
        .reply = &ROLE_LIST_VIEW                                                                   \
    }

const struct route AUTH_ROUTES[] = {
    LOGIN_ROUTE("/api/v1/auth/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/v1/users/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/auth/login", login_full, LOGIN_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/token", login_token_pair, TOKEN_PAIR_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/api/auth/token", login_token_pair, TOKEN_PAIR_VIEW, LOGIN_TEXTS),
    LOGIN_ROUTE("/auth/login", login_simple, TOKEN_VIEW, SIMPLE_LOGIN_TEXTS),

    REGISTER_ROUTE("/api/v1/auth/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/api/v1/users/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/api/auth/register", register_full, LOGIN_VIEW),
    REGISTER_ROUTE("/auth/register", register_simple, REGISTRATION_VIEW),

    REFRESH_ROUTE("/api/v1/auth/refresh", session_refresh_full, LOGIN_VIEW),
    REFRESH_ROUTE("/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/auth/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    REFRESH_ROUTE("/api/v1/users/token/refresh", session_refresh_pair, TOKEN_PAIR_VIEW),
    VERIFY_ROUTE("/token/verify"),
    VERIFY_ROUTE("/api/auth/token/verify"),
    LOGOUT_ROUTE("/api/v1/auth/logout"),
    LOGOUT_ROUTE("/api/auth/logout"),

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

    LIST_ROUTE("/api/v1/users"),
    LIST_ROUTE("/api/v1/users/search"),
    LIST_ROUTE("/api/users"),
    {.method = "GET",
     .pattern = "/api/v1/users/snapshot",
     .auth = AUTH_SERVICE,
     .handler = user_snapshot,
     .summary = "Everybody, for the copies of other services",
     .query = &SNAPSHOT_QUERY,
     .reply = &SNAPSHOT_VIEW},
    PERSON_ROUTE("/api/v1/users/{id}"),
    PERSON_ROUTE("/api/users/{id}"),
    {.method = "POST",
     .pattern = "/api/v1/users",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = user_post,
     .summary = "Create a person",
     .body = &USER_BODY,
     .reply = &USER_VIEW,
     .success = 201,
     .errors = ERRORS(ERR_DUPLICATE_RESOURCE, ERR_VALIDATION_ERROR),
     .texts = USER_TEXTS,
     .max_body = SMALL_BODY},
    CHANGE_ROUTE("PATCH", "/api/v1/users/{id}", user_patch, "Change a person", &USER_PATCH),
    CHANGE_ROUTE("PUT", "/api/v1/users/{id}", user_patch, "Change a person", &USER_PATCH),
    CHANGE_ROUTE("POST", "/api/v1/users/{id}/activate", user_activate, "Let a person in again",
                 NULL),
    CHANGE_ROUTE("POST", "/api/v1/users/{id}/deactivate", user_deactivate,
                 "Lock a person out and end their sessions", NULL),

    {.method = "GET",
     .pattern = "/api/v1/users/{id}/roles",
     .auth = AUTH_ANY,
     .handler = user_role_list,
     .summary = "The roles of a person",
     .reply = &HELD_ROLES_VIEW,
     .errors = ERRORS(ERR_FORBIDDEN, ERR_USER_NOT_FOUND)},
    {.method = "POST",
     .pattern = "/api/v1/users/{id}/roles",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = user_role_grant,
     .summary = "Grant a role",
     .body = &GRANT_BODY,
     .reply = &HELD_ROLES_VIEW,
     .success = 201,
     .errors = ERRORS(ERR_USER_NOT_FOUND, ERR_DUPLICATE_RESOURCE, ERR_VALIDATION_ERROR),
     .texts = GRANT_TEXTS,
     .max_body = SMALL_BODY},
    {.method = "DELETE",
     .pattern = "/api/v1/users/{id}/roles/{role_id}",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = user_role_revoke,
     .summary = "Revoke a role",
     .reply = &HELD_ROLES_VIEW,
     .errors = ERRORS(ERR_USER_NOT_FOUND, ERR_NOT_FOUND, ERR_CONFLICT),
     .texts = REVOKE_TEXTS},
    SYSTEM_LIST_ROUTE("/api/v1/systems"),
    SYSTEM_LIST_ROUTE("/api/systems"),
    ROLE_LIST_ROUTE("/api/v1/roles"),
    ROLE_LIST_ROUTE("/api/roles"),
    {0},
};
