#include "store/watcher_store.h"

#include "arena.h"

DB_READ(watcher_list, "i", "itt",
        "SELECT w.user_id, COALESCE(p.name, ''), COALESCE(p.email, '') FROM ticket_participant w "
        "LEFT JOIN person p ON p.id = w.user_id WHERE w.ticket_id = $1 AND w.is_watcher "
        "ORDER BY 2, 1");
DB_WRITE(watcher_add, "ii", "",
         "INSERT INTO ticket_participant AS x (user_id, ticket_id, created_at, is_watcher) "
         "SELECT $2, t.id, t.created_at, true FROM ticket t WHERE t.id = $1 "
         "ON CONFLICT (ticket_id, user_id) DO UPDATE SET is_watcher = true WHERE NOT x.is_watcher");
DB_WRITE(watcher_remove, "ii", "n",
         "WITH gone AS (DELETE FROM ticket_participant WHERE ticket_id = $1 AND user_id = $2 "
         "AND is_watcher AND NOT (is_requester OR is_owner OR is_assignee) RETURNING 1), "
         "kept AS (UPDATE ticket_participant SET is_watcher = false WHERE ticket_id = $1 "
         "AND user_id = $2 AND is_watcher AND (is_requester OR is_owner OR is_assignee) "
         "RETURNING 1) SELECT 1 FROM gone UNION ALL SELECT 1 FROM kept");

enum err watcher_store_list(struct db_session *s, int64_t ticket_id, struct watcher **out,
                            size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &watcher_list, &rows, DB_INT(ticket_id));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct watcher, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct watcher){db_get_int(rows, i, 0), db_get_str(rows, i, 1),
                                     db_get_str(rows, i, 2)};
    return ERR_OK;
}

enum err watcher_store_add(struct db_session *s, int64_t ticket_id, int64_t user_id, bool *changed)
{
    struct db_result *rows;
    enum err rc = db_query(s, &watcher_add, &rows, DB_INT(ticket_id), DB_INT(user_id));

    if (rc == ERR_OK)
        *changed = db_affected(rows) > 0;
    return rc;
}

enum err watcher_store_remove(struct db_session *s, int64_t ticket_id, int64_t user_id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &watcher_remove, &rows, DB_INT(ticket_id), DB_INT(user_id));

    if (rc)
        return rc;
    return db_rows(rows) > 0 ? ERR_OK : ERR_NOT_FOUND;
}
