#pragma once
/* The table of instances. Whatever a reader could notice also moves the revision. */
#include "db.h"
#include "domain/instance.h"

/*
 * Registers or renews: the lease lasts until lease_us after now, and the instance counts as healthy
 * until a check says otherwise. registered_at of an earlier registration is kept. A new one and one
 * that was unhealthy is checked soon, at check_at.
 */
MUST_CHECK enum err CO_FN instance_store_register(struct db_session *s, const struct instance *i,
                                                  int64_t check_at, int64_t *registered_at);
/* Extends the lease only. ERR_SERVICE_NOT_FOUND when there is no such instance. */
MUST_CHECK enum err CO_FN instance_store_renew(struct db_session *s, struct str name, struct str id,
                                               int64_t now, int64_t lease_until);
/* id absent: all instances of the name. */
MUST_CHECK enum err CO_FN instance_store_remove(struct db_session *s, struct str name,
                                                struct str id);

struct lease_rules {
    int64_t overdue_before;   /* a lease that ends before that was not renewed in time */
    int64_t preserve_percent; /* fewer in time than that: preserve; 0: never */
    int64_t preserve_until;   /* leases that ended before that are not preserved */
};
struct lease_count {
    int64_t ended, overdue, total;
    bool is_preserving; /* so many are overdue, and more than one, that it may be our own fault */
};
/* Removes the instances whose lease has ended, unless too many are overdue at once. */
MUST_CHECK enum err CO_FN instance_store_expire(struct db_session *s, int64_t now,
                                                const struct lease_rules *rules,
                                                struct lease_count *out);

MUST_CHECK enum err CO_FN instance_store_revision(struct db_session *s, int64_t *revision);
/* Moves the revision beyond that one and the present one. */
MUST_CHECK enum err CO_FN instance_store_raise_revision(struct db_session *s, int64_t beyond);
MUST_CHECK enum err CO_FN instance_store_all(struct db_session *s, struct instance **out,
                                             size_t *n);

/* Takes up to limit instances whose check is due and puts their next check at next_at, so that no
 * two replicas check the same one. */
MUST_CHECK enum err CO_FN instance_store_claim_checks(struct db_session *s, int64_t now,
                                                      int64_t next_at, int64_t limit,
                                                      struct instance **out, size_t *n);
/* Records the result of a check; a good one extends the lease to lease_until, after a bad one the
 * next is due at retry_at. */
MUST_CHECK enum err CO_FN instance_store_checked(struct db_session *s, const struct instance *i,
                                                 bool is_healthy, int64_t now, int64_t lease_until,
                                                 int64_t retry_at);
/* Makes the check of whoever is registered at that address due. */
MUST_CHECK enum err CO_FN instance_store_suspect(struct db_session *s, struct str name,
                                                 struct str host, int64_t port, int64_t now,
                                                 int64_t *n);
