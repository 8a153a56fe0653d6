#include "store/policy_store.h"

#include "arena.h"
#include "store/sql.h"

/* ---- reading ------------------------------------------------------------------------------ */

#define DOC_COLS "iititITtbbbTTIzz"
#define DOC_FIELDS                                                                                 \
    "p.id, p.version, p.name, p.calendar_id, (SELECT g.name FROM calendar g"                       \
    " WHERE g.id = p.calendar_id), p.warn_percents, p.pause_statuses, p.reopen, p.escalate_owner," \
    " p.escalate_step, p.is_default, ARRAY(SELECT w.public_id::text FROM workflow w"               \
    " WHERE w.sla_policy_id = p.id ORDER BY w.id), ARRAY(SELECT x.priority"                        \
    " FROM sla_response_target x WHERE x.policy_id = p.id ORDER BY x.target_minutes, x.priority)," \
    " ARRAY(SELECT x.target_minutes FROM sla_response_target x WHERE x.policy_id = p.id"           \
    " ORDER BY x.target_minutes, x.priority), p.created_at, p.updated_at"

static void read_doc(struct arena *a, const struct db_result *r, size_t row, int col,
                     struct policy_doc *out)
{
    const struct str *priorities;
    const int64_t *minutes;
    *out = (struct policy_doc){
        .id = db_get_int(r, row, col),
        .version = db_get_int(r, row, col + 1),
        .name = db_get_str(r, row, col + 2),
        .calendar_id = db_get_int(r, row, col + 3),
        .calendar = db_get_str(r, row, col + 4),
        .reopen = db_get_str(r, row, col + 7),
        .escalate_owner = db_get_bool(r, row, col + 8),
        .escalate_step = db_get_bool(r, row, col + 9),
        .is_default = db_get_bool(r, row, col + 10),
        .created_at = db_get_time(r, row, col + 14),
        .updated_at = db_get_time(r, row, col + 15),
    };
    out->warn_count = db_get_int_array(r, row, col + 5, &out->warn_percents);
    out->pause_count = db_get_str_array(r, row, col + 6, &out->pause_statuses);
    out->workflow_count = db_get_str_array(r, row, col + 11, &out->workflows);
    out->response_count = db_get_str_array(r, row, col + 12, &priorities);
    db_get_int_array(r, row, col + 13, &minutes);
    struct sla_target *responses = ARENA_ARRAY(a, struct sla_target, out->response_count + 1);
    for (size_t i = 0; i < out->response_count; i++)
        responses[i] = (struct sla_target){priorities[i], minutes[i], minutes[i]};
    out->responses = responses;
}

DB_READ(policy_list, "ii", "i" DOC_COLS,
        "SELECT n.total, " DOC_FIELDS " FROM (SELECT count(*) AS total FROM sla_policy) n"
        " LEFT JOIN LATERAL (SELECT * FROM sla_policy ORDER BY lower(name) LIMIT $1 OFFSET $2) p"
        " ON true ORDER BY lower(p.name)");

enum err policy_store_list(struct db_session *s, int64_t limit, int64_t offset,
                           struct policy_doc **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &policy_list, &r, DB_INT(limit), DB_INT(offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct policy_doc, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 1); i++)
        read_doc(s->arena, r, i, 1, &(*out)[(*count)++]);
    return ERR_OK;
}

DB_READ(policy_find, "i", DOC_COLS, "SELECT " DOC_FIELDS " FROM sla_policy p WHERE p.id = $1");
DB_WRITE(policy_lock, "i", DOC_COLS,
         "SELECT " DOC_FIELDS " FROM sla_policy p WHERE p.id = $1 FOR UPDATE");

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                               struct policy_doc *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_doc(s->arena, r, 0, 0, out);
    return ERR_OK;
}

enum err policy_store_find(struct db_session *s, int64_t id, struct policy_doc *out)
{
    return read_one(s, &policy_find, id, out);
}

enum err policy_store_lock(struct db_session *s, int64_t id, struct policy_doc *out)
{
    return read_one(s, &policy_lock, id, out);
}

/* ---- writing ------------------------------------------------------------------------------ */

/* clang-format off */
DB_WRITE(policy_touch_workflows, "i", "",
         "UPDATE workflow w SET sla_version = sla_version + 1 WHERE " POLICY_OF("w") " = $1");
/* clang-format on */
DB_WRITE(policy_yield_default, "iz", "",
         "UPDATE sla_policy SET is_default = false, version = version + 1, updated_at = $2"
         " WHERE is_default AND id <> $1");
DB_WRITE(policy_insert, "tiITtbbbz", "i",
         "INSERT INTO sla_policy (name, calendar_id, warn_percents, pause_statuses, reopen,"
         " escalate_owner, escalate_step, is_default, created_at, updated_at)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id");
