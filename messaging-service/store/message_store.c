#include "store/message_store.h"

#include "store/message_row.h"

DB_READ(message_by_id, "i", MESSAGE_TYPES,
        "SELECT " MESSAGE_COLUMNS " FROM message m" MESSAGE_JOINS " WHERE m.id = $1");

DB_READ(messages_after, "iiii", MESSAGE_TYPES,
        "SELECT " MESSAGE_COLUMNS " FROM message m" MESSAGE_JOINS
        " WHERE m.conversation_id = $1 AND m.id > $2 AND m.id < $3 ORDER BY m.id LIMIT $4");

DB_READ(messages_before, "iiii", MESSAGE_TYPES,
        "SELECT " MESSAGE_COLUMNS " FROM (SELECT * FROM message x WHERE x.conversation_id = $1"
        "  AND x.id < $2 ORDER BY x.id DESC LIMIT $3 OFFSET $4) m" MESSAGE_JOINS
        " ORDER BY m.id DESC");

DB_READ(latest_messages, "IiI", MESSAGE_TYPES "b",
        "SELECT " MESSAGE_COLUMNS ", CASE WHEN m.sender_id = $2"
        "  THEN EXISTS (SELECT FROM participant p WHERE p.conversation_id = m.conversation_id"
        "   AND p.user_id <> $2 AND p.last_read_id >= m.id)"
        "  ELSE coalesce(m.id <= (SELECT p.last_read_id FROM participant p"
        "   WHERE p.conversation_id = m.conversation_id AND p.user_id = $2), false) END"
        " FROM unnest($1, $3) AS w(id, n) CROSS JOIN LATERAL (SELECT * FROM message x"
        "  WHERE x.conversation_id = w.id ORDER BY x.id DESC LIMIT w.n) m" MESSAGE_JOINS
        " ORDER BY m.conversation_id, m.id");

DB_READ(newest_message, "i", "i",
        "SELECT coalesce(max(id), 0) FROM message WHERE conversation_id = $1");

/* The conversation's row lock is taken first: within it, ids are given in commit order. */
DB_WRITE(insert_message, "iittttttiIz", "ii",
         "WITH c AS (UPDATE conversation SET updated_at = greatest(updated_at, $11),"
         "   message_count = message_count + 1 WHERE id = $1 RETURNING id, message_count)"
         " INSERT INTO message AS m (conversation_id, number, sender_id, sender_name, sender_role,"
         "   type, content, client_id, attachments, reply_to_id, mention_ids, created_at)"
         " SELECT c.id, c.message_count, $2, $3, $4, $5, $6, $7, $8, $9, NULLIF($10, '{}'), $11"
         " FROM c ON CONFLICT (conversation_id, sender_id, client_id) DO NOTHING"
         " RETURNING m.id, m.number");

DB_READ(message_by_client_id, "iit", MESSAGE_TYPES,
        "SELECT " MESSAGE_COLUMNS " FROM message m" MESSAGE_JOINS
        " WHERE m.conversation_id = $1 AND m.sender_id = $2 AND m.client_id = $3");

/* Of a group only those whose state it changes. */
DB_WRITE(touch_participants, "iiiiz", "",
         "UPDATE participant SET has_unread = user_id <> $2,"
         "   is_archived = is_archived AND is_muted,"
         "   last_read_id = CASE WHEN user_id = $2 THEN $3 ELSE last_read_id END,"
         "   read_number = CASE WHEN user_id = $2 THEN $4 ELSE read_number END,"
         "   active_at = CASE WHEN active_at IS NOT NULL THEN greatest(active_at, $5) END"
         " WHERE conversation_id = $1 AND (user_id = $2 OR active_at IS NOT NULL"
         "   OR NOT has_unread OR (is_archived AND NOT is_muted))");

DB_WRITE(keep_version, "iitz", "",
         "INSERT INTO message_version (message_id, version, content, written_at)"
         " VALUES ($1, $2, $3, $4)");
DB_WRITE(edit_message, "itIz", "",
         "UPDATE message SET content = $2, mention_ids = NULLIF($3, '{}'), edited_at = $4,"
         " version = version + 1 WHERE id = $1");
DB_WRITE(attach_to_message, "it", "",
         "UPDATE message SET attachments = $2, version = version + 1 WHERE id = $1");
DB_WRITE(delete_message, "iz", "",
         "UPDATE message SET deleted_at = $2, version = version + 1 WHERE id = $1");
