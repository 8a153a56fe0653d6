#include "store/conversation_store.h"

#define COLUMNS "c.id, c.type, c.ticket_number, c.title, c.created_at, c.updated_at"
#define TYPES "itttzz"

DB_READ(conversation_by_id, "i", TYPES, "SELECT " COLUMNS " FROM conversation c WHERE c.id = $1");

DB_READ(conversation_by_ticket, "t", TYPES,
        "SELECT " COLUMNS " FROM conversation c WHERE c.ticket_number = $1");

DB_READ(
    conversations_of_person, "iti", TYPES "it",
    "SELECT " COLUMNS ", (SELECT count(*) FROM message m WHERE m.conversation_id = c.id"
    "  AND m.id > p.last_read_id AND m.sender_id <> p.user_id),"
    " (SELECT m.content FROM message m WHERE m.conversation_id = c.id ORDER BY m.id DESC LIMIT 1)"
    " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
    " WHERE p.user_id = $1 AND ($2::text IS NULL OR c.ticket_number = $2)"
    " ORDER BY c.updated_at DESC, c.id DESC LIMIT $3");

DB_WRITE(
    follow_ticket, "ttIz", "",
    "WITH made AS (INSERT INTO conversation (type, ticket_number, title, created_at, updated_at)"
    "  VALUES ('support', $1, coalesce($2, ''), $4, $4)"
    "  ON CONFLICT (ticket_number) DO UPDATE SET title = coalesce($2, conversation.title)"
    "  RETURNING id)"
    " INSERT INTO participant (conversation_id, user_id, joined_at)"
    " SELECT made.id, u, $4 FROM made, unnest($3) AS u WHERE u > 0"
    " ON CONFLICT DO NOTHING");

DB_WRITE(make_direct, "iiz", TYPES,
         "WITH c AS (INSERT INTO conversation (type, direct_pair, created_at, updated_at)"
         "  VALUES ('direct', ARRAY[least($1, $2), greatest($1, $2)], $3, $3)"
         "  ON CONFLICT (direct_pair) DO UPDATE SET title = conversation.title RETURNING *),"
         " joined AS (INSERT INTO participant (conversation_id, user_id, joined_at)"
         "  SELECT c.id, u, $3 FROM c, unnest(ARRAY[$1, $2]) AS u ON CONFLICT DO NOTHING)"
         " SELECT " COLUMNS " FROM c");

DB_READ(takes_part, "ii", "b",
        "SELECT EXISTS (SELECT FROM participant WHERE conversation_id = $1 AND user_id = $2)");

DB_READ(participants, "i", "I",
        "SELECT array_agg(user_id ORDER BY user_id) FROM participant WHERE conversation_id = $1");

static void read_conversation(const struct db_result *r, size_t row, struct conversation *c)
{
    *c = (struct conversation){
        .id = db_get_int(r, row, 0),
        .type = db_get_str(r, row, 1),
        .ticket_number = db_get_str(r, row, 2),
        .title = db_get_str(r, row, 3),
        .created_at = db_get_time(r, row, 4),
        .updated_at = db_get_time(r, row, 5),
    };
}

static enum err first_conversation(enum err rc, const struct db_result *r, struct conversation *out)
{
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_CONVERSATION_NOT_FOUND;
    read_conversation(r, 0, out);
    return ERR_OK;
}

enum err conversation_store_get(struct db_session *s, int64_t id, struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &conversation_by_id, &r, DB_INT(id));
    return first_conversation(rc, r, out);
}

enum err conversation_store_by_ticket(struct db_session *s, struct str ticket_number,
                                      struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &conversation_by_ticket, &r, DB_STR(ticket_number));
    return first_conversation(rc, r, out);
}

enum err conversation_store_of_person(struct db_session *s, int64_t user_id,
                                      struct str ticket_number, int64_t limit,
                                      const struct conversation **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &conversations_of_person, &r, DB_INT(user_id), DB_STR(ticket_number),
                           DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct conversation *items = ARENA_ARRAY(s->arena, struct conversation, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        read_conversation(r, i, &items[i]);
        items[i].unread = db_get_int(r, i, 6);
        items[i].last_message = db_get_str(r, i, 7);
    }
    *out = items;
    return ERR_OK;
}

enum err conversation_store_follow_ticket(struct db_session *s, struct str ticket_number,
                                          struct str title, const int64_t *people, size_t n,
                                          int64_t now)
{
    return db_query(s, &follow_ticket, NULL, DB_STR(ticket_number), DB_STR(title),
                    DB_INT_ARRAY(people, n), DB_TIME(now));
}

enum err conversation_store_direct(struct db_session *s, int64_t a, int64_t b, int64_t now,
                                   struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &make_direct, &r, DB_INT(a), DB_INT(b), DB_TIME(now));
    return first_conversation(rc, r, out);
}

enum err conversation_store_takes_part(struct db_session *s, int64_t id, int64_t user_id, bool *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &takes_part, &r, DB_INT(id), DB_INT(user_id));
    if (rc == ERR_OK)
        *out = db_get_bool(r, 0, 0);
    return rc;
}

enum err conversation_store_participants(struct db_session *s, int64_t id, const int64_t **ids,
                                         size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &participants, &r, DB_INT(id));
    if (rc == ERR_OK)
        *count = db_get_int_array(r, 0, 0, ids);
    return rc;
}
