/* Finding tickets, and taking them away. */
#include "routes.h"

#include "actor.h"
#include "api/handlers.h"
#include "api/schemas.h"

const struct route SEARCH_ROUTES[] = {
    {.method = "GET",
     .pattern = "/api/v1/tickets/export",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = ticket_export,
     .summary = "Tickets within one's scope as CSV or lines of JSON, newest first",
     .query = &TICKET_EXPORT,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/search",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = search_get,
     .summary = "What matches within one's scope, the best first",
     .query = &SEARCH_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/search/autocomplete",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = search_suggest,
     .summary = "Proposals for what is being typed",
     .query = &SUGGEST_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {.method = "GET",
     .pattern = "/api/v1/search/filters",
     .auth = AUTH_ANY,
     .permission = PERM_TICKET_READ,
     .handler = search_facets,
     .summary = "How many tickets there are of each status, priority, category, department and tag",
     .query = &FACET_QUERY,
     .errors = ERRORS(ERR_VALIDATION_ERROR)},
    {0},
};
