/*
 * The life of tasks, explored exhaustively: every state that a small world can come to, by every
 * order of what happens in it.
 *
 * The world: one or two tasks of a workflow with two steps (forward, back, and an end at each), a
 * coordinator who can own them, and two people who can do them, of whom one has a capacity of one
 * item and the other a substitute. Everybody may leave and come back, be away or out of office at
 * any moment; the helpdesk may say anything at any moment. Each event is one transaction, as locks
 * make it one in the program; what it decides is decided by the functions of domain/task.h and
 * domain/assign.h that the program uses, and what it writes is what the statements of store/ write:
 * start start_store_begin, act transition_store_apply, begin transition_store_begin, signal
 * ticket_store_set_task and ticket_store_reopen, leave pool_store_release, drain drain_store_item
 * and drain_store_owner, claim claim_store_give. tests/store/test_assign_load.c holds the
 * statements to the same invariants.
 *
 * Proved of every state: a running task has a step and one open item, which waits in the pool or is
 * with an active holder of the role who can act on it or, while on hold, could once it is resumed;
 * a finished one has neither. No policy or claim overfills a capacity. A drained pool holds nothing
 * that somebody can take. From every state the end can be reached by work alone, once whoever is
 * away is back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/assign.h"

#define PEOPLE 2
#define TASKS_MAX 2
#define NOBODY 2
#define NO_STEP 2
#define LIMITED 0 /* the one with a capacity; stands in for the other */
#define CAPACITY 1
#define OWNER_ID 9

enum absence { HERE, AWAY, OUT, GONE, ABSENCES }; /* GONE: no longer of the role */

struct life {
    uint8_t exists, status, step, has_item, item, assignee, has_owner, has_started;
};

struct world {
    struct life tasks[TASKS_MAX];
    uint8_t people[PEOPLE]; /* enum absence */
    uint8_t owner;          /* likewise, HERE or GONE */
};

/* What may be broken, to see that the checker sees it. */
enum flaw {
    SOUND,
    WORK_IS_LOST,       /* a step that nobody can take gets no item */
    LEAVERS_KEEP_WORK,  /* whoever leaves hands nothing back */
    END_LEAVES_ITEM,    /* withdrawing a task leaves its item open */
    HOLD_LOSES_ITEM,    /* a task on hold loses its item */
    CAPACITY_IS_MISSED, /* the load is looked at before, not under the lock */
    DRAIN_FORGETS,      /* the pool is never given out */
};

struct model {
    size_t tasks;
    enum assign_kind kind;
    enum flaw flaw;
};

/* ---- choosing ----------------------------------------------------------------------------- */

static int64_t open_of(const struct world *w, int person)
{
    int64_t n = 0;
    for (size_t t = 0; t < TASKS_MAX; t++)
        n += w->tasks[t].exists && w->tasks[t].has_item && w->tasks[t].assignee == person;
    return n;
}

static size_t candidates_of(const struct model *m, const struct world *w,
                            struct assign_candidate out[PEOPLE])
{
    size_t n = 0;
    for (int p = 0; p < PEOPLE; p++) {
        if (w->people[p] == GONE)
            continue;
        out[n++] = (struct assign_candidate){
            .id = p + 1,
            .is_present = w->people[p] != AWAY,
            .has_out = w->people[p] == OUT,
            .out_from = ASSIGN_NEVER,
            .out_until = ASSIGN_NEVER,
            .substitute_id = p == LIMITED ? NO_PERSON : LIMITED + 1,
            .capacity = p == LIMITED ? CAPACITY : ASSIGN_UNLIMITED,
            .weight = 1,
            .open = m->flaw == CAPACITY_IS_MISSED ? 0 : open_of(w, p),
            .open_weight = 1000 * open_of(w, p),
        };
    }
    return n;
}

static uint8_t choose(const struct model *m, const struct world *w, int64_t turn)
{
    const struct assign_policy policy = {.kind = m->kind, .fallback = ASSIGN_LEAST_LOADED};
    const struct assign_case k = {1000, turn, LIMITED + 1};
    struct assign_candidate c[PEOPLE];
    size_t n = candidates_of(m, w, c);
    struct assign_decision d = assign_decide(&policy, c, n, &k);
    return d.chosen < 0 ? NOBODY : (uint8_t)(c[d.chosen].id - 1);
}

