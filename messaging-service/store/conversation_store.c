#include "store/conversation_store.h"

/* Whether the participant p is more than a former one of the conversation c. */
#define IS_CURRENT "(NOT p.by_ticket OR p.user_id IN (c.requester_id, c.owner_id, c.assignee_id))"
#define COLUMNS                                                                                    \
    "c.id, c.type, c.ticket_number, c.title, c.created_at, c.updated_at, p.user_id IS NOT NULL,"   \
    " coalesce(" IS_CURRENT ", false)"
#define TYPES "itttzzbb"
#define FROM_FOR(user)                                                                             \
    " FROM conversation c"                                                                         \
    " LEFT JOIN participant p ON p.conversation_id = c.id AND p.user_id = " user

DB_READ(conversation_by_id, "ii", TYPES, "SELECT " COLUMNS FROM_FOR("$2") " WHERE c.id = $1");

DB_READ(conversation_by_ticket, "ti", TYPES,
        "SELECT " COLUMNS FROM_FOR("$2") " WHERE c.ticket_number = $1");

DB_READ(
    conversations_of_person, "itii", TYPES "it",
    "SELECT " COLUMNS ", (SELECT count(*) FROM message m WHERE m.conversation_id = c.id"
    "  AND m.id > p.last_read_id AND m.sender_id <> p.user_id),"
    " (SELECT m.content FROM message m WHERE m.conversation_id = c.id ORDER BY m.id DESC LIMIT 1)"
    " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
    " WHERE p.user_id = $1 AND ($2::text IS NULL OR c.ticket_number = $2)"
    " AND ($3 = 0 OR c.id = $3) ORDER BY c.updated_at DESC, c.id DESC LIMIT $4");

/* $1 number, $2 subject, $3 requester, $4 owner, $5 assignee, $6 since, $7 now */
#define REPLACES(id, since)                                                                        \
    "CASE WHEN " id " IS NOT NULL AND coalesce(c." since " <= $6, true) THEN "
DB_WRITE(
    follow_ticket, "ttiiizz", "",
    "WITH made AS (INSERT INTO conversation AS c (type, ticket_number, title, requester_id,"
    "   owner_id, owner_since, assignee_id, assignee_since, created_at, updated_at)"
    "  VALUES ('support', $1, coalesce($2, ''), $3, $4, CASE WHEN $4 IS NOT NULL THEN $6 END,"
    "   $5, CASE WHEN $5 IS NOT NULL THEN $6 END, $7, $7)"
    "  ON CONFLICT (ticket_number) DO UPDATE SET"
    "   title = coalesce($2, c.title), requester_id = coalesce($3, c.requester_id),"
    "   owner_id = " REPLACES(
        "$4",
        "owner_since") "$4 ELSE c.owner_id END,"
                       "   owner_since = " REPLACES(
                           "$4",
                           "owner_since") "$6 ELSE c.owner_since END,"
                                          "   assignee_id = " REPLACES(
                                              "$5",
                                              "assignee_since") "$5 ELSE c.assignee_id END,"
                                                                "   assignee_since = " REPLACES(
                                                                    "$5",
                                                                    "assignee_since") "$6 ELSE "
                                                                                      "c.assignee_"
                                                                                      "since END"
                                                                                      "  RETURNING "
                                                                                      "id)"
                                                                                      " INSERT "
                                                                                      "INTO "
                                                                                      "participant "
                                                                                      "(conversatio"
                                                                                      "n_id, "
                                                                                      "user_id, "
                                                                                      "by_ticket, "
                                                                                      "joined_at)"
                                                                                      " SELECT "
                                                                                      "made.id, u, "
                                                                                      "true, $7 "
                                                                                      "FROM made, "
                                                                                      "unnest("
                                                                                      "ARRAY[$3, "
                                                                                      "$4, $5]) AS "
                                                                                      "u WHERE u "
                                                                                      "IS NOT NULL"
                                                                                      " ON "
                                                                                      "CONFLICT DO "
                                                                                      "NOTHING");

