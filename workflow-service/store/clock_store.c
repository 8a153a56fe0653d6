#include "store/clock_store.h"

#include <string.h>

#include "json.h"
#include "store/sql.h"

/* ---- rules -------------------------------------------------------------------------------- */

#define RULES_OF(tasks)                                                                            \
    "SELECT t.status, t.current_step_id, t.submitted_at, k.requester_id, k.number, k.priority,"    \
    " w.id, w.name, p.name, p.warn_percents, p.pause_statuses, p.reopen, p.escalate_owner,"        \
    " p.escalate_step, g.id, g.name, g.zone, w.sla_version, d.target_minutes,"                     \
    " d.breach_minutes, s.weight,"                                                                 \
    " (SELECT sum(y.weight) FROM step y WHERE y.version_id = t.version_id), x.target_minutes,"     \
    " t.id FROM " tasks " CROSS JOIN LATERAL"                                                      \
    " (SELECT * FROM ticket WHERE id = t.ticket_id OFFSET 0) k"                                    \
    " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"      \
    " LEFT JOIN sla_policy p ON p.id = " POLICY_OF(                                                \
        "w") " LEFT JOIN calendar g ON g.id = p.calendar_id"                                       \
             " LEFT JOIN sla_target d ON d.version_id = t.version_id AND d.priority = k.priority"  \
             " LEFT JOIN step s ON s.id = t.current_step_id"                                       \
             " LEFT JOIN sla_response_target x ON x.policy_id = p.id AND x.priority = k.priority"
#define RULE_COLS "tizittittITtbbittiiiddii"

/* The ids as JSON: of an array the planner would look at the length, and plan each call anew.
 * OFFSET 0: each task and ticket by its key. */
DB_READ(clock_rules, "i", RULE_COLS, RULES_OF("task t") " WHERE t.id = $1");
DB_READ(clock_rules_all, "j", RULE_COLS,
        RULES_OF("jsonb_array_elements_text($1) j CROSS JOIN LATERAL (SELECT * FROM task"
                 " WHERE id = j::bigint OFFSET 0) t"));

static void read_rules(const struct db_result *r, size_t row, struct clock_rules *o)
{
    *o = (struct clock_rules){
        .task_id = db_get_int(r, row, 23),
        .status = task_status_parse(db_get_str(r, row, 0)),
        .step_id = db_get_int(r, row, 1),
        .submitted_at = db_get_time(r, row, 2),
        .requester_id = db_get_int(r, row, 3),
        .ticket_number = db_get_str(r, row, 4),
        .priority = db_get_str(r, row, 5),
        .workflow_id = db_get_int(r, row, 6),
        .workflow_name = db_get_str(r, row, 7),
        .policy = db_get_str(r, row, 8),
        .is_new_cycle = str_eq(db_get_str(r, row, 11), STR("new_cycle")),
        .escalate_owner = db_get_bool(r, row, 12),
        .escalate_step = db_get_bool(r, row, 13),
        .calendar_id = db_get_int(r, row, 14),
        .calendar = db_get_str(r, row, 15),
        .zone = db_get_str(r, row, 16),
        .sla_version = db_get_int(r, row, 17),
        .target_minutes = db_get_int(r, row, 18),
        .breach_minutes = db_get_int(r, row, 19),
        .weight = db_get_double(r, row, 20),
        .total_weight = db_get_double(r, row, 21),
        .response_minutes = db_get_int(r, row, 22),
    };
    o->warn_count = db_get_int_array(r, row, 9, &o->warn_percents);
}

static void read_policy(struct db_session *s, const struct db_result *r, size_t row,
                        int64_t warn_percent, struct clock_rules *o)
{
    const struct str *pauses;
    if (!o->policy.p) {
        int64_t *percent = ARENA_NEW(s->arena, int64_t);
        *percent = warn_percent;
        o->warn_percents = percent;
        o->warn_count = 1;
        o->pauses[TASK_STATUS_ON_HOLD] = true;
        return;
    }
    size_t n = db_get_str_array(r, row, 10, &pauses);
    for (size_t i = 0; i < n; i++)
        if (task_status_parse(pauses[i]) != TASK_STATUS_COUNT)
            o->pauses[task_status_parse(pauses[i])] = true;
}

static size_t row_of(const struct db_result *r, int64_t task_id)
{
    size_t row = 0;
    while (row < db_rows(r) && db_get_int(r, row, 23) != task_id)
        row++;
    return row;
}

static struct str ids_json(struct arena *a, const int64_t *ids, size_t n)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        jw_int(&w, ids[i]);
    jw_end_array(&w);
    return buf_str(&b);
}

