#pragma once
/*
 * The audit trail: who did what to whom, or was refused it. Append-only. People are named by id
 * only, never by name or address of mail, so that erasing a person leaves the trail true.
 */
#include "db.h"

/* Who acts, from where, as part of what. */
struct audit_origin {
    int64_t at;       /* µs */
    int64_t actor_id; /* 0: not a person */
    struct str actor; /* the program that acts; absent for people and strangers */
    struct str address, user_agent, trace_id;
};

struct audit_event {
    struct audit_origin origin;
    const char *action; /* "role.grant" */
    bool refused;
    const char *target_type; /* "user", "role", "session"; NULL: none */
    struct str target_id;    /* absent: none */
    struct str details;      /* a JSON object; absent: {} */
};

/* Tells the fleet as well (audit.recorded). One statement of its own, or part of the current
 * transaction. What is refused rolls its transaction back, so a refusal is put after that. */
MUST_CHECK enum err CO_FN audit_put(struct db_session *s, const struct audit_event *e);

struct audit_filter {
    int64_t actor_id;                          /* INT64_MIN: any */
    struct str action, target_type, target_id; /* absent: any */
    int8_t refused;                            /* enum json_tristate semantics */
    int64_t from, to;                          /* µs, from inclusive; INT64_MIN: open */
    int64_t before_id;                         /* INT64_MIN: from the newest on */
    int64_t limit;
};

struct audit_row {
    int64_t id, at, actor_id;
    struct str actor, action, target_type, target_id;
    bool refused;
    struct str address, user_agent, trace_id, details;
};

/* Newest first. */
MUST_CHECK enum err CO_FN audit_store_list(struct db_session *s, const struct audit_filter *f,
                                           struct audit_row **out, size_t *n);
