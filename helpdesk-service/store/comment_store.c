#include "store/comment_store.h"

#include "arena.h"
#include "store/audit_store.h"

#define COLS                                                                                       \
    "c.id, c.author_id, c.author_name, c.comment, c.is_internal, c.created_at, c.edited_at, "      \
    "c.version"
#define COL_TYPES "iittbzzi"
#define VISIBLE "ticket_id = $1 AND ($2 OR NOT is_internal)"

DB_READ(comment_page, "ibiii", COL_TYPES "i",
        "SELECT " COLS ", n.total FROM (SELECT CASE WHEN $3 IS NULL THEN (SELECT count(*) FROM "
        "(SELECT 1 FROM ticket_comment WHERE " VISIBLE " LIMIT 10001) m) END AS total) n "
        "LEFT JOIN LATERAL (SELECT * FROM ticket_comment WHERE " VISIBLE
        " AND id > COALESCE($3, 0) ORDER BY id OFFSET $4 LIMIT $5) c ON true ORDER BY c.id");
DB_READ(comment_newer, "ibiii", COL_TYPES,
        "SELECT " COLS " FROM ticket_comment c WHERE " VISIBLE
        " AND id > $3 AND author_id IS DISTINCT FROM $4 ORDER BY id LIMIT $5");
DB_READ(comment_by_id, "iib", COL_TYPES,
        "SELECT " COLS " FROM ticket_comment c WHERE ticket_id = $1 AND id = $2 "
        "AND ($3 OR NOT is_internal)");

static void from_row(const struct db_result *rows, size_t row, struct comment *out)
{
    *out = (struct comment){
        .id = db_get_int(rows, row, 0),
        .author_id = db_get_int(rows, row, 1),
        .author_name = db_get_str(rows, row, 2),
        .comment = db_get_str(rows, row, 3),
        .is_internal = db_get_bool(rows, row, 4),
        .created_at = db_get_time(rows, row, 5),
        .edited_at = db_get_time(rows, row, 6),
        .version = db_get_int(rows, row, 7),
    };
}

static struct comment *from_rows(struct db_session *s, const struct db_result *rows, size_t count)
{
    struct comment *out = ARENA_ARRAY(s->arena, struct comment, count + 1);

    for (size_t i = 0; i < count; i++)
        from_row(rows, i, &out[i]);
    return out;
}

enum err comment_store_page(struct db_session *s, const struct comment_query *q,
                            struct comment **out, size_t *count, int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &comment_page, &rows, DB_INT(q->ticket_id), DB_BOOL(q->with_internal),
                           DB_OPT_INT(q->after_id), DB_INT(q->skip), DB_INT(q->limit));

    if (rc)
        return rc;
    *total = db_get_int(rows, 0, 8);
    *count = db_is_null(rows, 0, 0) ? 0 : db_rows(rows);
    *out = from_rows(s, rows, *count);
    return ERR_OK;
}

enum err comment_store_newer(struct db_session *s, const struct comment_query *q, int64_t author_id,
                             struct comment **out, size_t *count)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &comment_newer, &rows, DB_INT(q->ticket_id), DB_BOOL(q->with_internal),
                 DB_INT(q->after_id), DB_OPT_INT(author_id), DB_INT(COMMENT_NEWER_MAX));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = from_rows(s, rows, *count);
    return ERR_OK;
}

enum err comment_store_by_id(struct db_session *s, int64_t ticket_id, int64_t id,
                             bool with_internal, struct comment *out)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &comment_by_id, &rows, DB_INT(ticket_id), DB_INT(id), DB_BOOL(with_internal));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

/* ---- changing ----------------------------------------------------------------------------- */

#define TOUCH(version, now) "UPDATE ticket SET version = " version ", updated_at = " now
#define HISTORY                                                                                    \
    "INSERT INTO ticket_history (ticket_id, field_name, old_value, new_value, note, changed_by, "  \
    "changed_by_name, changed_at, is_internal) "

DB_WRITE(comment_insert, "iittbzib", "i",
         "WITH t AS (" TOUCH(
             "$7",
             "$6") ", first_response_at = CASE WHEN $8 THEN $6 "
                   "ELSE first_response_at END WHERE id = $1 RETURNING created_at), "
                   "c AS (INSERT INTO ticket_comment (ticket_id, author_id, author_name, comment, "
                   "is_internal, created_at, search_part) SELECT $1, $2, $3, $4, $5, $6, "
                   "ticket_search_add($1, $5, t.created_at, $4) FROM t RETURNING id), "
                   "h AS (" HISTORY "SELECT $1, 'comment', NULL, c.id::text, "
                   "CASE WHEN $5 THEN 'internal' ELSE 'public' END, $2, $3, $6, $5 FROM c) "
                   "SELECT id FROM c");
DB_WRITE(comment_edit, "iittitzi", "i",
         "WITH t AS (" TOUCH(
             "$8",
             "$7") " WHERE id = $1), "
                   "h AS (" HISTORY
                   "VALUES ($1, 'comment', $3, $4, 'edited ' || $2::text, $5, $6, $7, true)) "
                   "UPDATE ticket_comment SET comment = $4, edited_at = $7, version = version + 1 "
                   "WHERE id = $2 RETURNING search_part::bigint");
DB_WRITE(comment_remove, "iititzi", "i",
         "WITH t AS (" TOUCH(
             "$7", "$6") " WHERE id = $1), "
                         "h AS (" HISTORY
                         "VALUES ($1, 'comment', $3, NULL, 'removed ' || $2::text, $4, $5, $6, "
                         "true)) DELETE FROM ticket_comment WHERE id = $2 "
                         "RETURNING search_part::bigint");
