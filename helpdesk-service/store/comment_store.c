#include "store/comment_store.h"

#include "arena.h"

DB_READ(
    comment_page, "ibii",
    "iittbz"
    "i",
    "SELECT c.id, c.author_id, c.author_name, c.comment, c.is_internal, c.created_at, n.total "
    "FROM (SELECT count(*) AS total FROM ticket_comment "
    "WHERE ticket_id = $1 AND ($2 OR NOT is_internal)) n "
    "LEFT JOIN LATERAL (SELECT * FROM ticket_comment "
    "WHERE ticket_id = $1 AND ($2 OR NOT is_internal) ORDER BY id OFFSET $3 LIMIT $4) c ON true "
    "ORDER BY c.id");

enum err comment_store_page(struct db_session *s, int64_t ticket_id, bool with_internal,
                            int64_t skip, int64_t page_size, struct comment **out, size_t *count,
                            int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &comment_page, &rows, DB_INT(ticket_id), DB_BOOL(with_internal),
                           DB_INT(skip), DB_INT(page_size));

    if (rc)
        return rc;
    *total = db_get_int(rows, 0, 6);
    *count = db_is_null(rows, 0, 0) ? 0 : db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct comment, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct comment){
            .id = db_get_int(rows, i, 0),
            .author_id = db_get_int(rows, i, 1),
            .author_name = db_get_str(rows, i, 2),
            .comment = db_get_str(rows, i, 3),
            .is_internal = db_get_bool(rows, i, 4),
            .created_at = db_get_time(rows, i, 5),
        };
    return ERR_OK;
}

DB_WRITE(comment_insert, "iittbzib", "i",
         "WITH t AS (UPDATE ticket SET version = $7, updated_at = $6, first_response_at = "
         "CASE WHEN $8 THEN $6 ELSE first_response_at END WHERE id = $1), "
         "c AS (INSERT INTO ticket_comment (ticket_id, author_id, author_name, comment, "
         "is_internal, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id), "
         "h AS (INSERT INTO ticket_history (ticket_id, field_name, new_value, note, changed_by, "
         "changed_by_name, changed_at) SELECT $1, 'comment', c.id::text, "
         "CASE WHEN $5 THEN 'internal' ELSE 'public' END, $2, $3, $6 FROM c) "
         "SELECT id FROM c");

enum err comment_store_add(struct db_session *s, struct ticket *t, struct comment *comment,
                           const struct cause *c)
{
    bool is_first_response = !comment->is_internal && t->first_response_at == TICKET_NONE &&
                             c->actor_id != t->requester_id;
    struct db_result *rows;
    enum err rc =
        db_query(s, &comment_insert, &rows, DB_INT(t->id), DB_OPT_INT(c->actor_id),
                 DB_STR(c->actor_name), DB_STR(comment->comment), DB_BOOL(comment->is_internal),
                 DB_TIME(c->now), DB_INT(t->version + 1), DB_BOOL(is_first_response));

    if (rc)
        return rc;
    t->version++;
    t->updated_at = c->now;
    comment->id = db_get_int(rows, 0, 0);
    comment->author_id = c->actor_id;
    comment->author_name = c->actor_name;
    comment->created_at = c->now;
    return ERR_OK;
}
