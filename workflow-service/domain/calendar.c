#include "domain/calendar.h"

#include <stdlib.h>

#include "arena.h"
#include "clock.h"

#define MINUTE_US (60 * US_PER_S)
#define WITHIN_US (366 * US_PER_DAY)
#define HORIZON_US (100 * 365 * US_PER_DAY)

/* ---- building ----------------------------------------------------------------------------- */

static int by_day_and_start(const void *x, const void *y)
{
    const struct calendar_slot *a = x, *b = y;
    int by_day = (a->weekday > b->weekday) - (a->weekday < b->weekday);
    return by_day ? by_day : (a->start_min > b->start_min) - (a->start_min < b->start_min);
}

static int by_day(const void *x, const void *y)
{
    const struct calendar_exception *a = x, *b = y;
    return (a->day > b->day) - (a->day < b->day);
}

static struct calendar_slot *sorted_slots(struct arena *a, const struct calendar_slot *slots,
                                          size_t n)
{
    struct calendar_slot *copy = ARENA_ARRAY(a, struct calendar_slot, n + 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = slots[i];
    qsort(copy, n, sizeof *copy, by_day_and_start);
    return copy;
}

static struct calendar_hours hours_of(const struct calendar_slot *sorted, size_t n)
{
    struct calendar_hours h = {sorted, n, 0};
    for (size_t i = 0; i < n; i++)
        h.total_us += (sorted[i].end_min - sorted[i].start_min) * MINUTE_US;
    return h;
}

static void compile_week(struct arena *a, const struct calendar_plan *plan, struct calendar *c)
{
    const struct calendar_slot *slots = sorted_slots(a, plan->slots, plan->slot_count);
    size_t at = 0;
    for (int d = 0; d < 7; d++) {
        size_t from = at;
        while (at < plan->slot_count && slots[at].weekday == d)
            at++;
        c->week[d] = hours_of(slots + from, at - from);
        c->before_us[d + 1] = c->before_us[d] + c->week[d].total_us;
    }
}

static void compile_exceptions(struct arena *a, const struct calendar_plan *plan,
                               struct calendar *c)
{
    size_t n = c->exception_count = plan->exception_count;
    struct calendar_exception *list = ARENA_ARRAY(a, struct calendar_exception, n + 1);
    struct calendar_hours *special = ARENA_ARRAY(a, struct calendar_hours, n + 1);
    int64_t *extra = ARENA_ARRAY(a, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = plan->exceptions[i];
    qsort(list, n, sizeof *list, by_day);
    for (size_t i = 0; i < n; i++) {
        const struct calendar_exception *x = &list[i];
        special[i] = hours_of(sorted_slots(a, x->slots, x->slot_count), x->slot_count);
        extra[i + 1] = extra[i] + special[i].total_us - c->week[day_weekday(x->day)].total_us;
    }
    c->exceptions = list;
    c->special = special;
    c->extra_us = extra;
}

void calendar_compile(struct arena *a, const struct zone *zone, const struct calendar_plan *plan,
                      struct calendar *out)
{
    *out = (struct calendar){.zone = zone};
    compile_week(a, plan, out);
    compile_exceptions(a, plan, out);
}

/* ---- checking ----------------------------------------------------------------------------- */

struct report {
    struct arena *arena;
    struct calendar_problem *first, **last;
};

static void add(struct report *r, struct str field, const char *message)
{
    struct calendar_problem *p = ARENA_NEW(r->arena, struct calendar_problem);
    *p = (struct calendar_problem){field, message, NULL};
    *r->last = p;
    r->last = &p->next;
}

static void check_slots(struct report *r, struct str where, const struct calendar_slot *slots,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct calendar_slot *s = &slots[i];
        struct str field = str_printf(r->arena, "%.*s[%zu]", STR_ARG(where), i);
        if (s->weekday < 0 || s->weekday > 6)
            add(r, field, "the weekday is from 1 (Monday) to 7");
        if (s->start_min < 0 || s->end_min > DAY_MINUTES || s->start_min >= s->end_min)
            add(r, field, "must end after it starts, by 24:00");
    }
    const struct calendar_slot *sorted = sorted_slots(r->arena, slots, n);
    for (size_t i = 1; i < n; i++)
        if (sorted[i].weekday == sorted[i - 1].weekday &&
            sorted[i].start_min < sorted[i - 1].end_min) {
            add(r, where, "two of a day overlap");
            return;
        }
}

static void check_exceptions(struct report *r, const struct calendar_plan *plan)
{
    struct calendar_exception *sorted =
        ARENA_ARRAY(r->arena, struct calendar_exception, plan->exception_count + 1);
    for (size_t i = 0; i < plan->exception_count; i++) {
        const struct calendar_exception *x = &plan->exceptions[i];
        struct str where = str_printf(r->arena, "exceptions[%zu].slots", i);
        sorted[i] = *x;
        if (x->slot_count > CALENDAR_MAX_DAY_SLOTS)
            add(r, where, "a day has at most 48 slots");
        else
            check_slots(r, where, x->slots, x->slot_count);
    }
    qsort(sorted, plan->exception_count, sizeof *sorted, by_day);
    for (size_t i = 1; i < plan->exception_count; i++)
        if (sorted[i].day == sorted[i - 1].day) {
            add(r, STR("exceptions"), "two are on the same day");
            return;
        }
}

struct calendar_problem *calendar_build(struct arena *a, const struct zone *zone,
                                        const struct calendar_plan *plan, int64_t now,
                                        struct calendar *out)
{
    struct report r = {.arena = a};
    r.last = &r.first;
    if (plan->slot_count > CALENDAR_MAX_SLOTS)
        add(&r, STR("slots"), "a week has at most 336");
    else if (plan->slot_count == 0)
        add(&r, STR("slots"), "at least one is needed");
    else
        check_slots(&r, STR("slots"), plan->slots, plan->slot_count);
    if (plan->exception_count > CALENDAR_MAX_EXCEPTIONS)
        add(&r, STR("exceptions"), "at most 2000 are possible");
    else
        check_exceptions(&r, plan);
    if (r.first)
        return r.first;
    calendar_compile(a, zone, plan, out);
    if (calendar_between(out, now, now + WITHIN_US) == 0)
        add(&r, STR("exceptions"), "no minute is open within 366 days");
    return r.first;
}

/* ---- local time --------------------------------------------------------------------------- */

/* Index of the first exception on that day or later. */
static size_t exception_from(const struct calendar *c, int64_t day)
{
    size_t low = 0, high = c->exception_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->exceptions[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct calendar_hours *hours_on(const struct calendar *c, int64_t day)
{
    size_t i = exception_from(c, day);
    if (i < c->exception_count && c->exceptions[i].day == day)
        return &c->special[i];
    return &c->week[day_weekday(day)];
}

/* Open from a fixed Monday until the beginning of the local day: only differences mean anything. */
static int64_t open_until_day(const struct calendar *c, int64_t day)
{
    int weekday = day_weekday(day);
    int64_t weeks = (day - weekday - day_from_date(1969, 12, 29)) / 7;
    return weeks * c->before_us[7] + c->before_us[weekday] + c->extra_us[exception_from(c, day)];
}

static int64_t open_until(const struct calendar *c, int64_t local)
{
    int64_t day = day_floor_div(local, US_PER_DAY), in_day = local - day * US_PER_DAY;
    int64_t open = open_until_day(c, day);
    const struct calendar_hours *h = hours_on(c, day);
    for (size_t i = 0; i < h->count; i++) {
        int64_t start = h->slots[i].start_min * MINUTE_US, end = h->slots[i].end_min * MINUTE_US;
        if (in_day > start)
            open += (in_day < end ? in_day : end) - start;
    }
    return open;
}

/* The first local time by which open have been open; low and high are days around it. */
static int64_t local_when(const struct calendar *c, int64_t open, int64_t low, int64_t high)
{
    while (low < high) { /* the last day that begins with less than that */
        int64_t middle = low + (high - low + 1) / 2;
        if (open_until_day(c, middle) < open)
            low = middle;
        else
            high = middle - 1;
    }
    int64_t left = open - open_until_day(c, low);
    const struct calendar_hours *h = hours_on(c, low);
    for (size_t i = 0; i < h->count; i++) {
        int64_t length = (h->slots[i].end_min - h->slots[i].start_min) * MINUTE_US;
        if (left <= length)
            return low * US_PER_DAY + h->slots[i].start_min * MINUTE_US + left;
        left -= length;
    }
    return CALENDAR_NEVER;
}

/* ---- between and add ---------------------------------------------------------------------- */

/* From t on local time is offset_us ahead, until then or until limit. */
struct stretch {
    int64_t offset_us, until;
};

static struct stretch stretch_at(const struct calendar *c, int64_t t, int64_t limit)
{
    struct zone_span span = zone_at(c->zone, day_floor_div(t, US_PER_S));
    bool ends = span.until_s < limit / US_PER_S;
    return (struct stretch){span.offset_s * US_PER_S, ends ? span.until_s * US_PER_S : limit};
}

int64_t calendar_between(const struct calendar *c, int64_t a, int64_t b)
{
    int64_t open = 0;
    if (b <= a)
        return 0;
    if (!c)
        return b - a;
    while (a < b) {
        struct stretch s = stretch_at(c, a, b);
        open += open_until(c, s.until + s.offset_us) - open_until(c, a + s.offset_us);
        a = s.until;
    }
    return open;
}

int64_t calendar_add(const struct calendar *c, int64_t t, int64_t us)
{
    int64_t limit = t + HORIZON_US;
    if (us <= 0)
        return t;
    if (us > HORIZON_US)
        return CALENDAR_NEVER;
    if (!c)
        return t + us;
    while (t < limit) {
        struct stretch s = stretch_at(c, t, limit);
        int64_t from = t + s.offset_us, to = s.until + s.offset_us;
        int64_t before = open_until(c, from), open = open_until(c, to) - before;
        if (open >= us)
            return local_when(c, before + us, day_floor_div(from, US_PER_DAY),
                              day_floor_div(to, US_PER_DAY)) -
                   s.offset_us;
        us -= open;
        t = s.until;
    }
    return CALENDAR_NEVER;
}
