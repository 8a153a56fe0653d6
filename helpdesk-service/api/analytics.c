/* Figures over time, as JSON or CSV: each view is a choice of columns. */
#include <math.h>

#include "api/handlers.h"
#include "api/schemas_analytics.h"
#include "buf.h"
#include "clock.h"
#include "csv.h"
#include "service.h"
#include "store/insight_store.h"

#define HOUR_US (3600 * US_PER_S)
#define PERIOD_DEFAULT_US (30 * US_PER_DAY)
#define PERIOD_MAX_US (366 * US_PER_DAY)
#define INTERVALS_MAX 1000

/* ---- columns ------------------------------------------------------------------------------ */

enum column_kind {
    COL_COUNT,      /* of a metric */
    COL_MEAN,       /* seconds of a metric */
    COL_RESPONSE,   /* percentile of the time to the first response */
    COL_RESOLUTION, /* percentile of the time to the resolution */
    COL_FINISHED,
    COL_ATTAINMENT,
    COL_AVERAGE_RATING,
    COL_RATING,
    COL_OPEN,
    COL_STATE,
    COL_AGE,
};
struct column {
    const char *name;
    enum column_kind kind;
    int which; /* enum insight_metric, percentile, rating, state or age */
};

#define VOLUME                                                                                     \
    {"created", COL_COUNT, INSIGHT_CREATED}, {"resolved", COL_COUNT, INSIGHT_RESOLVED},            \
        {"closed", COL_COUNT, INSIGHT_CLOSED},                                                     \
    {                                                                                              \
        "reopened", COL_COUNT, INSIGHT_REOPENED                                                    \
    }
#define RESPONSES                                                                                  \
    {"first_responses", COL_COUNT, INSIGHT_RESPONSE},                                              \
        {"first_response_mean_s", COL_MEAN, INSIGHT_RESPONSE},                                     \
        {"first_response_p50_s", COL_RESPONSE, 50}, {"first_response_p90_s", COL_RESPONSE, 90},    \
    {                                                                                              \
        "first_response_p95_s", COL_RESPONSE, 95                                                   \
    }
#define RESOLUTIONS                                                                                \
    {"resolutions", COL_COUNT, INSIGHT_RESOLUTION},                                                \
        {"resolution_mean_s", COL_MEAN, INSIGHT_RESOLUTION},                                       \
        {"resolution_p50_s", COL_RESOLUTION, 50}, {"resolution_p90_s", COL_RESOLUTION, 90},        \
    {                                                                                              \
        "resolution_p95_s", COL_RESOLUTION, 95                                                     \
    }
#define SLA                                                                                        \
    {"finished", COL_FINISHED, 0}, {"met", COL_COUNT, INSIGHT_MET},                                \
        {"missed", COL_COUNT, INSIGHT_MISSED},                                                     \
    {                                                                                              \
        "attainment", COL_ATTAINMENT, 0                                                            \
    }
#define CSAT                                                                                       \
    {"ratings", COL_COUNT, INSIGHT_CSAT},                                                          \
    {                                                                                              \
        "average_rating", COL_AVERAGE_RATING, 0                                                    \
    }
#define BACKLOG                                                                                    \
    {"open", COL_OPEN, 0}, {"status_open", COL_STATE, 0}, {"status_in_progress", COL_STATE, 1},    \
        {"status_on_hold", COL_STATE, 2}, {"age_under_1d", COL_AGE, 0},                            \
        {"age_1d_to_3d", COL_AGE, 1}, {"age_3d_to_7d", COL_AGE, 2}, {"age_7d_to_30d", COL_AGE, 3}, \
    {                                                                                              \
        "age_over_30d", COL_AGE, 4                                                                 \
    }

#define BIT(metric) (1U << INSIGHT_##metric)
#define RESPONSE_TEXT                                                                              \
    "first response: from opening a ticket to the first public comment of somebody else, counted " \
    "when it was given; "
#define RESOLUTION_TEXT                                                                            \
    "resolution: from opening a ticket to its becoming Resolved, or Closed out of an open state, " \
    "counted then; a reopened ticket is not counted until it is resolved again; percentiles "      \
    "are at most 19 % off"
#define SLA_TEXT                                                                                   \
    "finished: resolved in the period and not reopened since; missed: a deadline of the ticket "   \
    "had passed; attainment: met / finished"
#define CSAT_TEXT "ratings: the requester's last rating of a ticket, when it was given"
#define BACKLOG_TEXT                                                                               \
    "open: tickets that are Open, In Progress or On Hold now; age: since the hour of opening"
