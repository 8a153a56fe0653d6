#pragma once
/*
 * Business hours: which moments count. A moment is open when its local time lies in a slot of its
 * local day: an hour that a change of the clocks repeats counts twice, one that it skips does not
 * count. A day with an exception has that exception's slots instead of its weekday's.
 *
 * Everything is computed from sums over days, not by walking them: a year away costs no more than a
 * minute. Times and durations are microseconds.
 */
#include <stddef.h>
#include <stdint.h>

#include "domain/day.h"
#include "domain/zone.h"
#include "err.h"

struct arena;

struct calendar_slot {
    int weekday;            /* 0 Monday … 6; of an exception's slots unused */
    int start_min, end_min; /* of the day, the end at most 1440 and not included */
};

struct calendar_exception {
    int64_t day; /* since 1970-01-01 */
    struct str name;
    const struct calendar_slot *slots; /* none: closed */
    size_t slot_count;
};

/* What its keeper states. */
struct calendar_plan {
    const struct calendar_slot *slots;
    size_t slot_count;
    const struct calendar_exception *exceptions;
    size_t exception_count;
};

#define CALENDAR_MAX_SLOTS 336 /* every half hour of a week */
#define CALENDAR_MAX_DAY_SLOTS 48
#define CALENDAR_MAX_EXCEPTIONS 2000

struct calendar_problem {
    struct str field; /* "slots[2].end" */
    const char *message;
    struct calendar_problem *next;
};

struct calendar_hours {
    const struct calendar_slot *slots; /* in order */
    size_t count;
    int64_t total_us;
};

struct calendar {
    const struct zone *zone;
    struct calendar_hours week[7];
    int64_t before_us[8];                        /* open in the week before that weekday */
    const struct calendar_exception *exceptions; /* in order of their days */
    const struct calendar_hours *special;        /* the hours of each */
    const int64_t *extra_us; /* what the exceptions before that one add, a negative for closing */
    size_t exception_count;
};

/*
 * NULL, or everything that is wrong with the plan, in order; *out is usable only in the first case.
 * now: there must be an open minute within 366 days from then. The zone is borrowed.
 */
struct calendar_problem *calendar_build(struct arena *a, const struct zone *zone,
                                        const struct calendar_plan *plan, int64_t now,
                                        struct calendar *out);
/* The same for a plan that was checked when it was stored. */
void calendar_compile(struct arena *a, const struct zone *zone, const struct calendar_plan *plan,
                      struct calendar *out);

#define CALENDAR_NEVER INT64_MAX

/* Without a calendar (NULL) every moment counts. 0 when b is not after a. */
int64_t calendar_between(const struct calendar *c, int64_t a, int64_t b);
/* The first moment by which us have been open since t; t itself for none. CALENDAR_NEVER when that
 * is more than a century away. */
int64_t calendar_add(const struct calendar *c, int64_t t, int64_t us);
