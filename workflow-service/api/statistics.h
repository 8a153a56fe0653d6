#pragma once
/* Figures of work over time and of now, and where it gets stuck. */
#include "json.h"
#include "req.h"

extern const struct json_schema STATISTICS_QUERY, STATISTICS_REPLY, BOTTLENECKS_QUERY,
    BOTTLENECKS_REPLY;

enum err CO_FN statistics_get(struct req *r);
enum err CO_FN statistics_bottlenecks(struct req *r);
