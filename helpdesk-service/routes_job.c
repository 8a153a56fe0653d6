/* Changing many tickets at once, and the jobs that do it. */
#include "routes.h"

#include "actor.h"
#include "api/bulk_schemas.h"
#include "api/handlers.h"
#include "api/job.h"

static const struct route_text JOB_TEXTS[] = {{ERR_NOT_FOUND, "The job does not exist"}, {0}};

const struct route JOB_ROUTES[] = {
    {.method = "POST",
     .pattern = "/api/v1/tickets/bulk",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = ticket_bulk,
     .summary = "Change many tickets; needs an Idempotency-Key",
     .body = &BULK_BODY,
     .check = bulk_check,
     .success = 202,
     .errors = ERRORS(ERR_CONFLICT, ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/jobs",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_READ,
     .handler = job_list,
     .summary = "One's jobs, newest first; administrators: everybody's",
     .query = &JOB_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/jobs/{id}",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_READ,
     .handler = job_get,
     .summary = "How far a job is, or how it ended",
     .errors = ERRORS(ERR_NOT_FOUND),
     .texts = JOB_TEXTS},
    {.method = "GET",
     .pattern = "/api/v1/jobs/{id}/items",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_READ,
     .handler = job_items,
     .summary = "What became of each item",
     .query = &JOB_ITEM_QUERY,
     .errors = ERRORS(ERR_NOT_FOUND, ERR_VALIDATION_ERROR),
     .texts = JOB_TEXTS},
    {.method = "POST",
     .pattern = "/api/v1/jobs/{id}/cancel",
     .auth = AUTH_USER,
     .permission = PERM_TICKET_COMMENT,
     .handler = job_cancel,
     .summary = "End a job after the items in hand",
     .errors = ERRORS(ERR_NOT_FOUND, ERR_CONFLICT),
     .texts = JOB_TEXTS},
    {0},
};
