#include "domain/zone.h"

#include "arena.h"
#include "domain/day.h"

#define HEADER 44
#define DAY_S 86400
#define MAX_CHANGES 4096
#define MAX_OFFSET_S (26 * 3600)
#define FAR_S (INT64_C(1) << 40) /* beyond every year that anybody plans for */

/* ---- reading ------------------------------------------------------------------------------ */

struct counts {
    uint32_t utc, standard, leap, times, types, chars;
};

static uint64_t big_endian(struct str file, size_t at, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | (uint8_t)file.p[at + i];
    return v;
}

static bool read_counts(struct str file, size_t at, struct counts *c)
{
    if (file.len < at + HEADER || memcmp(file.p + at, "TZif", 4) != 0)
        return false;
    *c = (struct counts){
        .utc = (uint32_t)big_endian(file, at + 20, 4),
        .standard = (uint32_t)big_endian(file, at + 24, 4),
        .leap = (uint32_t)big_endian(file, at + 28, 4),
        .times = (uint32_t)big_endian(file, at + 32, 4),
        .types = (uint32_t)big_endian(file, at + 36, 4),
        .chars = (uint32_t)big_endian(file, at + 40, 4),
    };
    return c->times <= MAX_CHANGES && c->types >= 1 && c->types <= 256 && c->leap == 0 &&
           c->chars <= 4096 && c->utc <= 256 && c->standard <= 256;
}

static size_t block_size(const struct counts *c, size_t time_size)
{
    return c->times * (time_size + 1) + c->types * 6 + c->chars + c->standard + c->utc;
}

