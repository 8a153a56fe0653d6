#include "store/message_store.h"

#define COLUMNS                                                                                    \
    "m.id, m.conversation_id, m.sender_id, m.sender_name, m.content, m.client_id, m.created_at"
#define TYPES "iiitttz"
#define COLUMN_COUNT 7

DB_READ(message_by_id, "i", TYPES, "SELECT " COLUMNS " FROM message m WHERE m.id = $1");

DB_READ(messages_after, "iiii", TYPES,
        "SELECT " COLUMNS " FROM message m WHERE m.conversation_id = $1 AND m.id > $2"
        " AND m.id < $3 ORDER BY m.id LIMIT $4");

DB_READ(messages_before, "iii", TYPES,
        "SELECT * FROM (SELECT " COLUMNS " FROM message m WHERE m.conversation_id = $1"
        " AND m.id < $2 ORDER BY m.id DESC LIMIT $3) newest ORDER BY id");

DB_READ(newest_message, "i", "i",
        "SELECT coalesce(max(id), 0) FROM message WHERE conversation_id = $1");

DB_READ(newest_of_all, "", "i", "SELECT coalesce(max(id), 0) FROM message");

DB_READ(missed_messages, "ii", TYPES "tI",
        "SELECT " COLUMNS ", c.ticket_number, ARRAY(SELECT p.user_id FROM participant p"
        "  WHERE p.conversation_id = c.id AND (NOT p.by_ticket"
        "   OR p.user_id IN (c.requester_id, c.owner_id, c.assignee_id)))"
        " FROM message m JOIN conversation c ON c.id = m.conversation_id"
        " WHERE m.id > $1 ORDER BY m.id LIMIT $2");

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

enum err message_store_get(struct db_session *s, int64_t id, struct message *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &message_by_id, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_message(r, 0, out);
    return ERR_OK;
}

enum err message_store_after(struct db_session *s, int64_t conversation_id, int64_t after,
                             int64_t before, int64_t limit, struct message_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &messages_after, &r, DB_INT(conversation_id), DB_INT(after),
                           DB_INT(before), DB_INT(limit));
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

enum err message_store_newest(struct db_session *s, int64_t conversation_id, int64_t *id)
{
    struct db_result *r;
    enum err rc = conversation_id ? db_query(s, &newest_message, &r, DB_INT(conversation_id))
                                  : db_query(s, &newest_of_all, &r);
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err message_store_missed(struct db_session *s, int64_t after, int64_t limit,
                              const struct missed_message **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &missed_messages, &r, DB_INT(after), DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct missed_message *items = ARENA_ARRAY(s->arena, struct missed_message, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        read_message(r, i, &items[i].message);
        items[i].ticket_number = db_get_str(r, i, COLUMN_COUNT);
        items[i].participant_count =
            db_get_int_array(r, i, COLUMN_COUNT + 1, &items[i].participant_ids);
    }
    *out = items;
    return ERR_OK;
}
