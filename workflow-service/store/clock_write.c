/* Clocks as they are added and saved: what is saved one by one, what is added all at once. */
#include <string.h>

#include "json.h"
#include "store/clock_store.h"
#include "store/sql.h"

DB_WRITE(
    clock_save, "iiiiizzzzIizzzztTTz", "",
    "WITH c AS (UPDATE sla_clock SET (sla_version, target_us, breach_us, consumed_us,"
    "  anchor_at, due_at, breach_at, warn_at, warn_percents, warned_percent, warned_at,"
    "  breached_at, stopped_at, next_wake, state) = ROW ($2, $3, $4, $5, $6, $7, $8, $9, $10,"
    "  $11, $12, $13, $14, $15, $16) WHERE id = $1 RETURNING id) "
    "INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at, created_at)"
    " SELECT c.id, n.kind, n.detail, $5, $7, $8, $19 FROM c, unnest($17, $18) n (kind, detail)");

static bool is_warned(const struct clock_put *p)
{
    for (size_t i = 0; i < p->note_count; i++)
        if (strcmp(p->notes[i].kind, "warn") == 0)
            return true;
    return false;
}

static int64_t wake_of(const struct clock_put *p)
{
    int64_t at = p->row.clock.next_wake;
    return at != SLA_NONE && at < p->not_before ? p->not_before : at;
}

static struct str detail_of(const struct clock_note *n)
{
    return n->detail.p ? n->detail : STR("");
}

static enum err CO_FN save_clock(struct db_session *s, const struct clock_put *p)
{
    const struct sla_clock *c = &p->row.clock;
    struct str kinds[CLOCK_MAX_NOTES], details[CLOCK_MAX_NOTES];
    for (size_t i = 0; i < p->note_count; i++) {
        kinds[i] = str_from(p->notes[i].kind);
        details[i] = detail_of(&p->notes[i]);
    }
    return db_send(s, &clock_save, DB_INT(p->row.id), DB_INT(p->row.sla_version),
                   DB_INT(c->target_us), DB_INT(c->breach_us), DB_INT(c->consumed_us),
                   DB_TIME(c->anchor_at), DB_TIME(c->due_at), DB_TIME(c->breach_at),
                   DB_TIME(c->warn_at), DB_INT_ARRAY(c->warn_percents, c->warn_count),
                   DB_INT(c->warned_percent), DB_TIME(is_warned(p) ? p->now : c->warned_at),
                   DB_TIME(c->breached_at), DB_TIME(c->stopped_at), DB_TIME(wake_of(p)),
                   DB_STR(sla_state_word(c->state)), DB_STR_ARRAY(kinds, p->note_count),
                   DB_STR_ARRAY(details, p->note_count), DB_TIME(p->now));
}

/* Arrays hold no NULL: SLA_NONE is one. */
#define OPT(column) "nullif(" column ", '-9223372036854775808'::bigint)"
#define OPT_TIME(column) AT_US(OPT(column))

/* One array for each of these, in the order of the statement's parameters. */
enum added {
    ADDED_TASK,
    ADDED_CYCLE,
    ADDED_STEP,
    ADDED_WORKFLOW,
    ADDED_VERSION,
    ADDED_STARTED,
    ADDED_TARGET,
    ADDED_BREACH,
    ADDED_CONSUMED,
    ADDED_ANCHOR_AT,
    ADDED_DUE_AT,
    ADDED_BREACH_AT,
    ADDED_WARN_AT,
    ADDED_WARNED_PERCENT,
    ADDED_BREACHED_AT,
    ADDED_STOPPED_AT,
    ADDED_WAKE,
    ADDED_NOW,
    ADDED_NUMBERS,
};
enum added_text { ADDED_METRIC, ADDED_STATE, ADDED_WARN_PERCENTS, ADDED_NOTES, ADDED_TEXTS };

/* clang-format off */
DB_WRITE(clock_add, "IIIIIIIIIIIIIIIIIITTTT", "",
         "WITH x AS MATERIALIZED (SELECT nextval('sla_clock_id_seq') AS id, task_id, cycle, "
         OPT("step_id") " AS step_id, workflow_id, sla_version, " AT_US("started_at")
         " AS started_at, target_us, breach_us, consumed_us, " OPT_TIME("anchor_at")
         " AS anchor_at, " OPT_TIME("due_at") " AS due_at, " OPT_TIME("breach_at") " AS breach_at, "
         OPT_TIME("warn_at") " AS warn_at, warned_percent, " OPT_TIME("breached_at")
         " AS breached_at, " OPT_TIME("stopped_at") " AS stopped_at, " OPT_TIME("next_wake")
         " AS next_wake, " AT_US("now") " AS now, metric, state,"
         "  warn_percents::bigint[] AS warn_percents, notes::jsonb AS notes"
         "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
         "   $18, $19, $20, $21, $22) u (task_id, cycle, step_id, workflow_id, sla_version,"
         "   started_at, target_us, breach_us, consumed_us, anchor_at, due_at, breach_at, warn_at,"
         "   warned_percent, breached_at, stopped_at, next_wake, now, metric, state,"
         "   warn_percents, notes)),"
         " added AS (INSERT INTO sla_clock (id, task_id, metric, cycle, step_id, workflow_id,"
         "   sla_version, started_at, target_us, breach_us, consumed_us, anchor_at, due_at,"
         "   breach_at, warn_at, warn_percents, warned_percent, breached_at, stopped_at, next_wake,"
         "   state) OVERRIDING SYSTEM VALUE"
         "  SELECT id, task_id, metric, cycle, step_id, workflow_id, sla_version, started_at,"
         "   target_us, breach_us, consumed_us, anchor_at, due_at, breach_at, warn_at,"
         "   warn_percents, warned_percent, breached_at, stopped_at, next_wake, state FROM x) "
         "INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at, created_at)"
         " SELECT id, n->>'kind', n->>'detail', consumed_us, due_at, breach_at, now"
         " FROM x, jsonb_array_elements(notes) n");
