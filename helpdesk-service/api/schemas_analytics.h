#pragma once
/* Query parameters of the analytics. */
#include "json.h"

struct analytics_query {
    int64_t from, to;
    struct str interval, tz, by, key, format;
};
/* Of a course of time, of what there is per key, of the present, of one row. */
extern const struct json_schema ANALYTICS_SERIES_QUERY, ANALYTICS_PERIOD_QUERY,
    ANALYTICS_BACKLOG_QUERY;
