/* What has happened: the audit trail. */
#include "routes.h"

#include "actor.h"
#include "api/handlers.h"
#include "api/schemas_audit.h"

const struct route INSIGHT_ROUTES[] = {
    {.method = "GET",
     .pattern = "/api/v1/audit",
     .auth = AUTH_ANY,
     .permission = PERM_AUDIT_READ,
     .handler = audit_list,
     .summary = "The audit trail, newest first",
     .query = &AUDIT_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/audit/export",
     .auth = AUTH_ANY,
     .permission = PERM_AUDIT_READ,
     .handler = audit_export,
     .summary = "The audit trail as lines of JSON, newest first",
     .query = &AUDIT_EXPORT_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/audit/verify",
     .auth = AUTH_ANY,
     .permission = PERM_AUDIT_READ,
     .handler = audit_verify,
     .summary = "Whether the audit trail is what was sealed",
     .query = &AUDIT_VERIFY_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/audit/{id}",
     .auth = AUTH_ANY,
     .permission = PERM_AUDIT_READ,
     .handler = audit_get,
     .summary = "One event",
     .errors = ERRORS(ERR_NOT_FOUND)},
    {0},
};