enum err clock_store_rules(struct db_session *s, const int64_t *task_ids, size_t n,
                           int64_t warn_percent, struct clock_rules *out)
{
    struct db_result *r;
    enum err rc = n == 1
                      ? db_query(s, &clock_rules, &r, DB_INT(task_ids[0]))
                      : db_query(s, &clock_rules_all, &r, DB_STR(ids_json(s->arena, task_ids, n)));
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        size_t row = row_of(r, task_ids[i]);
        if (row == db_rows(r))
            return ERR_TASK_NOT_FOUND;
        read_rules(r, row, &out[i]);
        read_policy(s, r, row, warn_percent, &out[i]);
    }
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------ */

#define ROW_COLS "iitiiiiziiizzzzIizzzzt"
#define ROW_FIELDS                                                                                 \
    "c.id, c.task_id, c.metric, c.cycle, c.step_id, c.workflow_id, c.sla_version, c.started_at,"   \
    " c.target_us, c.breach_us, c.consumed_us, c.anchor_at, c.due_at, c.breach_at, c.warn_at,"     \
    " c.warn_percents, c.warned_percent, c.warned_at, c.breached_at, c.stopped_at, c.next_wake,"   \
    " c.state"
#define ROW_WIDTH 22

static void read_row(const struct db_result *r, size_t row, struct clock_row *o)
{
    *o = (struct clock_row){
        .id = db_get_int(r, row, 0),
        .task_id = db_get_int(r, row, 1),
        .metric = db_get_str(r, row, 2),
        .cycle = db_get_int(r, row, 3),
        .step_id = db_get_int(r, row, 4),
        .workflow_id = db_get_int(r, row, 5),
        .sla_version = db_get_int(r, row, 6),
        .started_at = db_get_time(r, row, 7),
        .clock =
            {
                .target_us = db_get_int(r, row, 8),
                .breach_us = db_get_int(r, row, 9),
                .consumed_us = db_get_int(r, row, 10),
                .anchor_at = db_get_time(r, row, 11),
                .due_at = db_get_time(r, row, 12),
                .breach_at = db_get_time(r, row, 13),
                .warn_at = db_get_time(r, row, 14),
                .warned_percent = db_get_int(r, row, 16),
                .warned_at = db_get_time(r, row, 17),
                .breached_at = db_get_time(r, row, 18),
                .stopped_at = db_get_time(r, row, 19),
                .next_wake = db_get_time(r, row, 20),
                .state = sla_state_parse(db_get_str(r, row, 21)),
            },
    };
    o->clock.warn_count = db_get_int_array(r, row, 15, &o->clock.warn_percents);
}

DB_READ(clock_of, "i", ROW_COLS,
        "SELECT " ROW_FIELDS " FROM sla_clock c WHERE c.task_id = $1 ORDER BY c.id");
DB_WRITE(clock_lock, "i", ROW_COLS,
         "SELECT " ROW_FIELDS " FROM sla_clock c WHERE c.task_id = $1 ORDER BY c.id FOR UPDATE");

static enum err CO_FN read_all(struct db_session *s, const struct db_stmt *stmt, int64_t task_id,
                               struct clock_row **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(task_id));
    if (rc)
        return rc;
    *count = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct clock_row, *count + 1);
    for (size_t i = 0; i < *count; i++)
        read_row(r, i, &(*out)[i]);
    return ERR_OK;
}

enum err clock_store_of(struct db_session *s, int64_t task_id, struct clock_row **out,
                        size_t *count)
{
    return read_all(s, &clock_of, task_id, out, count);
}

enum err clock_store_lock(struct db_session *s, int64_t task_id, struct clock_row **out,
                          size_t *count)
{
    return read_all(s, &clock_lock, task_id, out, count);
}

DB_READ(clock_records, "i", "ittizzz",
        "SELECT e.clock_id, e.kind, e.detail, e.consumed_us, e.due_at, e.breach_at, e.created_at"
        " FROM sla_clock c JOIN sla_event e ON e.clock_id = c.id WHERE c.task_id = $1"
        " ORDER BY e.clock_id, e.id");

enum err clock_store_records(struct db_session *s, int64_t task_id, struct clock_record **out,
                             size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &clock_records, &r, DB_INT(task_id));
    if (rc)
        return rc;
    *count = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct clock_record, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct clock_record){
            .clock_id = db_get_int(r, i, 0),
            .kind = db_get_str(r, i, 1),
            .detail = db_get_str(r, i, 2),
            .consumed_us = db_get_int(r, i, 3),
            .due_at = db_get_time(r, i, 4),
            .breach_at = db_get_time(r, i, 5),
            .created_at = db_get_time(r, i, 6),
        };
    return ERR_OK;
}