static int64_t read_time(struct str file, size_t at, size_t size)
{
    uint64_t v = big_endian(file, at, size);
    return size == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

/* Changes of the name alone, and those of the distant past and future, are left out. */
static bool read_changes(struct arena *a, struct str file, size_t at, size_t size,
                         const struct counts *c, struct zone *z)
{
    size_t types = at + c->times * (size + 1);
    struct zone_change *changes = ARENA_ARRAY(a, struct zone_change, c->times + 1);
    int64_t before = INT64_MIN;
    int32_t offset = z->first_s = (int32_t)read_time(file, types, 4);
    for (size_t i = 0; i < c->times; i++) {
        int64_t time = read_time(file, at + i * size, size);
        size_t type = (uint8_t)file.p[at + c->times * size + i];
        if ((i > 0 && time <= before) || type >= c->types)
            return false;
        int32_t next = (int32_t)read_time(file, types + type * 6, 4);
        if (next < -MAX_OFFSET_S || next > MAX_OFFSET_S)
            return false;
        before = time;
        if (time <= -FAR_S)
            offset = z->first_s = next;
        else if (time < FAR_S && next != offset)
            changes[z->count++] = (struct zone_change){time, offset = next};
    }
    z->changes = changes;
    return z->first_s >= -MAX_OFFSET_S && z->first_s <= MAX_OFFSET_S;
}

/* ---- the footer: a POSIX TZ string -------------------------------------------------------- */

static bool take_char(struct str *s, char c)
{
    if (s->len == 0 || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->len);
    return true;
}

static bool take_number(struct str *s, int max, int *out)
{
    size_t n = 0;
    *out = 0;
    while (n < s->len && n < 4 && s->p[n] >= '0' && s->p[n] <= '9')
        *out = *out * 10 + (s->p[n++] - '0');
    *s = str_slice(*s, n, s->len);
    return n > 0 && *out <= max;
}

static bool take_name(struct str *s)
{
    size_t n = 0;
    if (take_char(s, '<')) {
        ptrdiff_t end = str_index(*s, '>', 0);
        if (end < 0)
            return false;
        *s = str_slice(*s, (size_t)end + 1, s->len);
        return end > 0;
    }
    while (n < s->len && ((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z'))
        n++;
    *s = str_slice(*s, n, s->len);
    return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct str *s, int32_t *out)
{
    int hours, minutes = 0, seconds = 0;
    bool is_negative = take_char(s, '-');
    if (!is_negative)
        (void)take_char(s, '+');
    if (!take_number(s, 167, &hours))
        return false;
    if (take_char(s, ':') && !take_number(s, 59, &minutes))
        return false;
    if (take_char(s, ':') && !take_number(s, 59, &seconds))
        return false;
    *out = hours * 3600 + minutes * 60 + seconds;
    if (is_negative)
        *out = -*out;
    return true;
}

static bool take_yearly(struct str *s, struct zone_yearly *y)
{
    *y = (struct zone_yearly){.kind = ZONE_DAY_OF_YEAR, .time_s = 2 * 3600};
    if (take_char(s, 'M')) {
        y->kind = ZONE_MONTH_WEEKDAY;
        if (!take_number(s, 12, &y->month) || !take_char(s, '.') || !take_number(s, 5, &y->week) ||
            !take_char(s, '.') || !take_number(s, 6, &y->day) || y->month < 1 || y->week < 1)
            return false;
    } else {
        if (take_char(s, 'J'))
            y->kind = ZONE_JULIAN;
        if (!take_number(s, 365, &y->day) || (y->kind == ZONE_JULIAN && y->day < 1))
            return false;
    }
    return !take_char(s, '/') || take_time(s, &y->time_s);
}

/* POSIX counts hours west of UTC. A footer without summer time adds nothing to the table. */
static bool read_footer(struct str s, struct zone *z)
{
    struct zone_rule *r = &z->rule;
    int32_t west;
    if (!s.len)
        return true;
    if (!take_name(&s) || !take_time(&s, &west))
        return false;
    r->standard_s = -west;
    if (!s.len)
        return true;
    if (!take_name(&s))
        return false;
    r->summer_s = r->standard_s + 3600;
    if (s.len && s.p[0] != ',') {
        if (!take_time(&s, &west))
            return false;
        r->summer_s = -west;
    }
    z->has_rule = take_char(&s, ',') && take_yearly(&s, &r->to_summer) && take_char(&s, ',') &&
                  take_yearly(&s, &r->to_standard) && !s.len;
    return z->has_rule && r->standard_s >= -MAX_OFFSET_S && r->standard_s <= MAX_OFFSET_S &&
           r->summer_s >= -MAX_OFFSET_S && r->summer_s <= MAX_OFFSET_S;
}

enum err zone_parse(struct arena *a, struct str file, struct zone *out)
{
    struct counts c;
    size_t at = 0, size = 4;
    *out = (struct zone){0};
    if (file.len > ZONE_FILE_MAX || !read_counts(file, 0, &c))
        return ERR_VALIDATION_ERROR;
    if (file.p[4] >= '2') { /* the older half with its narrow times comes first */
        at = HEADER + block_size(&c, 4);
        size = 8;
        if (!read_counts(file, at, &c))
            return ERR_VALIDATION_ERROR;
    }
    at += HEADER;
    if (file.len < at + block_size(&c, size) || !read_changes(a, file, at, size, &c, out))
        return ERR_VALIDATION_ERROR;
    if (size == 4)
        return ERR_OK;
    struct str footer = str_slice(file, at + block_size(&c, size), file.len);
    if (footer.len < 2 || footer.p[0] != '\n' || footer.p[footer.len - 1] != '\n' ||
        !read_footer(str_slice(footer, 1, footer.len - 1), out))
        return ERR_VALIDATION_ERROR;
    return ERR_OK;
}

/* ---- asking ------------------------------------------------------------------------------- */

static int64_t yearly_day(const struct zone_yearly *y, int64_t year)
{
    int64_t first = day_from_date(year, 1, 1);
    if (y->kind == ZONE_DAY_OF_YEAR)
        return first + y->day;
    if (y->kind == ZONE_JULIAN) /* February 29 is not counted */
        return first + y->day - 1 + (y->day >= 60 && day_month_length(year, 2) == 29);
    int64_t day = day_from_date(year, y->month, 1);
    int sunday_based = (day_weekday(day) + 1) % 7;
    day += (y->day - sunday_based + 7) % 7 + 7 * (y->week - 1);
    while (day >= day_from_date(year, y->month, 1) + day_month_length(year, y->month))
        day -= 7;
    return day;
}

/* By the rule: the nearest changes on either side are among those of three years. */
static struct zone_span by_rule(const struct zone_rule *r, int64_t t_s)
{
    int64_t year = day_to_date(day_floor_div(t_s, DAY_S)).year, latest = INT64_MIN;
    struct zone_span span = {r->standard_s, INT64_MAX};
    for (int64_t y = year - 1; y <= year + 1; y++) {
        struct zone_change both[2] = {
            {yearly_day(&r->to_summer, y) * DAY_S + r->to_summer.time_s - r->standard_s,
             r->summer_s},
            {yearly_day(&r->to_standard, y) * DAY_S + r->to_standard.time_s - r->summer_s,
             r->standard_s},
        };
        for (size_t i = 0; i < 2; i++) {
            if (both[i].at_s > t_s && both[i].at_s < span.until_s)
                span.until_s = both[i].at_s;
            if (both[i].at_s <= t_s && both[i].at_s > latest) {
                latest = both[i].at_s;
                span.offset_s = both[i].offset_s;
            }
        }
    }
    return span;
}

struct zone_span zone_at(const struct zone *z, int64_t t_s)
{
    size_t low = 0, high = z->count; /* changes before low are past, from high on to come */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->changes[middle].at_s <= t_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->count && z->has_rule && t_s < FAR_S)
        return by_rule(&z->rule, t_s);
    return (struct zone_span){
        .offset_s = low ? z->changes[low - 1].offset_s : z->first_s,
        .until_s = low < z->count ? z->changes[low].at_s : INT64_MAX,
    };
}

bool zone_is_name(struct str name)
{
    char before = '/';
    if (name.len == 0 || name.len > ZONE_NAME_MAX || str_has_prefix(name, STR("right/")))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i];
        bool is_letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        bool is_inner = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
        if (!is_letter && !(is_inner && before != '/'))
            return false;
        before = c;
    }
    return before != '/';
}