static void give(const struct model *m, struct world *w, struct life *l, uint8_t step, int64_t turn)
{
    l->step = step;
    l->has_item = false;
    l->assignee = NOBODY;
    l->assignee = choose(m, w, turn);
    l->item = (uint8_t)assign_item_status(l->assignee == NOBODY ? NO_PERSON : l->assignee);
    l->has_item = !(m->flaw == WORK_IS_LOST && l->assignee == NOBODY);
}

static void end(struct life *l)
{
    l->step = NO_STEP;
    l->has_item = false;
    l->item = 0;
    l->assignee = NOBODY;
}

/* ---- what happens ------------------------------------------------------------------------- */

static bool start(const struct model *m, struct world *w, struct life *l, int64_t turn)
{
    if (l->exists)
        return false;
    *l = (struct life){.exists = true, .status = TASK_STATUS_ACTIVE, .has_owner = w->owner == HERE};
    give(m, w, l, 0, turn);
    return true;
}

static bool begin(struct life *l)
{
    if (!l->exists || !l->has_item || l->item != ITEM_STATUS_NEW ||
        l->status == TASK_STATUS_ON_HOLD)
        return false;
    l->item = ITEM_STATUS_IN_PROGRESS;
    l->status = TASK_STATUS_IN_PROGRESS;
    return true;
}

/* Whether the one who has the item may send it on. */
static enum err may_act(const struct life *l)
{
    const struct transition_facts f = {
        .actor_id = l->assignee,
        .assignee_id = l->assignee == NOBODY ? NO_PERSON : l->assignee,
        .item = l->has_item ? (enum item_status)l->item : ITEM_STATUS_RESOLVED,
        .task = (enum task_status)l->status,
        .step_id = l->step,
        .is_known = true,
        .from_step_id = l->step,
    };
    return transition_check(&f);
}

/* exit 0: to the other step, 1: the end. */
static bool act(const struct model *m, struct world *w, struct life *l, int exit, int64_t turn)
{
    if (!l->exists || may_act(l) != ERR_OK)
        return false;
    l->has_started = true;
    if (exit == 0) {
        l->status = TASK_STATUS_IN_PROGRESS;
        give(m, w, l, 1 - l->step, turn);
    } else {
        l->status = l->step == 0 ? TASK_STATUS_REJECTED : TASK_STATUS_RESOLVED;
        end(l);
    }
    return true;
}

static bool signal_task(const struct model *m, struct world *w, struct life *l,
                        enum ticket_signal signal, int64_t turn)
{
    if (!l->exists)
        return false;
    enum task_status was = (enum task_status)l->status;
    enum task_status to = task_status_after(was, signal, l->has_started);
    if (to == was)
        return false;
    l->status = (uint8_t)to;
    if (!task_status_is_running(was) && task_status_is_running(to))
        give(m, w, l, 0, turn);
    else if (!task_status_is_running(to) && m->flaw == END_LEAVES_ITEM)
        l->step = NO_STEP;
    else if (!task_status_is_running(to))
        end(l);
    else if (to == TASK_STATUS_ON_HOLD && m->flaw == HOLD_LOSES_ITEM)
        l->has_item = false;
    return true;
}

static bool drain(const struct model *m, struct world *w, struct life *l, int64_t turn)
{
    bool changes = false;
    if (!l->exists || !task_status_is_running((enum task_status)l->status))
        return false;
    if (!l->has_owner && w->owner == HERE) {
        l->has_owner = true;
        changes = true;
    }
    if (!l->has_item || l->item != ITEM_STATUS_POOL || m->flaw == DRAIN_FORGETS)
        return changes;
    uint8_t who = choose(m, w, turn);
    if (who == NOBODY)
        return changes;
    l->assignee = who;
    l->item = (uint8_t)assign_item_status(who);
    return true;
}