#define VOLUME_TEXT                                                                                \
    "resolved: became Resolved, or Closed out of an open state; closed: became Closed; reopened: " \
    "became open again"
#define DIMENSION_TEXT                                                                             \
    "; counted under the category, department, priority and owner that the ticket had then"

struct view {
    unsigned metrics;
    bool has_backlog;
    const char *definitions;
    struct column columns[40]; /* .name == NULL ends */
};
static const struct view VIEW_VOLUME = {BIT(CREATED) | BIT(RESOLVED) | BIT(CLOSED) | BIT(REOPENED),
                                        false,
                                        VOLUME_TEXT DIMENSION_TEXT,
                                        {VOLUME}};
static const struct view VIEW_TIMES = {BIT(RESPONSE) | BIT(RESOLUTION),
                                       false,
                                       RESPONSE_TEXT RESOLUTION_TEXT DIMENSION_TEXT,
                                       {RESPONSES, RESOLUTIONS}};
static const struct view VIEW_SLA = {BIT(MET) | BIT(MISSED), false, SLA_TEXT DIMENSION_TEXT, {SLA}};
static const struct view VIEW_CSAT = {BIT(CSAT),
                                      false,
                                      CSAT_TEXT DIMENSION_TEXT,
                                      {CSAT,
                                       {"rating_1", COL_RATING, 1},
                                       {"rating_2", COL_RATING, 2},
                                       {"rating_3", COL_RATING, 3},
                                       {"rating_4", COL_RATING, 4},
                                       {"rating_5", COL_RATING, 5}}};
static const struct view VIEW_BACKLOG = {0, true, BACKLOG_TEXT, {BACKLOG}};
static const struct view VIEW_AGENTS = {
    BIT(RESOLVED) | BIT(RESOLUTION) | BIT(MET) | BIT(MISSED) | BIT(CSAT),
    true,
    BACKLOG_TEXT "; " VOLUME_TEXT "; " RESOLUTION_TEXT "; " SLA_TEXT "; " CSAT_TEXT DIMENSION_TEXT,
    {BACKLOG,
     {"resolved", COL_COUNT, INSIGHT_RESOLVED},
     {"resolution_mean_s", COL_MEAN, INSIGHT_RESOLUTION},
     SLA,
     CSAT}};
static const struct view VIEW_OVERVIEW = {
    ~0U,
    true,
    VOLUME_TEXT "; " BACKLOG_TEXT "; " RESPONSE_TEXT RESOLUTION_TEXT "; " SLA_TEXT "; " CSAT_TEXT,
    {VOLUME, BACKLOG, RESPONSES, RESOLUTIONS, SLA, CSAT}};

static int64_t sum(const int64_t *v, int n)
{
    int64_t all = 0;

    for (int i = 0; i < n; i++)
        all += v[i];
    return all;
}

static double average_rating(const struct insight_figures *f)
{
    int64_t points = 0;

    for (int i = 1; i <= INSIGHT_RATINGS; i++)
        points += i * f->rating[i];
    return histogram_ratio(points, f->n[INSIGHT_CSAT]);
}

/* Rounded to so many places that nobody takes it for more exact than it is. */
static double rounded(double v, double places)
{
    return isnan(v) ? v : (double)(int64_t)(v * places + 0.5) / places;
}

/* NaN: there is no such figure. */
static double value_of(const struct column *c, const struct insight_figures *f)
{
    int64_t finished = f->n[INSIGHT_MET] + f->n[INSIGHT_MISSED];

    switch (c->kind) {
    case COL_COUNT:
        return (double)f->n[c->which];
    case COL_MEAN:
        return rounded(histogram_ratio(f->seconds[c->which], f->n[c->which]), 1);
    case COL_RESPONSE:
        return rounded(histogram_percentile(f->response, c->which / 100.0), 1);
    case COL_RESOLUTION:
        return rounded(histogram_percentile(f->resolution, c->which / 100.0), 1);
    case COL_FINISHED:
        return (double)finished;
    case COL_ATTAINMENT:
        return rounded(histogram_ratio(f->n[INSIGHT_MET], finished), 10000);
    case COL_AVERAGE_RATING:
        return rounded(average_rating(f), 100);
    case COL_RATING:
        return (double)f->rating[c->which];
    case COL_OPEN:
        return (double)sum(f->state, INSIGHT_OPEN_STATES);
    case COL_STATE:
        return (double)f->state[c->which];
    case COL_AGE:
        return (double)f->age[c->which];
    }
    return NAN;
}

