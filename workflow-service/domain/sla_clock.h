#pragma once
/*
 * One clock of a task: how much of its time is used up, and when the rest will be. It consumes
 * business time from its anchor on while it runs, and nothing while it is paused; a deadline is
 * always what is left of the target, added to the anchor. Nothing here reads the time.
 */
#include "domain/calendar.h"
#include "domain/sla.h"

enum sla_state {
    SLA_STATE_RUNNING,
    SLA_STATE_PAUSED,
    SLA_STATE_MET,
    SLA_STATE_BREACHED,
    SLA_STATE_CANCELLED,
    SLA_STATE_COUNT
};

struct str sla_state_word(enum sla_state s);
/* SLA_STATE_COUNT when unknown. */
enum sla_state sla_state_parse(struct str word);

/*
 * What counts as in time, everywhere: a clock that has ended without its breach is met, one that
 * has ended after it is missed, whatever became of the work. One that still goes on is neither, and
 * one that was cancelled before its breach never will be.
 */
bool sla_state_is_met(enum sla_state s);
bool sla_state_is_missed(enum sla_state s);

#define SLA_MAX_WARNINGS 10

struct sla_clock {
    enum sla_state state;
    int64_t target_us, breach_us; /* business time until each deadline, breach_us not less */
    int64_t consumed_us;          /* before the anchor */
    int64_t anchor_at;            /* SLA_NONE unless running */
    /* SLA_NONE: paused before it, or more than a century away. */
    int64_t due_at, breach_at, warn_at;
    const int64_t *warn_percents; /* of the target, ascending */
    size_t warn_count;
    int64_t warned_percent; /* the highest that was warned of, 0: none */
    int64_t warned_at, breached_at, stopped_at;
    int64_t next_wake; /* when the next warning or the breach is due, SLA_NONE: nothing is */
};

/* Begins: consumes from at on. The targets and warnings are set. */
void sla_clock_start(struct sla_clock *c, const struct calendar *cal, int64_t at);
void sla_clock_pause(struct sla_clock *c, const struct calendar *cal, int64_t at);
void sla_clock_resume(struct sla_clock *c, const struct calendar *cal, int64_t at);
/* Ends it. A breach that nobody has noticed yet still counts, and one is never taken back. */
void sla_clock_stop(struct sla_clock *c, const struct calendar *cal, int64_t at, bool is_cancelled);
/* A stopped clock goes on with what it had consumed. */
void sla_clock_reopen(struct sla_clock *c, const struct calendar *cal, int64_t at);
/* Other targets or warnings; what is consumed stays so. A deadline that would lie before the last
 * anchor is the anchor. Warnings whose time is to come again are given again. */
void sla_clock_retarget(struct sla_clock *c, const struct calendar *cal, int64_t at,
                        int64_t target_us, int64_t breach_us);
/* Computes the deadlines anew, from the anchor on, by this calendar. */
void sla_clock_schedule(struct sla_clock *c, const struct calendar *cal);

int64_t sla_clock_consumed(const struct sla_clock *c, const struct calendar *cal, int64_t now);

enum sla_firing { SLA_FIRES_NOTHING, SLA_FIRES_WARNING, SLA_FIRES_BREACH };
/* What is due by now, once: past both marks only the breach, of several warnings the last. */
enum sla_firing sla_clock_fire(struct sla_clock *c, const struct calendar *cal, int64_t now);
