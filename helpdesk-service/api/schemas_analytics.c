#include "api/schemas_analytics.h"

#include <stddef.h>

#define AT(member) offsetof(struct analytics_query, member)
#define PERIOD                                                                                     \
    {"from", JK_TIME, AT(from), .doc = "inclusive, to the hour; 30 days before to unless given"},  \
    {                                                                                              \
        "to", JK_TIME, AT(to), .doc = "exclusive, to the hour; now unless given"                   \
    }
#define KEY                                                                                        \
    {                                                                                              \
        "key", JK_STR, AT(key), 0, 0, 200,                                                         \
            .doc = "only this category, department, … or owner's id"                             \
    }
#define FORMAT                                                                                     \
    {                                                                                              \
        "format", JK_ENUM, AT(format), .choices = "json|csv", .doc = "json unless given"           \
    }

static const struct json_field SERIES_FIELDS[] = {
    PERIOD,
    {"interval", JK_ENUM, AT(interval), .choices = "hour|day|week|month",
     .doc = "a row each; the period as a whole unless given"},
    {"tz", JK_STR, AT(tz), 0, 1, 64,
     .doc = "where days begin, such as Europe/Berlin; UTC unless given"},
    {"by", JK_ENUM, AT(by), .choices = "category|department|priority|owner", .doc = "a row each"},
    KEY,
    FORMAT,
};
JSON_SCHEMA(ANALYTICS_SERIES_QUERY, "AnalyticsSeriesQuery", struct analytics_query, SERIES_FIELDS);

static const struct json_field PERIOD_FIELDS[] = {PERIOD, FORMAT};
JSON_SCHEMA(ANALYTICS_PERIOD_QUERY, "AnalyticsPeriodQuery", struct analytics_query, PERIOD_FIELDS);

static const struct json_field BACKLOG_FIELDS[] = {
    {"by", JK_ENUM, AT(by), .choices = "category|department|priority|owner|status",
     .doc = "a row each"},
    KEY,
    FORMAT,
};
JSON_SCHEMA(ANALYTICS_BACKLOG_QUERY, "AnalyticsBacklogQuery", struct analytics_query,
            BACKLOG_FIELDS);
