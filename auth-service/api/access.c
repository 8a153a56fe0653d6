/* Refusals of the route table, for the audit trail. */
#include "api/admin_handlers.h"
#include "api/audit.h"

void CO_FN access_refused(struct req *r, enum err why)
{
    struct audit_event e = audit_of(r, "access.refuse", NULL, 0);

    e.details = audit_detail(
        r->arena, "route", str_printf(r->arena, "%.*s %s", STR_ARG(r->method), r->route->pattern));
    (void)audit_refuse(r, &e, why);
}