static bool claim(const struct world *w, struct life *l, uint8_t person)
{
    const struct claim_facts f = {
        .item = l->has_item ? (enum item_status)l->item : ITEM_STATUS_RESOLVED,
        .task = (enum task_status)l->status,
        .holds_role = w->people[person] != GONE,
        .capacity = person == LIMITED ? CAPACITY : ASSIGN_UNLIMITED,
        .open = open_of(w, person),
    };
    if (!l->exists || assign_check_claim(&f) != ERR_OK)
        return false;
    l->assignee = person;
    l->item = (uint8_t)assign_item_status(person);
    return true;
}

static bool change_person(const struct model *m, struct world *w, int person, uint8_t to)
{
    if (w->people[person] == to)
        return false;
    w->people[person] = to;
    for (size_t t = 0; t < m->tasks && to == GONE && m->flaw != LEAVERS_KEEP_WORK; t++) {
        struct life *l = &w->tasks[t];
        if (!l->exists || !l->has_item || l->assignee != person)
            continue;
        l->assignee = NOBODY;
        l->item = ITEM_STATUS_POOL;
    }
    return true;
}

static bool change_owner(const struct model *m, struct world *w)
{
    w->owner = w->owner == HERE ? GONE : HERE;
    for (size_t t = 0; t < m->tasks && w->owner == GONE; t++)
        if (w->tasks[t].step != NO_STEP)
            w->tasks[t].has_owner = false;
    return true;
}

/* The e-th event; false when it does not exist or changes nothing. is_work: it is somebody's work,
 * or somebody's return. */
#define PER_TASK 16
static bool happen(const struct model *m, struct world *w, int e, bool *is_work)
{
    int of_people = e - PER_TASK * (int)m->tasks;
    *is_work = true;
    if (of_people >= 0) {
        if (of_people >= PEOPLE * ABSENCES) {
            *is_work = w->owner == GONE;
            return change_owner(m, w);
        }
        *is_work = of_people % ABSENCES == HERE;
        return change_person(m, w, of_people / ABSENCES, (uint8_t)(of_people % ABSENCES));
    }
    struct life *l = &w->tasks[e / PER_TASK];
    int turn = e % PER_TASK % 2;
    switch (e % PER_TASK / 2) {
    case 0:
        return start(m, w, l, turn);
    case 1:
        return act(m, w, l, 0, turn);
    case 2:
        return turn ? begin(l) : act(m, w, l, 1, turn);
    case 3:
        return drain(m, w, l, turn);
    case 4:
        return claim(w, l, (uint8_t)turn);
    case 5:
        *is_work = false;
        return signal_task(m, w, l, SIGNAL_OPEN, turn);
    case 6:
        *is_work = false;
        return signal_task(m, w, l, turn ? SIGNAL_HELD : SIGNAL_WITHDRAWN, 0);
    case 7:
        *is_work = turn;
        return signal_task(m, w, l, turn ? SIGNAL_RUNNING : SIGNAL_CLOSED, 0);
    default:
        return false;
    }
}

static int event_count(const struct model *m)
{
    return PER_TASK * (int)m->tasks + PEOPLE * ABSENCES + 1;
}

/* ---- what must hold ----------------------------------------------------------------------- */

static const char *check_task(const struct world *w, const struct life *l)
{
    bool is_running = task_status_is_running((enum task_status)l->status);
    if (!is_running)
        return l->step != NO_STEP || l->has_item ? "a finished task has work left" : NULL;
    if (l->step == NO_STEP)
        return "a running task has no step";
    if (!l->has_item)
        return "a running task has no open item";
    if (!item_status_is_open((enum item_status)l->item))
        return "the open item of a running task is closed";
    if ((l->item == ITEM_STATUS_POOL) != (l->assignee == NOBODY))
        return "an item is neither pooled nor somebody's";
    if (l->item == ITEM_STATUS_POOL)
        return NULL;
    if (w->people[l->assignee] == GONE)
        return "an item is with somebody who has left";
    struct life resumed = *l;
    if (l->status == TASK_STATUS_ON_HOLD)
        resumed.status =
            (uint8_t)task_status_after(TASK_STATUS_ON_HOLD, SIGNAL_RUNNING, l->has_started);
    return may_act(&resumed) == ERR_OK ? NULL : "whoever has the item cannot act";
}

