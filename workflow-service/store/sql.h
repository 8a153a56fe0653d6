#pragma once
/* SQL fragments that several statements share. */

/* Who owns tickets: the role behind the owner's round robin. */
#define OWNER_SYSTEM "hdts"
#define OWNER_ROLE "Ticket Coordinator"

/* A time given as Unix microseconds, in JSON. */
#define AT_US(column) "timestamptz 'epoch' + " column " * interval '1 microsecond'"

#define OPEN_ITEM "('pool', 'new', 'in_progress')"

/* The role whose turn item i of step s is. */
#define TURN_SYSTEM "CASE WHEN i.is_escalated THEN s.escalation_system ELSE s.role_system END"
#define TURN_ROLE "CASE WHEN i.is_escalated THEN s.escalation_role ELSE s.role_name END"

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
 * that fails gives its turn away. choice is a jsonb parameter: NULL, or what a policy has chosen
 * (store/assign_store.h) instead. rest is a FROM or WHERE clause for the row, or "". (OFFSET 0
 * keeps the planner from evaluating ids wherever they are mentioned.)
 */
#define PICK_CHOSEN(purpose, system, role, except, choice, rest)                                   \
    "SELECT c.ids, CASE WHEN " choice                                                              \
    " IS NULL THEN c.ids[1 + (nextval(c.turns) % nullif(cardinality(c.ids), 0))::int]"             \
    " ELSE (" choice "->>'chosen')::bigint END AS picked_id "                                      \
    "FROM (SELECT CASE WHEN " choice                                                               \
    " IS NULL THEN " HOLDERS(system, role, except) " ELSE " CHOICE_IDS(                            \
        choice) " END AS ids,"                                                                     \
                " (SELECT u.turns FROM assignment_cursor u"                                        \
                " WHERE u.purpose = " purpose " AND u.role_system = " system                       \
                " AND u.role_name = " role ") AS turns " rest " OFFSET 0) c"
#define PICK_HOLDER(purpose, system, role, except, rest)                                           \
    PICK_CHOSEN(purpose, system, role, except, "NULL::jsonb", rest)

#define CHOICE_IDS(choice)                                                                         \
    "ARRAY(SELECT x::bigint FROM jsonb_array_elements_text(" choice "->'candidates') x)"

#define PICK_REASON(picked)                                                                        \
    "CASE WHEN " picked " IS NULL THEN 'nobody holds the role' ELSE 'round robin' END"

/* Columns reason, policy and scores of a decision. */
#define CHOICE_COLUMNS "reason, policy, scores"
#define CHOICE_VALUES(choice, picked)                                                              \
    "coalesce(" choice "->>'reason', " PICK_REASON(picked) "),"                                    \
                                                           " coalesce(" choice                     \
                                                           "->>'policy', 'round_robin'), " choice  \
                                                           "->'scores'"

/* The assignment policy for a role, of the step when it has one of its own; NULL without any. */
#define ASSIGNMENT_POLICY(system, role, step)                                                      \
    "coalesce((SELECT ap.id FROM step az JOIN workflow_version av ON av.id = az.version_id"        \
    " JOIN assignment_policy ap ON ap.workflow_id = av.workflow_id"                                \
    "  AND lower(ap.step_name) = lower(az.name)"                                                   \
    " WHERE az.id = " step " AND az.role_system = " system " AND az.role_name = " role "),"        \
    " (SELECT ap.id FROM assignment_policy ap WHERE ap.role_system = " system                      \
    "  AND ap.role_name = " role "))"

/* Whether turns alone do not decide: there is a policy, or a holder of the role who is not always
 * there for any number of items, or whose load is counted. */
#define NEEDS_CHOICE(system, role, step)                                                           \
    "((EXISTS (SELECT FROM assignment_policy) AND EXISTS (SELECT FROM assignment_policy y"         \
    "  WHERE y.kind <> 'round_robin' AND y.id = " ASSIGNMENT_POLICY(                               \
        system, role,                                                                              \
        step) "))"                                                                                 \
              " OR (EXISTS (SELECT FROM agent) AND EXISTS (SELECT FROM person_role h JOIN agent g" \
              "  ON g.person_id = h.person_id WHERE h.system = " system " AND h.role = " role "))" \
              " OR (EXISTS (SELECT FROM agent_load) AND EXISTS (SELECT FROM person_role h"         \
              "  JOIN agent_load g ON g.person_id = h.person_id WHERE h.system = " system          \
              "  AND h.role = " role ")))"

/* Whether somebody's load is counted, which locks a row of theirs. */
#define IS_TRACKED(person) "EXISTS (SELECT FROM agent_load l WHERE l.person_id IN (" person "))"

/* A ticket k that waits for a workflow to take it; as the partial indexes have it. */
#define IS_UNMATCHED(k)                                                                            \
    "NOT " k ".is_matched AND " k ".status NOT IN ('Resolved', 'Rejected', 'Closed', 'Withdrawn')"

/* Published version v, by whose rule a ticket of these fields may be taken. */
#define RULE_FITS(category, sub_category, department, priority)                                    \
    "v.state = 'published'"                                                                        \
    " AND (v.category IS NULL OR lower(v.category) = lower(" category "))"                         \
    " AND (v.sub_category IS NULL OR lower(v.sub_category) = lower(" sub_category "))"             \
    " AND (v.department IS NULL OR lower(v.department) = lower(" department "))"                   \
    " AND (v.priority IS NULL OR lower(v.priority) = lower(" priority "))"

/* What struct start_plan is read from: version v, its workflow w and its first step s. */
#define PLAN_COLS "itttttitttbb"
#define PLAN_FIELDS                                                                                \
    "v.id, v.department, v.category, v.sub_category, v.priority, w.name, s.id, s.name,"            \
    " s.role_system, s.role_name, " NEEDS_CHOICE(                                                  \
        "'" OWNER_SYSTEM "'", "'" OWNER_ROLE "'",                                                  \
        "NULL::bigint") ", " NEEDS_CHOICE("s.role_system", "s.role_name", "s.id")
#define PLAN_TABLES                                                                                \
    "workflow_version v JOIN workflow w ON w.id = v.workflow_id"                                   \
    " JOIN step s ON s.version_id = v.id AND s.is_start"

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

/* What struct task_exits is read from: the ways out of a step. */
#define EXIT_COLS "ITTT"
#define EXITS_OF(step)                                                                             \
    "ARRAY(SELECT x.id FROM transition x WHERE x.from_step_id = " step " ORDER BY x.id),"          \
    " ARRAY(SELECT x.name FROM transition x WHERE x.from_step_id = " step " ORDER BY x.id),"       \
    " ARRAY(SELECT coalesce(n.name, '') FROM transition x LEFT JOIN step n ON n.id = x.to_step_id" \
    "  WHERE x.from_step_id = " step " ORDER BY x.id),"                                            \
    " ARRAY(SELECT coalesce(x.outcome, '') FROM transition x"                                      \
    "  WHERE x.from_step_id = " step " ORDER BY x.id)"
