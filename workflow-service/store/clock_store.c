#include "store/clock_store.h"

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
