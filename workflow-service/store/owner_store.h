#pragma once
/* Who answers for a ticket: escalation and transfer. */
#include "db.h"
#include "domain/task.h"

struct ownership {
    struct owner_facts facts;
    int64_t task_id;
    struct str ticket_number, owner_name;
};

/* ERR_TICKET_NOT_FOUND when no task has the ticket number. Locks the task. */
MUST_CHECK enum err CO_FN owner_store_lock(struct db_session *s, struct str ticket_number,
                                           int64_t actor_id, struct ownership *out);

/* Whom the policy says, of the first of the two Admin roles with somebody but except who can take
 * the ticket, and records the decision; ERR_USER_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN owner_store_pick_admin(struct db_session *s, const struct ownership *o,
                                                 int64_t except, int64_t now, int64_t *id,
                                                 struct str *name);

/* ERR_USER_NOT_FOUND. */
MUST_CHECK enum err CO_FN owner_store_candidate(struct db_session *s, int64_t id,
                                                struct owner_candidate *out, struct str *name);

struct owner_change {
    bool is_escalation;
    int64_t new_owner_id, actor_id; /* actor_id NO_PERSON: the program */
    struct str reason, urgency;     /* absent: none */
    int64_t now;
};

/* Sets the owner and records why. A transfer ends an escalation. */
MUST_CHECK enum err CO_FN owner_store_change(struct db_session *s, const struct ownership *o,
                                             const struct owner_change *c);