/* clang-format on */

static struct str notes_json(struct arena *a, const struct clock_put *p)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < p->note_count; i++) {
        jw_object(&w);
        JW_STR(&w, "kind", str_from(p->notes[i].kind));
        JW_STR(&w, "detail", detail_of(&p->notes[i]));
        jw_end_object(&w);
    }
    jw_end_array(&w);
    return buf_str(&b);
}

static struct str array_text(struct arena *a, const int64_t *items, size_t n)
{
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%lld", i ? "," : "{", (long long)items[i]);
    return n ? str_printf(a, "%.*s}", STR_ARG(buf_str(&b))) : STR("{}");
}

static void add_row(struct arena *a, const struct clock_put *p, int64_t **numbers,
                    struct str **texts, size_t at)
{
    const struct clock_row *row = &p->row;
    const struct sla_clock *c = &row->clock;
    const int64_t number[ADDED_NUMBERS] = {
        [ADDED_TASK] = row->task_id,
        [ADDED_CYCLE] = row->cycle,
        [ADDED_STEP] = row->step_id,
        [ADDED_WORKFLOW] = row->workflow_id,
        [ADDED_VERSION] = row->sla_version,
        [ADDED_STARTED] = row->started_at,
        [ADDED_TARGET] = c->target_us,
        [ADDED_BREACH] = c->breach_us,
        [ADDED_CONSUMED] = c->consumed_us,
        [ADDED_ANCHOR_AT] = c->anchor_at,
        [ADDED_DUE_AT] = c->due_at,
        [ADDED_BREACH_AT] = c->breach_at,
        [ADDED_WARN_AT] = c->warn_at,
        [ADDED_WARNED_PERCENT] = c->warned_percent,
        [ADDED_BREACHED_AT] = c->breached_at,
        [ADDED_STOPPED_AT] = c->stopped_at,
        [ADDED_WAKE] = wake_of(p),
        [ADDED_NOW] = p->now,
    };
    const struct str text[ADDED_TEXTS] = {
        [ADDED_METRIC] = row->metric,
        [ADDED_STATE] = sla_state_word(c->state),
        [ADDED_WARN_PERCENTS] = array_text(a, c->warn_percents, c->warn_count),
        [ADDED_NOTES] = notes_json(a, p),
    };
    for (int i = 0; i < ADDED_NUMBERS; i++)
        numbers[i][at] = number[i];
    for (int i = 0; i < ADDED_TEXTS; i++)
        texts[i][at] = text[i];
}

static enum err CO_FN add_clocks(struct db_session *s, const struct clock_put *puts, size_t n)
{
    int64_t *numbers[ADDED_NUMBERS];
    struct str *texts[ADDED_TEXTS];
    struct db_value values[ADDED_NUMBERS + ADDED_TEXTS];
    size_t count = 0;
    for (int i = 0; i < ADDED_NUMBERS; i++)
        numbers[i] = ARENA_ARRAY(s->arena, int64_t, n);
    for (int i = 0; i < ADDED_TEXTS; i++)
        texts[i] = ARENA_ARRAY(s->arena, struct str, n);
    for (size_t i = 0; i < n; i++)
        if (puts[i].row.id == 0)
            add_row(s->arena, &puts[i], numbers, texts, count++);
    for (int i = 0; i < ADDED_NUMBERS; i++)
        values[i] = DB_INT_ARRAY(numbers[i], count);
    for (int i = 0; i < ADDED_TEXTS; i++)
        values[ADDED_NUMBERS + i] = DB_STR_ARRAY(texts[i], count);
    return count ? db_run_along(s, &clock_add, values, ADDED_NUMBERS + ADDED_TEXTS) : ERR_OK;
}

DB_WRITE(clock_show_resolution, "izzz", "",
         "UPDATE task SET target_resolution = $2, sla_breach_at = $3, sla_breached_at = $4"
         " WHERE id = $1 AND (target_resolution, sla_breach_at, sla_breached_at)"
         "  IS DISTINCT FROM ($2, $3, $4)");
DB_WRITE(clock_show_step, "iz", "",
         "UPDATE task_item SET target_at = $2 WHERE task_id = $1 AND status IN " OPEN_ITEM);

static enum err CO_FN show_deadlines(struct db_session *s, const struct clock_row *row)
{
    const struct sla_clock *c = &row->clock;
    if (str_eq(row->metric, METRIC_RESOLUTION))
        return db_send(s, &clock_show_resolution, DB_INT(row->task_id), DB_TIME(c->due_at),
                       DB_TIME(c->breach_at), DB_TIME(c->breached_at));
    if (str_eq(row->metric, METRIC_STEP) && c->stopped_at == SLA_NONE)
        return db_send(s, &clock_show_step, DB_INT(row->task_id), DB_TIME(c->due_at));
    return ERR_OK;
}

/* What is saved goes first: of a metric, one clock ends before the next begins. */
enum err clock_store_put(struct db_session *s, const struct clock_put *puts, size_t n)
{
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        if (puts[i].row.id)
            rc = save_clock(s, &puts[i]);
    if (rc == ERR_OK)
        rc = add_clocks(s, puts, n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = show_deadlines(s, &puts[i].row);
    return rc;
}
