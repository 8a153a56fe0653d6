#include "api/statistics.h"

#include <math.h>

#include "api/definition.h"
#include "api/field.h"
#include "buf.h"
#include "clock.h"
#include "csv.h"
#include "service.h"
#include "store/statistics_store.h"

#define PERIOD_DEFAULT_DAYS 30
#define PERIOD_MAX_DAYS 400

/* ---- what is asked ------------------------------------------------------------------------ */

struct statistics_query {
    struct str by, workflow_id, from, to, format;
};

#define PERIOD(type)                                                                               \
    {.name = "workflow_id",                                                                        \
     .kind = JK_STR,                                                                               \
     .offset = offsetof(type, workflow_id),                                                        \
     .max = 64,                                                                                    \
     .doc = "only of this workflow"},                                                              \
        {.name = "from",                                                                           \
         .kind = JK_STR,                                                                           \
         .offset = offsetof(type, from),                                                           \
         .max = 64,                                                                                \
         .doc = "first day (UTC), such as 2026-01-31; 30 days up to the last one unless given"},   \
    {                                                                                              \
        .name = "to", .kind = JK_STR, .offset = offsetof(type, to), .max = 64,                     \
        .doc = "last day (UTC); today unless given"                                                \
    }

static const struct json_field QUERY_FIELDS[] = {
    {.name = "by",
     .kind = JK_ENUM,
     .offset = offsetof(struct statistics_query, by),
     .choices = "workflow|step|role|person|priority",
     .doc = "a row each; workflow unless given"},
    PERIOD(struct statistics_query),
    {.name = "format",
     .kind = JK_ENUM,
     .offset = offsetof(struct statistics_query, format),
     .choices = "json|csv",
     .doc = "json unless given"},
};
JSON_SCHEMA(STATISTICS_QUERY, "StatisticsQuery", struct statistics_query, QUERY_FIELDS);

static const struct json_field BOTTLENECKS_QUERY_FIELDS[] = {PERIOD(struct statistics_query)};
JSON_SCHEMA(BOTTLENECKS_QUERY, "BottlenecksQuery", struct statistics_query,
            BOTTLENECKS_QUERY_FIELDS);

/* The beginning of a day. */
static bool read_day(struct req *r, const char *field, struct str text, int64_t *out)
{
    struct str whole = str_printf(r->arena, "%.*sT00:00:00Z", STR_ARG(text));
    if (text.len == sizeof "2026-01-31" - 1 && time_parse(whole, out))
        return true;
    req_field_error(r, field, "must be a day such as 2026-01-31");
    return false;
}

static enum err read_question(struct req *r, struct statistics_question *out)
{
    const struct statistics_query *q = r->query_args;
    int64_t last = r->now - r->now % US_PER_DAY;
    if (q->to.p && !read_day(r, "to", q->to, &last))
        last = INT64_MIN;
    int64_t first = last == INT64_MIN ? 0 : last - (PERIOD_DEFAULT_DAYS - 1) * US_PER_DAY;
    bool has_both = (!q->from.p || read_day(r, "from", q->from, &first)) && last != INT64_MIN;
    if (has_both && first > last)
        req_field_error(r, "from", "must not be after to");
    else if (has_both && last - first >= PERIOD_MAX_DAYS * US_PER_DAY)
        req_field_error(r, "from", "must be at most 400 days before the end of to");
    if (q->workflow_id.p && !definition_is_id(str_lower(r->arena, q->workflow_id)))
        req_field_error(r, "workflow_id", "is not a workflow");
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    *out = (struct statistics_question){
        .dimension = q->by.p ? q->by : STR("workflow"),
        .workflow_id = q->workflow_id.p ? str_lower(r->arena, q->workflow_id) : STR_NULL,
        .from = first,
        .to = last + US_PER_DAY,
    };
    return ERR_OK;
}

static enum err CO_FN read_answer(struct req *r, const struct statistics_question *q,
                                  struct statistics_answer *out)
{
    struct db_session *s;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = statistics_store_read(s, q, out);
    if (rc == ERR_WORKFLOW_NOT_FOUND)
        req_field_error(r, "workflow_id", "is not a workflow");
    else if (rc == ERR_OK && out->is_cut)
        req_field_error(r, "from", "asks for too much: name a workflow or a shorter period");
    else
        return rc;
    return ERR_VALIDATION_ERROR;
}

/* ---- figures ------------------------------------------------------------------------------ */

struct statistics_doc {
    struct str workflow_id, workflow, key, label;
    int64_t started, finished, resolved, rejected, cancelled, reopened, reassigned, escalated;
    double mean_s, p50_s, p90_s, p95_s;
    int64_t taken;
    double wait_mean_s, wait_p50_s, wait_p90_s, wait_p95_s;
    int64_t met, missed;
    double attainment;
    int64_t open, pooled, on_hold, oldest;
};

