#include "domain/definition.h"

#include "arena.h"
#include "strmap.h"

#define NONE (-1)

struct report {
    struct arena *arena;
    const struct definition *d;
    struct definition_problem *first, **last;
    struct strmap *steps; /* lower-case name → index + 1 of its first step */
    /* The graph, without transitions that lead from or to nowhere: index of a step, NONE for an
     * unknown one; a transition without next step leads to the end, which is one beyond the steps.
     */
    ptrdiff_t *from, *to;
};

static void add(struct report *r, struct str where, const char *message)
{
    struct definition_problem *p = ARENA_NEW(r->arena, struct definition_problem);
    *p = (struct definition_problem){where, message, NULL};
    *r->last = p;
    r->last = &p->next;
}

static void add_at(struct report *r, const char *list, size_t i, const char *member,
                   const char *message)
{
    add(r, str_printf(r->arena, "%s[%zu]%s%s", list, i, *member ? "." : "", member), message);
}

static void free_map(void *arg)
{
    strmap_free(arg);
}

static struct strmap *new_map(struct arena *a)
{
    struct strmap *m = strmap_new();
    arena_defer(a, free_map, m);
    return m;
}

/* The index kept under the key; that of the first, if several were. */
static ptrdiff_t index_of(const struct strmap *m, struct str key)
{
    return (ptrdiff_t)(uintptr_t)strmap_get(m, key) - 1;
}

/* False when the key was there already. */
static bool keep_index(struct strmap *m, struct str key, size_t i)
{
    if (strmap_get(m, key))
        return false;
    strmap_set(m, key, (void *)(uintptr_t)(i + 1));
    return true;
}

static struct str joined(struct arena *a, struct str one, struct str two)
{
    char *p = arena_alloc(a, one.len + two.len + 1);
    memcpy(p, one.len ? one.p : "", one.len);
    p[one.len] = '\0';
    memcpy(p + one.len + 1, two.len ? two.p : "", two.len);
    return str_n(p, one.len + two.len + 1);
}

/* ---- steps -------------------------------------------------------------------------------- */

static void check_holders(struct report *r, const struct strmap *map,
                          const struct definition_role *roles, struct str system, struct str name,
                          size_t i, const char *member)
{
    ptrdiff_t known = index_of(map, joined(r->arena, system, name));
    if (known < 0)
        add_at(r, "steps", i, member, "the role is not known: nobody has ever held it");
    else if (!roles[known].has_members)
        add_at(r, "steps", i, member, "nobody active holds the role");
}

static void check_roles(struct report *r, const struct definition_role *roles, size_t count)
{
    struct strmap *map = new_map(r->arena);
    for (size_t i = 0; i < count; i++)
        keep_index(map, joined(r->arena, roles[i].system, roles[i].name), i);
    for (size_t i = 0; i < r->d->step_count; i++) {
        const struct definition_step *s = &r->d->steps[i];
        if (s->role_system.len && s->role_name.len)
            check_holders(r, map, roles, s->role_system, s->role_name, i, "role");
        if (s->escalation_system.len && s->escalation_role.len)
            check_holders(r, map, roles, s->escalation_system, s->escalation_role, i,
                          "escalation_role");
    }
}

static void check_step(struct report *r, size_t i)
{
    const struct definition_step *s = &r->d->steps[i];
    if (str_is_empty(str_trim(s->name)))
        add_at(r, "steps", i, "name", "the step has no name");
    else if (!keep_index(r->steps, str_lower(r->arena, s->name), i))
        add_at(r, "steps", i, "name", "another step has the same name");
    if (str_is_empty(s->role_system) || str_is_empty(s->role_name))
        add_at(r, "steps", i, "role", "the step has no role");
    if (str_is_empty(s->escalation_system) != str_is_empty(s->escalation_role))
        add_at(r, "steps", i, "escalation_role", "a role to escalate to has a system and a name");
    if (!(s->weight > 0 && s->weight <= DEFINITION_MAX_WEIGHT))
        add_at(r, "steps", i, "weight", "the weight must be above 0 and at most 1000");
}

static void check_steps(struct report *r)
{
    bool has_start = false;
    for (size_t i = 0; i < r->d->step_count; i++) {
        check_step(r, i);
        if (r->d->steps[i].is_start && has_start)
            add_at(r, "steps", i, "is_start", "exactly one step must be the start");
        has_start = has_start || r->d->steps[i].is_start;
    }
    if (!has_start)
        add(r, STR("steps"), "exactly one step must be the start");
}