/* ---- what is asked ------------------------------------------------------------------------ */

static int64_t interval_us(struct str interval)
{
    if (str_eq(interval, STR("hour")))
        return HOUR_US;
    if (str_eq(interval, STR("day")))
        return US_PER_DAY;
    return str_eq(interval, STR("week")) ? 7 * US_PER_DAY : 28 * US_PER_DAY;
}

static enum err check_period(struct req *r, const struct insight_question *q)
{
    if (q->from >= q->to)
        req_field_error(r, "from", "must be before to");
    else if (q->to - q->from > PERIOD_MAX_US)
        req_field_error(r, "from", "must be at most 366 days before to");
    else if (q->interval.p && (q->to - q->from) / interval_us(q->interval) > INTERVALS_MAX)
        req_field_error(r, "interval", "must be longer: there may be 1000 rows");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN check_zone(struct req *r, struct db_session *s, struct str zone)
{
    bool is_zone;
    enum err rc = insight_store_is_zone(s, zone, &is_zone);

    if (rc || is_zone)
        return rc;
    req_field_error(r, "tz", "is not a time zone");
    return ERR_VALIDATION_ERROR;
}

static enum err CO_FN read_question(struct req *r, struct db_session *s,
                                    struct insight_question *out)
{
    const struct analytics_query *q = r->query_args;
    bool has_zone = r->route->query == &ANALYTICS_SERIES_QUERY && q->tz.p;
    enum err rc;

    *out = (struct insight_question){.dimension = STR("all"), .zone = STR("UTC")};
    if (r->route->query != &ANALYTICS_PERIOD_QUERY) {
        out->dimension = q->by.p ? q->by : STR("all");
        out->key = q->key;
        if (q->key.p && !q->by.p) {
            req_field_error(r, "key", "needs by");
            return ERR_VALIDATION_ERROR;
        }
    }
    if (r->route->query == &ANALYTICS_BACKLOG_QUERY)
        return ERR_OK;
    out->to = q->to == JSON_NO_TIME ? r->now + HOUR_US : q->to;
    out->to -= out->to % HOUR_US;
    out->from = q->from == JSON_NO_TIME ? out->to - PERIOD_DEFAULT_US : q->from;
    out->from -= out->from % HOUR_US;
    if (r->route->query == &ANALYTICS_SERIES_QUERY)
        out->interval = q->interval;
    rc = check_period(r, out);
    if (rc || !has_zone)
        return rc;
    out->zone = q->tz;
    return check_zone(r, s, q->tz);
}

/* ---- answering ---------------------------------------------------------------------------- */

static struct str time_text(struct arena *a, int64_t us)
{
    char text[TIME_TEXT_SIZE];

    if (us == JSON_NO_TIME)
        return STR_NULL;
    return str_dup(a, str_n(text, time_format_s(us, text)));
}

static enum err reply_csv(struct req *r, const struct view *v, const struct insight_answer *a)
{
    struct buf out;