DB_WRITE(make_direct, "iiz", TYPES,
         "WITH c AS (INSERT INTO conversation (type, direct_pair, created_at, updated_at)"
         "  VALUES ('direct', ARRAY[least($1, $2), greatest($1, $2)], $3, $3)"
         "  ON CONFLICT (direct_pair) DO UPDATE SET title = conversation.title RETURNING *),"
         " joined AS (INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at)"
         "  SELECT c.id, u, false, $3 FROM c, unnest(ARRAY[$1, $2]) AS u ON CONFLICT DO NOTHING)"
         " SELECT c.id, c.type, c.ticket_number, c.title, c.created_at, c.updated_at, true, true"
         " FROM c");

DB_WRITE(join_conversation, "iiz", "",
         "INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at)"
         " VALUES ($1, $2, false, $3)"
         " ON CONFLICT (conversation_id, user_id) DO UPDATE SET by_ticket = false");

DB_READ(current_participants, "i", "I",
        "SELECT array_agg(p.user_id ORDER BY p.user_id)"
        " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
        " WHERE c.id = $1 AND " IS_CURRENT);

DB_WRITE(mark_read, "iii", "",
         "UPDATE participant SET last_read_id = $3"
         " WHERE conversation_id = $1 AND user_id = $2 AND last_read_id < $3");

static void read_conversation(const struct db_result *r, size_t row, struct conversation *c)
{
    *c = (struct conversation){
        .id = db_get_int(r, row, 0),
        .type = db_get_str(r, row, 1),
        .ticket_number = db_get_str(r, row, 2),
        .title = db_get_str(r, row, 3),
        .created_at = db_get_time(r, row, 4),
        .updated_at = db_get_time(r, row, 5),
        .takes_part = db_get_bool(r, row, 6),
        .is_current = db_get_bool(r, row, 7),
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

enum err conversation_store_get(struct db_session *s, int64_t id, int64_t user_id,
                                struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &conversation_by_id, &r, DB_INT(id), DB_INT(user_id));
    return first_conversation(rc, r, out);
}

enum err conversation_store_by_ticket(struct db_session *s, struct str ticket_number,
                                      int64_t user_id, struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &conversation_by_ticket, &r, DB_STR(ticket_number), DB_INT(user_id));
    return first_conversation(rc, r, out);
}

enum err conversation_store_of_person(struct db_session *s, int64_t user_id,
                                      const struct conversation_filter *f,
                                      const struct conversation **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &conversations_of_person, &r, DB_INT(user_id),
                           DB_STR(f->ticket_number), DB_INT(f->id), DB_INT(f->limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct conversation *items = ARENA_ARRAY(s->arena, struct conversation, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        read_conversation(r, i, &items[i]);
        items[i].unread = db_get_int(r, i, 8);
        items[i].last_message = db_get_str(r, i, 9);
    }
    *out = items;
    return ERR_OK;
}

static struct db_value told(int64_t id)
{
    return id > 0 ? DB_INT(id) : DB_NULL;
}

enum err conversation_store_follow_ticket(struct db_session *s, const struct ticket_people *p)
{
    return db_query(s, &follow_ticket, NULL, DB_STR(p->ticket_number), DB_STR(p->subject),
                    told(p->requester_id), told(p->owner_id), told(p->assignee_id),
                    DB_TIME(p->since), DB_TIME(p->now));
}

enum err conversation_store_direct(struct db_session *s, int64_t a, int64_t b, int64_t now,
                                   struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &make_direct, &r, DB_INT(a), DB_INT(b), DB_TIME(now));
    return first_conversation(rc, r, out);
}

enum err conversation_store_join(struct db_session *s, int64_t id, int64_t user_id, int64_t now)
{
    return db_query(s, &join_conversation, NULL, DB_INT(id), DB_INT(user_id), DB_TIME(now));
}

enum err conversation_store_participants(struct db_session *s, int64_t id, const int64_t **ids,
                                         size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &current_participants, &r, DB_INT(id));
    if (rc == ERR_OK)
        *count = db_get_int_array(r, 0, 0, ids);
    return rc;
}

enum err conversation_store_mark_read(struct db_session *s, int64_t id, int64_t user_id,
                                      int64_t up_to)
{
    return db_query(s, &mark_read, NULL, DB_INT(id), DB_INT(user_id), DB_INT(up_to));
}
