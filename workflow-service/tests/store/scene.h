#pragma once
/* For the tests of assignment: people, a workflow of two steps, and what happens to its tasks. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/definition.h"
#include "arrive.h"
#include "co.h"
#include "frame.h"
#include "store/agent_store.h"
#include "store/assign_store.h"
#include "store/claim_store.h"
#include "store/drain_store.h"
#include "store/owner_store.h"
#include "store/rule_store.h"
#include "store/task_store.h"
#include "store/ticket_store.h"
#include "store/transition_store.h"

enum { CORA = 11, COLE, RITA = 21, ROLF, ROSE, ANNA = 31, ADAM = 41, TINA, EMIL = 51 };

static const struct definition_step STEPS[] = {
    {.name = S("Review"),
     .role_system = S("tts"),
     .role_name = S("Reviewer"),
     .escalation_system = S("tts"),
     .escalation_role = S("Admin"),
     .weight = 0.5,
     .is_start = true},
    {.name = S("Approval"), .role_system = S("tts"), .role_name = S("Approver"), .weight = 2},
};
static const struct definition_transition TRANSITIONS[] = {
    {.from = S("Review"), .name = S("approve"), .to = S("Approval")},
    {.from = S("Review"), .name = S("reject"), .outcome = S("rejected")},
    {.from = S("Approval"), .name = S("approve"), .outcome = S("resolved")},
    {.from = S("Approval"), .name = S("return"), .to = S("Review")},
};

/* ---- scenery ------------------------------------------------------------------------------ */

static inline void set_person(struct db_session *s, int64_t id, const char *name,
                              const char *system, const char *role, bool active)
{
    static int64_t version;
    struct event_user_role held = {str_from(system), str_from(role), id};
    struct event_user u = {
        .id = id,
        .email = str_printf(s->arena, "%s@example.com", name),
        .name = str_from(name),
        .active = active ? JSON_TRUE : JSON_FALSE,
        .version = ++version,
        .roles = {&held, 1},
    };
    OK(people_apply(s, &u));
}

static inline void add_people(struct db_session *s)
{
    struct definition d = {
        .name = STR("Support"),
        .match = {.category = STR("IT Support")},
        .steps = STEPS,
        .step_count = 2,
        .transitions = TRANSITIONS,
        .transition_count = 4,
    };
    struct definition_problem *problems;
    set_person(s, CORA, "Cora", "hdts", "Ticket Coordinator", true);
    set_person(s, COLE, "Cole", "hdts", "Ticket Coordinator", true);
    set_person(s, RITA, "Rita", "tts", "Reviewer", true);
    set_person(s, ROLF, "Rolf", "tts", "Reviewer", true);
    set_person(s, ROSE, "Rose", "tts", "Reviewer", true);
    set_person(s, ANNA, "Anna", "tts", "Approver", true);
    set_person(s, ADAM, "Adam", "hdts", "Admin", true);
    set_person(s, TINA, "Tina", "tts", "Admin", true);
    set_person(s, EMIL, "Emil", "hdts", "Employee", true);
    OK(db_begin(s));
    OK(definition_publish(s, &d, NOW, &problems));
    OK(db_commit(s));
}

struct ticket_words {
    const char *priority, *sub_category;
    int64_t requester_id;
};

static inline struct started_task start_as(struct db_session *s, const struct ticket_words *w)
{
    static int number;
    struct ticket t = {
        .number = str_printf(s->arena, "TX%d", ++number),
        .subject = STR("Printer"),
        .description = STR(""),
        .match = {.department = STR(""),
                  .category = STR("IT Support"),
                  .sub_category = str_from(w->sub_category),
                  .priority = str_from(w->priority)},
        .status = STR("Open"),
        .requester_id = w->requester_id,
        .requester_name = STR("Emil"),
        .requester_email = STR("emil@example.com"),
        .submitted_at = NOW,
    };
    struct start_plan *plans;
    size_t count;
    struct started_task task = {0};
    OK(add_ticket(s, &t, NOW, &plans, &count));
    assert_int_equal(count, 1);
    struct task_start start = {.ticket_id = t.id, .submitted_at = NOW, .now = NOW};
    OK(begin_task(s, &plans[0], &start, &task));
    return task;
}

static inline struct started_task start(struct db_session *s)
{
    return start_as(s, &(struct ticket_words){"High", "", EMIL});
}

static inline struct task_view view(struct db_session *s, int64_t task_id, struct task_exits *exits)
{
    struct task_view v;
    bool is_involved;
    OK(task_store_find(s, task_id, STR_NULL, ADAM, &v, exits, &is_involved));
    return v;
}

/* The assignee executes the k-th transition of the step. */
static inline enum err act(struct db_session *s, int64_t task_id, size_t k, struct next_item *next)
{
    struct task_exits e;
    struct task_view task = view(s, task_id, &e);
    struct transition_view v;
    enum err rc = transition_store_lock(s, task.item_id, e.ids[k], task.assignee_id, NO_PERSON, &v);
    if (rc == ERR_OK)
        rc = transition_check(&v.facts);
    if (rc)
        return rc;
    struct transition_write w = {
        .transition_id = e.ids[k],
        .actor_id = task.assignee_id,
        .wish = NO_PERSON,
        .notes = STR("done"),
        .status = v.facts.has_next ? TASK_STATUS_IN_PROGRESS : TASK_STATUS_RESOLVED,
        .now = NOW,
    };
    return transition_store_apply(s, &v, &w, next);
}