/* A pool that was just drained holds nothing that anybody can take. */
static const char *check_drained(const struct model *m, const struct world *w)
{
    struct world after = *w;
    struct assign_candidate c[PEOPLE];
    for (size_t t = 0; t < m->tasks; t++)
        (void)drain(m, &after, &after.tasks[t], 0);
    size_t n = candidates_of(m, &after, c);
    for (size_t t = 0; t < m->tasks; t++) {
        const struct life *l = &after.tasks[t];
        if (!l->exists || l->step == NO_STEP)
            continue;
        if (!l->has_owner && after.owner == HERE)
            return "a ticket goes on without an owner";
        if (l->item == ITEM_STATUS_POOL && m->kind != ASSIGN_MANUAL && assign_anybody(c, n, 1000))
            return "an item waits although somebody is free";
    }
    return NULL;
}

static const char *check(const struct model *m, const struct world *w)
{
    for (size_t t = 0; t < m->tasks; t++) {
        const char *wrong = w->tasks[t].exists ? check_task(w, &w->tasks[t]) : NULL;
        if (wrong)
            return wrong;
    }
    if (open_of(w, LIMITED) > CAPACITY)
        return "somebody has more than they can take";
    return check_drained(m, w);
}

/* ---- exploring ---------------------------------------------------------------------------- */

static uint32_t pack(const struct model *m, const struct world *w)
{
    uint32_t key[TASKS_MAX] = {0};
    for (size_t t = 0; t < m->tasks; t++) {
        const struct life *l = &w->tasks[t];
        key[t] = l->exists | (uint32_t)l->status << 1 | (uint32_t)l->step << 4 |
                 (uint32_t)l->has_item << 6 | (uint32_t)l->item << 7 | (uint32_t)l->assignee << 9 |
                 (uint32_t)l->has_owner << 11 | (uint32_t)l->has_started << 12;
    }
    return key[0] | key[1] << 13 | (uint32_t)w->people[0] << 26 | (uint32_t)w->people[1] << 28 |
           (uint32_t)w->owner << 30;
}

#define SLOTS (1u << 21)

struct search {
    struct world *states; /* in the order of their discovery */
    uint32_t *index;      /* hash table of state numbers, plus one */
    size_t count;
};

/* The number of the state, and whether it is new. */
static size_t find(struct search *s, const struct model *m, const struct world *w, bool *is_new)
{
    uint32_t key = pack(m, w), slot = key * 2654435761u % SLOTS;
    while (s->index[slot]) {
        size_t i = s->index[slot] - 1;
        if (pack(m, &s->states[i]) == key) {
            *is_new = false;
            return i;
        }
        slot = (slot + 1) % SLOTS;
    }
    assert_true(s->count < SLOTS / 2);
    *is_new = true;
    s->states[s->count] = *w;
    s->index[slot] = (uint32_t)++s->count;
    return s->count - 1;
}

static void search_init(struct search *s)
{
    s->states = calloc(SLOTS / 2, sizeof *s->states);
    s->index = calloc(SLOTS, sizeof *s->index);
    s->count = 0;
    assert_non_null(s->states);
    assert_non_null(s->index);
}

static void search_release(struct search *s)
{
    free(s->states);
    free(s->index);
}

/* What is wrong with the first bad state; NULL when all are sound. */
static const char *explore(struct search *s, const struct model *m)
{
    struct world first = {.people = {HERE, HERE}, .owner = HERE};
    bool is_new, is_work;
    (void)find(s, m, &first, &is_new);
    for (size_t i = 0; i < s->count; i++) {
        for (int e = 0; e < event_count(m); e++) {
            struct world w = s->states[i];
            if (!happen(m, &w, e, &is_work))
                continue;
            (void)find(s, m, &w, &is_new);
            const char *wrong = is_new ? check(m, &w) : NULL;
            if (wrong)
                return wrong;
        }
    }
    return NULL;
}