DB_WRITE(unsend_message, "iz", "",
         "WITH versions AS (DELETE FROM message_version WHERE message_id = $1),"
         " reactions AS (DELETE FROM reaction WHERE message_id = $1)"
         " UPDATE message SET unsent_at = $2, version = version + 1, content = '',"
         "   attachments = NULL, mention_ids = NULL, reply_to_id = NULL WHERE id = $1");
DB_READ(versions_of_message, "i", "itz",
        "SELECT v.version, v.content, v.written_at FROM ("
        " SELECT version, content, written_at FROM message_version WHERE message_id = $1"
        " UNION ALL SELECT version, content, coalesce(edited_at, created_at) FROM message"
        "  WHERE id = $1) v ORDER BY v.version LIMIT 10000");

DB_WRITE(add_reaction,
         "iitti"
         "z",
         "b",
         "WITH known AS (SELECT count(DISTINCT emoji) FILTER (WHERE emoji <> $3) AS others"
         "   FROM reaction WHERE message_id = $1),"
         " added AS (INSERT INTO reaction (message_id, user_id, emoji, user_name, created_at)"
         "   SELECT $1, $2, $3, $4, $6 FROM known WHERE others < $5"
         "   ON CONFLICT DO NOTHING RETURNING 1)"
         " SELECT EXISTS (SELECT FROM added) FROM known WHERE others < $5");
DB_WRITE(remove_reaction, "iit", "",
         "DELETE FROM reaction WHERE message_id = $1 AND user_id = $2 AND emoji = $3");

/* ---- reading ------------------------------------------------------------------------------ */

void message_from_row(const struct db_result *r, size_t row, int col, struct message *m)
{
    const int64_t *mentions;
    *m = (struct message){
        .id = db_get_int(r, row, col),
        .conversation_id = db_get_int(r, row, col + 1),
        .ticket_number = db_get_str(r, row, col + 2),
        .sender_id = db_get_int(r, row, col + 3),
        .sender_name = db_get_str(r, row, col + 4),
        .sender_role = db_get_str(r, row, col + 5),
        .type = db_get_str(r, row, col + 6),
        .content = db_get_str(r, row, col + 7),
        .client_id = db_get_str(r, row, col + 8),
        .created_at = db_get_time(r, row, col + 9),
        .edited_at = db_get_time(r, row, col + 10),
        .deleted_at = db_get_time(r, row, col + 11),
        .unsent_at = db_get_time(r, row, col + 12),
        .version = db_get_int(r, row, col + 13),
        .reply_to_id = db_get_int(r, row, col + 14),
        .attachments = db_get_str(r, row, col + 15),
        .reply_to = db_get_str(r, row, col + 16),
        .reactions = db_get_str(r, row, col + 17),
        .reaction_counts = db_get_str(r, row, col + 18),
        .is_read = JSON_UNSET,
    };
    m->mention_ids.count = db_get_int_array(r, row, col + 19, &mentions);
    m->mention_ids.items = (void *)(uintptr_t)mentions;
}

static void read_messages(struct arena *a, const struct db_result *r, bool is_reversed,
                          struct message_list *out)
{
    size_t n = db_rows(r);
    struct message *items = ARENA_ARRAY(a, struct message, n + 1);
    for (size_t i = 0; i < n; i++)
        message_from_row(r, is_reversed ? n - 1 - i : i, 0, &items[i]);
    *out = (struct message_list){items, n};
}

enum err message_store_get(struct db_session *s, int64_t id, struct message *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &message_by_id, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    message_from_row(r, 0, 0, out);
    return ERR_OK;
}

enum err message_store_after(struct db_session *s, int64_t conversation_id, int64_t after,
                             int64_t before, int64_t limit, struct message_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &messages_after, &r, DB_INT(conversation_id), DB_INT(after),
                           DB_INT(before), DB_INT(limit));
    if (rc == ERR_OK)
        read_messages(s->arena, r, false, out);
    return rc;
}

enum err message_store_before(struct db_session *s, int64_t conversation_id, int64_t before,
                              int64_t skip, int64_t limit, struct message_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &messages_before, &r, DB_INT(conversation_id), DB_INT(before),
                           DB_INT(limit), DB_INT(skip));
    if (rc == ERR_OK)
        read_messages(s->arena, r, true, out);
    return rc;
}

