#pragma once
/* The audit trail: how handlers record what is not a ticket's change, and its upkeep. */
#include "db.h"
#include "req.h"
#include "store/audit_store.h"

struct service;

/* What a change of the catalogue and the like tells: the members in which the JSON objects differ,
 * each absent for what is new or gone. */
struct audit_edit {
    const char *action, *object_type;
    int64_t object_id;
    struct str name;
    struct str before, after;
};
/* In the transaction of the change. */
MUST_CHECK enum err CO_FN audit_put_edit(struct req *r, struct db_session *s,
                                         const struct audit_edit *e);

/* That somebody takes a list away, and by which filters; before the first of it is sent. */
MUST_CHECK enum err CO_FN audit_put_export(struct req *r, struct db_session *s, const char *action,
                                           const char *object_type);

/* Seals events every second, makes checkpoints known, drops old months. */
void audit_start(struct service *s);

/* --verify-audit */
int CO_FN audit_verify_command(struct service *s, int count, char **args);
