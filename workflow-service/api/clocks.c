#include "api/clocks.h"

#include "api/escalation.h"
#include "clock.h"
#include "events/publish.h"
#include "log.h"
#include "store/calendar_store.h"

#define REPLAY_GRACE_US (300 * US_PER_S)

static int64_t default_warning = 80;

void clocks_set_warning(int64_t percent)
{
    default_warning = percent;
}

/* What one call has to write, with its session. */
struct record {
    struct db_session *s;
    struct clock_put *puts;
    size_t count, room;
};

/* A task: the rules, and what is to be done with one clock after the other. */
struct work {
    struct db_session *s;
    struct record *record;
    const struct cause *cause;
    struct clock_rules rules;
    const struct calendar *calendar;
    int64_t now, not_before;
};

struct change {
    struct clock_row *row;
    struct clock_note notes[CLOCK_MAX_NOTES];
    size_t count;
};

static void note(struct change *c, const char *kind, struct str detail)
{
    if (c->count < CLOCK_MAX_NOTES)
        c->notes[c->count++] = (struct clock_note){kind, detail};
}

static void put(struct record *r, const struct clock_put *p)
{
    if (r->count == r->room) {
        struct clock_put *old = r->puts;
        r->room = r->room ? 2 * r->room : 4;
        r->puts = ARENA_ARRAY(r->s->arena, struct clock_put, r->room);
        for (size_t i = 0; i < r->count; i++)
            r->puts[i] = old[i];
    }
    r->puts[r->count++] = *p;
}

static enum err CO_FN write_record(const struct record *r)
{
    return clock_store_put(r->s, r->puts, r->count);
}

enum err clocks_rules(struct db_session *s, int64_t task_id, struct clock_rules *out)
{
    return clock_store_rules(s, &task_id, 1, default_warning, out);
}

enum err clocks_calendar(struct db_session *s, const struct clock_rules *rules,
                         const struct calendar **out)
{
    *out = NULL;
    if (rules->calendar_id == INT64_MIN)
        return ERR_OK;
    return calendar_store_load(s, rules->calendar_id, rules->zone, out);
}

static struct work work_of(struct record *r, const struct cause *c)
{
    return (struct work){
        .s = r->s,
        .record = r,
        .cause = c,
        .now = c->now,
        .not_before = c->time_overridden ? clock_wall_us() + REPLAY_GRACE_US : SLA_NONE,
    };
}

static enum err CO_FN begin(struct work *w, struct record *r, const struct cause *c,
                            int64_t task_id)
{
    *w = work_of(r, c);
    enum err rc = clocks_rules(r->s, task_id, &w->rules);
    return rc ? rc : clocks_calendar(r->s, &w->rules, &w->calendar);
}

/* ---- telling ------------------------------------------------------------------------------ */

static enum err CO_FN announce(struct work *w, const struct clock_row *row, enum sla_firing what)
{
    struct clock_audience a;
    enum err rc = clock_store_audience(w->s, row->task_id, &a);
    if (rc)
        return rc;
    bool is_breach = what == SLA_FIRES_BREACH;
    struct event_task e = publish_blank();
    e.task_id = a.task_id;
    e.task_item_id = a.item_id;
    e.ticket_number = a.ticket_number;
    e.subject = a.subject;
    e.workflow_name = a.workflow_name;
    e.step = a.step;
    e.role = a.role;
    e.status = a.status;
    e.assignee_id = a.assignee_id;
    e.assignee_name = a.assignee_name;
    e.owner_id = a.owner_id;
    e.owner_name = a.owner_name;
    e.requester_id = a.requester_id;
    e.metric = row->metric;
    e.due_at = is_breach ? row->clock.breach_at : row->clock.due_at;
    return publish_task(w->s, w->cause, is_breach ? "sla.breached" : "sla.warning", &e);
}

static enum err CO_FN save(struct work *w, struct change *c)
{
    bool is_breach = false;
    if (c->count == 0)
        note(c, "recompute", STR_NULL);
    struct clock_put p = {.row = *c->row, .note_count = c->count, .now = w->now};
    p.not_before = w->not_before;
    for (size_t i = 0; i < c->count; i++) {
        p.notes[i] = c->notes[i];
        is_breach = is_breach || strcmp(c->notes[i].kind, "breach") == 0;
    }
    put(w->record, &p);
    if (!is_breach || w->cause->time_overridden)
        return ERR_OK;
    return announce(w, c->row, SLA_FIRES_BREACH);
}

/* ---- one clock ---------------------------------------------------------------------------- */

