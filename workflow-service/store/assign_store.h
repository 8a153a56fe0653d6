#pragma once
/*
 * Choosing who gets a piece of work where turns alone do not decide. Whatever opens or finishes
 * work of people whose load is counted locks their rows first, all of them in the order of their
 * ids: assign_store_lock, before the first of them is changed.
 */
#include "db.h"
#include "domain/assign.h"

/* Roles whose holders may be chosen, and people besides who lose or gain work. */
struct assign_locks {
    struct str systems[2], roles[2];
    size_t role_count;
    int64_t people[3]; /* NO_PERSON is nobody */
    size_t person_count;
};

MUST_CHECK enum err CO_FN assign_store_lock(struct db_session *s, const struct assign_locks *l);

struct assign_query {
    const char *purpose; /* owner, step or escalation: whose turns */
    struct str system, role;
    int64_t step_id;            /* INT64_MIN: of the owner */
    int64_t ticket_id, task_id; /* one of them, the other INT64_MIN */
    int64_t except;             /* a person who is not meant; 0: all are */
    int64_t now;
};

/* What was decided, as statements take it: a JSON object. */
struct assign_choice {
    struct str json;
    int64_t chosen_id; /* NO_PERSON: nobody */
    enum assign_kind kind;
    bool is_by_ticket; /* another ticket might find somebody */
};

/* Locks the holders' loads unless is_locked. May begin to count them. */
MUST_CHECK enum err CO_FN assign_store_choose(struct db_session *s, const struct assign_query *q,
                                              bool is_locked, struct assign_choice *out);

/* Begins to count the loads of whoever has a capacity or holds a role whose policy compares loads,
 * and no longer counts those of others. For whatever changes policies or capacities. */
MUST_CHECK enum err CO_FN assign_store_track(struct db_session *s);
