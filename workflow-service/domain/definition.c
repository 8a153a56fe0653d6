#include "domain/definition.h"

#include "arena.h"

struct report {
    struct arena *arena;
    struct definition_problem *first, **last;
};

static void add(struct report *r, struct str where, const char *message)
{
    struct definition_problem *p = ARENA_NEW(r->arena, struct definition_problem);
    *p = (struct definition_problem){where, message, NULL};
    *r->last = p;
    r->last = &p->next;
}

ptrdiff_t definition_step_index(const struct definition *d, struct str name)
{
    for (size_t i = 0; i < d->step_count; i++)
        if (str_eq(d->steps[i].name, name))
            return (ptrdiff_t)i;
    return -1;
}

static void check_steps(struct report *r, const struct definition *d)
{
    size_t starts = 0;
    for (size_t i = 0; i < d->step_count; i++) {
        const struct definition_step *s = &d->steps[i];
        starts += s->is_start;
        if (str_is_empty(s->name))
            add(r, STR("workflow"), "a step has no name");
        if (definition_step_index(d, s->name) != (ptrdiff_t)i)
            add(r, s->name, "another step has the same name");
        if (str_is_empty(s->role_system) || str_is_empty(s->role_name))
            add(r, s->name, "the step has no role");
        if (!(s->weight > 0))
            add(r, s->name, "the weight must be above 0");
    }
    if (starts != 1)
        add(r, STR("workflow"), "exactly one step must be the start");
}

static void check_transition(struct report *r, const struct definition *d, size_t index)
{
    const struct definition_transition *t = &d->transitions[index];
    if (str_is_empty(t->name))
        add(r, t->from, "a transition of the step has no name");
    if (definition_step_index(d, t->from) < 0)
        add(r, t->name, "the transition starts at an unknown step");
    if (t->to.p && t->outcome.p)
        add(r, t->name, "the transition has both a next step and an outcome");
    else if (t->to.p && definition_step_index(d, t->to) < 0)
        add(r, t->name, "the transition leads to an unknown step");
    else if (t->to.p && str_eq(t->to, t->from))
        add(r, t->name, "the transition leads back to its own step");
    else if (!t->to.p && !str_eq(t->outcome, STR("resolved")) &&
             !str_eq(t->outcome, STR("rejected")))
        add(r, t->name, "the outcome must be resolved or rejected");
    for (size_t i = 0; i < index; i++)
        if (str_eq(d->transitions[i].from, t->from) && str_eq(d->transitions[i].name, t->name))
            add(r, t->name, "the step has another transition of this name");
}

/* Marks what leads from marked steps (forward), or to marked steps and the end (backward), until
 * nothing more is found. */
static void spread(const struct definition *d, bool *marked, bool forward)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < d->transition_count; i++) {
            const struct definition_transition *t = &d->transitions[i];
            ptrdiff_t from = definition_step_index(d, t->from);
            ptrdiff_t to = t->to.p ? definition_step_index(d, t->to) : -1;
            if (from < 0 || (t->to.p && to < 0))
                continue;
            bool *target = forward ? (to < 0 ? NULL : &marked[to]) : &marked[from];
            bool source = forward ? marked[from] : to < 0 || marked[to];
            if (target && source && !*target)
                *target = changed = true;
        }
    }
}

static void check_paths(struct report *r, const struct definition *d)
{
    bool *reachable = ARENA_ARRAY(r->arena, bool, d->step_count + 1);
    bool *ending = ARENA_ARRAY(r->arena, bool, d->step_count + 1);
    for (size_t i = 0; i < d->step_count; i++)
        reachable[i] = d->steps[i].is_start;
    spread(d, reachable, true);
    spread(d, ending, false);
    for (size_t i = 0; i < d->step_count; i++) {
        if (!reachable[i])
            add(r, d->steps[i].name, "no path leads from the start to the step");
        if (!ending[i])
            add(r, d->steps[i].name, "no path leads from the step to an end");
    }
}

struct definition_problem *definition_check(struct arena *a, const struct definition *d)
{
    struct report r = {.arena = a};
    r.last = &r.first;
    if (str_is_empty(str_trim(d->name)))
        add(&r, STR("workflow"), "the workflow has no name");
    if (d->step_count == 0 || d->step_count > DEFINITION_MAX_STEPS) {
        add(&r, STR("workflow"), "a workflow has between 1 and 200 steps");
        return r.first;
    }
    check_steps(&r, d);
    for (size_t i = 0; i < d->transition_count; i++)
        check_transition(&r, d, i);
    for (size_t i = 0; i < d->target_count; i++) {
        const struct sla_target *t = &d->targets[i];
        if (t->target_minutes <= 0 || t->breach_minutes < t->target_minutes)
            add(&r, t->priority, "the breach must not come before the target, nor the target at 0");
    }
    check_paths(&r, d);
    return r.first;
}