/* False when the rules have no target for the metric. */
static bool targets_of(const struct clock_rules *r, struct str metric, int64_t *target,
                       int64_t *breach)
{
    bool is_response = str_eq(metric, METRIC_RESPONSE);
    if ((is_response ? r->response_minutes : r->target_minutes) == INT64_MIN)
        return false;
    if (is_response) {
        *target = *breach = sla_span_us(r->response_minutes);
        return true;
    }
    if (str_eq(metric, METRIC_STEP)) {
        *target = sla_share_us(r->target_minutes, r->weight, r->total_weight);
        *breach = sla_share_us(r->breach_minutes, r->weight, r->total_weight);
    } else {
        *target = sla_span_us(r->target_minutes);
        *breach = sla_span_us(r->breach_minutes);
    }
    return true;
}

static struct str policy_detail(struct work *w)
{
    const struct clock_rules *r = &w->rules;
    return str_printf(w->s->arena, "priority %.*s, %.*s, %.*s", STR_ARG(r->priority),
                      STR_ARG(r->policy.p ? r->policy : STR("no policy")),
                      STR_ARG(r->calendar.p ? r->calendar : STR("around the clock")));
}

static void pause_or_resume(struct work *w, struct change *c)
{
    struct sla_clock *k = &c->row->clock;
    bool wants_pause = w->rules.pauses[w->rules.status];
    if (wants_pause && k->state == SLA_STATE_RUNNING) {
        sla_clock_pause(k, w->calendar, w->now);
        note(c, "pause", task_status_word(w->rules.status));
    } else if (!wants_pause && k->state == SLA_STATE_PAUSED) {
        sla_clock_resume(k, w->calendar, w->now);
        note(c, "resume", task_status_word(w->rules.status));
    }
}

static void apply_rules(struct work *w, struct change *c)
{
    struct clock_row *row = c->row;
    struct sla_clock *k = &row->clock;
    int64_t target = k->target_us, breach = k->breach_us, due = k->due_at, breach_at = k->breach_at;
    bool is_known = targets_of(&w->rules, row->metric, &target, &breach);
    bool has_other_target = is_known && (target != k->target_us || breach != k->breach_us);
    bool is_stale = row->sla_version != w->rules.sla_version;
    if (!has_other_target && !is_stale)
        return;
    row->sla_version = w->rules.sla_version;
    k->warn_percents = w->rules.warn_percents;
    k->warn_count = w->rules.warn_count;
    if (is_known)
        sla_clock_retarget(k, w->calendar, w->now, target, breach);
    else
        sla_clock_schedule(k, w->calendar);
    if (has_other_target)
        note(c, "apply_policy", policy_detail(w));
    else if (due != k->due_at || breach_at != k->breach_at)
        note(c, "recompute", policy_detail(w));
}

static void stop(struct work *w, struct change *c)
{
    struct sla_clock *k = &c->row->clock;
    bool is_cancelled = w->rules.status == TASK_STATUS_CANCELLED;
    bool was_breached = k->breached_at != SLA_NONE;
    sla_clock_stop(k, w->calendar, w->now, is_cancelled);
    note(c, is_cancelled ? "cancel" : "fulfil", STR_NULL);
    if (!was_breached && k->breached_at != SLA_NONE)
        note(c, "breach", STR_NULL);
}

static enum err CO_FN follow_one(struct work *w, struct clock_row *row)
{
    struct change c = {.row = row};
    int64_t version = row->sla_version;
    bool is_left = str_eq(row->metric, METRIC_STEP) && row->step_id != w->rules.step_id;
    if (is_left || !task_status_is_running(w->rules.status)) {
        stop(w, &c);
    } else {
        apply_rules(w, &c);
        pause_or_resume(w, &c);
    }
    return c.count || version != row->sla_version ? save(w, &c) : ERR_OK;
}

/* ---- beginnings --------------------------------------------------------------------------- */

static enum err CO_FN start_cycle(struct work *w, struct str metric, int64_t cycle, int64_t at)
{
    const struct clock_rules *r = &w->rules;
    struct clock_row row = {
        .task_id = r->task_id,
        .metric = metric,
        .cycle = cycle,
        .step_id = str_eq(metric, METRIC_STEP) ? r->step_id : INT64_MIN,
        .workflow_id = r->workflow_id,
        .sla_version = r->sla_version,
        .started_at = at,
        .clock = {.warn_percents = r->warn_percents, .warn_count = r->warn_count},
    };
    struct change c = {.row = &row};
    if (!targets_of(r, metric, &row.clock.target_us, &row.clock.breach_us))
        return ERR_OK;
    sla_clock_start(&row.clock, w->calendar, at);
    note(&c, cycle > 1 && !str_eq(metric, METRIC_STEP) ? "reopen" : "activate", policy_detail(w));
    pause_or_resume(w, &c);
    return save(w, &c);
}

static enum err CO_FN reopen(struct work *w, struct clock_row *row)
{
    struct change c = {.row = row};
    sla_clock_reopen(&row->clock, w->calendar, w->now);
    note(&c, "reopen", STR_NULL);
    apply_rules(w, &c);
    pause_or_resume(w, &c);
    return save(w, &c);
}

