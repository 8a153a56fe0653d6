#pragma once
/* Tells the fleet about people: user.created, user.updated, role.assigned, role.revoked. */
#include "domain/user.h"
#include "event.h"
#include "store/audit.h"

struct actor;

/* What caused a change: taken over from the request. */
struct change_origin {
    int64_t now; /* µs */
    bool time_overridden;
    struct log_context log;
    struct audit_origin audit;
    const struct actor *by; /* NULL: the program itself, or somebody who is not known yet */
};

/* Writes the event to the outbox of the current transaction; the payload is the person with all
 * roles as they are after the change. */
MUST_CHECK enum err CO_FN user_event_put(struct db_session *s, const char *type,
                                         const struct user *u, const struct change_origin *origin);

/* The payload, which is also the element of the snapshot. */
struct event_user user_event(struct arena *a, const struct user *u);