#define COLUMN(kind, member) FIELD(statistics_doc, kind, member)
static const struct json_field DOC_FIELDS[] = {
    COLUMN(JK_STR, workflow_id),   COLUMN(JK_STR, workflow),      COLUMN(JK_STR, key),
    COLUMN(JK_STR, label),         COLUMN(JK_INT, started),       COLUMN(JK_INT, finished),
    COLUMN(JK_INT, resolved),      COLUMN(JK_INT, rejected),      COLUMN(JK_INT, cancelled),
    COLUMN(JK_INT, reopened),      COLUMN(JK_INT, reassigned),    COLUMN(JK_INT, escalated),
    COLUMN(JK_NUMBER, mean_s),     COLUMN(JK_NUMBER, p50_s),      COLUMN(JK_NUMBER, p90_s),
    COLUMN(JK_NUMBER, p95_s),      COLUMN(JK_INT, taken),         COLUMN(JK_NUMBER, wait_mean_s),
    COLUMN(JK_NUMBER, wait_p50_s), COLUMN(JK_NUMBER, wait_p90_s), COLUMN(JK_NUMBER, wait_p95_s),
    COLUMN(JK_INT, met),           COLUMN(JK_INT, missed),        COLUMN(JK_NUMBER, attainment),
    COLUMN(JK_INT, open),          COLUMN(JK_INT, pooled),        COLUMN(JK_INT, on_hold),
    COLUMN(JK_TIME, oldest),
};
JSON_SCHEMA(STATISTICS_ROW, "Statistics", struct statistics_doc, DOC_FIELDS);

struct statistics_reply {
    int64_t as_of;
    struct str by, from, to, definitions;
    struct json_array results;
};
static const struct json_field REPLY_FIELDS[] = {
    FIELD(statistics_reply, JK_TIME, as_of),
    FIELD(statistics_reply, JK_STR, by),
    FIELD(statistics_reply, JK_STR, from),
    FIELD(statistics_reply, JK_STR, to),
    FIELD(statistics_reply, JK_STR, definitions),
    FIELD_LIST(statistics_reply, results, STATISTICS_ROW),
};
JSON_SCHEMA(STATISTICS_REPLY, "StatisticsReply", struct statistics_reply, REPLY_FIELDS);

#define OF_CLOCKS                                                                                  \
    "; met, missed: clocks that have ended without their breach, and after it; attainment: met / " \
    "both; open, pooled, on_hold, oldest: turns of now; percentiles are at most 19 % off"
static const char OF_TASKS[] =
    "started: tasks begun; finished: resolved or rejected, counted on the day of their end until "
    "they are opened again; mean, p50, p90, p95: from the ticket to the end" OF_CLOCKS;
static const char OF_STEPS[] =
    "started: tasks that came to the step; resolved: left it; mean, p50, p90, p95: the whole stay, "
    "whoever had the turn" OF_CLOCKS;
static const char OF_TURNS[] =
    "started: turns given; resolved: done; mean, p50, p90, p95: from a turn to its end, of what "
    "was "
    "done; clocks of steps count for whose turn ended the stay" OF_CLOCKS;

/* Rounded to so many places that nobody takes it for more exact than it is. */
static double rounded(double v, double places)
{
    return isnan(v) ? v : (double)(int64_t)(v * places + 0.5) / places;
}

static double percentile(const int64_t *buckets, double q)
{
    return rounded(histogram_percentile(buckets, q), 1);
}

static struct statistics_doc doc_of(const struct statistics *s, struct str by)
{
    bool is_workflow = str_eq(by, STR("workflow"));
    struct str label = s->label.p ? s->label : s->key;
    ptrdiff_t colon = str_find(s->key, STR(":"));
    if (str_eq(by, STR("role")) && colon >= 0)
        label = str_slice(s->key, (size_t)colon + 1, s->key.len);
    return (struct statistics_doc){
        .workflow_id = s->workflow_id,
        .workflow = s->workflow,
        .key = is_workflow ? s->workflow_id : s->key,
        .label = is_workflow ? s->workflow : label,
        .started = s->n[STATISTIC_STARTED],
        .finished = statistics_done(s),
        .resolved = s->n[STATISTIC_RESOLVED],
        .rejected = s->n[STATISTIC_REJECTED],
        .cancelled = s->n[STATISTIC_CANCELLED],
        .reopened = s->n[STATISTIC_REOPENED],
        .reassigned = s->n[STATISTIC_REASSIGNED],
        .escalated = s->n[STATISTIC_ESCALATED],
        .mean_s = rounded(histogram_ratio(statistics_done_seconds(s), statistics_done(s)), 1),
        .p50_s = percentile(s->done, 0.5),
        .p90_s = percentile(s->done, 0.9),
        .p95_s = percentile(s->done, 0.95),
        .taken = s->n[STATISTIC_POOL],
        .wait_mean_s =
            rounded(histogram_ratio(s->seconds[STATISTIC_POOL], s->n[STATISTIC_POOL]), 1),
        .wait_p50_s = percentile(s->pool, 0.5),
        .wait_p90_s = percentile(s->pool, 0.9),
        .wait_p95_s = percentile(s->pool, 0.95),
        .met = s->met,
        .missed = s->missed,
        .attainment = rounded(histogram_ratio(s->met, s->met + s->missed), 10000),
        .open = s->open,
        .pooled = s->pooled,
        .on_hold = s->held,
        .oldest = s->oldest,
    };
}

