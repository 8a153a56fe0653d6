#include "clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

struct civil {
    int year;
    int month, day, hour, minute, second, weekday, us;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Proleptic Gregorian calendar, days since 1970-01-01 (Howard Hinnant's algorithms). */
static int64_t days_from_civil(int y, int m, int d)
{
    y -= m <= 2;
    int64_t era = floor_div(y, 400);
    int yoe = (int)(y - era * 400);
    int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static struct civil civil_from_us(int64_t us)
{
    int64_t days = floor_div(us, US_PER_DAY);
    int64_t rest = us - days * US_PER_DAY;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (5 * doy + 2) / 153;
    struct civil c;
    c.day = doy - (153 * mp + 2) / 5 + 1;
    c.month = mp < 10 ? mp + 3 : mp - 9;
    c.year = (int)(yoe + era * 400) + (c.month <= 2);
    c.weekday = (int)((days % 7 + 11) % 7);
    c.us = (int)(rest % US_PER_S);
    int s = (int)(rest / US_PER_S);
    c.hour = s / 3600;
    c.minute = s / 60 % 60;
    c.second = s % 60;
    return c;
}

static char *put(char *p, int v, int digits)
{
    for (int i = digits - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + digits;
}

static char *put_date_time(char *p, const struct civil *c)
{
    p = put(p, c->year, 4);
    *p++ = '-';
    p = put(p, c->month, 2);
    *p++ = '-';
    p = put(p, c->day, 2);
    *p++ = 'T';
    p = put(p, c->hour, 2);
    *p++ = ':';
    p = put(p, c->minute, 2);
    *p++ = ':';
    return put(p, c->second, 2);
}

size_t time_format_s(int64_t us, char out[TIME_TEXT_SIZE])
{
    struct civil c = civil_from_us(us);
    char *p = put_date_time(out, &c);
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}

size_t time_format_ms(int64_t us, char out[TIME_TEXT_SIZE])
{
    struct civil c = civil_from_us(us);
    char *p = put_date_time(out, &c);
    *p++ = '.';
    p = put(p, c.us / 1000, 3);
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}

size_t time_format_http(int64_t us, char out[TIME_TEXT_SIZE])
{
    static const char DAYS[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c = civil_from_us(us);
    return (size_t)snprintf(out, TIME_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                            DAYS[c.weekday], c.day, MONTHS[c.month - 1], c.year % 10000, c.hour,
                            c.minute, c.second);
}

void time_format_day(int64_t us, char out[9])
{
    struct civil c = civil_from_us(us);
    put(put(put(out, c.year, 4), c.month, 2), c.day, 2)[0] = '\0';
}

static bool take(struct str *s, int digits, int *out)
{
    if (s->len < (size_t)digits)
        return false;
    int v = 0;
    for (int i = 0; i < digits; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *s = str_slice(*s, (size_t)digits, s->len);
    *out = v;
    return true;
}

static bool take_char(struct str *s, const char *choices)
{
    if (!s->len || !strchr(choices, s->p[0]) || !s->p[0])
        return false;
    *s = str_slice(*s, 1, s->len);
    return true;
}

static int month_days(int year, int month)
{
    static const int DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return DAYS[month - 1] + (month == 2 && leap);
}

static bool take_fraction(struct str *s, int *us)
{
    *us = 0;
    if (!take_char(s, "."))
        return true;
    int digit, scale = 100000, count = 0;
    while (take(s, 1, &digit)) {
        *us += digit * scale;
        scale /= 10;
        count++;
    }
    return count > 0 && count <= 9;
}

static bool take_offset(struct str *s, int *minutes)
{
    *minutes = 0;
    if (take_char(s, "Zz"))
        return true;
    bool negative = s->len && s->p[0] == '-';
    int h, m;
    if (!take_char(s, "+-") || !take(s, 2, &h) || !take_char(s, ":") || !take(s, 2, &m) || h > 23 ||
        m > 59)
        return false;
    *minutes = negative ? -(h * 60 + m) : h * 60 + m;
    return true;
}

bool time_parse(struct str s, int64_t *out)
{
    int year, month, day, hour, minute, second, us, offset;
    if (!take(&s, 4, &year) || !take_char(&s, "-") || !take(&s, 2, &month) || !take_char(&s, "-") ||
        !take(&s, 2, &day) || !take_char(&s, "Tt ") || !take(&s, 2, &hour) || !take_char(&s, ":") ||
        !take(&s, 2, &minute) || !take_char(&s, ":") || !take(&s, 2, &second) ||
        !take_fraction(&s, &us) || !take_offset(&s, &offset) || s.len)
        return false;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    *out = days_from_civil(year, month, day) * US_PER_DAY +
           ((int64_t)hour * 3600 + (minute - offset) * 60 + second) * US_PER_S + us;
    return true;
}
