/* Business hours out of files: time zones and holidays, and sums over what they say. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "clock.h"
#include "domain/calendar.h"
#include "domain/ical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (INT64_C(1768213800) * US_PER_S)

static void use_zone(struct arena *a, const struct zone *z)
{
    static const struct calendar_slot SLOTS[] = {{0, 0, 1440}, {2, 540, 1020}, {6, 30, 150}};
    static const struct calendar_plan PLAN = {SLOTS, 3, NULL, 0};
    struct calendar c;
    calendar_compile(a, z, &PLAN, &c);
    for (int64_t us = 1; us < 400 * US_PER_DAY; us *= 31) {
        int64_t due = calendar_add(&c, NOW, us);
        if (due != CALENDAR_NEVER && calendar_between(&c, NOW, due) != us)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str bytes = {(const char *)data, size};
    struct zone z;
    struct ical_day *days;
    struct ical_problem problem;
    size_t n;
    if (zone_parse(a, bytes, &z) == ERR_OK)
        use_zone(a, &z);
    if (ical_read(a, bytes, NOW / US_PER_DAY, &days, &n, &problem) == ERR_OK)
        for (size_t i = 1; i < n; i++)
            if (days[i].day <= days[i - 1].day)
                abort();
    arena_free(a);
    return 0;
}
