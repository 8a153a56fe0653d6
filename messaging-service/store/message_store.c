#include "store/conversation_store.h"

#define COLUMNS                                                                                    \
    "m.id, m.conversation_id, m.sender_id, m.sender_name, m.content, m.client_id, m.created_at"
#define TYPES "iiitttz"

DB_READ(messages_after, "iii", TYPES,
        "SELECT " COLUMNS " FROM message m WHERE m.conversation_id = $1 AND m.id > $2"
        " ORDER BY m.id LIMIT $3");

DB_READ(messages_before, "iii", TYPES,
        "SELECT * FROM (SELECT " COLUMNS " FROM message m WHERE m.conversation_id = $1"
        " AND m.id < $2 ORDER BY m.id DESC LIMIT $3) newest ORDER BY id");

/* The conversation's row lock is taken first: within it, ids are given in commit order. */
DB_WRITE(insert_message, "iitttz", TYPES,
         "WITH c AS (UPDATE conversation SET updated_at = greatest(updated_at, $6) WHERE id = $1"
         "  RETURNING id)"
         " INSERT INTO message AS m"
         " (conversation_id, sender_id, sender_name, content, client_id, created_at)"
         " SELECT c.id, $2, $3, $4, $5, $6 FROM c"
         " ON CONFLICT (conversation_id, sender_id, client_id) DO NOTHING RETURNING " COLUMNS);

DB_READ(message_by_client_id, "iit", TYPES,
        "SELECT " COLUMNS " FROM message m"
        " WHERE m.conversation_id = $1 AND m.sender_id = $2 AND m.client_id = $3");

DB_WRITE(mark_read, "iii", "",
         "UPDATE participant SET last_read_id = $3"
         " WHERE conversation_id = $1 AND user_id = $2 AND last_read_id < $3");

static void read_message(const struct db_result *r, size_t row, struct message *m)
{
    *m = (struct message){
        .id = db_get_int(r, row, 0),
        .conversation_id = db_get_int(r, row, 1),
        .sender_id = db_get_int(r, row, 2),
        .sender_name = db_get_str(r, row, 3),
        .content = db_get_str(r, row, 4),
        .client_id = db_get_str(r, row, 5),
        .created_at = db_get_time(r, row, 6),
    };
}

static void read_messages(struct arena *a, const struct db_result *r, struct message_list *out)
{
    size_t n = db_rows(r);
    struct message *items = ARENA_ARRAY(a, struct message, n + 1);
    for (size_t i = 0; i < n; i++)
        read_message(r, i, &items[i]);
    *out = (struct message_list){items, n};
}

enum err message_store_after(struct db_session *s, int64_t conversation_id, int64_t after,
                             int64_t limit, struct message_list *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &messages_after, &r, DB_INT(conversation_id), DB_INT(after), DB_INT(limit));
    if (rc == ERR_OK)
        read_messages(s->arena, r, out);
    return rc;
}

enum err message_store_before(struct db_session *s, int64_t conversation_id, int64_t before,
                              int64_t limit, struct message_list *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &messages_before, &r, DB_INT(conversation_id), DB_INT(before), DB_INT(limit));
    if (rc == ERR_OK)
        read_messages(s->arena, r, out);
    return rc;
}

enum err message_store_add(struct db_session *s, const struct message *m, struct message *out,
                           bool *is_new)
{
    struct db_result *r;
    enum err rc = db_query(s, &insert_message, &r, DB_INT(m->conversation_id), DB_INT(m->sender_id),
                           DB_STR(m->sender_name), DB_STR(m->content), DB_STR(m->client_id),
                           DB_TIME(m->created_at));
    if (rc)
        return rc;
    *is_new = db_rows(r) == 1;
    if (!*is_new) {
        rc = db_query(s, &message_by_client_id, &r, DB_INT(m->conversation_id),
                      DB_INT(m->sender_id), DB_STR(m->client_id));
        if (rc)
            return rc;
        if (db_rows(r) == 0)
            return ERR_CONVERSATION_NOT_FOUND;
    }
    read_message(r, 0, out);
    return ERR_OK;
}

enum err message_store_mark_read(struct db_session *s, int64_t conversation_id, int64_t user_id,
                                 int64_t up_to)
{
    return db_query(s, &mark_read, NULL, DB_INT(conversation_id), DB_INT(user_id), DB_INT(up_to));
}
