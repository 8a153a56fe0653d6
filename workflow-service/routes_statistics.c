/* Figures of work over time and of now. */
#include "actor.h"
#include "api/statistics.h"
#include "routes.h"

#define READ .auth = AUTH_ANY, .permission = PERM_ANALYTICS_READ
static const enum err ERRORS[] = {ERR_VALIDATION_ERROR, ERR_OK};

const struct route STATISTICS_ROUTES[] = {
    {.method = "GET",
     .pattern = "/api/v1/tasks/statistics",
     READ,
     .handler = statistics_get,
     .summary = "How much, how long and how punctual by workflow, step, role, person or priority "
                "(JSON or CSV)",
     .query = &STATISTICS_QUERY,
     .reply = &STATISTICS_REPLY,
     .errors = ERRORS},
    {.method = "GET",
     .pattern = "/api/v1/tasks/statistics/bottlenecks",
     READ,
     .handler = statistics_bottlenecks,
     .summary = "Steps by their waiting work, each with why",
     .query = &BOTTLENECKS_QUERY,
     .reply = &BOTTLENECKS_REPLY,
     .errors = ERRORS},
    {.method = NULL},
};
