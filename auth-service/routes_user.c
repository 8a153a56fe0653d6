/* People, as administrators and other programs see them. */
#include "routes.h"

#include "actor.h"
#include "api/admin_handlers.h"
#include "api/handlers.h"
#include "api/view.h"

#define CHANGE_ERRORS                                                                              \
    ERRORS(ERR_USER_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_DUPLICATE_RESOURCE, ERR_CONFLICT,      \
           ERR_VALIDATION_ERROR)

static const struct route_text USER_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "email already registered"},
    {ERR_CONFLICT, "this is the last administrator"},
    {0},
};

/* Read line by line: the bound is one of time, not of memory. */
#define IMPORT_MAX (INT64_C(1) << 30)

#define PREFERENCE_ERRORS ERRORS(ERR_USER_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_VALIDATION_ERROR)
#define CHANGE_ROUTE(method_, path, handler_, summary_, body_)                                     \
    {                                                                                              \
        .method = method_, .pattern = path, .auth = AUTH_USER, .permission = PERM_USER_ADMIN,      \
        .handler = handler_, .summary = summary_, .body = body_, .reply = &USER_VIEW,              \
        .errors = CHANGE_ERRORS, .texts = USER_TEXTS, .max_body = SMALL_BODY                       \
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

#define PREFERENCE_ROUTE(method_, handler_, summary_, flags_)                                      \
    {                                                                                              \
        .method = method_, .pattern = "/api/v1/users/preferences", .auth = AUTH_USER,              \
        .handler = handler_, .summary = summary_, .reply = &PREFERENCE_VIEW,                       \
        .errors = PREFERENCE_ERRORS, .flags = ROUTE_LOGIN | (flags_), .max_body = SMALL_BODY       \
    }

const struct route USER_ROUTES[] = {
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
    {.method = "POST",
     .pattern = "/api/v1/users/import",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = user_import_post,
     .summary = "Create and change people from text/csv or application/x-ndjson, by their address",
     .query = &IMPORT_QUERY,
     .reply = &IMPORT_VIEW,
     .errors = ERRORS(ERR_UNSUPPORTED_MEDIA_TYPE, ERR_SERVICE_UNAVAILABLE),
     .flags = ROUTE_STREAM,
     .max_body = IMPORT_MAX},
    {.method = "GET",
     .pattern = "/api/v1/users/export",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = user_export_get,
     .summary = "Everybody as CSV or lines of JSON",
     .query = &EXPORT_QUERY},
    PREFERENCE_ROUTE("GET", preference_get, "One's preferences", 0),
    PREFERENCE_ROUTE("PUT", preference_put, "Replace one's preferences", ROUTE_RAW_JSON),
    PREFERENCE_ROUTE("PATCH", preference_patch, "Change some of one's preferences; null removes",
                     ROUTE_RAW_JSON),
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
    {.method = "DELETE",
     .pattern = "/api/v1/users/{id}",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = user_delete,
     .summary = "Erase a person: only the id stays",
     .success = 204,
     .errors = ERRORS(ERR_USER_NOT_FOUND, ERR_PRECONDITION_FAILED, ERR_CONFLICT),
     .texts = USER_TEXTS},
    CHANGE_ROUTE("POST", "/api/v1/users/{id}/activate", user_activate, "Let a person in again",
                 NULL),
    CHANGE_ROUTE("POST", "/api/v1/users/{id}/deactivate", user_deactivate,
                 "Lock a person out and end their sessions", NULL),
    {0},
};
