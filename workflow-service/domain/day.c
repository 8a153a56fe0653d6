#include "domain/day.h"

#include <stdio.h>

#define THURSDAY 3 /* 1970-01-01 */

int64_t day_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The year begins in March, so that the leap day comes last. */
int64_t day_from_date(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2), era = day_floor_div(y, 400), of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date day_to_date(int64_t day)
{
    int64_t z = day + 719468, era = day_floor_div(z, 146097), of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (int)((5 * of_year + 2) / 153);
    return (struct date){
        .year = year + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = (int)(of_year - (153 * month + 2) / 5) + 1,
    };
}

int day_month_length(int64_t year, int month)
{
    static const int LENGTHS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return LENGTHS[month - 1] + (month == 2 && is_leap);
}

int day_weekday(int64_t day)
{
    int64_t of_week = (day + THURSDAY) % 7;
    return (int)(of_week < 0 ? of_week + 7 : of_week);
}

static bool digits(struct str s, size_t from, size_t count, int *out)
{
    *out = 0;
    for (size_t i = from; i < from + count; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        *out = *out * 10 + (s.p[i] - '0');
    }
    return true;
}

bool day_parse(struct str s, int64_t *day)
{
    int year, month, of_month;
    if (s.len != 10 || s.p[4] != '-' || s.p[7] != '-' || !digits(s, 0, 4, &year) ||
        !digits(s, 5, 2, &month) || !digits(s, 8, 2, &of_month))
        return false;
    if (year < 1900 || month < 1 || month > 12 || of_month < 1 ||
        of_month > day_month_length(year, month))
        return false;
    *day = day_from_date(year, month, of_month);
    return true;
}

void day_format(int64_t day, char out[DAY_TEXT_SIZE])
{
    struct date d = day_to_date(day);
    (void)snprintf(out, DAY_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)d.year % 10000,
                   (unsigned)d.month % 100, (unsigned)d.day % 100);
}

bool day_parse_minute(struct str s, int *minute)
{
    int hours, minutes;
    if (s.len != 5 || s.p[2] != ':' || !digits(s, 0, 2, &hours) || !digits(s, 3, 2, &minutes))
        return false;
    *minute = hours * 60 + minutes;
    return minutes < 60 && *minute <= DAY_MINUTES;
}

void day_format_minute(int minute, char out[DAY_TEXT_SIZE])
{
    (void)snprintf(out, DAY_TEXT_SIZE, "%02u:%02u", (unsigned)minute / 60 % 100,
                   (unsigned)minute % 60);
}