static inline void set_policy(struct db_session *s, const char *role, const char *kind,
                              const char *fallback)
{
    struct assign_rule *rules;
    size_t count;
    int64_t total;
    struct assign_rule rule = {
        .system = str_from(str_eq(str_from(role), STR("Ticket Coordinator")) ? "hdts" : "tts"),
        .role = str_from(role),
        .kind = str_from(kind),
        .fallback = str_from(fallback),
    };
    OK(rule_store_list(s, 100, 0, &rules, &count, &total));
    for (size_t i = 0; i < count; i++)
        if (str_eq(rules[i].role, rule.role))
            rule.id = rules[i].id;
    OK(rule_store_put(s, &rule, NOW));
    OK(assign_store_track(s));
}

static inline struct agent_doc agent(struct db_session *s, int64_t id)
{
    struct agent_doc d;
    OK(agent_store_lock(s, id, &d));
    return d;
}

static inline void put(struct db_session *s, const struct agent_doc *d)
{
    OK(agent_store_put(s, d, NOW));
    OK(assign_store_track(s));
}

static inline void set_capacity(struct db_session *s, int64_t id, int64_t capacity)
{
    struct agent_doc d = agent(s, id);
    d.capacity = capacity;
    put(s, &d);
}

static inline void set_presence(struct db_session *s, int64_t id, const char *presence)
{
    struct agent_doc d = agent(s, id);
    d.presence = str_from(presence);
    put(s, &d);
}

static inline int drain(struct db_session *s)
{
    struct drain_pass pass = {.arena = s->arena};
    struct pooled_item item;
    struct ownerless_task owned;
    bool is_given;
    int given = 0;
    while (drain_store_owner(s, &pass, NOW, &owned) == ERR_OK)
        given++;
    while (drain_store_item(s, &pass, NOW, &item, &is_given) == ERR_OK)
        given += is_given;
    return given;
}

/* Loads that are not what a count says. */
DB_READ(test_miscounted, "", "i",
        "SELECT count(*) FROM agent_load l CROSS JOIN LATERAL (SELECT count(*) AS n,"
        "  coalesce(sum(round(least(s.weight, 1000) * 1000)::bigint), 0) AS weight"
        "  FROM task_item i JOIN step s ON s.id = i.step_id"
        "  WHERE i.assignee_id = l.person_id AND i.status IN ('new', 'in_progress')) c"
        " WHERE l.open_items <> c.n OR l.open_weight <> c.weight OR l.owned <>"
        "  (SELECT count(*) FROM task t WHERE t.owner_id = l.person_id"
        "   AND t.current_step_id IS NOT NULL)");
/* Running tasks without exactly one open item that waits or is with somebody who may do it; others
 * with any. */
DB_READ(test_lost, "", "i",
        "SELECT count(*) FROM task t WHERE CASE WHEN t.current_step_id IS NULL THEN EXISTS ("
        "  SELECT FROM task_item i WHERE i.task_id = t.id AND i.status IN ('pool', 'new',"
        "   'in_progress')) ELSE (SELECT count(*) FROM task_item i JOIN step s ON s.id = i.step_id"
        "  WHERE i.task_id = t.id AND i.step_id = t.current_step_id AND (i.status = 'pool'"
        "   OR (i.status IN ('new', 'in_progress') AND EXISTS (SELECT FROM person_role r"
        "    JOIN person p ON p.id = r.person_id AND p.active WHERE r.person_id = i.assignee_id"
        "    AND (r.system, r.role) IN ((s.role_system, s.role_name),"
        "     (s.escalation_system, s.escalation_role)))))) <> 1 END");
DB_READ(test_open_of, "i", "i",
        "SELECT count(*) FROM task_item WHERE assignee_id = $1 AND status IN ('new',"
        " 'in_progress')");
DB_READ(test_pooled, "", "i", "SELECT count(*) FROM task_item WHERE status = 'pool'");

static inline int64_t number(struct db_session *s, const struct db_stmt *stmt)
{
    struct db_result *r;
    OK(db_query(s, stmt, &r));
    return db_get_int(r, 0, 0);
}

static inline int64_t open_of(struct db_session *s, int64_t person_id)
{
    struct db_result *r;
    OK(db_query(s, &test_open_of, &r, DB_INT(person_id)));
    return db_get_int(r, 0, 0);
}

static inline void expect_sound(struct db_session *s)
{
    assert_int_equal(number(s, &test_miscounted), 0);
    assert_int_equal(number(s, &test_lost), 0);
}

static inline struct decision_doc decision(struct db_session *s, int64_t task_id, int64_t k)
{
    struct decision_doc *docs;
    size_t count;
    int64_t total;
    bool is_involved;
    OK(claim_store_decisions(s, task_id, EMIL, 1, k, &is_involved, &docs, &count, &total));
    assert_int_equal(count, 1);
    return docs[0];
}

static inline enum err claim(struct db_session *s, int64_t task_id, int64_t person_id)
{
    struct claim_view v;
    struct pooled_item item;
    enum err rc = claim_store_lock(s, task_id, person_id, &v);
    if (rc == ERR_OK)
        rc = assign_check_claim(&v.facts);
    struct claim_write w = {person_id, person_id, STR("Task taken"), STR("taken by hand"), NOW};
    return rc ? rc : claim_store_give(s, &v, &w, &item);
}

static inline int scene_open(void **state)
{
    (void)state;
    return open_frame("assign", add_people);
}
