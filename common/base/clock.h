#pragma once
/* Time: microseconds since the Unix epoch (wall) or since an arbitrary point (mono), as int64_t. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

#define US_PER_MS 1000LL
#define US_PER_S 1000000LL
#define US_PER_DAY (86400LL * US_PER_S)

int64_t clock_wall_us(void);
int64_t clock_mono_us(void);

/* RFC 3339 UTC: "2026-01-12T10:30:00Z" and "2026-01-12T10:30:00.000Z". Both write NUL. */
#define TIME_TEXT_SIZE 32
size_t time_format_s(int64_t us, char out[TIME_TEXT_SIZE]);
size_t time_format_ms(int64_t us, char out[TIME_TEXT_SIZE]);
/* Accepts RFC 3339 with any offset and fraction; false on anything else. */
bool time_parse(struct str s, int64_t *us);
/* IMF-fixdate of RFC 9110 §5.6.7, e.g. for the Date header. */
size_t time_format_http(int64_t us, char out[TIME_TEXT_SIZE]);
/* "YYYYMMDD" of the UTC day. */
void time_format_day(int64_t us, char out[9]);
