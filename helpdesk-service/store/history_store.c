#include "store/history_store.h"

#include "arena.h"

#define COLS                                                                                       \
    "h.id, h.ticket_id, h.changed_by, h.changed_by_name, h.field_name, h.old_value, "              \
    "h.new_value, h.note, h.changed_at"
#define COL_TYPES                                                                                  \
    "iiittt"                                                                                       \
    "ttz"

DB_READ(history_page, "ibii", COL_TYPES "i",
        "SELECT " COLS ", n.total FROM (SELECT count(*) AS total FROM ticket_history "
        "WHERE ticket_id = $1 AND ($2 OR field_name <> 'comment' OR note <> 'internal')) n "
        "LEFT JOIN LATERAL (SELECT * FROM ticket_history WHERE ticket_id = $1 "
        "AND ($2 OR field_name <> 'comment' OR note <> 'internal') ORDER BY id DESC OFFSET $3 "
        "LIMIT $4) h "
        "ON true ORDER BY h.id DESC");
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

enum err history_store_page(struct db_session *s, int64_t ticket_id, bool with_internal,
                            int64_t skip, int64_t page_size, struct history_row **out,
                            size_t *count, int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &history_page, &rows, DB_INT(ticket_id), DB_BOOL(with_internal),
                           DB_INT(skip), DB_INT(page_size));

    if (rc)
        return rc;
    *total = db_get_int(rows, 0, 9);
    *count = db_is_null(rows, 0, 0) ? 0 : db_rows(rows);
    *out = read_rows(s, rows, *count);
    return ERR_OK;
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
