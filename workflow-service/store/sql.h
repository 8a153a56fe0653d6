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

/* Their ids but one, in order. */
#define HOLDERS(system, role, except)                                                              \
    "(SELECT coalesce(array_agg(r.person_id ORDER BY r.person_id), '{}') FROM " HOLDERS_(          \
        system, role) " AND r.person_id <> " except ")"

/*
 * Takes the next turn of a role: one row of ids (the candidates) and picked_id, NULL when there are
 * none. The holders take turns exactly, whatever else happens at the same time; only a transaction
 * that fails gives its turn away. rest is a FROM or WHERE clause for the row, or "". (OFFSET 0
 * keeps the planner from evaluating ids wherever they are mentioned.)
 */
#define PICK_HOLDER(purpose, system, role, except, rest)                                           \
    "SELECT c.ids,"                                                                                \
    " c.ids[1 + (nextval(c.turns) % nullif(cardinality(c.ids), 0))::int] AS picked_id "            \
    "FROM (SELECT " HOLDERS(                                                                       \
        system, role,                                                                              \
        except) " AS ids,"                                                                         \
                " (SELECT u.turns FROM assignment_cursor u WHERE u.purpose = " purpose             \
                " AND u.role_system = " system " AND u.role_name = " role ") AS turns " rest       \
                " OFFSET 0) c"

#define PICK_REASON(picked)                                                                        \
    "CASE WHEN " picked " IS NULL THEN 'nobody holds the role' ELSE 'round robin' END"

/* The policy by which the clocks of workflow w run, NULL without one. */
#define POLICY_OF(w)                                                                               \
    "coalesce(" w ".sla_policy_id, (SELECT y.id FROM sla_policy y WHERE y.is_default))"

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