/* The latest clock of the metric, NULL when there never was one. */
static struct clock_row *latest(struct clock_row *rows, size_t n, struct str metric)
{
    for (size_t i = n; i > 0; i--)
        if (str_eq(rows[i - 1].metric, metric))
            return &rows[i - 1];
    return NULL;
}

static bool is_open(const struct clock_row *row)
{
    return row && row->clock.stopped_at == SLA_NONE;
}

static enum err CO_FN begin_missing(struct work *w, struct clock_row *rows, size_t n,
                                    enum clocks_moment moment)
{
    struct clock_row *whole = latest(rows, n, METRIC_RESOLUTION);
    struct clock_row *step = latest(rows, n, METRIC_STEP);
    enum err rc = ERR_OK;
    if (!whole)
        rc = start_cycle(w, METRIC_RESOLUTION, 1, w->rules.submitted_at);
    else if (!is_open(whole) && w->rules.is_new_cycle)
        rc = start_cycle(w, METRIC_RESOLUTION, whole->cycle + 1, w->now);
    else if (!is_open(whole))
        rc = reopen(w, whole);
    if (rc == ERR_OK && moment != CLOCKS_ANY && !is_open(step))
        rc = start_cycle(w, METRIC_STEP, step ? step->cycle + 1 : 1, w->now);
    return rc;
}

static enum err CO_FN begin_all(struct work *w)
{
    enum err rc = begin_missing(w, NULL, 0, CLOCKS_NEXT_STEP);
    return rc ? rc : start_cycle(w, METRIC_RESPONSE, 1, w->rules.submitted_at);
}

enum err clocks_begin(struct db_session *s, const struct clocks_start *starts, size_t n)
{
    struct record r = {.s = s};
    struct clock_rules *rules = ARENA_ARRAY(s->arena, struct clock_rules, n + 1);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        ids[i] = starts[i].task_id;
    enum err rc = clock_store_rules(s, ids, n, default_warning, rules);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        struct work w = work_of(&r, starts[i].cause);
        w.rules = rules[i];
        rc = clocks_calendar(s, &w.rules, &w.calendar);
        if (rc == ERR_OK)
            rc = begin_all(&w);
    }
    return rc ? rc : write_record(&r);
}

enum err clocks_follow(struct db_session *s, const struct cause *c, int64_t task_id,
                       enum clocks_moment moment)
{
    struct record r = {.s = s};
    struct work w;
    struct clock_row *rows = NULL;
    size_t n = 0;
    enum err rc = begin(&w, &r, c, task_id);
    if (rc == ERR_OK)
        rc = clock_store_lock(s, task_id, &rows, &n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        if (is_open(&rows[i]))
            rc = follow_one(&w, &rows[i]);
    if (rc == ERR_OK && task_status_is_running(w.rules.status))
        rc = begin_missing(&w, rows, n, moment);
    return rc ? rc : write_record(&r);
}

enum err clocks_respond(struct db_session *s, const struct cause *c, int64_t task_id)
{
    struct record r = {.s = s};
    struct work w;
    struct clock_row *rows;
    size_t n;
    enum err rc = begin(&w, &r, c, task_id);
    if (rc == ERR_OK)
        rc = clock_store_lock(s, task_id, &rows, &n);
    if (rc)
        return rc;
    struct clock_row *row = latest(rows, n, METRIC_RESPONSE);
    if (!is_open(row) || c->actor_id == w.rules.requester_id)
        return ERR_OK;
    struct change change = {.row = row};
    stop(&w, &change);
    rc = save(&w, &change);
    return rc ? rc : write_record(&r);
}

/* ---- time passes -------------------------------------------------------------------------- */

enum err clocks_fire(struct db_session *s, const struct cause *c, struct clock_row *row,
                     enum sla_firing *what)
{
    struct record r = {.s = s};
    struct work w;
    enum err rc = begin(&w, &r, c, row->task_id);
    if (rc)
        return rc;
    *what = sla_clock_fire(&row->clock, w.calendar, c->now);
    bool is_breach = *what == SLA_FIRES_BREACH;
    struct clock_note record = {"recompute", STR_NULL};
    if (*what == SLA_FIRES_WARNING)
        record = (struct clock_note){
            "warn", str_printf(s->arena, "%lld %%", (long long)row->clock.warned_percent)};
    if (is_breach)
        record.kind = "breach";
    struct clock_put fired = {.row = *row, .notes = {record}, .note_count = 1, .now = c->now};
    fired.not_before = SLA_NONE;
    rc = clock_store_put(s, &fired, 1);
    if (rc == ERR_OK && *what != SLA_FIRES_NOTHING)
        rc = announce(&w, row, *what);
    if (rc || !is_breach)
        return rc;
    if (w.rules.escalate_owner && str_eq(row->metric, METRIC_RESOLUTION))
        return escalate_owner(s, c, w.rules.ticket_number);
    if (w.rules.escalate_step && str_eq(row->metric, METRIC_STEP))
        return escalate_step(s, c, row->task_id);
    return ERR_OK;
}
