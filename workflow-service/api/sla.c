#include "api/sla.h"

#include "actor.h"
#include "api/clocks.h"
#include "api/field.h"
#include "api/view.h"
#include "clock.h"
#include "service.h"
#include "store/task_store.h"

#define MAX_LINES 60

/* ---- schemas ------------------------------------------------------------------------------ */

struct cycle_doc {
    int64_t cycle;
    struct str state;
    int64_t target_s, consumed_s, started_at, due_at, breach_at, breached_at, stopped_at;
};

struct clock_doc {
    struct str metric, state;
    int64_t cycle, target_minutes, breach_minutes, target_s, breach_s, consumed_s, remaining_s;
    int64_t started_at, warn_at, due_at, breach_at, warned_at, breached_at, stopped_at;
    int8_t breached, paused;
    struct str policy, calendar, explanation;
    struct json_array cycles, explain;
};

struct sla_doc {
    struct str ticket_number;
    int64_t task_id;
    struct str status, priority, workflow_name;
    int64_t created_at, target_resolution, sla_breach_at, resolved_at;
    struct str time_remaining;
    int8_t is_breached;
    struct json_array clocks;
};

static const struct json_field CYCLE_FIELDS[] = {
    FIELD(cycle_doc, JK_INT, cycle),       FIELD(cycle_doc, JK_STR, state),
    FIELD(cycle_doc, JK_INT, target_s),    FIELD(cycle_doc, JK_INT, consumed_s),
    FIELD(cycle_doc, JK_TIME, started_at), FIELD(cycle_doc, JK_TIME, due_at),
    FIELD(cycle_doc, JK_TIME, breach_at),  FIELD(cycle_doc, JK_TIME, breached_at),
    FIELD(cycle_doc, JK_TIME, stopped_at),
};
static JSON_SCHEMA(CYCLE_DOC, "SlaCycle", struct cycle_doc, CYCLE_FIELDS);

static const struct json_field CLOCK_FIELDS[] = {
    FIELD(clock_doc, JK_STR, metric),         FIELD(clock_doc, JK_STR, state),
    FIELD(clock_doc, JK_INT, cycle),          FIELD(clock_doc, JK_INT, target_minutes),
    FIELD(clock_doc, JK_INT, breach_minutes), FIELD(clock_doc, JK_INT, target_s),
    FIELD(clock_doc, JK_INT, breach_s),       FIELD(clock_doc, JK_INT, consumed_s),
    FIELD(clock_doc, JK_INT, remaining_s),    FIELD(clock_doc, JK_TIME, started_at),
    FIELD(clock_doc, JK_TIME, warn_at),       FIELD(clock_doc, JK_TIME, due_at),
    FIELD(clock_doc, JK_TIME, breach_at),     FIELD(clock_doc, JK_TIME, warned_at),
    FIELD(clock_doc, JK_TIME, breached_at),   FIELD(clock_doc, JK_TIME, stopped_at),
    FIELD(clock_doc, JK_BOOL, breached),      FIELD(clock_doc, JK_BOOL, paused),
    FIELD(clock_doc, JK_STR, policy),         FIELD(clock_doc, JK_STR, calendar),
    FIELD(clock_doc, JK_STR, explanation),    FIELD_LIST(clock_doc, cycles, CYCLE_DOC),
    FIELD(clock_doc, JK_STR_ARRAY, explain),
};
static JSON_SCHEMA(CLOCK_DOC, "SlaClock", struct clock_doc, CLOCK_FIELDS);

static const struct json_field SLA_FIELDS[] = {
    FIELD(sla_doc, JK_STR, ticket_number),
    FIELD(sla_doc, JK_INT, task_id),
    FIELD(sla_doc, JK_STR, status),
    FIELD(sla_doc, JK_STR, priority),
    FIELD(sla_doc, JK_STR, workflow_name),
    FIELD(sla_doc, JK_TIME, created_at),
    FIELD(sla_doc, JK_TIME, target_resolution),
    FIELD(sla_doc, JK_TIME, sla_breach_at),
    FIELD(sla_doc, JK_TIME, resolved_at),
    FIELD(sla_doc, JK_STR, time_remaining),
    FIELD(sla_doc, JK_BOOL, is_breached),
    FIELD_LIST(sla_doc, clocks, CLOCK_DOC),
};
JSON_SCHEMA(SLA_REPLY, "Sla", struct sla_doc, SLA_FIELDS);

/* ---- explaining --------------------------------------------------------------------------- */

struct facts {
    struct arena *arena;
    int64_t now;
    struct clock_rules rules;
    const struct calendar *calendar;
    struct clock_row *rows;
    size_t row_count;
    struct clock_record *records;
    size_t record_count;
};

struct lines {
    struct str *items;
    size_t count;
};

static void add(struct lines *l, struct str line)
{
    if (l->count < MAX_LINES)
        l->items[l->count++] = line;
}