DB_WRITE(policy_update, "tiITtbbbzi", "i",
         "UPDATE sla_policy SET name = $1, calendar_id = $2, warn_percents = $3,"
         " pause_statuses = $4, reopen = $5, escalate_owner = $6, escalate_step = $7,"
         " is_default = $8, updated_at = $9, version = version + 1 WHERE id = $10"
         " RETURNING version");
DB_WRITE(policy_detach, "i", "",
         "UPDATE workflow SET sla_policy_id = NULL WHERE sla_policy_id = $1");
DB_WRITE(policy_attach, "iT", "i",
         "UPDATE workflow SET sla_policy_id = $1 WHERE public_id = ANY ($2::uuid[]) RETURNING id");
DB_WRITE(
    policy_set_responses, "iTI", "",
    "WITH gone AS (DELETE FROM sla_response_target WHERE policy_id = $1"
    "  AND priority <> ALL ($2)) "
    "INSERT INTO sla_response_target (policy_id, priority, target_minutes) "
    "SELECT $1, priority, target_minutes FROM unnest($2, $3) x (priority, target_minutes)"
    " ON CONFLICT (policy_id, priority) DO UPDATE SET target_minutes = EXCLUDED.target_minutes");

static enum err CO_FN write_row(struct db_session *s, struct policy_doc *p, int64_t now)
{
    struct db_result *r;
    enum err rc;
#define VALUES                                                                                     \
    DB_STR(p->name), DB_OPT_INT(p->calendar_id), DB_INT_ARRAY(p->warn_percents, p->warn_count),    \
        DB_STR_ARRAY(p->pause_statuses, p->pause_count), DB_STR(p->reopen),                        \
        DB_BOOL(p->escalate_owner), DB_BOOL(p->escalate_step), DB_BOOL(p->is_default),             \
        DB_TIME(now)
    if (p->id) {
        rc = db_query(s, &policy_update, &r, VALUES, DB_INT(p->id));
        if (rc == ERR_OK)
            p->version = db_get_int(r, 0, 0);
    } else {
        rc = db_query(s, &policy_insert, &r, VALUES);
        if (rc == ERR_OK) {
            p->id = db_get_int(r, 0, 0);
            p->version = 1;
            p->created_at = now;
        }
    }
#undef VALUES
    p->updated_at = now;
    return rc;
}

static enum err CO_FN write_responses(struct db_session *s, const struct policy_doc *p)
{
    struct str *priorities = ARENA_ARRAY(s->arena, struct str, p->response_count + 1);
    int64_t *minutes = ARENA_ARRAY(s->arena, int64_t, p->response_count + 1);
    for (size_t i = 0; i < p->response_count; i++) {
        priorities[i] = p->responses[i].priority;
        minutes[i] = p->responses[i].target_minutes;
    }
    return db_query(s, &policy_set_responses, NULL, DB_INT(p->id),
                    DB_STR_ARRAY(priorities, p->response_count),
                    DB_INT_ARRAY(minutes, p->response_count));
}

static enum err CO_FN attach(struct db_session *s, const struct policy_doc *p)
{
    struct db_result *r;
    enum err rc = db_query(s, &policy_detach, NULL, DB_INT(p->id));
    if (rc == ERR_OK)
        rc = db_query(s, &policy_attach, &r, DB_INT(p->id),
                      DB_STR_ARRAY(p->workflows, p->workflow_count));
    if (rc)
        return rc;
    return db_rows(r) == p->workflow_count ? ERR_OK : ERR_WORKFLOW_NOT_FOUND;
}

/* Whom it reached before is touched as well as whom it reaches now. */
enum err policy_store_put(struct db_session *s, struct policy_doc *p, int64_t now)
{
    enum err rc = db_query(s, &policy_touch_workflows, NULL, DB_INT(p->id));
    if (rc == ERR_OK && p->is_default)
        rc = db_query(s, &policy_yield_default, NULL, DB_INT(p->id), DB_TIME(now));
    if (rc == ERR_OK)
        rc = write_row(s, p, now);
    if (rc == ERR_OK)
        rc = write_responses(s, p);
    if (rc == ERR_OK)
        rc = attach(s, p);
    return rc ? rc : db_query(s, &policy_touch_workflows, NULL, DB_INT(p->id));
}

DB_WRITE(policy_delete, "i", "", "DELETE FROM sla_policy WHERE id = $1");

enum err policy_store_delete(struct db_session *s, int64_t id)
{
    enum err rc = db_query(s, &policy_touch_workflows, NULL, DB_INT(id));
    if (rc == ERR_OK)
        rc = db_query(s, &policy_detach, NULL, DB_INT(id));
    return rc ? rc : db_query(s, &policy_delete, NULL, DB_INT(id));
}