/* ---- writing ------------------------------------------------------------------------------ */

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

DB_WRITE(
    clock_add, "IIIIIIIIIIIIIIIIIITTTT", "",
    "WITH x AS MATERIALIZED (SELECT nextval('sla_clock_id_seq') AS id, u.* FROM unnest($1, $2,"
    "   $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
    "$21,"
    "   $22) u (task_id, cycle, step_id, workflow_id, sla_version, started_at, target_us,"
    "   breach_us, consumed_us, anchor_at, due_at, breach_at, warn_at, warned_percent,"
    "   breached_at, stopped_at, next_wake, now, metric, state, warn_percents, notes)),"
    " added AS (INSERT INTO sla_clock (id, task_id, metric, cycle, step_id, workflow_id,"
    "   sla_version, started_at, target_us, breach_us, consumed_us, anchor_at, due_at,"
    "   breach_at, warn_at, warn_percents, warned_percent, breached_at, stopped_at, next_wake,"
    "   state) OVERRIDING SYSTEM VALUE"
    "  SELECT id, task_id, metric, cycle, " OPT(
        "step_id") ", workflow_id, sla_version,"
                   "   " AT_US("started_at") ", target_us, breach_us, consumed_us, " OPT_TIME(
                       "anchor_at") ","
                                    "   " OPT_TIME("due_at") ", " OPT_TIME(
                                        "breach_at") ", " OPT_TIME("warn_at") ","
                                                                              "   "
                                                                              "warn_percents::"
                                                                              "bigint[], "
                                                                              "warned_percent,"
                                                                              " " OPT_TIME(
                                                                                  "breached_"
                                                                                  "at") ","
                                                                                        "  "
                                                                                        " " OPT_TIME("stopped_at") ", " OPT_TIME(
                                                                                            "n"
                                                                                            "e"
                                                                                            "x"
                                                                                            "t"
                                                                                            "_"
                                                                                            "w"
                                                                                            "a"
                                                                                            "k"
                                                                                            "e") ","
                                                                                                 " "
                                                                                                 "s"
                                                                                                 "t"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 " "
                                                                                                 "F"
                                                                                                 "R"
                                                                                                 "O"
                                                                                                 "M"
                                                                                                 " "
                                                                                                 "x"
                                                                                                 ")"
                                                                                                 " "
                                                                                                 "I"
                                                                                                 "N"
                                                                                                 "S"
                                                                                                 "E"
                                                                                                 "R"
                                                                                                 "T"
                                                                                                 " "
                                                                                                 "I"
                                                                                                 "N"
                                                                                                 "T"
                                                                                                 "O"
                                                                                                 " "
                                                                                                 "s"
                                                                                                 "l"
                                                                                                 "a"
                                                                                                 "_"
                                                                                                 "e"
                                                                                                 "v"
                                                                                                 "e"
                                                                                                 "n"
                                                                                                 "t"
                                                                                                 " "
                                                                                                 "("
                                                                                                 "c"
                                                                                                 "l"
                                                                                                 "o"
                                                                                                 "c"
                                                                                                 "k"
                                                                                                 "_"
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "k"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "d"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "d"
                                                                                                 "e"
                                                                                                 "t"
                                                                                                 "a"
                                                                                                 "i"
                                                                                                 "l"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "c"
                                                                                                 "o"
                                                                                                 "n"
                                                                                                 "s"
                                                                                                 "u"
                                                                                                 "m"
                                                                                                 "e"
                                                                                                 "d"
                                                                                                 "_"
                                                                                                 "u"
                                                                                                 "s"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "d"
                                                                                                 "u"
                                                                                                 "e"
                                                                                                 "_"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "b"
                                                                                                 "r"
                                                                                                 "e"
                                                                                                 "a"
                                                                                                 "c"
                                                                                                 "h"
                                                                                                 "_"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "c"
                                                                                                 "r"
                                                                                                 "e"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "d"
                                                                                                 "_"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 ")"
                                                                                                 " "
                                                                                                 "S"
                                                                                                 "E"
                                                                                                 "L"
                                                                                                 "E"
                                                                                                 "C"
                                                                                                 "T"
                                                                                                 " "
                                                                                                 "x"
                                                                                                 "."
                                                                                                 "i"
                                                                                                 "d"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "n"
                                                                                                 "-"
                                                                                                 ">"
                                                                                                 ">"
                                                                                                 "'"
                                                                                                 "k"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "d"
                                                                                                 "'"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "n"
                                                                                                 "-"
                                                                                                 ">"
                                                                                                 ">"
                                                                                                 "'"
                                                                                                 "d"
                                                                                                 "e"
                                                                                                 "t"
                                                                                                 "a"
                                                                                                 "i"
                                                                                                 "l"
                                                                                                 "'"
                                                                                                 ","
                                                                                                 " "
                                                                                                 "c"
                                                                                                 "o"
                                                                                                 "n"
                                                                                                 "s"
                                                                                                 "u"
                                                                                                 "m"
                                                                                                 "e"
                                                                                                 "d"
                                                                                                 "_"
                                                                                                 "u"
                                                                                                 "s"
                                                                                                 ","
                                                                                                 " " OPT_TIME(
                                                                                                     "due_at") ","
                                                                                                               "  " OPT_TIME("breach_at") ", " AT_US(
                                                                                                                   "now") " FROM x, jsonb_array_elements(notes::jsonb) n");

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