static struct str span(struct arena *a, int64_t us)
{
    char text[SLA_TEXT_SIZE];
    return str_dup(a, sla_time_remaining(us, 0, text));
}

static struct str moment(struct arena *a, int64_t at)
{
    char text[TIME_TEXT_SIZE];
    if (at == SLA_NONE)
        return STR("not before a century");
    return str_dup(a, str_n(text, time_format_s(at, text)));
}

/* Of which target a clock is. */
static struct str headline(const struct facts *f, const struct clock_row *row)
{
    const struct sla_clock *c = &row->clock;
    const char *from = "after creation";
    if (str_eq(row->metric, METRIC_STEP))
        from = "after the step began, by its weight";
    return str_printf(f->arena, "Priority %.*s in %.*s: target %lld min and breach %lld min %s",
                      STR_ARG(f->rules.priority), STR_ARG(f->rules.workflow_name),
                      (long long)(c->target_us / (60 * US_PER_S)),
                      (long long)(c->breach_us / (60 * US_PER_S)), from);
}

static struct str hours_line(const struct facts *f)
{
    const struct clock_rules *r = &f->rules;
    if (!r->calendar.p)
        return STR("Around the clock: every moment counts");
    return str_printf(f->arena, "Policy %.*s: only the hours of %.*s (%.*s) count",
                      STR_ARG(r->policy), STR_ARG(r->calendar), STR_ARG(r->zone));
}

static const char *phrase(struct str kind)
{
    static const struct {
        const char *kind, *phrase;
    } PHRASES[] = {
        {"activate", "began"},
        {"apply_policy", "got another target"},
        {"pause", "paused"},
        {"resume", "went on"},
        {"warn", "warned"},
        {"breach", "breached"},
        {"fulfil", "ended"},
        {"cancel", "was cancelled"},
        {"reopen", "was opened again"},
        {"recompute", "was computed anew"},
    };
    for (size_t i = 0; i < sizeof PHRASES / sizeof PHRASES[0]; i++)
        if (str_eq(kind, str_from(PHRASES[i].kind)))
            return PHRASES[i].phrase;
    return "changed";
}

static struct str record_line(const struct facts *f, const struct clock_record *e)
{
    struct str detail = STR("");
    if (e->detail.len)
        detail = str_printf(f->arena, " (%.*s)", STR_ARG(e->detail));
    return str_printf(f->arena, "%.*s: %s%.*s, %.*s used before",
                      STR_ARG(moment(f->arena, e->created_at)), phrase(e->kind), STR_ARG(detail),
                      STR_ARG(span(f->arena, e->consumed_us)));
}

static struct str conclusion(const struct facts *f, const struct clock_row *row)
{
    const struct sla_clock *c = &row->clock;
    if (c->state == SLA_STATE_PAUSED)
        return str_printf(f->arena, "Paused with %.*s used; the deadlines follow when it goes on",
                          STR_ARG(span(f->arena, c->consumed_us)));
    if (c->state != SLA_STATE_RUNNING)
        return str_printf(f->arena, "Ended with %.*s of %.*s used",
                          STR_ARG(span(f->arena, c->consumed_us)),
                          STR_ARG(span(f->arena, c->target_us)));
    return str_printf(f->arena,
                      "From %.*s on %.*s of the target are left, until %.*s, and %.*s until the"
                      " breach, at %.*s",
                      STR_ARG(moment(f->arena, c->anchor_at)),
                      STR_ARG(span(f->arena, c->target_us - c->consumed_us)),
                      STR_ARG(moment(f->arena, c->due_at)),
                      STR_ARG(span(f->arena, c->breach_us - c->consumed_us)),
                      STR_ARG(moment(f->arena, c->breach_at)));
}

static struct json_array explain(const struct facts *f, const struct clock_row *row)
{
    struct lines l = {ARENA_ARRAY(f->arena, struct str, MAX_LINES + 1), 0};
    add(&l, headline(f, row));
    add(&l, hours_line(f));
    for (size_t i = 0; i < f->record_count && l.count < MAX_LINES - 1; i++)
        if (f->records[i].clock_id == row->id)
            add(&l, record_line(f, &f->records[i]));
    add(&l, conclusion(f, row));
    return (struct json_array){l.items, l.count};
}

/* ---- the reply ---------------------------------------------------------------------------- */

static int64_t seconds(int64_t us)
{
    return us / US_PER_S;
}

static struct json_array cycles(const struct facts *f, struct str metric)
{
    struct cycle_doc *docs = ARENA_ARRAY(f->arena, struct cycle_doc, f->row_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < f->row_count; i++) {
        const struct clock_row *row = &f->rows[i];
        const struct sla_clock *c = &row->clock;
        if (!str_eq(row->metric, metric))
            continue;
        docs[n++] = (struct cycle_doc){
            .cycle = row->cycle,
            .state = sla_state_word(c->state),
            .target_s = seconds(c->target_us),
            .consumed_s = seconds(sla_clock_consumed(c, f->calendar, f->now)),
            .started_at = row->started_at,
            .due_at = c->due_at,
            .breach_at = c->breach_at,
            .breached_at = c->breached_at,
            .stopped_at = c->stopped_at,
        };
    }
    return (struct json_array){docs, n};
}