/* ---- transitions -------------------------------------------------------------------------- */

/* Names are told apart as written; those that differ in case only are a problem of the steps. */
static ptrdiff_t step_of(const struct report *r, struct str name)
{
    ptrdiff_t i = name.len ? index_of(r->steps, str_lower(r->arena, name)) : NONE;
    if (i >= 0 && !str_eq(r->d->steps[i].name, name))
        return NONE;
    return i;
}

static bool is_outcome(struct str s)
{
    return str_eq(s, STR("resolved")) || str_eq(s, STR("rejected"));
}

static void check_target(struct report *r, size_t i)
{
    const struct definition_transition *t = &r->d->transitions[i];
    if (t->to.p && t->outcome.p)
        add_at(r, "transitions", i, "outcome",
               "the transition has both a next step and an outcome");
    if (t->to.p && r->to[i] == NONE)
        add_at(r, "transitions", i, "to_step", "the transition leads to an unknown step");
    else if (t->to.p && r->to[i] == r->from[i])
        add_at(r, "transitions", i, "to_step", "the transition leads back to its own step");
    else if (!t->to.p && !is_outcome(t->outcome))
        add_at(r, "transitions", i, "outcome",
               "the transition needs a next step, or resolved or rejected as its outcome");
}

static void check_transitions(struct report *r)
{
    size_t n = r->d->transition_count;
    struct strmap *names = new_map(r->arena);
    r->from = ARENA_ARRAY(r->arena, ptrdiff_t, n + 1);
    r->to = ARENA_ARRAY(r->arena, ptrdiff_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct definition_transition *t = &r->d->transitions[i];
        r->from[i] = step_of(r, t->from);
        r->to[i] = t->to.p ? step_of(r, t->to) : (ptrdiff_t)r->d->step_count;
        if (r->from[i] == NONE)
            add_at(r, "transitions", i, "from_step", "the transition starts at an unknown step");
        struct str key = joined(r->arena, t->from, str_lower(r->arena, t->name));
        if (str_is_empty(str_trim(t->name)))
            add_at(r, "transitions", i, "name", "the transition has no name");
        else if (!keep_index(names, key, i))
            add_at(r, "transitions", i, "name", "the step has another transition of this name");
        check_target(r, i);
    }
}

/* ---- paths -------------------------------------------------------------------------------- */

/* Marks what transitions lead to from the marked nodes; tails and heads are parallel. */
static void spread(struct report *r, const ptrdiff_t *tails, const ptrdiff_t *heads, bool *marked)
{
    size_t nodes = r->d->step_count + 1, n = r->d->transition_count, top = 0;
    size_t *first = ARENA_ARRAY(r->arena, size_t, nodes + 2);
    ptrdiff_t *reached = ARENA_ARRAY(r->arena, ptrdiff_t, n + 1);
    ptrdiff_t *queue = ARENA_ARRAY(r->arena, ptrdiff_t, nodes);
    for (size_t i = 0; i < n; i++)
        if (tails[i] != NONE && heads[i] != NONE)
            first[tails[i] + 2]++;
    for (size_t v = 2; v < nodes + 2; v++)
        first[v] += first[v - 1];
    for (size_t i = 0; i < n; i++)
        if (tails[i] != NONE && heads[i] != NONE)
            reached[first[tails[i] + 1]++] = heads[i];
    for (size_t v = 0; v < nodes; v++)
        if (marked[v])
            queue[top++] = (ptrdiff_t)v;
    while (top) {
        ptrdiff_t v = queue[--top];
        for (size_t k = first[v]; k < first[v + 1]; k++)
            if (!marked[reached[k]]) {
                marked[reached[k]] = true;
                queue[top++] = reached[k];
            }
    }
}

