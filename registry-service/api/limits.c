/* Counters that the gateways share for their rate limits. */
#include "api/handlers.h"
#include "api/view.h"
#include "clock.h"
#include "service.h"
#include "store/limit.h"

#define COUNTERS_MAX 1000
#define KEY_MAX_BYTES 128
#define WINDOW_MAX_S (366 * 86400)
#define ADD_MAX 1000000000
/* A window may begin a little later than now by the clock of the gateway. */
#define CLOCK_SKEW_S 3600

#define AT(member) offsetof(struct limit_counter, member)
static const struct json_field COUNTER_FIELDS[] = {
    {"key", JK_STR, AT(key), JF_REQUIRED, 1, KEY_MAX_BYTES, .doc = "opaque, at most 128 bytes"},
    {"window", JK_INT, AT(window_s), JF_REQUIRED, 1, WINDOW_MAX_S, .doc = "seconds"},
    {"window_start", JK_INT, AT(window_start), JF_REQUIRED, 0, -1, .doc = "seconds since 1970"},
    {"add", JK_INT, AT(add), JF_REQUIRED, 0, ADD_MAX, .doc = "0 only reads"},
};
static JSON_SCHEMA(COUNTER_BODY, "LimitCounter", struct limit_counter, COUNTER_FIELDS);

static const struct json_field SYNC_FIELDS[] = {
    {"counters", JK_ARRAY, offsetof(struct limits_body, counters), JF_REQUIRED, 0, COUNTERS_MAX,
     .sub = &COUNTER_BODY},
};
JSON_SCHEMA(LIMITS_BODY, "LimitSync", struct limits_body, SYNC_FIELDS);

static const struct json_field TOTAL_FIELDS[] = {
    {"key", JK_STR, AT(key)},
    {"window", JK_INT, AT(window_s)},
    {"window_start", JK_INT, AT(window_start)},
    {"total", JK_INT, AT(total), .doc = "over all gateways"},
};
static JSON_SCHEMA(TOTAL_VIEW, "LimitTotal", struct limit_counter, TOTAL_FIELDS);

static const struct json_field TOTALS_FIELDS[] = {
    {"counters", JK_ARRAY, offsetof(struct limits_body, counters), .sub = &TOTAL_VIEW,
     .doc = "in the order of the request"},
};
JSON_SCHEMA(LIMITS_VIEW, "LimitTotals", struct limits_body, TOTALS_FIELDS);

static void note_problem(struct req *r, size_t i, const char *field, const char *problem)
{
    req_field_error(r, arena_printf(r->arena, "counters[%zu].%s", i, field), problem);
}

static bool are_acceptable(struct req *r, const struct limit_counter *counters, size_t n)
{
    int64_t start_max = r->now / US_PER_S + CLOCK_SKEW_S;

    for (size_t i = 0; i < n; i++) {
        if (counters[i].key.len > KEY_MAX_BYTES)
            note_problem(r, i, "key", "must be at most 128 bytes");
        if (counters[i].window_start > start_max)
            note_problem(r, i, "window_start", "must not lie in the future");
    }
    return !req_has_field_errors(r);
}

enum err CO_FN limits_sync(struct req *r)
{
    const struct limits_body *body = r->body;
    struct db_session *s;
    enum err rc;

    if (!are_acceptable(r, body->counters.items, body->counters.count))
        return ERR_VALIDATION_ERROR;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = limit_store_add(s, body->counters.items, body->counters.count);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &LIMITS_VIEW, body);
}
