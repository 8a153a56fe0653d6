#include "api/clocks.h"
#include "clock.h"
#include "config.h"
#include "events/events.h"
#include "log.h"
#include "metrics.h"

#define BATCH 100
#define SLICE_MS 100
#define HELD_MS 20
#define LONG_MS (24 * 3600 * 1000LL) /* longer than any pause between looks */

static struct metric timer_lag = {
    .name = "sla_timer_lag_seconds",
    .help = "How long after it was due a warning or breach was noticed.",
    .kind = METRIC_HISTOGRAM,
};
static struct metric fired = {
    .name = "sla_events_total",
    .help = "Warnings and breaches of deadlines.",
    .kind = METRIC_COUNTER,
    .labels = "event",
};

static struct metric breaches = {
    .name = "sla_breaches_total",
    .help = "Breaches of deadlines, by what the clock measures.",
    .kind = METRIC_COUNTER,
    .labels = "metric",
};

struct batch {
    struct cause cause;
    size_t count, fired_count;
    struct {
        bool is_breach;
        double late_s;
        struct str metric; /* in the arena of the batch */
    } fired[BATCH];
};

/* Rules that have changed since it was computed may have moved its deadline: they come first. */
static enum err CO_FN fire_one(struct db_session *s, struct batch *b, struct due_clock *due)
{
    enum sla_firing what;
    int64_t since = due->row.clock.next_wake;
    if (due->is_stale)
        return clocks_follow(s, &b->cause, due->row.task_id, CLOCKS_ANY);
    enum err rc = clocks_fire(s, &b->cause, &due->row, &what);
    if (rc || what == SLA_FIRES_NOTHING)
        return rc;
    b->fired[b->fired_count].is_breach = what == SLA_FIRES_BREACH;
    b->fired[b->fired_count].metric = due->row.metric;
    b->fired[b->fired_count++].late_s = (double)(b->cause.now - since) / (double)US_PER_S;
    return ERR_OK;
}

static enum err CO_FN fire(struct db_session *s, void *arg)
{
    struct batch *b = arg;
    struct due_clock *due;
    b->fired_count = 0;
    enum err rc = clock_store_claim(s, b->cause.now, BATCH, &due, &b->count);
    for (size_t i = 0; rc == ERR_OK && i < b->count; i++)
        rc = fire_one(s, b, &due[i]);
    return rc;
}

static void observe(const struct batch *b)
{
    for (size_t i = 0; i < b->fired_count; i++) {
        struct str label = b->fired[i].is_breach ? STR("breach") : STR("warning");
        metric_add(metric_series(&fired, &label), 1);
        if (b->fired[i].is_breach)
            metric_add(metric_series(&breaches, &b->fired[i].metric), 1);
        metric_observe(metric_series(&timer_lag, NULL), b->fired[i].late_s);
    }
}

/* Until none is due any more. */
static enum err CO_FN fire_all(struct service *s)
{
    struct batch b = {.count = BATCH};
    enum err rc = ERR_OK;
    while (rc == ERR_OK && b.count == BATCH && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        cause_from_system(&b.cause);
        rc = db_transact(&session, fire, &b);
        if (rc == ERR_OK)
            observe(&b);
        arena_free(a);
    }
    return rc;
}

/* Milliseconds until the next clock is due, rounded up; LONG_MS when none is near. */
static enum err CO_FN until_next(struct service *s, int64_t *ms)
{
    struct arena *a = arena_new();
    struct db_session session;
    int64_t at;
    db_session_init(&session, s->db, a);
    enum err rc = clock_store_next(&session, &at);
    *ms = LONG_MS;
    if (rc == ERR_OK && at != SLA_NONE) {
        int64_t us = at - clock_wall_us();
        if (us < LONG_MS * US_PER_MS)
            *ms = us > 0 ? us / US_PER_MS + 1 : 0;
    }
    arena_free(a);
    return rc;
}

/* In slices, so that stopping is not kept waiting. False: stop. */
static bool CO_FN pause_ms(const struct service *s, int64_t ms)
{
    for (; ms > 0 && !s->is_draining; ms -= SLICE_MS)
        if (co_sleep_ms(ms < SLICE_MS ? ms : SLICE_MS) != ERR_OK)
            return false;
    return !s->is_draining;
}

/* Until the next clock is due or, as others may set clocks too, until the next look. A clock that
 * is due but held by somebody is looked at soon again. */
void sla_job(struct service *s, void *arg)
{
    const struct workflow_config *cfg = s->own_config;
    int64_t wait;
    do {
        if (fire_all(s) != ERR_OK || until_next(s, &wait) != ERR_OK || wait > cfg->sla_poll_ms)
            wait = cfg->sla_poll_ms;
    } while (pause_ms(s, wait > HELD_MS ? wait : HELD_MS));
}

/* ---- rules that have changed -------------------------------------------------------------- */

struct chunk {
    struct cause cause;
    size_t count;
};

static enum err CO_FN recompute(struct db_session *s, void *arg)
{
    struct chunk *c = arg;
    const int64_t *tasks;
    enum err rc = clock_store_claim_stale(s, BATCH, &tasks, &c->count);
    for (size_t i = 0; rc == ERR_OK && i < c->count; i++)
        rc = clocks_follow(s, &c->cause, tasks[i], CLOCKS_ANY);
    return rc;
}

void recompute_job(struct service *s, void *arg)
{
    struct chunk c = {.count = 1};
    while (c.count > 0 && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        cause_from_system(&c.cause);
        enum err rc = db_transact(&session, recompute, &c);
        arena_free(a);
        if (rc)
            return;
    }
}
