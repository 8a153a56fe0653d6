#include "store/history_store.h"

#include "arena.h"

#define COLS                                                                                       \
    "h.id, h.ticket_id, h.changed_by, h.changed_by_name, h.field_name, h.old_value, "              \
    "h.new_value, h.note, h.changed_at"
#define COL_TYPES                                                                                  \
    "iiittt"                                                                                       \
    "ttz"

#define VISIBLE "ticket_id = $1 AND ($2 OR NOT is_internal)"

DB_READ(
    history_page, "ibiii", COL_TYPES "i",
    "SELECT " COLS ", n.total FROM (SELECT CASE WHEN $3 IS NULL THEN (SELECT count(*) FROM "
    "(SELECT 1 FROM ticket_history WHERE " VISIBLE " LIMIT 10001) m) END AS total) n "
    "LEFT JOIN LATERAL (SELECT * FROM ticket_history WHERE " VISIBLE
    " AND id < COALESCE($3, 9223372036854775807) ORDER BY id DESC OFFSET $4 LIMIT $5) h ON true "
    "ORDER BY h.id DESC");
DB_WRITE(history_insert, "ittttitzb", "",
         "INSERT INTO ticket_history (ticket_id, field_name, old_value, new_value, note, "
         "changed_by, changed_by_name, changed_at, is_internal) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
DB_READ(history_simple, "i", COL_TYPES,
        "SELECT " COLS " FROM ticket_history h WHERE h.ticket_id = $1 "
        "AND h.field_name IN ('status', 'priority', 'owner', 'is_assigned') ORDER BY h.id");

static struct history_row *read_rows(struct db_session *s, const struct db_result *rows,
                                     size_t count)
{
    struct history_row *out = ARENA_ARRAY(s->arena, struct history_row, count + 1);

    for (size_t i = 0; i < count; i++)
        out[i] = (struct history_row){
            .id = db_get_int(rows, i, 0),
            .ticket_id = db_get_int(rows, i, 1),
            .changed_by = db_get_int(rows, i, 2),
            .changed_by_name = db_get_str(rows, i, 3),
            .field = db_get_str(rows, i, 4),
            .old_value = db_get_str(rows, i, 5),
            .new_value = db_get_str(rows, i, 6),
            .note = db_get_str(rows, i, 7),
            .changed_at = db_get_time(rows, i, 8),
        };
    return out;
}

enum err history_store_page(struct db_session *s, const struct history_query *q,
                            struct history_row **out, size_t *count, int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &history_page, &rows, DB_INT(q->ticket_id), DB_BOOL(q->with_internal),
                           DB_OPT_INT(q->before_id), DB_INT(q->skip), DB_INT(q->limit));

    if (rc)
        return rc;
    *total = db_get_int(rows, 0, 9);
    *count = db_is_null(rows, 0, 0) ? 0 : db_rows(rows);
    *out = read_rows(s, rows, *count);
    return ERR_OK;
}

enum err history_store_add(struct db_session *s, const struct history_entry *e,
                           const struct cause *c)
{
    return db_send(s, &history_insert, DB_INT(e->ticket_id), DB_STR(e->field), DB_STR(e->old_value),
                   DB_STR(e->new_value), DB_STR(e->note), DB_OPT_INT(c->actor_id),
                   DB_STR(c->actor_name), DB_TIME(c->now), DB_BOOL(e->is_internal));
}

enum err history_store_simple(struct db_session *s, int64_t ticket_id, struct history_row **out,
                              size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &history_simple, &rows, DB_INT(ticket_id));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = read_rows(s, rows, *count);
    return ERR_OK;
}
