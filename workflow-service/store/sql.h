#pragma once
/* SQL fragments that several statements share. */

/* Who owns tickets: the role behind the owner's round robin. */
#define OWNER_SYSTEM "hdts"
#define OWNER_ROLE "Ticket Coordinator"

#define OPEN_ITEM "('pool', 'new', 'in_progress')"

/* Active holders of a role, as a FROM list with its WHERE. */
#define HOLDERS_(system, role)                                                                     \
    "person_role r JOIN person p ON p.id = r.person_id AND p.active "                              \
    "WHERE r.system = " system " AND r.role = " role

/* Their ids, for the record of a decision. */
#define HOLDERS(system, role)                                                                      \
    "(SELECT coalesce(array_agg(r.person_id ORDER BY r.person_id), '{}') FROM " HOLDERS_(system,   \
                                                                                         role) ")"

/*
 * Advances the round robin of a role by one and returns picked_id, NULL when nobody holds the role.
 * The cursor's row is locked until the transaction ends, so concurrent picks queue up and nobody is
 * skipped or taken twice. except is an id never picked; condition is a WHERE clause or "".
 */
#define PICK_HOLDER(purpose, system, role, except, condition)                                      \
    "INSERT INTO assignment_cursor AS c "                                                          \
    "(purpose, role_system, role_name, last_person_id, picked_id) "                                \
    "SELECT " purpose ", " system ", " role ", coalesce(f.id, 0), f.id "                           \
    "FROM (SELECT (SELECT r.person_id FROM " HOLDERS_(                                             \
        system, role) " AND r.person_id <> " except                                                \
                      " ORDER BY r.person_id LIMIT 1) AS id) f " condition " "                     \
                      "ON CONFLICT (purpose, role_system, role_name) DO UPDATE SET "               \
                      "(last_person_id, picked_id) = "                                             \
                      "(SELECT coalesce(n.id, c.last_person_id), n.id FROM (SELECT coalesce("      \
                      "(SELECT r.person_id FROM " HOLDERS_(                                        \
                          "excluded.role_system",                                                  \
                          "excluded.role_name") " AND r.person_id > c.last_person_id AND "         \
                                                "r.person_id <> " except                           \
                                                " ORDER BY r.person_id LIMIT 1), "                 \
                                                "excluded.picked_id) AS id) n) "                   \
                                                "RETURNING c.picked_id"

#define PICK_REASON(picked)                                                                        \
    "CASE WHEN " picked " IS NULL THEN 'nobody holds the role' ELSE 'round robin' END"

/* Ends a running clock at the time of that parameter; a breach that nobody has seen yet still
 * counts. met is what an unbreached clock becomes. */
#define STOP_CLOCK(now, met)                                                                       \
    "next_wake = NULL, stopped_at = " now ", "                                                     \
    "breached_at = coalesce(breached_at, CASE WHEN breach_at < " now " THEN breach_at END), "      \
    "state = CASE WHEN breached_at IS NULL AND breach_at >= " now " THEN " met                     \
    " ELSE 'breached' END"

/* Whether a person has to do with task t of ticket k: raised it, owns or owned it, worked on it. */
#define IS_INVOLVED(person)                                                                        \
    "coalesce(" person " IN (k.requester_id, t.owner_id), false)"                                  \
    " OR EXISTS (SELECT 1 FROM task_item x WHERE x.task_id = t.id AND x.assignee_id = " person ")" \
    " OR EXISTS (SELECT 1 FROM ownership_change x WHERE x.task_id = t.id"                          \
    "  AND " person " IN (x.old_owner_id, x.new_owner_id))"

/* The task of a ticket's number, or of its own id when that is given. */
#define TASK_ID(id, number)                                                                        \
    "coalesce(" id ", (SELECT y.id FROM ticket x JOIN task y ON y.ticket_id = x.id"                \
    " WHERE x.number = " number "))"
