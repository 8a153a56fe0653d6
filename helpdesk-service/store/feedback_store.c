#include "store/feedback_store.h"

#include "arena.h"

#define COLS "id, ticket_id, user_id, rating, comment, created_at"
#define COL_TYPES "iiintz"

DB_WRITE(feedback_put, "iintz", "i",
         "INSERT INTO feedback (ticket_id, user_id, rating, comment, created_at) "
         "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (ticket_id, user_id) "
         "DO UPDATE SET rating = $3, comment = $4, created_at = $5 RETURNING id");
DB_READ(feedback_by_id, "i", COL_TYPES, "SELECT " COLS " FROM feedback WHERE id = $1");
DB_WRITE(feedback_delete, "i", "", "DELETE FROM feedback WHERE id = $1");
DB_READ(feedback_of_ticket, "i", COL_TYPES,
        "SELECT " COLS " FROM feedback WHERE ticket_id = $1 ORDER BY created_at DESC, id DESC");
DB_READ(feedback_of_user, "i", COL_TYPES,
        "SELECT " COLS " FROM feedback WHERE user_id = $1 ORDER BY created_at DESC, id DESC");

static void from_row(const struct db_result *rows, size_t row, struct feedback *out)
{
    *out = (struct feedback){
        .id = db_get_int(rows, row, 0),
        .ticket_id = db_get_int(rows, row, 1),
        .user_id = db_get_int(rows, row, 2),
        .rating = db_get_int(rows, row, 3),
        .comment = db_get_str(rows, row, 4),
        .created_at = db_get_time(rows, row, 5),
    };
}

enum err feedback_store_put(struct db_session *s, struct feedback *f)
{
    struct db_result *rows;
    enum err rc = db_query(s, &feedback_put, &rows, DB_INT(f->ticket_id), DB_INT(f->user_id),
                           DB_INT(f->rating), DB_STR(f->comment), DB_TIME(f->created_at));

    if (rc)
        return rc;
    f->id = db_get_int(rows, 0, 0);
    return ERR_OK;
}

enum err feedback_store_by_id(struct db_session *s, int64_t id, struct feedback *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &feedback_by_id, &rows, DB_INT(id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err feedback_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &feedback_delete, NULL, DB_INT(id));
}

static enum err CO_FN list(struct db_session *s, const struct db_stmt *stmt, int64_t key,
                           struct feedback **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_INT(key));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct feedback, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

enum err feedback_store_of_ticket(struct db_session *s, int64_t ticket_id, struct feedback **out,
                                  size_t *count)
{
    return list(s, &feedback_of_ticket, ticket_id, out, count);
}

enum err feedback_store_of_user(struct db_session *s, int64_t user_id, struct feedback **out,
                                size_t *count)
{
    return list(s, &feedback_of_user, user_id, out, count);
}