static struct clock_doc clock_doc(const struct facts *f, const struct clock_row *row)
{
    const struct sla_clock *c = &row->clock;
    int64_t consumed = sla_clock_consumed(c, f->calendar, f->now);
    bool is_breached =
        c->breached_at != SLA_NONE ||
        (c->state == SLA_STATE_RUNNING && sla_is_breached(c->breach_at, SLA_NONE, f->now));
    return (struct clock_doc){
        .metric = row->metric,
        .state = sla_state_word(c->state),
        .cycle = row->cycle,
        .target_minutes = c->target_us / (60 * US_PER_S),
        .breach_minutes = c->breach_us / (60 * US_PER_S),
        .target_s = seconds(c->target_us),
        .breach_s = seconds(c->breach_us),
        .consumed_s = seconds(consumed),
        .remaining_s = consumed < c->target_us ? seconds(c->target_us - consumed) : 0,
        .started_at = row->started_at,
        .warn_at = c->warn_at,
        .due_at = c->due_at,
        .breach_at = c->breach_at,
        .warned_at = c->warned_at,
        .breached_at = c->breached_at,
        .stopped_at = c->stopped_at,
        .breached = is_breached ? JSON_TRUE : JSON_FALSE,
        .paused = c->state == SLA_STATE_PAUSED ? JSON_TRUE : JSON_FALSE,
        .policy = f->rules.policy,
        .calendar = f->rules.calendar,
        .explanation = headline(f, row),
        .cycles = cycles(f, row->metric),
        .explain = explain(f, row),
    };
}

/* Of each metric the latest cycle; the ticket's own comes first. */
static struct json_array clock_docs(const struct facts *f)
{
    const struct str metrics[] = {METRIC_RESOLUTION, METRIC_STEP, METRIC_RESPONSE};
    size_t n = sizeof metrics / sizeof metrics[0], count = 0;
    struct clock_doc *docs = ARENA_ARRAY(f->arena, struct clock_doc, n);
    for (size_t m = 0; m < n; m++) {
        const struct clock_row *latest = NULL;
        for (size_t i = 0; i < f->row_count; i++)
            if (str_eq(f->rows[i].metric, metrics[m]))
                latest = &f->rows[i];
        if (latest)
            docs[count++] = clock_doc(f, latest);
    }
    return (struct json_array){docs, count};
}

static enum err CO_FN find(struct req *r, struct db_session **s, struct task_view *v)
{
    struct task_exits exits;
    bool is_involved;
    enum err rc = req_db(r, s);
    if (rc == ERR_OK)
        rc = task_store_find(*s, INT64_MIN, req_param(r, "ticket_number"), r->actor->user_id, v,
                             &exits, &is_involved);
    if (rc == ERR_TASK_NOT_FOUND)
        return ERR_TICKET_NOT_FOUND;
    if (rc)
        return rc;
    return is_involved || actor_may(r->actor, PERM_TASK_READ_ALL) ? ERR_OK : ERR_FORBIDDEN;
}

static enum err CO_FN read_facts(struct db_session *s, int64_t task_id, struct facts *f)
{
    enum err rc = clocks_rules(s, task_id, &f->rules);
    if (rc == ERR_OK)
        rc = clocks_calendar(s, &f->rules, &f->calendar);
    if (rc == ERR_OK)
        rc = clock_store_of(s, task_id, &f->rows, &f->row_count);
    if (rc == ERR_OK)
        rc = clock_store_records(s, task_id, &f->records, &f->record_count);
    return rc;
}

enum err sla_get(struct req *r)
{
    struct db_session *s;
    struct task_view v;
    struct facts f = {.arena = r->arena, .now = r->now};
    enum err rc = find(r, &s, &v);
    if (rc == ERR_OK)
        rc = read_facts(s, v.task_id, &f);
    if (rc)
        return req_fail(r, rc);
    struct owned_row row = view_owned_row(r->arena, &v, r->now);
    struct sla_doc doc = {
        .ticket_number = row.ticket_number,
        .task_id = row.task_id,
        .status = row.status,
        .priority = row.priority,
        .workflow_name = v.workflow_name,
        .created_at = row.created_at,
        .target_resolution = row.target_resolution,
        .sla_breach_at = row.sla_breach_at,
        .resolved_at = v.resolved_at,
        .time_remaining = row.time_remaining,
        .is_breached = row.is_breached,
        .clocks = clock_docs(&f),
    };
    return req_reply_json(r, 200, &SLA_REPLY, &doc);
}
