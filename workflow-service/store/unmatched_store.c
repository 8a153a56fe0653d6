#include "store/unmatched_store.h"

#include "store/sql.h"

DB_WRITE(unmatched_raise, "", "", "UPDATE matching SET epoch = epoch + 1");

enum err unmatched_store_raise(struct db_session *s)
{
    return db_query(s, &unmatched_raise, NULL);
}

/* ---- one after the other ------------------------------------------------------------------ */

#define TICKET_COLS "itttttttitttz"
#define TICKET_FIELDS                                                                              \
    "k.id, k.number, k.subject, k.category, k.sub_category, k.department, k.priority, k.status,"   \
    " k.requester_id, k.requester_name, k.requester_email, k.description, k.submitted_at"
#define TICKET_WIDTH 13

static struct ticket read_ticket(const struct db_result *r, size_t row)
{
    return (struct ticket){
        .id = db_get_int(r, row, 0),
        .number = db_get_str(r, row, 1),
        .subject = db_get_str(r, row, 2),
        .match =
            {
                .category = db_get_str(r, row, 3),
                .sub_category = db_get_str(r, row, 4),
                .department = db_get_str(r, row, 5),
                .priority = db_get_str(r, row, 6),
            },
        .status = db_get_str(r, row, 7),
        .requester_id = db_get_int(r, row, 8),
        .requester_name = db_get_str(r, row, 9),
        .requester_email = db_get_str(r, row, 10),
        .description = db_get_str(r, row, 11),
        .submitted_at = db_get_time(r, row, 12),
    };
}

/* clang-format off */
DB_WRITE_PLANNED(unmatched_claim, "i", TICKET_COLS "i",
         "WITH batch AS MATERIALIZED (SELECT k.* FROM ticket k WHERE " IS_UNMATCHED("k")
         "   AND k.matched_epoch < (SELECT epoch FROM matching)"
         "  ORDER BY k.matched_epoch, k.id LIMIT $1 FOR UPDATE SKIP LOCKED),"
         " k AS (SELECT * FROM batch b WHERE EXISTS (SELECT 1 FROM workflow_version v WHERE "
         RULE_FITS("b.category", "b.sub_category", "b.department", "b.priority") ")),"
         " hopeless AS (UPDATE ticket SET matched_epoch = (SELECT epoch FROM matching)"
         "  WHERE id IN (SELECT b.id FROM batch b) AND id NOT IN (SELECT k.id FROM k)) "
         "SELECT " TICKET_FIELDS ", c.looked FROM (SELECT count(*) AS looked FROM batch) c"
         " LEFT JOIN k ON true ORDER BY k.id");
/* clang-format on */

enum err unmatched_store_claim(struct db_session *s, int64_t limit, struct ticket **tickets,
                               size_t *count, int64_t *looked)
{
    struct db_result *r;
    enum err rc = db_query(s, &unmatched_claim, &r, DB_INT(limit));
    if (rc)
        return rc;
    *looked = db_get_int(r, 0, TICKET_WIDTH);
    *count = db_is_null(r, 0, 0) ? 0 : db_rows(r);
    *tickets = ARENA_ARRAY(s->arena, struct ticket, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*tickets)[i] = read_ticket(r, i);
    return ERR_OK;
}

/* clang-format off */
DB_WRITE(unmatched_lock, "t", TICKET_COLS "ib",
         "SELECT " TICKET_FIELDS ", (SELECT t.id FROM task t WHERE t.ticket_id = k.id),"
         " k.status IN ('Resolved', 'Rejected', 'Closed', 'Withdrawn')"
         " FROM ticket k WHERE k.number = $1 FOR UPDATE");
/* clang-format on */

enum err unmatched_store_lock(struct db_session *s, struct str number, struct ticket *out,
                              int64_t *task_id, bool *is_over)
{
    struct db_result *r;
    enum err rc = db_query(s, &unmatched_lock, &r, DB_STR(number));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TICKET_NOT_FOUND;
    *out = read_ticket(r, 0);
    *task_id = db_get_int(r, 0, TICKET_WIDTH);
    *is_over = db_get_bool(r, 0, TICKET_WIDTH + 1);
    return ERR_OK;
}

