#pragma once
/*
 * Time zones: what a TZif file (RFC 9636) says, as a sorted table of changes and the rule of its
 * footer for the time after the last of them. Times are seconds since the epoch, offsets seconds
 * east of UTC. Files with leap seconds are refused: their times are not those of the system.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

struct arena;

struct zone_change {
    int64_t at_s;
    int32_t offset_s; /* from then on */
};

/* A day of every year, and a time on it that may lie days away. */
struct zone_yearly {
    enum { ZONE_MONTH_WEEKDAY, ZONE_JULIAN, ZONE_DAY_OF_YEAR } kind;
    int month, week, day; /* week 5: the last; day: of the week (0 Sunday) or of the year */
    int32_t time_s;       /* local, of the offset before the change */
};

struct zone_rule {
    int32_t standard_s, summer_s;
    struct zone_yearly to_summer, to_standard;
};

struct zone {
    const struct zone_change *changes;
    size_t count;
    int32_t first_s; /* offset before the first change */
    bool has_rule;   /* of summer time, after the last change */
    struct zone_rule rule;
};

#define ZONE_FILE_MAX 65536
#define ZONE_NAME_MAX 64

/* ERR_VALIDATION_ERROR when the bytes are no such file. */
MUST_CHECK enum err zone_parse(struct arena *a, struct str file, struct zone *out);

/* The offset at a time, and when it changes next (INT64_MAX: never). */
struct zone_span {
    int32_t offset_s;
    int64_t until_s;
};
struct zone_span zone_at(const struct zone *z, int64_t t_s);

/* "Europe/Berlin": nothing that could lead out of the folder of zones. */
bool zone_is_name(struct str name);
