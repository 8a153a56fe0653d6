#include "store/clock_store.h"

#include "store/sql.h"

/* ---- rules -------------------------------------------------------------------------------- */

/* clang-format off */
DB_READ(clock_rules, "i", "tizittittITtbbittiiiddi",
        "SELECT t.status, t.current_step_id, t.submitted_at, k.requester_id, k.number, k.priority,"
        " w.id, w.name, p.name, p.warn_percents, p.pause_statuses, p.reopen, p.escalate_owner,"
        " p.escalate_step, g.id, g.name, g.zone, w.sla_version, d.target_minutes,"
        " d.breach_minutes, s.weight,"
        " (SELECT sum(y.weight) FROM step y WHERE y.version_id = t.version_id), x.target_minutes"
        " FROM task t JOIN ticket k ON k.id = t.ticket_id"
        " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
        " LEFT JOIN sla_policy p ON p.id = " POLICY_OF("w")
        " LEFT JOIN calendar g ON g.id = p.calendar_id"
        " LEFT JOIN sla_target d ON d.version_id = t.version_id AND d.priority = k.priority"
        " LEFT JOIN step s ON s.id = t.current_step_id"
        " LEFT JOIN sla_response_target x ON x.policy_id = p.id AND x.priority = k.priority"
        " WHERE t.id = $1");
/* clang-format on */

static void read_rules(const struct db_result *r, struct clock_rules *o)
{
    *o = (struct clock_rules){
        .status = task_status_parse(db_get_str(r, 0, 0)),
        .step_id = db_get_int(r, 0, 1),
        .submitted_at = db_get_time(r, 0, 2),
        .requester_id = db_get_int(r, 0, 3),
        .ticket_number = db_get_str(r, 0, 4),
        .priority = db_get_str(r, 0, 5),
        .workflow_id = db_get_int(r, 0, 6),
        .workflow_name = db_get_str(r, 0, 7),
        .policy = db_get_str(r, 0, 8),
        .is_new_cycle = str_eq(db_get_str(r, 0, 11), STR("new_cycle")),
        .escalate_owner = db_get_bool(r, 0, 12),
        .escalate_step = db_get_bool(r, 0, 13),
        .calendar_id = db_get_int(r, 0, 14),
        .calendar = db_get_str(r, 0, 15),
        .zone = db_get_str(r, 0, 16),
        .sla_version = db_get_int(r, 0, 17),
        .target_minutes = db_get_int(r, 0, 18),
        .breach_minutes = db_get_int(r, 0, 19),
        .weight = db_get_double(r, 0, 20),
        .total_weight = db_get_double(r, 0, 21),
        .response_minutes = db_get_int(r, 0, 22),
    };
    o->warn_count = db_get_int_array(r, 0, 9, &o->warn_percents);
}