/* clang-format off */
DB_WRITE(unmatched_plans, "tttt", "i" PLAN_COLS,
         "SELECT m.epoch, " PLAN_FIELDS " FROM matching m LEFT JOIN (" PLAN_TABLES ") ON "
         RULE_FITS("$1", "$2", "$3", "$4") " ORDER BY v.id");

DB_WRITE(unmatched_plan_of, "u", PLAN_COLS,
         "SELECT " PLAN_FIELDS " FROM " PLAN_TABLES
         " WHERE w.public_id = $1 AND v.state = 'published'");
/* clang-format on */

enum err unmatched_store_plans(struct db_session *s, struct ticket *t, struct start_plan **plans,
                               size_t *count)
{
    struct db_result *r;
    const struct match_fields *m = &t->match;
    enum err rc = db_query(s, &unmatched_plans, &r, DB_STR(m->category), DB_STR(m->sub_category),
                           DB_STR(m->department), DB_STR(m->priority));
    if (rc)
        return rc;
    t->epoch = db_get_int(r, 0, 0);
    ticket_store_read_plans(s, r, 1, 0, db_rows(r), plans, count);
    return ERR_OK;
}

enum err unmatched_store_plan_of(struct db_session *s, struct str workflow_id,
                                 struct start_plan *out)
{
    struct db_result *r;
    struct start_plan *plans;
    size_t count;
    enum err rc = db_query(s, &unmatched_plan_of, &r, DB_STR(workflow_id));
    if (rc)
        return rc;
    ticket_store_read_plans(s, r, 0, 0, db_rows(r), &plans, &count);
    if (count == 0)
        return ERR_WORKFLOW_NOT_FOUND;
    *out = plans[0];
    return ERR_OK;
}

DB_WRITE(unmatched_taken, "i", "", "UPDATE ticket SET is_matched = true WHERE id = $1");

enum err unmatched_store_taken(struct db_session *s, int64_t ticket_id)
{
    return db_query(s, &unmatched_taken, NULL, DB_INT(ticket_id));
}

/* ---- the list ----------------------------------------------------------------------------- */

#define LIST(condition)                                                                            \
    "SELECT c.total, k.id, k.number, k.subject, k.description, k.category, k.sub_category,"        \
    " k.department, k.priority, k.status, k.requester_id, k.requester_name, k.submitted_at,"       \
    " k.updated_at FROM (SELECT CASE WHEN $2 IS NULL THEN (SELECT count(*) FROM (SELECT 1"         \
    "  FROM ticket k WHERE " condition " ORDER BY k.id DESC LIMIT 10001) x) END AS total) c"       \
    " LEFT JOIN LATERAL (SELECT * FROM ticket k WHERE " condition                                  \
    "  AND k.id < coalesce($2, 9223372036854775807) ORDER BY k.id DESC LIMIT $3 OFFSET $4) k"      \
    " ON true ORDER BY k.id DESC"

/* clang-format off */
DB_READ(unmatched_list, "tiii", "iittttttttitzz",
        LIST("$1 IS NULL AND " IS_UNMATCHED("k")));
DB_READ(unmatched_list_category, "tiii", "iittttttttitzz",
        LIST("lower(k.category) = lower($1) AND " IS_UNMATCHED("k")));
/* clang-format on */

enum err unmatched_store_list(struct db_session *s, const struct unmatched_filter *f,
                              struct unmatched_row **rows, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc =
        db_query(s, f->category.p ? &unmatched_list_category : &unmatched_list, &r,
                 DB_STR(f->category), DB_OPT_INT(f->before_id), DB_INT(f->limit), DB_INT(f->skip));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = db_is_null(r, 0, 1) ? 0 : db_rows(r);
    *rows = ARENA_ARRAY(s->arena, struct unmatched_row, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*rows)[i] = (struct unmatched_row){
            .id = db_get_int(r, i, 1),
            .number = db_get_str(r, i, 2),
            .subject = db_get_str(r, i, 3),
            .description = db_get_str(r, i, 4),
            .category = db_get_str(r, i, 5),
            .sub_category = db_get_str(r, i, 6),
            .department = db_get_str(r, i, 7),
            .priority = db_get_str(r, i, 8),
            .status = db_get_str(r, i, 9),
            .requester_id = db_get_int(r, i, 10),
            .requester_name = db_get_str(r, i, 11),
            .submitted_at = db_get_time(r, i, 12),
            .updated_at = db_get_time(r, i, 13),
        };
    return ERR_OK;
}
