#include "store/audit_list_store.h"

#include "arena.h"
#include "store/audit_row.h"

#define COL_TYPES AUDIT_COL_TYPES "izyyt"
/* The events of a subselect with all that is told of them. */
#define FULL(page)                                                                                 \
    "SELECT " AUDIT_COLS ", e.seq, e.sealed_at, e.prev_hash, e.hash, u.name FROM (" page ") e "    \
    "JOIN audit_kind k ON k.id = e.kind_id LEFT JOIN person u ON u.id = e.actor_id "               \
    "ORDER BY e.at DESC, e.seq DESC"
#define IN_TIME "(x.at, x.seq) < ($1, $2) AND x.at >= $3"
#define NEWEST "ORDER BY x.at DESC, x.seq DESC LIMIT $4"
/* Kinds of which events are wanted. */
#define KIND                                                                                       \
    "($5::text IS NULL OR q.source = $5) AND ($6::text IS NULL OR q.action = $6) "                 \
    "AND ($7::text IS NULL OR q.object_type = $7) AND ($8::boolean IS NULL OR q.is_refused = $8) " \
    "AND ($9::text IS NULL OR q.actor = $9)"
#define PARAMS "zizitttbt"
/* A page of each kind, from an index in order, and of these the page. */
#define MERGED(of_kind)                                                                            \
    "SELECT x.* FROM audit_kind q, LATERAL (SELECT x.* FROM audit_event x WHERE " of_kind " "      \
    "AND " IN_TIME " " NEWEST ") x WHERE " KIND " " NEWEST
/* An object has few events. */
#define OF_OBJECT(column)                                                                          \
    "SELECT x.* FROM audit_event x JOIN audit_kind q ON q.id = x.kind_id WHERE x." column          \
    " = $11 AND ($10::bigint IS NULL OR x.actor_id = $10) AND " IN_TIME " AND " KIND " " NEWEST

DB_READ(audit_of_kinds, PARAMS, COL_TYPES, FULL(MERGED("x.kind_id = q.id")));
DB_READ(audit_of_actor, PARAMS "i", COL_TYPES,
        FULL(MERGED("x.actor_id = $10 AND x.kind_id + 0 = q.id")));
DB_READ(audit_of_object, PARAMS "it", COL_TYPES, FULL(OF_OBJECT("object_id")));
DB_READ(audit_of_number, PARAMS "it", COL_TYPES, FULL(OF_OBJECT("object_number")));
DB_READ(audit_by_seq, "i", COL_TYPES, FULL("SELECT x.* FROM audit_event x WHERE x.seq = $1"));

/* Far outside of what a timestamp of this program can be. */
#define ALWAYS_FROM 0
#define ALWAYS_TO INT64_C(9000000000000000)

static void from_row(const struct db_result *rows, size_t row, struct audit_found *out)
{
    audit_from_row(rows, row, &out->event);
    out->seq = db_get_int(rows, row, AUDIT_COL_COUNT);
    out->sealed_at = db_get_time(rows, row, AUDIT_COL_COUNT + 1);
    out->prev_hash = db_get_str(rows, row, AUDIT_COL_COUNT + 2);
    out->hash = db_get_str(rows, row, AUDIT_COL_COUNT + 3);
    out->actor_name = db_get_str(rows, row, AUDIT_COL_COUNT + 4);
}

static const struct db_stmt *statement_of(const struct audit_filter *f, size_t *params)
{
    *params = 11;
    if (f->object_id.p)
        return &audit_of_object;
    if (f->object_number.p)
        return &audit_of_number;
    *params = 10;
    if (f->actor_id != AUDIT_NONE)
        return &audit_of_actor;
    *params = 9;
    return &audit_of_kinds;
}

enum err audit_list_store_page(struct db_session *s, const struct audit_filter *f,
                               struct audit_found **out, size_t *count)
{
    int64_t to = f->to == AUDIT_NONE ? ALWAYS_TO : f->to;
    bool is_behind = f->after_at != AUDIT_NONE && f->after_at < to;
    const struct db_value values[] = {
        DB_TIME(is_behind ? f->after_at : to),
        DB_INT(is_behind ? f->after_seq : 0),
        DB_TIME(f->from == AUDIT_NONE ? ALWAYS_FROM : f->from),
        DB_INT(f->limit),
        DB_STR(f->source),
        DB_STR(f->action),
        DB_STR(f->object_type),
        f->is_refused < 0 ? DB_NULL : DB_BOOL(f->is_refused),
        DB_STR(f->actor),
        DB_OPT_INT(f->actor_id),
        DB_STR(f->object_id.p ? f->object_id : f->object_number),
    };
    struct db_result *rows;
    size_t params;
    const struct db_stmt *stmt = statement_of(f, &params);
    enum err rc = db_run(s, stmt, &rows, values, params);

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct audit_found, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

enum err audit_list_store_by_seq(struct db_session *s, int64_t seq, struct audit_found *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &audit_by_seq, &rows, DB_INT(seq));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}
