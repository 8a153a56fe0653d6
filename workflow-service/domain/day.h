#pragma once
/* Days of the Gregorian calendar, counted from 1970-01-01, and times of the day in minutes. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

#define DAY_MINUTES 1440

struct date {
    int64_t year;
    int month, day; /* from 1 */
};

int64_t day_from_date(int64_t year, int month, int day);
struct date day_to_date(int64_t day);
int day_month_length(int64_t year, int month);
/* 0 is Monday. */
int day_weekday(int64_t day);
/* Rounded down, also before 1970. */
int64_t day_floor_div(int64_t a, int64_t b);

/* "2026-12-25", years 1900 to 9999. Writes NUL. */
#define DAY_TEXT_SIZE 16
bool day_parse(struct str s, int64_t *day);
void day_format(int64_t day, char out[DAY_TEXT_SIZE]);

/* "09:30", "24:00" where a day may end. */
bool day_parse_minute(struct str s, int *minute);
void day_format_minute(int minute, char out[DAY_TEXT_SIZE]);