enum err clock_store_rules(struct db_session *s, int64_t task_id, int64_t warn_percent,
                           struct clock_rules *out)
{
    struct db_result *r;
    const struct str *pauses;
    enum err rc = db_query(s, &clock_rules, &r, DB_INT(task_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    read_rules(r, out);
    out->task_id = task_id;
    if (!out->policy.p) {
        int64_t *percent = ARENA_NEW(s->arena, int64_t);
        *percent = warn_percent;
        out->warn_percents = percent;
        out->warn_count = 1;
        out->pauses[TASK_STATUS_ON_HOLD] = true;
        return ERR_OK;
    }
    size_t n = db_get_str_array(r, 0, 10, &pauses);
    for (size_t i = 0; i < n; i++)
        if (task_status_parse(pauses[i]) != TASK_STATUS_COUNT)
            out->pauses[task_status_parse(pauses[i])] = true;
    return ERR_OK;
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

/* $1 id, $2 task, $3 metric, $4 version … $17 wake; $18 kind, $19 detail, $20 now */
#define STATE_PARAMS "iitiiiizzzzIizzzttz"
#define AND_WHAT_SHOWS_IT                                                                          \
    " shown AS (UPDATE task SET target_resolution = $9, sla_breach_at = $10,"                      \
    "   sla_breached_at = $14 WHERE id = $2 AND $3 = 'resolution'"                                 \
    "   AND (target_resolution, sla_breach_at, sla_breached_at) IS DISTINCT FROM ($9, $10, $14))," \
    " item AS (UPDATE task_item SET target_at = $9 WHERE task_id = $2 AND status IN " OPEN_ITEM    \
    "   AND $3 = 'step' AND $15 IS NULL) "                                                         \
    "INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at, created_at) "  \
    "SELECT id, $17, $18, $7, $9, $10, $19 FROM clock RETURNING clock_id"

/* clang-format off */
DB_WRITE(clock_save, STATE_PARAMS "t", "i",
         "WITH clock AS (UPDATE sla_clock SET sla_version = $4, target_us = $5, breach_us = $6,"
         "   consumed_us = $7, anchor_at = $8, due_at = $9, breach_at = $10, warn_at = $11,"
         "   warn_percents = $12, warned_percent = $13, breached_at = $14, stopped_at = $15,"
         "   next_wake = $16, state = $20,"
         "   warned_at = CASE WHEN $17 = 'warn' THEN $19 ELSE warned_at END WHERE id = $1"
         "  RETURNING id),"
         AND_WHAT_SHOWS_IT);
DB_WRITE(clock_add, STATE_PARAMS "tiiiz", "i",
         "WITH clock AS (INSERT INTO sla_clock (task_id, metric, sla_version, target_us,"
         "   breach_us, consumed_us, anchor_at, due_at, breach_at, warn_at, warn_percents,"
         "   warned_percent, breached_at, stopped_at, next_wake, state, cycle, step_id,"
         "   workflow_id, started_at)"
         "  SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $20, $21,"
         "   $22, $23, $24 WHERE $1 = 0 RETURNING id),"
         AND_WHAT_SHOWS_IT);
/* clang-format on */

#define STATE_VALUES                                                                               \
    DB_INT(row->id), DB_INT(row->task_id), DB_STR(row->metric), DB_INT(row->sla_version),          \
        DB_INT(c->target_us), DB_INT(c->breach_us), DB_INT(c->consumed_us), DB_TIME(c->anchor_at), \
        DB_TIME(c->due_at), DB_TIME(c->breach_at), DB_TIME(c->warn_at),                            \
        DB_INT_ARRAY(c->warn_percents, c->warn_count), DB_INT(c->warned_percent),                  \
        DB_TIME(c->breached_at), DB_TIME(c->stopped_at), DB_TIME(wake),                            \
        DB_STR(str_from(note->kind)), DB_STR(note->detail.p ? note->detail : STR("")),             \
        DB_TIME(now), DB_STR(sla_state_word(c->state))

enum err clock_store_put(struct db_session *s, struct clock_row *row, const struct clock_note *note,
                         int64_t not_before, int64_t now)
{
    const struct sla_clock *c = &row->clock;
    int64_t wake = c->next_wake;
    struct db_result *r;
    if (wake != SLA_NONE && wake < not_before)
        wake = not_before;
    if (row->id)
        return db_query(s, &clock_save, NULL, STATE_VALUES);
    enum err rc =
        db_query(s, &clock_add, &r, STATE_VALUES, DB_INT(row->cycle), DB_OPT_INT(row->step_id),
                 DB_INT(row->workflow_id), DB_TIME(row->started_at));
    if (rc == ERR_OK)
        row->id = db_get_int(r, 0, 0);
    return rc;
}

DB_WRITE(clock_note, "ittizzz", "",
         "INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at,"
         " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");

enum err clock_store_note(struct db_session *s, const struct clock_row *row,
                          const struct clock_note *note, int64_t now)
{
    const struct sla_clock *c = &row->clock;
    return db_query(s, &clock_note, NULL, DB_INT(row->id), DB_STR(str_from(note->kind)),
                    DB_STR(note->detail.p ? note->detail : STR("")), DB_INT(c->consumed_us),
                    DB_TIME(c->due_at), DB_TIME(c->breach_at), DB_TIME(now));
}

/* ---- timers ------------------------------------------------------------------------------- */

/* The task is claimed too: whoever is changing it has its clocks in hand. */
DB_WRITE(clock_claim, "zn", ROW_COLS "b",
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

DB_WRITE(clock_claim_stale, "n", "i",
         "SELECT t.id FROM workflow w CROSS JOIN LATERAL (SELECT c.task_id FROM sla_clock c"
         "  WHERE c.workflow_id = w.id AND c.sla_version < w.sla_version AND c.stopped_at IS NULL"
         "  LIMIT $1) c JOIN task t ON t.id = c.task_id LIMIT $1 FOR UPDATE OF t SKIP LOCKED");

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