enum err message_store_latest(struct db_session *s, const struct latest *of, int64_t user_id,
                              struct message_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &latest_messages, &r, DB_INT_ARRAY(of->conversations, of->count),
                           DB_INT(user_id), DB_INT_ARRAY(of->most, of->count));
    if (rc)
        return rc;
    read_messages(s->arena, r, false, out);
    for (size_t i = 0; i < out->count; i++)
        out->items[i].is_read = db_get_bool(r, i, MESSAGE_COLUMN_COUNT) ? JSON_TRUE : JSON_FALSE;
    return ERR_OK;
}

enum err message_store_newest(struct db_session *s, int64_t conversation_id, int64_t *id)
{
    struct db_result *r;
    enum err rc = db_query(s, &newest_message, &r, DB_INT(conversation_id));
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err message_store_versions(struct db_session *s, int64_t id,
                                const struct message_version **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &versions_of_message, &r, DB_INT(id));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct message_version *items = ARENA_ARRAY(s->arena, struct message_version, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct message_version){.version = db_get_int(r, i, 0),
                                            .content = db_get_str(r, i, 1),
                                            .written_at = db_get_time(r, i, 2)};
    *out = items;
    return ERR_OK;
}

/* ---- adding ------------------------------------------------------------------------------- */

static enum err CO_FN find_repeated(struct db_session *s, const struct message *m,
                                    struct message *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &message_by_client_id, &r, DB_INT(m->conversation_id),
                           DB_INT(m->sender_id), DB_STR(m->client_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_CONVERSATION_NOT_FOUND;
    message_from_row(r, 0, 0, out);
    return ERR_OK;
}

enum err message_store_add(struct db_session *s, const struct message *m, struct message *out,
                           bool *is_new)
{
    struct db_result *r;
    enum err rc = db_query(
        s, &insert_message, &r, DB_INT(m->conversation_id), DB_INT(m->sender_id),
        DB_STR(m->sender_name), DB_STR(m->sender_role), DB_STR(m->type), DB_STR(m->content),
        DB_STR(m->client_id), DB_STR(m->attachments), DB_OPT_INT(m->reply_to_id),
        DB_INT_ARRAY(m->mention_ids.items, m->mention_ids.count), DB_TIME(m->created_at));
    if (rc)
        return rc;
    *is_new = db_rows(r) == 1;
    if (!*is_new)
        return find_repeated(s, m, out);
    int64_t id = db_get_int(r, 0, 0);
    rc = db_query(s, &touch_participants, NULL, DB_INT(m->conversation_id), DB_INT(m->sender_id),
                  DB_INT(id), DB_INT(db_get_int(r, 0, 1)), DB_TIME(m->created_at));
    return rc ? rc : message_store_get(s, id, out);
}

/* ---- changes ------------------------------------------------------------------------------ */

enum err message_store_edit(struct db_session *s, const struct message *m, struct str content,
                            const struct json_array *mentions, int64_t now)
{
    int64_t written = m->edited_at == JSON_NO_TIME ? m->created_at : m->edited_at;
    enum err rc = db_query(s, &keep_version, NULL, DB_INT(m->id), DB_INT(m->version),
                           DB_STR(m->content), DB_TIME(written));
    if (rc)
        return rc;
    return db_query(s, &edit_message, NULL, DB_INT(m->id), DB_STR(content),
                    DB_INT_ARRAY(mentions->items, mentions->count), DB_TIME(now));
}

enum err message_store_attach(struct db_session *s, int64_t id, struct str attachments)
{
    return db_query(s, &attach_to_message, NULL, DB_INT(id), DB_STR(attachments));
}

enum err message_store_delete(struct db_session *s, int64_t id, int64_t now)
{
    return db_query(s, &delete_message, NULL, DB_INT(id), DB_TIME(now));
}

enum err message_store_unsend(struct db_session *s, int64_t id, int64_t now)
{
    return db_query(s, &unsend_message, NULL, DB_INT(id), DB_TIME(now));
}

enum err message_store_react(struct db_session *s, const struct reaction *x, int64_t max,
                             bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &add_reaction, &r, DB_INT(x->message_id), DB_INT(x->user_id),
                           DB_STR(x->emoji), DB_STR(x->user_name), DB_INT(max), DB_TIME(x->now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_CONFLICT;
    *changed = db_get_bool(r, 0, 0);
    return ERR_OK;
}

enum err message_store_unreact(struct db_session *s, const struct reaction *x, bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &remove_reaction, &r, DB_INT(x->message_id), DB_INT(x->user_id),
                           DB_STR(x->emoji));
    if (rc == ERR_OK)
        *changed = db_affected(r) > 0;
    return rc;
}
