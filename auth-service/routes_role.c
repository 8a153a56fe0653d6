/* Systems, roles, and who holds them. */
#include "routes.h"

#include "actor.h"
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
    {0},
};