static void write_cell(struct buf *out, const struct json_field *f,
                       const struct statistics_doc *doc)
{
    const void *at = (const char *)doc + f->offset;
    char text[TIME_TEXT_SIZE];
    if (f->kind == JK_STR)
        csv_write_field(out, *(const struct str *)at);
    else if (f->kind == JK_TIME && *(const int64_t *)at != JSON_NO_TIME)
        csv_write_field(out, str_n(text, time_format_s(*(const int64_t *)at, text)));
    else if (f->kind == JK_INT)
        buf_printf(out, "%lld", (long long)*(const int64_t *)at);
    else if (f->kind == JK_NUMBER && !isnan(*(const double *)at))
        buf_printf(out, "%.10g", *(const double *)at);
}

static enum err reply_csv(struct req *r, const struct statistics_doc *docs, size_t count)
{
    struct buf out;
    size_t n = sizeof DOC_FIELDS / sizeof *DOC_FIELDS;
    buf_init(&out, r->arena);
    for (size_t k = 0; k < n; k++)
        buf_printf(&out, "%s%s", k ? "," : "", DOC_FIELDS[k].name);
    for (size_t i = 0; i < count; i++) {
        BUF_LIT(&out, "\r\n");
        for (size_t k = 0; k < n; k++) {
            if (k)
                buf_add_char(&out, ',');
            write_cell(&out, &DOC_FIELDS[k], &docs[i]);
        }
    }
    BUF_LIT(&out, "\r\n");
    req_set_header(r, "Content-Disposition", STR("attachment; filename=\"statistics.csv\""));
    return req_reply(r, 200, "text/csv; charset=utf-8", buf_str(&out));
}

static struct str day_text(struct arena *a, int64_t us)
{
    char text[TIME_TEXT_SIZE];
    time_format_s(us, text);
    return str_dup(a, str_n(text, sizeof "2026-01-31" - 1));
}

enum err statistics_get(struct req *r)
{
    const struct statistics_query *query = r->query_args;
    struct statistics_question q;
    struct statistics_answer a;
    enum err rc = read_question(r, &q);
    if (rc == ERR_OK)
        rc = read_answer(r, &q, &a);
    if (rc)
        return req_fail(r, rc);
    bool is_whole = str_eq(q.dimension, STR("workflow")) || str_eq(q.dimension, STR("priority"));
    bool is_step = str_eq(q.dimension, STR("step"));
    struct statistics_doc *docs = ARENA_ARRAY(r->arena, struct statistics_doc, a.count + 1);
    for (size_t i = 0; i < a.count; i++)
        docs[i] = doc_of(&a.rows[i], q.dimension);
    if (str_eq(query->format, STR("csv")))
        return reply_csv(r, docs, a.count);
    struct statistics_reply reply = {
        .as_of = r->now,
        .by = q.dimension,
        .from = day_text(r->arena, q.from),
        .to = day_text(r->arena, q.to - US_PER_DAY),
        .definitions = str_from(is_whole  ? OF_TASKS
                                : is_step ? OF_STEPS
                                          : OF_TURNS),
        .results = {docs, a.count},
    };
    return req_reply_json(r, 200, &STATISTICS_REPLY, &reply);
}

/* ---- bottlenecks -------------------------------------------------------------------------- */

