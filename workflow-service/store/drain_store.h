#pragma once
/* Giving out the work that waits: the most urgent first, of equally urgent the oldest. */
#include "db.h"
#include "domain/task.h"
#include "store/pool_store.h"

/*
 * One pass through what waits: it looks ahead without locks, and what nobody can take is left out
 * of the rest of it. Its arena outlives the transactions; all else begins zeroed.
 */
struct drain_list {
    int64_t *ids;
    size_t count, room;
};

struct drain_pass {
    struct arena *arena;
    struct drain_entry *ahead;
    size_t ahead_count, next;
    struct drain_list steps, items; /* left out */
    bool is_owner_done;
};

/* Gives the next waiting item to whom the policy says, or finds that nobody can take it: one in a
 * transaction, so that the locks on loads keep their order. ERR_TASK_NOT_FOUND at the end. */
MUST_CHECK enum err CO_FN drain_store_item(struct db_session *s, struct drain_pass *p, int64_t now,
                                           struct pooled_item *out, bool *is_given);

struct ownerless_task {
    int64_t task_id, owner_id;
    struct str ticket_number;
};

/* Gives the next running task without an owner to a coordinator, likewise. ERR_TASK_NOT_FOUND when
 * there is none, or nobody who can own one. */
MUST_CHECK enum err CO_FN drain_store_owner(struct db_session *s, struct drain_pass *p, int64_t now,
                                            struct ownerless_task *out);

/* An item that waits and of which nobody has been told. */
struct waiting_item {
    struct pooled_item item;
    struct str reason;        /* why nobody has it */
    const int64_t *admin_ids; /* of the role's system; none when it waits to be taken by hand */
    size_t admin_count;
};

/* Marks the next such item as told. ERR_TASK_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN drain_store_tell(struct db_session *s, struct waiting_item *out);
