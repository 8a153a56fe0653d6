#include "domain/sla_clock.h"

static const char *const WORDS[SLA_STATE_COUNT] = {"running", "paused", "met", "breached",
                                                   "cancelled"};

struct str sla_state_word(enum sla_state s)
{
    return str_from(WORDS[s]);
}

enum sla_state sla_state_parse(struct str word)
{
    enum sla_state s = SLA_STATE_RUNNING;
    while (s < SLA_STATE_COUNT && !str_eq(word, str_from(WORDS[s])))
        s++;
    return s;
}

bool sla_state_is_met(enum sla_state s)
{
    return s == SLA_STATE_MET;
}

bool sla_state_is_missed(enum sla_state s)
{
    return s == SLA_STATE_BREACHED;
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static int64_t when_used(const struct sla_clock *c, const struct calendar *cal, int64_t us)
{
    int64_t at = calendar_add(cal, c->anchor_at, us - c->consumed_us);
    return at == CALENDAR_NEVER ? SLA_NONE : at;
}

/* One that was used up before the anchor keeps the moment it had. */
static int64_t deadline(const struct sla_clock *c, const struct calendar *cal, int64_t us,
                        int64_t before)
{
    if (us <= c->consumed_us && before != SLA_NONE && before < c->anchor_at)
        return before;
    return when_used(c, cal, us);
}

static int64_t share_us(const struct sla_clock *c, int64_t percent)
{
    return c->target_us / 100 * percent + c->target_us % 100 * percent / 100;
}

static int64_t next_percent(const struct sla_clock *c)
{
    for (size_t i = 0; i < c->warn_count; i++)
        if (c->warn_percents[i] > c->warned_percent)
            return c->warn_percents[i];
    return 0;
}

static void set_wake(struct sla_clock *c, const struct calendar *cal)
{
    int64_t percent = next_percent(c);
    c->next_wake = SLA_NONE;
    if (c->state != SLA_STATE_RUNNING || c->breached_at != SLA_NONE)
        return;
    c->next_wake = c->breach_at;
    if (!percent)
        return;
    c->warn_at = when_used(c, cal, share_us(c, percent));
    if (c->warn_at != SLA_NONE && (c->next_wake == SLA_NONE || c->warn_at < c->next_wake))
        c->next_wake = c->warn_at;
}

void sla_clock_schedule(struct sla_clock *c, const struct calendar *cal)
{
    if (c->state != SLA_STATE_RUNNING)
        return;
    c->due_at = deadline(c, cal, c->target_us, c->due_at);
    c->breach_at = deadline(c, cal, c->breach_us, c->breach_at);
    set_wake(c, cal);
}

/* ---- its life ----------------------------------------------------------------------------- */

static void run_from(struct sla_clock *c, const struct calendar *cal, int64_t at)
{
    c->state = SLA_STATE_RUNNING;
    c->anchor_at = at;
    c->stopped_at = SLA_NONE;
    sla_clock_schedule(c, cal);
}

static void stand(struct sla_clock *c, const struct calendar *cal, int64_t at)
{
    c->consumed_us = sla_clock_consumed(c, cal, at);
    c->anchor_at = SLA_NONE;
    c->next_wake = SLA_NONE;
}

static int64_t unless_later(int64_t deadline_at, int64_t at)
{
    return deadline_at > at ? SLA_NONE : deadline_at;
}

/* A breach between its moment and the timer's notice. */
static void keep_breach(struct sla_clock *c, int64_t at)
{
    if (c->breached_at == SLA_NONE && c->breach_at != SLA_NONE && c->breach_at < at)
        c->breached_at = c->breach_at;
}

void sla_clock_start(struct sla_clock *c, const struct calendar *cal, int64_t at)
{
    c->consumed_us = c->warned_percent = 0;
    c->due_at = c->breach_at = c->warn_at = SLA_NONE;
    c->warned_at = c->breached_at = SLA_NONE;
    run_from(c, cal, at);
}

int64_t sla_clock_consumed(const struct sla_clock *c, const struct calendar *cal, int64_t now)
{
    if (c->anchor_at == SLA_NONE)
        return c->consumed_us;
    return c->consumed_us + calendar_between(cal, c->anchor_at, now);
}

void sla_clock_pause(struct sla_clock *c, const struct calendar *cal, int64_t at)
{
    if (c->state != SLA_STATE_RUNNING)
        return;
    stand(c, cal, at);
    c->state = SLA_STATE_PAUSED;
    c->due_at = unless_later(c->due_at, at);
    c->breach_at = unless_later(c->breach_at, at);
    c->warn_at = unless_later(c->warn_at, at);
}

void sla_clock_resume(struct sla_clock *c, const struct calendar *cal, int64_t at)
{
    if (c->state == SLA_STATE_PAUSED)
        run_from(c, cal, at);
}

void sla_clock_stop(struct sla_clock *c, const struct calendar *cal, int64_t at, bool is_cancelled)
{
    if (c->state != SLA_STATE_RUNNING && c->state != SLA_STATE_PAUSED)
        return;
    keep_breach(c, at);
    stand(c, cal, at);
    c->stopped_at = at;
    if (c->breached_at != SLA_NONE)
        c->state = SLA_STATE_BREACHED;
    else
        c->state = is_cancelled ? SLA_STATE_CANCELLED : SLA_STATE_MET;
}

void sla_clock_reopen(struct sla_clock *c, const struct calendar *cal, int64_t at)
{
    if (c->stopped_at != SLA_NONE)
        run_from(c, cal, at);
}

void sla_clock_retarget(struct sla_clock *c, const struct calendar *cal, int64_t at,
                        int64_t target_us, int64_t breach_us)
{
    int64_t consumed = sla_clock_consumed(c, cal, at), warned = 0;
    c->target_us = target_us;
    c->breach_us = breach_us;
    for (size_t i = 0; i < c->warn_count; i++)
        if (c->warn_percents[i] <= c->warned_percent &&
            share_us(c, c->warn_percents[i]) <= consumed)
            warned = c->warn_percents[i];
    c->warned_percent = warned;
    sla_clock_schedule(c, cal);
}

/* ---- time passes -------------------------------------------------------------------------- */

enum sla_firing sla_clock_fire(struct sla_clock *c, const struct calendar *cal, int64_t now)
{
    int64_t reached = 0;
    if (c->state != SLA_STATE_RUNNING || c->breached_at != SLA_NONE)
        return SLA_FIRES_NOTHING;
    if (c->breach_at != SLA_NONE && c->breach_at <= now) {
        c->breached_at = now;
        c->next_wake = SLA_NONE;
        return SLA_FIRES_BREACH;
    }
    int64_t consumed = sla_clock_consumed(c, cal, now);
    for (size_t i = 0; i < c->warn_count; i++)
        if (c->warn_percents[i] > c->warned_percent && share_us(c, c->warn_percents[i]) <= consumed)
            reached = c->warn_percents[i];
    if (reached) {
        c->warned_percent = reached;
        c->warned_at = now;
    }
    set_wake(c, cal);
    return reached ? SLA_FIRES_WARNING : SLA_FIRES_NOTHING;
}
