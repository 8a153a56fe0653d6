#pragma once
/* Clocks that ran into a warning or a breach. */
#include "db.h"

struct clock_event {
    bool is_breach;
    struct str metric;
    int64_t task_id, due_at, late_us; /* how long after it was due this was noticed */
    struct str ticket_number, subject, workflow_name, step, role, status;
    int64_t item_id, assignee_id, owner_id, requester_id;
    struct str assignee_name, owner_name;
};

/*
 * Claims at most limit clocks that are due at now, each for one warning or one breach, and moves
 * them on. Concurrent callers get different ones; what they get is theirs once they commit.
 */
MUST_CHECK enum err CO_FN clock_store_fire(struct db_session *s, int64_t now, int limit,
                                           struct clock_event **out, size_t *count);