/* ---- timers ------------------------------------------------------------------------------- */

/* The task is claimed too: whoever is changing it has its clocks in hand. */
DB_WRITE_PLANNED(
    clock_claim, "zn", ROW_COLS "b",
    "SELECT " ROW_FIELDS ", c.sla_version <> w.sla_version FROM sla_clock c"
    " JOIN task t ON t.id = c.task_id JOIN workflow w ON w.id = c.workflow_id"
    " WHERE c.next_wake <= $1 ORDER BY c.next_wake LIMIT $2 FOR UPDATE OF c, t SKIP LOCKED");

enum err clock_store_claim(struct db_session *s, int64_t now, int limit, struct due_clock **out,
                           size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &clock_claim, &r, DB_TIME(now), DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct due_clock, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        read_row(r, i, &(*out)[i].row);
        (*out)[i].is_stale = db_get_bool(r, i, ROW_WIDTH);
    }
    return ERR_OK;
}

DB_READ(clock_next, "", "z", "SELECT min(next_wake) FROM sla_clock WHERE next_wake IS NOT NULL");

enum err clock_store_next(struct db_session *s, int64_t *at)
{
    struct db_result *r;
    enum err rc = db_query(s, &clock_next, &r);
    if (rc == ERR_OK)
        *at = db_get_time(r, 0, 0);
    return rc;
}

/* In the order of the index: without it, the planner expects to come upon some in the table soon.
 */
DB_WRITE_PLANNED(
    clock_claim_stale, "n", "i",
    "SELECT t.id FROM workflow w CROSS JOIN LATERAL (SELECT c.task_id FROM sla_clock c"
    "  WHERE c.workflow_id = w.id AND c.sla_version < w.sla_version AND c.stopped_at IS NULL"
    "  ORDER BY c.sla_version, c.id LIMIT $1) c JOIN task t ON t.id = c.task_id LIMIT $1 FOR "
    "UPDATE OF t SKIP LOCKED");

enum err clock_store_claim_stale(struct db_session *s, int limit, const int64_t **task_ids,
                                 size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &clock_claim_stale, &r, DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, *count + 1);
    for (size_t i = 0; i < *count; i++)
        ids[i] = db_get_int(r, i, 0);
    *task_ids = ids;
    return ERR_OK;
}

DB_READ(
    clock_audience, "i", "ttttttiiiitt",
    "SELECT k.number, k.subject, w.name, s.name, s.role_name, t.status, i.id, i.assignee_id,"
    " t.owner_id, k.requester_id, a.name, o.name FROM task t JOIN ticket k ON k.id = t.ticket_id"
    " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
    " LEFT JOIN step s ON s.id = t.current_step_id LEFT JOIN task_item i ON i.task_id = t.id"
    " AND i.status IN " OPEN_ITEM " LEFT JOIN person a ON a.id = i.assignee_id"
    " LEFT JOIN person o ON o.id = t.owner_id WHERE t.id = $1");

enum err clock_store_audience(struct db_session *s, int64_t task_id, struct clock_audience *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &clock_audience, &r, DB_INT(task_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *out = (struct clock_audience){
        .task_id = task_id,
        .ticket_number = db_get_str(r, 0, 0),
        .subject = db_get_str(r, 0, 1),
        .workflow_name = db_get_str(r, 0, 2),
        .step = db_get_str(r, 0, 3),
        .role = db_get_str(r, 0, 4),
        .status = db_get_str(r, 0, 5),
        .item_id = db_get_int(r, 0, 6),
        .assignee_id = db_get_int(r, 0, 7),
        .owner_id = db_get_int(r, 0, 8),
        .requester_id = db_get_int(r, 0, 9),
        .assignee_name = db_get_str(r, 0, 10),
        .owner_name = db_get_str(r, 0, 11),
    };
    return ERR_OK;
}
