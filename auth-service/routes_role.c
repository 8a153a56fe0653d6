/* Systems, roles, and who holds them. */
#include "routes.h"

#include "actor.h"
#include "api/admin_handlers.h"
#include "api/handlers.h"
#include "api/view.h"

static const struct route_text GRANT_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "the person already holds this role"},
    {0},
};
static const struct route_text REVOKE_TEXTS[] = {
    {ERR_NOT_FOUND, "the person does not hold this role"},
    {ERR_CONFLICT, "this is the last administrator"},
    {0},
};

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

static const struct route_text SYSTEM_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "the slug is taken"},
    {ERR_CONFLICT, "the system is built in or has roles"},
    {0},
};
static const struct route_text ROLE_TEXTS[] = {
    {ERR_DUPLICATE_RESOURCE, "the system has a role of this name"},
    {ERR_CONFLICT, "the role is built in or somebody holds it"},
    {0},
};

#define EDIT_ERRORS                                                                                \
    ERRORS(ERR_NOT_FOUND, ERR_DUPLICATE_RESOURCE, ERR_CONFLICT, ERR_PRECONDITION_FAILED)
#define READ_ROUTE(path, handler_, summary_, reply_)                                               \
    {                                                                                              \
        .method = "GET", .pattern = path, .auth = AUTH_ANY, .handler = handler_,                   \
        .summary = summary_, .reply = &reply_, .errors = ERRORS(ERR_NOT_FOUND)                     \
    }
#define EDIT_ROUTE(method_, path, handler_, summary_, body_, reply_, success_, texts_)             \
    {                                                                                              \
        .method = method_, .pattern = path, .auth = AUTH_USER, .permission = PERM_USER_ADMIN,      \
        .handler = handler_, .summary = summary_, .body = body_, .reply = reply_,                  \
        .success = success_, .errors = EDIT_ERRORS, .texts = texts_, .max_body = SMALL_BODY        \
    }

const struct route ROLE_ROUTES[] = {
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
    READ_ROUTE("/api/v1/systems/{id}", system_get, "A system", SYSTEM_VIEW),
    EDIT_ROUTE("POST", "/api/v1/systems", system_post, "Create a system", &SYSTEM_BODY,
               &SYSTEM_VIEW, 201, SYSTEM_TEXTS),
    EDIT_ROUTE("PATCH", "/api/v1/systems/{id}", system_patch, "Rename a system", &SYSTEM_PATCH,
               &SYSTEM_VIEW, 200, SYSTEM_TEXTS),
    EDIT_ROUTE("PUT", "/api/v1/systems/{id}", system_patch, "Rename a system", &SYSTEM_PATCH,
               &SYSTEM_VIEW, 200, SYSTEM_TEXTS),
    EDIT_ROUTE("DELETE", "/api/v1/systems/{id}", system_delete, "Remove a system without roles",
               NULL, NULL, 204, SYSTEM_TEXTS),
    READ_ROUTE("/api/v1/roles/{id}", role_get, "A role", ROLE_VIEW),
    EDIT_ROUTE("POST", "/api/v1/roles", role_post, "Create a role", &ROLE_BODY, &ROLE_VIEW, 201,
               ROLE_TEXTS),
    EDIT_ROUTE("PATCH", "/api/v1/roles/{id}", role_patch, "Change a role", &ROLE_PATCH, &ROLE_VIEW,
               200, ROLE_TEXTS),
    EDIT_ROUTE("PUT", "/api/v1/roles/{id}", role_patch, "Change a role", &ROLE_PATCH, &ROLE_VIEW,
               200, ROLE_TEXTS),
    EDIT_ROUTE("DELETE", "/api/v1/roles/{id}", role_delete, "Remove a role nobody holds", NULL,
               NULL, 204, ROLE_TEXTS),
    {.method = "GET",
     .pattern = "/api/v1/permissions",
     .auth = AUTH_ANY,
     .handler = permission_list_get,
     .summary = "Every permission with the roles that have it",
     .reply = &PERMISSION_LIST_VIEW},
    {.method = "GET",
     .pattern = "/api/v1/auth/me/permissions",
     .auth = AUTH_USER,
     .handler = permission_own_get,
     .summary = "What the caller may do",
     .reply = &OWN_PERMISSIONS_VIEW},
    {0},
};
