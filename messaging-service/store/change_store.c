#include "store/change_store.h"

#include "store/message_row.h"

static const char *const WORDS[] = {
#define X(kind, word) word,
    CHANGE_KINDS(X)
#undef X
};

const char *change_word(enum change_kind k)
{
    return WORDS[k];
}

enum change_kind change_kind_of(struct str word)
{
    for (int k = 0; k < CHANGE_KIND_COUNT; k++)
        if (str_eq(word, str_from(WORDS[k])))
            return (enum change_kind)k;
    return CHANGE_KIND_COUNT;
}

/*
 * Three sources of one order, each cut to the page before they are merged: messages, changes, and
 * how far people have read, of which only the latest is kept. In is a condition on the id i of the
 * source t.
 */
#define SOURCES(in_message, in_change, in_read, limit)                                             \
    "(SELECT t.id, 'message' AS kind, t.id AS message_id, t.conversation_id,"                      \
    "  t.sender_id AS actor_id, t.sender_name AS actor_name, '' AS detail,"                        \
    "  NULL::bigint[] AS user_ids, NULL::bigint AS last_read_id, t.created_at AS happened_at"      \
    "  FROM message t WHERE " in_message " ORDER BY t.id LIMIT " limit ")"                         \
    " UNION ALL (SELECT t.id, t.kind, t.message_id, t.conversation_id, t.actor_id, t.actor_name,"  \
    "  t.detail, t.user_ids, NULL, t.happened_at FROM conversation_change t WHERE " in_change      \
    "  ORDER BY t.id LIMIT " limit ")"                                                             \
    " UNION ALL (SELECT t.read_change_id, 'read', NULL, t.conversation_id, t.user_id, '', '',"     \
    "  NULL, t.last_read_id, NULL FROM participant t WHERE " in_read                               \
    "  ORDER BY t.read_change_id LIMIT " limit ")"
#define CHANGE_COLUMNS                                                                             \
    "x.id, x.kind, x.conversation_id, w.ticket_number, x.actor_id, x.actor_name, x.detail,"        \
    " x.user_ids, x.last_read_id, x.happened_at"
#define CHANGE_TYPES                                                                               \
    "itititt"                                                                                      \
    "Iiz"
#define CHANGE_COLUMN_COUNT 10
#define CHANGE_JOINS                                                                               \
    " JOIN conversation w ON w.id = x.conversation_id"                                             \
    " LEFT JOIN (message m" MESSAGE_JOINS ") ON m.id = x.message_id"

DB_READ(changes_between, "iiii", CHANGE_TYPES MESSAGE_TYPES,
        "SELECT " CHANGE_COLUMNS ", " MESSAGE_COLUMNS " FROM (SELECT * FROM (" SOURCES(
            "t.conversation_id = $1 AND t.id > $2 AND t.id < $3",
            "t.conversation_id = $1 AND t.id > $2 AND t.id < $3",
            "t.conversation_id = $1 AND t.read_change_id > $2 AND t.read_change_id < $3",
            "$4") ") y ORDER BY y.id LIMIT $4) x" CHANGE_JOINS " ORDER BY x.id");

DB_READ(changes_missed, "ii", CHANGE_TYPES MESSAGE_TYPES "I",
        "SELECT " CHANGE_COLUMNS ", " MESSAGE_COLUMNS
        ", ARRAY(SELECT p.user_id FROM participant p WHERE p.conversation_id = w.id"
        "   AND (NOT p.by_ticket OR p.user_id IN (w.requester_id, w.owner_id, w.assignee_id)))"
        " FROM (SELECT * FROM (" SOURCES("t.id > $1", "t.id > $1", "t.read_change_id > $1",
                                         "$2") ") y ORDER BY y.id LIMIT $2) x" CHANGE_JOINS
                                               " ORDER BY x.id");

#define NEWEST(where)                                                                              \
    "SELECT greatest((SELECT max(id) FROM message" where "),"                                      \
    " (SELECT max(id) FROM conversation_change" where "),"                                         \
    " (SELECT max(read_change_id) FROM participant" where "), 0)"
