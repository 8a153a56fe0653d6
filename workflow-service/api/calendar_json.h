#pragma once
/* Calendars as JSON: weekdays from 1 (Monday) to 7, times of the day "09:00" to "24:00". */
#include "json.h"
#include "store/calendar_store.h"

struct req;

struct calendar_body {
    struct str name, zone;
    struct json_array slots, exceptions;
};
extern const struct json_schema CALENDAR_BODY, CALENDAR_PATCH, CALENDAR_DOC, CALENDAR_PAGE;

/* Puts what the body has into the calendar, all of it or what a PATCH names, and checks the whole;
 * field errors are set. *out is the calendar ready for use. */
MUST_CHECK enum err calendar_apply(struct req *r, const struct calendar_body *b,
                                   struct calendar_doc *doc, struct calendar *out);

struct str calendar_text(struct arena *a, const struct calendar_doc *doc);

struct calendar_summary {
    int64_t id;
    struct str name, zone;
    int64_t slots, exceptions, version, created_at, updated_at;
};
struct calendar_summary calendar_summary(const struct calendar_head *h);