static void check_paths(struct report *r)
{
    size_t n = r->d->step_count;
    bool *reachable = ARENA_ARRAY(r->arena, bool, n + 1);
    bool *ending = ARENA_ARRAY(r->arena, bool, n + 1);
    bool has_start = false;
    for (size_t i = 0; i < n; i++)
        has_start = (reachable[i] = r->d->steps[i].is_start) || has_start;
    ending[n] = true;
    spread(r, r->from, r->to, reachable);
    spread(r, r->to, r->from, ending);
    for (size_t i = 0; i < n; i++) {
        bool is_lost = has_start && !reachable[i];
        if (is_lost && !ending[i])
            add_at(r, "steps", i, "",
                   "no path leads from the start to the step, nor from the step to an end");
        else if (is_lost)
            add_at(r, "steps", i, "", "no path leads from the start to the step");
        else if (!ending[i])
            add_at(r, "steps", i, "", "no path leads from the step to an end");
    }
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static ptrdiff_t own_target(const struct definition *d, struct str priority)
{
    for (size_t i = 0; i < d->target_count; i++)
        if (str_ieq(d->targets[i].priority, priority))
            return (ptrdiff_t)i;
    return NONE;
}

struct sla_target definition_target(const struct definition *d, size_t i)
{
    struct sla_target t = SLA_DEFAULTS[i];
    ptrdiff_t own = own_target(d, t.priority);
    if (own >= 0) {
        t.target_minutes = d->targets[own].target_minutes;
        t.breach_minutes = d->targets[own].breach_minutes;
    }
    return t;
}

static const char *late(struct report *r, const char *what, struct str than)
{
    return arena_printf(r->arena, "the %s must not come after that of %.*s", what, STR_ARG(than));
}

/* The more urgent priority is not later than the next one; said of what the definition states. */
static void check_order(struct report *r, size_t more, size_t less)
{
    struct sla_target a = definition_target(r->d, more), b = definition_target(r->d, less);
    ptrdiff_t at = own_target(r->d, a.priority);
    if (at < 0)
        at = own_target(r->d, b.priority);
    if (at < 0)
        return;
    if (a.target_minutes > b.target_minutes)
        add_at(r, "sla", (size_t)at, "target_minutes",
               str_ieq(r->d->targets[at].priority, a.priority)
                   ? late(r, "target", b.priority)
                   : arena_printf(r->arena, "the target must not come before that of %.*s",
                                  STR_ARG(a.priority)));
    if (a.breach_minutes > b.breach_minutes)
        add_at(r, "sla", (size_t)at, "breach_minutes",
               str_ieq(r->d->targets[at].priority, a.priority)
                   ? late(r, "breach", b.priority)
                   : arena_printf(r->arena, "the breach must not come before that of %.*s",
                                  STR_ARG(a.priority)));
}

static void check_targets(struct report *r)
{
    const struct definition *d = r->d;
    size_t before = 0;
    bool is_sound = true;
    for (size_t i = 0; i < d->target_count; i++) {
        const struct sla_target *t = &d->targets[i];
        if (!str_ieq(sla_default(t->priority)->priority, t->priority))
            add_at(r, "sla", i, "priority", "the priority is not known");
        else if (own_target(d, t->priority) != (ptrdiff_t)i)
            add_at(r, "sla", i, "priority", "the priority is there twice");
        else if (t->target_minutes <= 0)
            add_at(r, "sla", i, "target_minutes", "the target must be above 0");
        else if (t->breach_minutes < t->target_minutes)
            add_at(r, "sla", i, "breach_minutes", "the breach must not come before the target");
        else
            before++;
        is_sound = before == i + 1;
    }
    if (!is_sound)
        return;
    for (size_t i = 0; i + 1 < SLA_DEFAULT_COUNT; i++)
        check_order(r, i + 1, i);
}

/* ---- the whole ---------------------------------------------------------------------------- */

struct definition_problem *definition_check(struct arena *a, const struct definition *d,
                                            const struct definition_role *roles, size_t role_count)
{
    struct report r = {.arena = a, .d = d};
    r.last = &r.first;
    if (str_is_empty(str_trim(d->name)))
        add(&r, STR("name"), "the workflow has no name");
    if (d->step_count == 0 || d->step_count > DEFINITION_MAX_STEPS)
        add(&r, STR("steps"), "a workflow has between 1 and 200 steps");
    if (d->transition_count > DEFINITION_MAX_TRANSITIONS)
        add(&r, STR("transitions"), "a workflow has at most 1000 transitions");
    check_targets(&r);
    if (d->step_count == 0 || d->step_count > DEFINITION_MAX_STEPS ||
        d->transition_count > DEFINITION_MAX_TRANSITIONS)
        return r.first;
    r.steps = new_map(a);
    check_steps(&r);
    if (roles)
        check_roles(&r, roles, role_count);
    check_transitions(&r);
    check_paths(&r);
    return r.first;
}