/* The part of the ticket's words that the comment is in, of what is there now. */
DB_WRITE(comment_reindex, "ibi", "",
         "UPDATE ticket_search s SET tsv = CASE WHEN $2 OR $3 > 0 THEN ticket_day(t.created_at) "
         "ELSE ticket_vector(t.number, t.subject, t.description, t.requester_name || ' ' || "
         "t.requester_email, t.tags, t.created_at) END || ticket_search_comments($1, $2, $3::int) "
         "FROM ticket t WHERE t.id = $1 AND s.ticket_id = $1 AND s.is_internal = $2 "
         "AND s.part = $3");

static void touched(struct ticket *t, const struct cause *c)
{
    t->version++;
    t->updated_at = c->now;
}

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
    touched(t, c);
    comment->id = db_get_int(rows, 0, 0);
    comment->author_id = c->actor_id;
    comment->author_name = c->actor_name;
    comment->created_at = c->now;
    comment->edited_at = TICKET_NONE;
    comment->version = 1;
    return ERR_OK;
}

static enum err CO_FN reindex(struct db_session *s, const struct comment *comment,
                              int64_t ticket_id, const struct db_result *changed)
{
    if (db_rows(changed) == 0)
        return ERR_OK;
    return db_query(s, &comment_reindex, NULL, DB_INT(ticket_id), DB_BOOL(comment->is_internal),
                    DB_INT(db_get_int(changed, 0, 0)));
}

/* That it is another one, not what it says. */
static enum err CO_FN put_audit(struct db_session *s, const struct ticket *t,
                                const struct comment *comment, const struct cause *c,
                                const char *action)
{
    struct audit_event e = audit_event_of(c, action);

    e.object_type = STR("comment");
    e.object_id = str_printf(s->arena, "%lld", (long long)comment->id);
    e.object_number = t->number;
    return audit_store_put(s, &e);
}

enum err comment_store_edit(struct db_session *s, struct ticket *t, struct comment *comment,
                            struct str text, const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &comment_edit, &rows, DB_INT(t->id), DB_INT(comment->id),
                           DB_STR(comment->comment), DB_STR(text), DB_OPT_INT(c->actor_id),
                           DB_STR(c->actor_name), DB_TIME(c->now), DB_INT(t->version + 1));

    if (rc == ERR_OK)
        rc = reindex(s, comment, t->id, rows);
    if (rc)
        return rc;
    touched(t, c);
    comment->comment = text;
    comment->edited_at = c->now;
    comment->version++;
    return put_audit(s, t, comment, c, "comment.edit");
}

enum err comment_store_remove(struct db_session *s, struct ticket *t, const struct comment *comment,
                              const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &comment_remove, &rows, DB_INT(t->id), DB_INT(comment->id),
                           DB_STR(comment->comment), DB_OPT_INT(c->actor_id), DB_STR(c->actor_name),
                           DB_TIME(c->now), DB_INT(t->version + 1));

    if (rc == ERR_OK)
        rc = reindex(s, comment, t->id, rows);
    if (rc)
        return rc;
    touched(t, c);
    return put_audit(s, t, comment, c, "comment.remove");
}

/* ---- whom it concerns --------------------------------------------------------------------- */

/* As ticket_may_view and ticket_may_see_internal tell it of a person who is not asking. */
#define IS_ADMIN "role = 'Admin' AND system IN ('hdts', 'tts')"
#define MAY_READ                                                                                   \
    "p.active AND (NOT $2 OR t.requester_id <> p.id) AND (EXISTS (SELECT 1 FROM person_role "      \
    "WHERE person_id = p.id AND " IS_ADMIN ") OR EXISTS (SELECT 1 FROM ticket_participant x "      \
    "WHERE x.ticket_id = t.id AND x.user_id = p.id AND (NOT $2 OR x.is_owner OR x.is_assignee "    \
    "OR EXISTS (SELECT 1 FROM person_role WHERE person_id = p.id AND system = 'hdts' "             \
    "AND role = 'Ticket Coordinator'))))"

DB_READ(comment_audience, "ibIT", "II",
        "SELECT ARRAY(SELECT p.id FROM ticket t, (SELECT * FROM person WHERE id = ANY ($3) UNION "
        "SELECT * FROM person WHERE lower(email) = ANY ($4)) p WHERE t.id = $1 AND " MAY_READ
        " ORDER BY p.id), ARRAY(SELECT p.id FROM ticket t JOIN ticket_participant w "
        "ON w.ticket_id = t.id AND w.is_watcher JOIN person p ON p.id = w.user_id "
        "WHERE t.id = $1 AND " MAY_READ " ORDER BY p.id)");

enum err comment_store_audience(struct db_session *s, const struct ticket *t, bool is_internal,
                                const struct mentions *m, struct comment_audience *out)
{
    struct db_result *rows;
    enum err rc;

    *out = (struct comment_audience){0};
    if (!m->id_count && !m->email_count && !t->watcher_count)
        return ERR_OK;
    rc = db_query(s, &comment_audience, &rows, DB_INT(t->id), DB_BOOL(is_internal),
                  DB_INT_ARRAY(m->ids, m->id_count), DB_STR_ARRAY(m->emails, m->email_count));
    if (rc)
        return rc;
    out->mentioned_count = db_get_int_array(rows, 0, 0, &out->mentioned);
    out->watcher_count = db_get_int_array(rows, 0, 1, &out->watchers);
    return ERR_OK;
}
