#pragma once
/* For the tests of tasks from their beginning to their end: people, a workflow of two steps,
 * tickets. */

#include "api/definition.h"
#include "arrive.h"
#include "frame.h"
#include "store/owner_store.h"
#include "store/sql.h"
#include "store/task_store.h"
#include "store/transition_store.h"

#define COORDINATOR_A 11
#define COORDINATOR_B 12
#define REVIEWER_A 21
#define REVIEWER_B 22
#define APPROVER 31
#define ADMIN 41
#define EMPLOYEE 51

static const struct definition_step STEPS[] = {
    {.name = S("Review"),
     .role_system = S("tts"),
     .role_name = S("Reviewer"),
     .weight = 3,
     .is_start = true},
    {.name = S("Approval"), .role_system = S("tts"), .role_name = S("Approver"), .weight = 1},
};
static const struct definition_transition TRANSITIONS[] = {
    {.from = S("Review"), .name = S("approve"), .to = S("Approval")},
    {.from = S("Review"), .name = S("reject"), .outcome = S("rejected")},
    {.from = S("Approval"), .name = S("approve"), .outcome = S("resolved")},
    {.from = S("Approval"), .name = S("return"), .to = S("Review")},
};

static inline struct definition definition(const char *name)
{
    return (struct definition){
        .name = str_from(name),
        .match = {.department = STR("IT Department"), .category = STR("IT Support")},
        .steps = STEPS,
        .step_count = 2,
        .transitions = TRANSITIONS,
        .transition_count = 4,
    };
}

static inline void publish(struct db_session *s)
{
    struct definition d = definition("Support");
    struct definition_problem *problems;
    OK(definition_publish(s, &d, NOW, &problems));
}

static inline struct ticket ticket(const char *number)
{
    return (struct ticket){
        .number = str_from(number),
        .subject = STR("Network connectivity issue"),
        .description = STR("Unable to access VPN"),
        .match = {.department = STR("it department"),
                  .category = STR("IT SUPPORT"),
                  .sub_category = STR(""),
                  .priority = STR("High")},
        .status = STR("Open"),
        .requester_id = EMPLOYEE,
        .requester_name = STR("Emil"),
        .requester_email = STR("emil@example.com"),
        .submitted_at = NOW,
    };
}

/* The way a ticket takes when it arrives. */
static inline struct started_task start(struct db_session *s, const char *number)
{
    struct ticket t = ticket(number);
    struct start_plan *plans;
    size_t count;
    struct started_task task;
    OK(add_ticket(s, &t, NOW, &plans, &count));
    assert_int_equal(count, 1);
    struct task_start start = {.ticket_id = t.id, .submitted_at = NOW, .now = NOW};
    OK(begin_task(s, &plans[0], &start, &task));
    struct cause c = cause_at(NOW);
    OK(clocks_begin(s, &(struct clocks_start){&c, task.task_id}, 1));
    return task;
}

static inline int64_t transition_id(struct db_session *s, int64_t task_id, const char *name)
{
    struct task_view v;
    struct task_exits e;
    bool is_involved;
    OK(task_store_find(s, task_id, STR_NULL, ADMIN, &v, &e, &is_involved));
    for (size_t i = 0; i < e.count; i++)
        if (str_eq(e.names[i], str_from(name)))
            return e.ids[i];
    fail_msg("no transition %s", name);
    return 0;
}

static inline struct task_view view(struct db_session *s, int64_t task_id)
{
    struct task_view v;
    struct task_exits e;
    bool is_involved;
    OK(task_store_find(s, task_id, STR_NULL, ADMIN, &v, &e, &is_involved));
    return v;
}

static inline struct next_item act(struct db_session *s, int64_t task_id, const char *name,
                                   int64_t wish, int64_t now)
{
    struct task_view before = view(s, task_id);
    struct transition_view v;
    struct next_item next;
    int64_t id = transition_id(s, task_id, name);
    OK(transition_store_lock(s, before.item_id, id, before.assignee_id, wish, &v));
    OK(transition_check(&v.facts));
    struct transition_write w = {
        .transition_id = id,
        .actor_id = before.assignee_id,
        .wish = wish,
        .notes = STR("done"),
        .status = v.facts.has_next                     ? TASK_STATUS_IN_PROGRESS
                  : str_eq(v.outcome, STR("rejected")) ? TASK_STATUS_REJECTED
                                                       : TASK_STATUS_RESOLVED,
        .now = now,
    };
    OK(transition_store_apply(s, &v, &w, &next));
    struct cause c = cause_at(now);
    OK(clocks_follow(s, &c, task_id, CLOCKS_NEXT_STEP));
    return next;
}

/* Turns outlive a rolled-back test: who is first depends on the tests before. */
static inline int64_t other_coordinator(int64_t id)
{
    assert_true(id == COORDINATOR_A || id == COORDINATOR_B);
    return id == COORDINATOR_A ? COORDINATOR_B : COORDINATOR_A;
}

static inline int64_t other_reviewer(int64_t id)
{
    assert_true(id == REVIEWER_A || id == REVIEWER_B);
    return id == REVIEWER_A ? REVIEWER_B : REVIEWER_A;
}

/* ---- the group ---------------------------------------------------------------------------- */

static inline void add_person(struct db_session *s, int64_t id, const char *name,
                              const char *system, const char *role)
{
    struct event_user_role held = {str_from(system), str_from(role), id};
    struct event_user u = {
        .id = id,
        .email = str_printf(s->arena, "%s@example.com", name),
        .name = str_from(name),
        .active = JSON_TRUE,
        .version = 1,
        .roles = {&held, 1},
    };
    OK(people_apply(s, &u));
}

static inline void add_people(struct db_session *s)
{
    add_person(s, COORDINATOR_A, "Cora", OWNER_SYSTEM, OWNER_ROLE);
    add_person(s, COORDINATOR_B, "Cole", OWNER_SYSTEM, OWNER_ROLE);
    add_person(s, REVIEWER_A, "Rita", "tts", "Reviewer");
    add_person(s, REVIEWER_B, "Rolf", "tts", "Reviewer");
    add_person(s, APPROVER, "Anna", "tts", "Approver");
    add_person(s, ADMIN, "Adam", "hdts", "Admin");
    add_person(s, EMPLOYEE, "Emil", "hdts", "Employee");
}

static inline int open_group(void **state)
{
    (void)state;
    return open_frame("workflow", add_people);
}
