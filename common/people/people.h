#pragma once
/*
 * A service's own copy of the people of the fleet: tables person and person_role in its schema,
 * kept by user.* and role.* events and filled from a snapshot of auth-service at start. Other
 * statements of the service may join them: person(id bigint primary key, email text, name text,
 * department text, active bool, version bigint) person_role(person_id bigint, system text, role
 * text, system_role_id bigint, primary key (person_id, system, role))
 */
#include "db.h"
#include "event.h"
#include "migrate.h"
#include "mq.h"
#include "service.h"

extern const struct db_migration PEOPLE_MIGRATIONS[]; /* .sql == NULL ends */

struct person {
    int64_t id;
    struct str email, name, department;
    bool active;
};

/* ERR_USER_NOT_FOUND when unknown. */
MUST_CHECK enum err CO_FN person_by_id(struct db_session *s, int64_t id, struct person *out);
/* Whether the active person holds the role. */
MUST_CHECK enum err CO_FN person_has_role(struct db_session *s, int64_t id, const char *system,
                                          const char *role, bool *out);

/* Takes over a state of a person unless a newer one is known (event_user.version). */
MUST_CHECK enum err CO_FN people_apply(struct db_session *s, const struct event_user *u);

/* Called in the same transaction after a change of a person has been applied; may be NULL. */
typedef enum err (*people_changed_fn)(struct mq_delivery *d, const struct event_user *u);

/* Declares queue "<service>.people" on user.* and role.* and consumes it. Call from init. */
void people_consume(struct service *s, people_changed_fn changed);
/* Fetches the snapshot from auth-service (GET /api/v1/users/snapshot, pages of 500 by ?after=<id>):
 * {"users":[event_user…],"next":<id or null>}. Call from start. While no person is known yet it
 * needs both auth-service (else ERR_SERVICE_UNAVAILABLE) and the broker, whose queue brings what
 * changes after the snapshot (else ERR_QUEUE_CONNECTION_FAILED); afterwards neither. */
MUST_CHECK enum err CO_FN people_sync(struct service *s);