static bool is_over(const struct model *m, const struct world *w)
{
    for (size_t t = 0; t < m->tasks; t++)
        if (!w->tasks[t].exists || task_status_is_running((enum task_status)w->tasks[t].status))
            return false;
    return true;
}

/* Backwards from the ends, by work alone: how many states never come to one. */
static size_t count_stuck(struct search *s, const struct model *m)
{
    bool *ends = calloc(s->count, sizeof *ends);
    bool is_new, is_work, has_changed = true;
    size_t stuck = 0;
    assert_non_null(ends);
    for (size_t i = 0; i < s->count; i++)
        ends[i] = is_over(m, &s->states[i]);
    while (has_changed) {
        has_changed = false;
        for (size_t i = 0; i < s->count; i++) {
            for (int e = 0; !ends[i] && e < event_count(m); e++) {
                struct world w = s->states[i];
                if (!happen(m, &w, e, &is_work) || !is_work)
                    continue;
                ends[i] = ends[find(s, m, &w, &is_new)];
                has_changed = has_changed || ends[i];
            }
        }
    }
    for (size_t i = 0; i < s->count; i++)
        stuck += !ends[i];
    free(ends);
    return stuck;
}

/* ---- tests -------------------------------------------------------------------------------- */

static void one_task_is_never_lost(void **state)
{
    (void)state;
    for (int kind = 0; kind < ASSIGN_KIND_COUNT; kind++) {
        const struct model m = {1, (enum assign_kind)kind, SOUND};
        struct search s;
        search_init(&s);
        const char *wrong = explore(&s, &m);
        if (wrong)
            fail_msg("%s", wrong);
        assert_true(s.count > 500);
        assert_int_equal(count_stuck(&s, &m), 0);
        search_release(&s);
    }
}

static void two_tasks_share_a_capacity(void **state)
{
    static const enum assign_kind KINDS[] = {ASSIGN_ROUND_ROBIN, ASSIGN_LEAST_LOADED};
    (void)state;
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++) {
        const struct model m = {2, KINDS[k], SOUND};
        struct search s;
        search_init(&s);
        const char *wrong = explore(&s, &m);
        if (wrong)
            fail_msg("%s", wrong);
        assert_true(s.count > 10000);
        search_release(&s);
    }
}

static void the_checker_sees_what_is_broken(void **state)
{
    static const struct {
        enum flaw flaw;
        size_t tasks;
        const char *expected;
    } CASES[] = {
        {WORK_IS_LOST, 1, "a running task has no open item"},
        {LEAVERS_KEEP_WORK, 1, "an item is with somebody who has left"},
        {END_LEAVES_ITEM, 1, "a finished task has work left"},
        {HOLD_LOSES_ITEM, 1, "a running task has no open item"},
        {CAPACITY_IS_MISSED, 2, "somebody has more than they can take"},
        {DRAIN_FORGETS, 1, "an item waits although somebody is free"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct model m = {CASES[i].tasks, ASSIGN_ROUND_ROBIN, CASES[i].flaw};
        struct search s;
        search_init(&s);
        const char *wrong = explore(&s, &m);
        assert_non_null(wrong);
        assert_string_equal(wrong, CASES[i].expected);
        search_release(&s);
    }
}

/* Without anybody who takes or is given work, what waits stays: the end must be out of reach. */
static void the_checker_sees_what_is_stuck(void **state)
{
    (void)state;
    const struct model m = {1, ASSIGN_MANUAL, SOUND};
    struct search s;
    bool is_new;
    struct world w = {.people = {HERE, HERE}, .owner = HERE};
    w.tasks[0] = (struct life){.exists = true,
                               .status = TASK_STATUS_ACTIVE,
                               .step = NO_STEP,
                               .assignee = NOBODY,
                               .has_owner = true};
    search_init(&s);
    (void)find(&s, &m, &w, &is_new);
    assert_int_equal(count_stuck(&s, &m), 1);
    search_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_task_is_never_lost),
        cmocka_unit_test(two_tasks_share_a_capacity),
        cmocka_unit_test(the_checker_sees_what_is_broken),
        cmocka_unit_test(the_checker_sees_what_is_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