    buf_init(&out, r->arena);
    BUF_LIT(&out, "start,key,label");
    for (const struct column *c = v->columns; c->name; c++)
        buf_printf(&out, ",%s", c->name);
    for (size_t i = 0; i < a->count; i++) {
        const struct insight_figures *f = &a->rows[i];

        BUF_LIT(&out, "\r\n");
        csv_write_field(&out, time_text(r->arena, f->start));
        buf_add_char(&out, ',');
        csv_write_field(&out, f->key);
        buf_add_char(&out, ',');
        csv_write_field(&out, f->label);
        for (const struct column *c = v->columns; c->name; c++) {
            double value = value_of(c, f);

            if (isnan(value))
                buf_add_char(&out, ',');
            else
                buf_printf(&out, ",%.10g", value);
        }
    }
    BUF_LIT(&out, "\r\n");
    req_set_header(r, "Content-Disposition", STR("attachment; filename=\"analytics.csv\""));
    return req_reply(r, 200, "text/csv; charset=utf-8", buf_str(&out));
}

static void write_row(struct json_writer *w, const struct view *v, const struct insight_figures *f)
{
    jw_object(w);
    JW_TIME(w, "start", f->start);
    JW_STR(w, "key", f->key);
    JW_STR(w, "label", f->label);
    for (const struct column *c = v->columns; c->name; c++) {
        double value = value_of(c, f);

        jw_key(w, str_from(c->name));
        if (c->kind == COL_ATTAINMENT || c->kind == COL_AVERAGE_RATING || isnan(value))
            jw_double(w, value);
        else
            jw_int(w, (int64_t)value);
    }
    jw_end_object(w);
}

static enum err reply_json(struct req *r, const struct view *v, const struct insight_question *q,
                           const struct insight_answer *a)
{
    struct json_writer *w = req_json_begin(r);

    jw_object(w);
    JW_TIME_MS(w, "as_of", r->now);
    JW_TIME(w, "from", q->metrics ? q->from : JSON_NO_TIME);
    JW_TIME(w, "to", q->metrics ? q->to : JSON_NO_TIME);
    JW_STR(w, "interval", q->interval);
    JW_STR(w, "tz", q->zone);
    JW_STR(w, "by", str_eq(q->dimension, STR("all")) ? STR_NULL : q->dimension);
    JW_STR(w, "definitions", str_from(v->definitions));
    JW_KEY(w, "results");
    jw_array(w);
    for (size_t i = 0; i < a->count; i++)
        write_row(w, v, &a->rows[i]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err reply(struct req *r, const struct view *v, const struct insight_question *q,
                      const struct insight_answer *a)
{
    const struct analytics_query *wanted = r->query_args;

    if (a->is_cut) {
        req_field_error(r, "from",
                        "asks for too much: name a key, a shorter period or a longer "
                        "interval");
        return ERR_VALIDATION_ERROR;
    }
    if (str_eq(wanted->format, STR("csv")))
        return reply_csv(r, v, a);
    return reply_json(r, v, q, a);
}

/* The row of that key; a new one when it has no figures of its own yet. */
static struct insight_figures *row_for(struct insight_answer *all, const struct insight_figures *f)
{
    for (size_t i = 0; i < all->count; i++)
        if (str_eq(all->rows[i].key, f->key))
            return &all->rows[i];
    all->rows[all->count] =
        (struct insight_figures){.start = INT64_MIN, .key = f->key, .label = f->label};
    return &all->rows[all->count++];
}

static void add_backlog(struct arena *a, struct insight_answer *all,
                        const struct insight_answer *backlog)
{
    struct insight_figures *rows =
        ARENA_ARRAY(a, struct insight_figures, all->count + backlog->count + 1);

    if (all->count)
        memcpy(rows, all->rows, all->count * sizeof *rows);
    all->rows = rows;
    for (size_t i = 0; i < backlog->count; i++) {
        struct insight_figures *f = row_for(all, &backlog->rows[i]);

        memcpy(f->state, backlog->rows[i].state, sizeof f->state);
        memcpy(f->age, backlog->rows[i].age, sizeof f->age);
    }
    all->is_cut = all->is_cut || backlog->is_cut;
}

static enum err CO_FN answer(struct req *r, struct str dimension, const struct view *v)
{
    struct insight_answer all = {0}, backlog = {0};
    struct insight_question q;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = read_question(r, s, &q);
    if (rc)
        return rc;
    if (dimension.p)
        q.dimension = dimension;
    q.metrics = v->metrics;
    if (v->metrics)
        rc = insight_store_series(s, &q, &all);
    if (rc == ERR_OK && v->has_backlog)
        rc = insight_store_backlog(s, q.dimension, q.key, r->now, &backlog);
    if (rc)
        return rc;
    add_backlog(r->arena, &all, &backlog);
    if (all.count == 0 && str_eq(q.dimension, STR("all"))) {
        all.rows[all.count++] = (struct insight_figures){.start = INT64_MIN, .key = STR("")};
    }
    return reply(r, v, &q, &all);
}

enum err analytics_overview(struct req *r)
{
    return answer(r, STR_NULL, &VIEW_OVERVIEW);
}

enum err analytics_volume(struct req *r)
{
    return answer(r, STR_NULL, &VIEW_VOLUME);
}

enum err analytics_times(struct req *r)
{
    return answer(r, STR_NULL, &VIEW_TIMES);
}

enum err analytics_sla(struct req *r)
{
    return answer(r, STR_NULL, &VIEW_SLA);
}

enum err analytics_csat(struct req *r)
{
    return answer(r, STR_NULL, &VIEW_CSAT);
}

enum err analytics_agents(struct req *r)
{
    return answer(r, STR("owner"), &VIEW_AGENTS);
}

enum err analytics_backlog(struct req *r)
{
    return answer(r, STR_NULL, &VIEW_BACKLOG);
}
