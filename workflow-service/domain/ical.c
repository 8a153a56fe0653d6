#include "domain/ical.h"

#include <stdlib.h>

#include "arena.h"
#include "domain/day.h"

#define MAX_LINE 4096
#define MAX_NAME 200 /* bytes */
#define MAX_SPAN 366
#define NO_DAY INT64_MIN

struct event {
    size_t line;
    int64_t start, end, until; /* NO_DAY: not given; end not included, until included */
    int64_t count, interval;   /* of a yearly one */
    bool is_timed, is_yearly, is_dropped;
    struct str name;
};

struct reader {
    struct arena *arena;
    struct str rest;
    size_t line, next_line;
    int depth; /* components open inside the event */
    bool in_calendar, in_event, has_ended;
    struct event event;
    int64_t since;
    struct ical_day *days;
    size_t count;
    const char *message;
};

static bool fail(struct reader *r, const char *message)
{
    r->message = message;
    return false;
}

/* ---- lines -------------------------------------------------------------------------------- */

static bool take_raw(struct reader *r, struct str *line)
{
    if (!str_next(&r->rest, '\n', line))
        return false;
    r->next_line++;
    if (line->len && line->p[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool is_folded(const struct reader *r)
{
    return r->rest.p && r->rest.len && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t');
}

/* A content line with its continuations joined; false at the end or when it is too long. */
static bool take_line(struct reader *r, struct str *line)
{
    struct str more;
    size_t number = r->next_line;
    if (!take_raw(r, line))
        return false;
    r->line = number;
    if (!is_folded(r))
        return line->len <= MAX_LINE || fail(r, "the line is too long");
    char *joined = arena_alloc(r->arena, MAX_LINE);
    size_t n = 0;
    for (more = *line;; more = str_slice(more, 1, more.len)) {
        if (n + more.len > MAX_LINE)
            return fail(r, "the line is too long");
        memcpy(joined + n, more.p, more.len);
        n += more.len;
        if (!is_folded(r) || !take_raw(r, &more))
            break;
    }
    *line = str_n(joined, n);
    return true;
}

/* NAME;PARAMETERS:VALUE, where a quoted parameter may have colons. */
static bool split(struct reader *r, struct str line, struct str *name, struct str *params,
                  struct str *value)
{
    bool quoted = false;
    size_t colon = 0, name_end = 0;
    while (colon < line.len && (quoted || line.p[colon] != ':')) {
        quoted ^= line.p[colon] == '"';
        if (!name_end && line.p[colon] == ';')
            name_end = colon;
        colon++;
    }
    if (colon == line.len)
        return fail(r, "the line has no value");
    if (!name_end)
        name_end = colon;
    *name = str_slice(line, 0, name_end);
    *params = str_slice(line, name_end, colon);
    *value = str_slice(line, colon + 1, line.len);
    return name_end > 0 || fail(r, "the line has no name");
}

/* ---- values ------------------------------------------------------------------------------- */

/* "20261225"; a time behind it makes the event one of hours. */
static bool read_date(struct str value, int64_t *day, bool *is_timed)
{
    int v[8];
    if (value.len < 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        v[i] = value.p[i] - '0';
    }
    int year = v[0] * 1000 + v[1] * 100 + v[2] * 10 + v[3], month = v[4] * 10 + v[5];
    int of_month = v[6] * 10 + v[7];
    if (year < 1900 || month < 1 || month > 12 || of_month < 1 ||
        of_month > day_month_length(year, month))
        return false;
    *day = day_from_date(year, month, of_month);
    *is_timed = value.len > 8;
    return value.len == 8 || value.p[8] == 'T';
}

/* Backslashes away, line breaks as blanks. */
static struct str read_text(struct arena *a, struct str value)
{
    char *out = arena_alloc(a, value.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.p[i];
        if (c == '\\' && i + 1 < value.len) {
            c = value.p[++i];
            if (c == 'n' || c == 'N')
                c = ' ';
        }
        out[n++] = (unsigned char)c < ' ' ? ' ' : c;
    }
    if (n > MAX_NAME) /* not within a character */
        for (n = MAX_NAME; n > 0 && ((unsigned char)out[n] & 0xc0) == 0x80;)
            n--;
    return str_trim(str_n(out, n));
}

static bool read_part(struct reader *r, struct str key, struct str value)
{
    struct event *e = &r->event;
    bool is_timed;
    if (str_ieq(key, STR("FREQ"))) {
        e->is_yearly = str_ieq(value, STR("YEARLY"));
        return e->is_yearly || fail(r, "only yearly recurrence is understood");
    }
    if (str_ieq(key, STR("INTERVAL")))
        return (str_to_i64(value, &e->interval) && e->interval >= 1 && e->interval <= 1000) ||
               fail(r, "the interval is not a number from 1 to 1000");
    if (str_ieq(key, STR("COUNT")))
        return (str_to_i64(value, &e->count) && e->count >= 1 && e->count <= 10000) ||
               fail(r, "the count is not a number from 1 to 10000");
    if (str_ieq(key, STR("UNTIL")))
        return read_date(value, &e->until, &is_timed) || fail(r, "UNTIL is not a date");
    if (str_ieq(key, STR("WKST")))
        return true;
    /* The day of the start, which yearly means anyway, is often repeated. */
    struct date d = day_to_date(e->start == NO_DAY ? 0 : e->start);
    int64_t n, own = str_ieq(key, STR("BYMONTH")) ? d.month : d.day;
    bool is_known = str_ieq(key, STR("BYMONTH")) || str_ieq(key, STR("BYMONTHDAY"));
    if (is_known && e->start != NO_DAY && str_to_i64(value, &n) && n == own)
        return true;
    return fail(r, "the recurrence has a part that is not understood");
}

static bool read_rule(struct reader *r, struct str value)
{
    struct str part, key;
    while (str_next(&value, ';', &part)) {
        struct str rest = part;
        if (!str_next(&rest, '=', &key) || !rest.p)
            return fail(r, "the recurrence is malformed");
        if (!read_part(r, key, rest))
            return false;
    }
    return r->event.is_yearly || fail(r, "the recurrence has no FREQ");
}

/* ---- events ------------------------------------------------------------------------------- */

static bool add_day(struct reader *r, int64_t day, struct str name)
{
    if (day < r->since)
        return true;
    if (r->count == ICAL_MAX_DAYS)
        return fail(r, "the file has more than 2000 days");
    r->days[r->count++] = (struct ical_day){day, name};
    return true;
}

/* February 29 recurs in leap years only (RFC 5545, 3.3.10). */
static bool add_yearly(struct reader *r, const struct event *e, int64_t length)
{
    struct date d = day_to_date(e->start);
    int64_t last = day_to_date(r->since).year + ICAL_YEARS, seen = 0;
    for (int64_t year = d.year; year <= last; year += e->interval) {
        if (d.day > day_month_length(year, d.month))
            continue;
        int64_t day = day_from_date(year, d.month, d.day);
        if ((e->until != NO_DAY && day > e->until) || (e->count && ++seen > e->count))
            break;
        for (int64_t i = 0; day + length > r->since && i < length; i++)
            if (!add_day(r, day + i, e->name))
                return false;
    }
    return true;
}

/* An event of hours, or a cancelled one, is no holiday. */
static bool end_event(struct reader *r)
{
    const struct event *e = &r->event;
    r->in_event = false;
    r->line = e->line;
    if (e->start == NO_DAY)
        return fail(r, "the event has no DTSTART");
    if (e->is_timed || e->is_dropped)
        return true;
    int64_t length = e->end == NO_DAY ? 1 : e->end - e->start;
    if (length < 1 || length > MAX_SPAN)
        return fail(r, "the event does not end between one day and a year after it starts");
    if (e->is_yearly)
        return add_yearly(r, e, length);
    for (int64_t i = 0; i < length; i++)
        if (!add_day(r, e->start + i, e->name))
            return false;
    return true;
}

static bool in_event(struct reader *r, struct str name, struct str value)
{
    struct event *e = &r->event;
    bool is_timed;
    if (str_ieq(name, STR("SUMMARY")))
        e->name = read_text(r->arena, value);
    else if (str_ieq(name, STR("DTSTART")))
        return read_date(value, &e->start, &e->is_timed) || fail(r, "DTSTART is not a date");
    else if (str_ieq(name, STR("DTEND")))
        return read_date(value, &e->end, &is_timed) || fail(r, "DTEND is not a date");
    else if (str_ieq(name, STR("STATUS")))
        e->is_dropped = str_ieq(value, STR("CANCELLED"));
    else if (str_ieq(name, STR("RRULE")))
        return e->is_timed || read_rule(r, value);
    else if (str_ieq(name, STR("RDATE")) || str_ieq(name, STR("EXDATE")) ||
             str_ieq(name, STR("DURATION")))
        return e->is_timed || fail(r, "RDATE, EXDATE and DURATION are not understood");
    return true;
}

static bool begin_component(struct reader *r, struct str value)
{
    if (r->in_event)
        r->depth++;
    else if (str_ieq(value, STR("VCALENDAR")))
        r->in_calendar = true;
    else if (!r->in_calendar)
        return fail(r, "the file does not begin with BEGIN:VCALENDAR");
    else if (str_ieq(value, STR("VEVENT"))) {
        r->in_event = true;
        r->event = (struct event){.line = r->line,
                                  .start = NO_DAY,
                                  .end = NO_DAY,
                                  .until = NO_DAY,
                                  .interval = 1,
                                  .name = STR("")};
    }
    return true;
}

static bool take_content(struct reader *r, struct str line)
{
    struct str name, params, value;
    if (!line.len)
        return true;
    if (!split(r, line, &name, &params, &value))
        return false;
    if (str_ieq(name, STR("BEGIN")))
        return begin_component(r, value);
    if (!r->in_calendar)
        return fail(r, "the file does not begin with BEGIN:VCALENDAR");
    if (str_ieq(name, STR("END"))) {
        if (r->in_event && r->depth)
            r->depth--;
        else if (r->in_event)
            return str_ieq(value, STR("VEVENT")) ? end_event(r) : fail(r, "the event has no END");
        else if (str_ieq(value, STR("VCALENDAR")))
            r->has_ended = true;
        return true;
    }
    return !r->in_event || r->depth || in_event(r, name, value);
}

static int by_day(const void *x, const void *y)
{
    const struct ical_day *a = x, *b = y;
    return (a->day > b->day) - (a->day < b->day);
}

enum err ical_read(struct arena *a, struct str text, int64_t since, struct ical_day **days,
                   size_t *count, struct ical_problem *problem)
{
    struct reader r = {.arena = a, .rest = text, .next_line = 1, .since = since};
    struct str line;
    r.days = ARENA_ARRAY(a, struct ical_day, ICAL_MAX_DAYS);
    if (text.len > ICAL_MAX_BYTES)
        r.message = "the file is larger than 1 MiB";
    else if (!str_is_utf8(text) || memchr(text.p ? text.p : "", 0, text.len))
        r.message = "the file is not text in UTF-8";
    while (!r.message && take_line(&r, &line) && take_content(&r, line))
        ;
    if (!r.message && !r.has_ended)
        r.message = "the file does not end with END:VCALENDAR";
    if (r.message) {
        *problem = (struct ical_problem){r.line ? r.line : 1, r.message};
        return ERR_VALIDATION_ERROR;
    }
    qsort(r.days, r.count, sizeof *r.days, by_day);
    *days = r.days;
    *count = 0;
    for (size_t i = 0; i < r.count; i++)
        if (*count == 0 || r.days[i].day != r.days[*count - 1].day)
            r.days[(*count)++] = r.days[i];
    return ERR_OK;
}