DB_READ(newest_change, "", "i", NEWEST(""));
DB_READ(newest_change_in, "i", "i", NEWEST(" WHERE conversation_id = $1"));

DB_WRITE(insert_change, "itiittIz", "i",
         "INSERT INTO conversation_change (id, conversation_id, kind, message_id, actor_id,"
         " actor_name, detail, user_ids, happened_at)"
         " VALUES (nextval('message_id_seq'), $1, $2, NULLIF($3, 0), $4, $5, coalesce($6, ''),"
         " NULLIF($7, '{}'), $8) RETURNING id");

/* ---- reading ------------------------------------------------------------------------------ */

static void read_change(const struct db_result *r, size_t row, struct change *c)
{
    const int64_t *ids;
    *c = (struct change){
        .id = db_get_int(r, row, 0),
        .kind = change_kind_of(db_get_str(r, row, 1)),
        .conversation_id = db_get_int(r, row, 2),
        .ticket_number = db_get_str(r, row, 3),
        .actor_id = db_get_int(r, row, 4),
        .actor_name = db_get_str(r, row, 5),
        .detail = db_get_str(r, row, 6),
        .last_read_id = db_get_int(r, row, 8),
        .happened_at = db_get_time(r, row, 9),
    };
    c->user_ids.count = db_get_int_array(r, row, 7, &ids);
    c->user_ids.items = (void *)(uintptr_t)ids;
    if (!db_is_null(r, row, CHANGE_COLUMN_COUNT))
        message_from_row(r, row, CHANGE_COLUMN_COUNT, &c->message);
}

static struct change *read_changes(struct arena *a, const struct db_result *r,
                                   struct change_list *out)
{
    size_t n = db_rows(r);
    struct change *items = ARENA_ARRAY(a, struct change, n + 1);
    for (size_t i = 0; i < n; i++)
        read_change(r, i, &items[i]);
    *out = (struct change_list){items, n};
    return items;
}

enum err change_store_newest(struct db_session *s, int64_t *id)
{
    struct db_result *r;
    enum err rc = db_query(s, &newest_change, &r);
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err change_store_newest_in(struct db_session *s, int64_t conversation_id, int64_t *id)
{
    struct db_result *r;
    enum err rc = db_query(s, &newest_change_in, &r, DB_INT(conversation_id));
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err change_store_between(struct db_session *s, int64_t conversation_id, int64_t after,
                              int64_t before, int64_t limit, struct change_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &changes_between, &r, DB_INT(conversation_id), DB_INT(after),
                           DB_INT(before), DB_INT(limit));
    if (rc == ERR_OK)
        read_changes(s->arena, r, out);
    return rc;
}

enum err change_store_missed(struct db_session *s, int64_t after, int64_t limit,
                             struct change_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &changes_missed, &r, DB_INT(after), DB_INT(limit));
    if (rc)
        return rc;
    struct change *items = read_changes(s->arena, r, out);
    for (size_t i = 0; i < out->count; i++) {
        const int64_t *ids;
        items[i].participant_ids.count =
            db_get_int_array(r, i, CHANGE_COLUMN_COUNT + MESSAGE_COLUMN_COUNT, &ids);
        items[i].participant_ids.items = (void *)(uintptr_t)ids;
    }
    return ERR_OK;
}

/* ---- writing ------------------------------------------------------------------------------ */

enum err change_store_add(struct db_session *s, struct change *c)
{
    struct db_result *r;
    enum err rc = db_query(
        s, &insert_change, &r, DB_INT(c->conversation_id), DB_STR(str_from(WORDS[c->kind])),
        DB_INT(c->message.id), DB_INT(c->actor_id), DB_STR(c->actor_name), DB_STR(c->detail),
        DB_INT_ARRAY(c->user_ids.items, c->user_ids.count), DB_TIME(c->happened_at));
    if (rc == ERR_OK)
        c->id = db_get_int(r, 0, 0);
    return rc;
}
