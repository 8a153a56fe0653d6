/* The audit trail. */
#include "actor.h"
#include "api/admin_handlers.h"
#include "routes.h"

const struct route AUDIT_ROUTES[] = {
    {.method = "GET",
     .pattern = "/api/v1/auth/audit",
     .auth = AUTH_USER,
     .permission = PERM_USER_ADMIN,
     .handler = audit_list_get,
     .summary = "Who did what or was refused it, newest first",
     .query = &AUDIT_QUERY,
     .reply = &AUDIT_PAGE_VIEW},
    {0},
};
