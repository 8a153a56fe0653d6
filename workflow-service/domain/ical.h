#pragma once
/*
 * Holidays out of an iCalendar file (RFC 5545): events of whole days, once, over several days or
 * every year. What else a calendar program writes is passed over; what cannot be understood is
 * refused with its line, so that no holiday gets lost unnoticed.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

struct arena;

#define ICAL_MAX_BYTES (1024 * 1024)
#define ICAL_MAX_DAYS 2000
#define ICAL_YEARS 10 /* how far ahead what recurs every year is taken */

struct ical_day {
    int64_t day; /* since 1970-01-01 */
    struct str name;
};

struct ical_problem {
    size_t line; /* from 1 */
    const char *message;
};

/* The days from since on, in order, each once. ERR_VALIDATION_ERROR with the problem. */
MUST_CHECK enum err ical_read(struct arena *a, struct str text, int64_t since,
                              struct ical_day **days, size_t *count, struct ical_problem *problem);