struct bottleneck_doc {
    struct str workflow_id, workflow, step;
    int64_t open, pooled, on_hold, oldest, oldest_age_s;
    double share, mean_s, p90_s;
    int64_t met, missed;
    double breach_rate;
    struct json_array why;
};
static const struct json_field BOTTLENECK_FIELDS[] = {
    FIELD(bottleneck_doc, JK_STR, workflow_id), FIELD(bottleneck_doc, JK_STR, workflow),
    FIELD(bottleneck_doc, JK_STR, step),        FIELD(bottleneck_doc, JK_INT, open),
    FIELD(bottleneck_doc, JK_INT, pooled),      FIELD(bottleneck_doc, JK_INT, on_hold),
    FIELD(bottleneck_doc, JK_TIME, oldest),     FIELD(bottleneck_doc, JK_INT, oldest_age_s),
    FIELD(bottleneck_doc, JK_NUMBER, share),    FIELD(bottleneck_doc, JK_NUMBER, mean_s),
    FIELD(bottleneck_doc, JK_NUMBER, p90_s),    FIELD(bottleneck_doc, JK_INT, met),
    FIELD(bottleneck_doc, JK_INT, missed),      FIELD(bottleneck_doc, JK_NUMBER, breach_rate),
    FIELD(bottleneck_doc, JK_STR_ARRAY, why),
};
JSON_SCHEMA(BOTTLENECK_DOC, "Bottleneck", struct bottleneck_doc, BOTTLENECK_FIELDS);

struct bottlenecks_reply {
    int64_t as_of;
    struct str from, to;
    struct json_array results;
};
static const struct json_field BOTTLENECKS_FIELDS[] = {
    FIELD(bottlenecks_reply, JK_TIME, as_of),
    FIELD(bottlenecks_reply, JK_STR, from),
    FIELD(bottlenecks_reply, JK_STR, to),
    FIELD_LIST(bottlenecks_reply, results, BOTTLENECK_DOC),
};
JSON_SCHEMA(BOTTLENECKS_REPLY, "BottlenecksReply", struct bottlenecks_reply, BOTTLENECKS_FIELDS);

static struct json_array reasons(struct arena *a, const struct bottleneck *b, int64_t now)
{
    const struct statistics *s = b->step;
    struct str *why = ARENA_ARRAY(a, struct str, 4);
    size_t n = 0;
    if (s->open > 0 && s->pooled > 0)
        why[n++] = str_printf(a, "%lld open, %lld of them waiting for somebody", (long long)s->open,
                              (long long)s->pooled);
    else if (s->open > 0)
        why[n++] = str_printf(a, "%lld open", (long long)s->open);
    if (s->open > 0 && s->oldest != INT64_MIN && now > s->oldest) {
        char age[SLA_TEXT_SIZE];
        why[n++] =
            str_printf(a, "the oldest for %.*s", STR_ARG(sla_time_remaining(now, s->oldest, age)));
    }
    if (b->share > 0)
        why[n++] = str_printf(a, "%.0f %% of the time of the workflow's steps", 100 * b->share);
    if (b->breach_rate > 0)
        why[n++] = str_printf(a, "%.0f %% of its clocks breached", 100 * b->breach_rate);
    return (struct json_array){why, n};
}

static struct bottleneck_doc bottleneck_doc(struct arena *a, const struct bottleneck *b,
                                            int64_t now)
{
    const struct statistics *s = b->step;
    bool has_oldest = s->oldest != INT64_MIN;
    return (struct bottleneck_doc){
        .workflow_id = s->workflow_id,
        .workflow = s->workflow,
        .step = s->key,
        .open = s->open,
        .pooled = s->pooled,
        .on_hold = s->held,
        .oldest = s->oldest,
        .oldest_age_s = has_oldest ? (now - s->oldest) / US_PER_S : JSON_NO_INT,
        .share = rounded(b->share, 10000),
        .mean_s = rounded(histogram_ratio(statistics_done_seconds(s), statistics_done(s)), 1),
        .p90_s = percentile(s->done, 0.9),
        .met = s->met,
        .missed = s->missed,
        .breach_rate = rounded(b->breach_rate, 10000),
        .why = reasons(a, b, now),
    };
}

enum err statistics_bottlenecks(struct req *r)
{
    struct statistics_question q;
    struct statistics_answer a;
    enum err rc = read_question(r, &q);
    if (rc)
        return req_fail(r, rc);
    q.dimension = STR("step");
    rc = read_answer(r, &q, &a);
    if (rc)
        return req_fail(r, rc);
    struct bottleneck *ranked = ARENA_ARRAY(r->arena, struct bottleneck, a.count + 1);
    struct bottleneck_doc *docs = ARENA_ARRAY(r->arena, struct bottleneck_doc, a.count + 1);
    bottlenecks_rank(a.rows, a.count, ranked);
    for (size_t i = 0; i < a.count; i++)
        docs[i] = bottleneck_doc(r->arena, &ranked[i], r->now);
    struct bottlenecks_reply reply = {
        .as_of = r->now,
        .from = day_text(r->arena, q.from),
        .to = day_text(r->arena, q.to - US_PER_DAY),
        .results = {docs, a.count},
    };
    return req_reply_json(r, 200, &BOTTLENECKS_REPLY, &reply);
}
