#include "store/conversation_store.h"

#include "store/participant.h"

#define COLUMNS                                                                                    \
    "c.id, c.type, c.ticket_number, c.title, c.created_at, c.updated_at, c.version,"               \
    " c.group_owner_id, p.user_id IS NOT NULL, coalesce(" PARTICIPANT_IS_CURRENT ", false),"       \
    " coalesce(p.is_muted, false), coalesce(p.is_archived, false), coalesce(p.last_read_id, 0),"   \
    " coalesce(greatest(c.message_count - p.read_number, 0), 0), c.ticket_status,"                 \
    " coalesce(c.metadata, '{}')"
#define TYPES "itttzziibbbbiitt"
#define COLUMN_COUNT 16
#define FROM_FOR(user)                                                                             \
    " FROM conversation c"                                                                         \
    " LEFT JOIN participant p ON p.conversation_id = c.id AND p.user_id = " user
/* What is shown besides; $user is the person who asks. */
#define SHOWN ", l.content, l.created_at, o.id, o.name, o.email"
#define SHOWN_TYPES "tzitt"
#define SHOWN_JOINS(user)                                                                          \
    " LEFT JOIN LATERAL (SELECT m.created_at, CASE WHEN m.deleted_at IS NULL"                      \
    "   AND m.unsent_at IS NULL THEN left(m.content, 200) ELSE '' END AS content"                  \
    "  FROM message m WHERE m.conversation_id = c.id ORDER BY m.id DESC LIMIT 1) l ON true"        \
    " LEFT JOIN person o ON o.id = CASE WHEN c.direct_pair[1] = " user                             \
    " THEN c.direct_pair[2] ELSE c.direct_pair[1] END"

DB_READ(conversation_by_id, "ii", TYPES, "SELECT " COLUMNS FROM_FOR("$2") " WHERE c.id = $1");

DB_READ(conversation_by_ticket, "ti", TYPES,
        "SELECT " COLUMNS FROM_FOR("$2") " WHERE c.ticket_number = $1");

DB_READ(conversation_seen_by, "ii", TYPES SHOWN_TYPES,
        "SELECT " COLUMNS SHOWN FROM_FOR("$2") SHOWN_JOINS("$2") " WHERE c.id = $1");

DB_WRITE(lock_conversation, "i", "i", "SELECT id FROM conversation WHERE id = $1 FOR UPDATE");

/* $3 and $4 are the place behind which the page begins. */
DB_READ(conversations_of_person, "ibzii", TYPES SHOWN_TYPES,
        "WITH latest AS (SELECT * FROM ("
        " (SELECT p.conversation_id, p.active_at FROM participant p"
        "   WHERE p.user_id = $1 AND p.active_at IS NOT NULL AND p.is_archived = $2"
        "   AND (p.active_at, p.conversation_id) < ($3, $4)"
        "   ORDER BY p.active_at DESC, p.conversation_id DESC LIMIT $5)"
        " UNION ALL (SELECT g.id, g.updated_at FROM participant p"
        "   JOIN conversation g ON g.id = p.conversation_id"
        "   WHERE p.user_id = $1 AND p.active_at IS NULL AND p.is_archived = $2"
        "   AND (g.updated_at, g.id) < ($3, $4))) x"
        "  ORDER BY active_at DESC, conversation_id DESC LIMIT $5)"
        " SELECT " COLUMNS SHOWN " FROM latest x JOIN conversation c ON c.id = x.conversation_id"
        " JOIN participant p ON p.conversation_id = c.id AND p.user_id = $1" SHOWN_JOINS(
            "$1") " ORDER BY x.active_at DESC, c.id DESC");

DB_WRITE(lock_conversation_of_ticket, "t", "iI",
         "SELECT c.id, ARRAY(SELECT p.user_id FROM participant p WHERE p.conversation_id = c.id"
         "  AND " PARTICIPANT_IS_CURRENT ")"
         " FROM conversation c WHERE c.ticket_number = $1 FOR UPDATE");

/* $1 number, $2 subject, $3 requester, $4 owner, $5 assignee, $6 since, $7 now, $8 status */
DB_WRITE(follow_ticket, "ttiiizzt", "i",
         "WITH made AS (INSERT INTO conversation AS c (type, ticket_number, title, requester_id,"
         "   owner_id, owner_since, assignee_id, assignee_since, created_at, updated_at,"
         "   ticket_status, status_since)"
         "  VALUES ('support', $1, coalesce($2, ''), $3, $4, CASE WHEN $4 IS NOT NULL THEN $6 END,"
         "   $5, CASE WHEN $5 IS NOT NULL THEN $6 END, $7, $7,"
         "   $8, CASE WHEN $8 IS NOT NULL THEN $6 END)"
         "  ON CONFLICT (ticket_number) DO UPDATE SET"
         "   title = coalesce($2, c.title), requester_id = coalesce($3, c.requester_id),"
         "   owner_id = CASE WHEN $4 IS NOT NULL AND coalesce(c.owner_since <= $6, true)"
         "    THEN $4 ELSE c.owner_id END,"
         "   owner_since = CASE WHEN $4 IS NOT NULL AND coalesce(c.owner_since <= $6, true)"
         "    THEN $6 ELSE c.owner_since END,"
         "   assignee_id = CASE WHEN $5 IS NOT NULL AND coalesce(c.assignee_since <= $6, true)"
         "    THEN $5 ELSE c.assignee_id END,"
         "   assignee_since = CASE WHEN $5 IS NOT NULL AND coalesce(c.assignee_since <= $6, true)"
         "    THEN $6 ELSE c.assignee_since END,"
         "   ticket_status = CASE WHEN $8 IS NOT NULL AND coalesce(c.status_since <= $6, true)"
         "    THEN $8 ELSE c.ticket_status END,"
         "   status_since = CASE WHEN $8 IS NOT NULL AND coalesce(c.status_since <= $6, true)"
         "    THEN $6 ELSE c.status_since END"
         "  RETURNING id, message_count, updated_at),"
         " joined AS (INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at,"
         "   active_at, has_unread)"
         "  SELECT made.id, u, true, $7, made.updated_at, made.message_count > 0"
         "   FROM made, unnest(ARRAY[$3, $4, $5]) AS u WHERE u IS NOT NULL"
         "  ON CONFLICT DO NOTHING)"
         " SELECT id FROM made");

DB_READ(former_participants, "iI", "I",
        "SELECT array_agg(p.user_id ORDER BY p.user_id) FROM participant p"
        " JOIN conversation c ON c.id = p.conversation_id"
        " WHERE c.id = $1 AND p.user_id = ANY ($2) AND NOT coalesce(" PARTICIPANT_IS_CURRENT
        ", false)");

DB_WRITE(make_direct, "iizt", TYPES,
         "WITH c AS (INSERT INTO conversation (type, direct_pair, created_at, updated_at, metadata)"
         "  VALUES ('direct', ARRAY[least($1, $2), greatest($1, $2)], $3, $3, $4)"
         "  ON CONFLICT (direct_pair) DO UPDATE SET metadata = coalesce($4, conversation.metadata)"
         "  RETURNING *),"
         " joined AS (INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at,"
         "   active_at)"
         "  SELECT c.id, u, false, $3, c.updated_at FROM c, unnest(ARRAY[$1, $2]) AS u"
         "  ON CONFLICT DO NOTHING)"
         " SELECT c.id, c.type, c.ticket_number, c.title, c.created_at, c.updated_at, c.version,"
         " c.group_owner_id, true, true, false, false, 0::bigint, 0::bigint, c.ticket_status,"
         " coalesce(c.metadata, '{}') FROM c");

DB_WRITE(make_group, "tiz", "i",
         "INSERT INTO conversation (type, title, group_owner_id, created_at, updated_at)"
         " VALUES ('group', $1, $2, $3, $3) RETURNING id");

DB_WRITE(rename_conversation, "itz", "",
         "UPDATE conversation SET title = $2, version = version + 1,"
         " updated_at = greatest(updated_at, $3) WHERE id = $1");

DB_WRITE(hand_over_group, "ii", "i",
         "UPDATE conversation SET version = version + 1, group_owner_id = coalesce(NULLIF($2, 0),"
         " (SELECT p.user_id FROM participant p WHERE p.conversation_id = $1"
         "   ORDER BY p.joined_at, p.user_id LIMIT 1)) WHERE id = $1 RETURNING group_owner_id");

/* ---- reading ------------------------------------------------------------------------------ */

static void read_conversation(const struct db_result *r, size_t row, struct conversation *c)
{
    *c = (struct conversation){
        .id = db_get_int(r, row, 0),
        .type = db_get_str(r, row, 1),
        .ticket_number = db_get_str(r, row, 2),
        .title = db_get_str(r, row, 3),
        .created_at = db_get_time(r, row, 4),
        .updated_at = db_get_time(r, row, 5),
        .version = db_get_int(r, row, 6),
        .group_owner_id = db_get_int(r, row, 7),
        .takes_part = db_get_bool(r, row, 8),
        .is_current = db_get_bool(r, row, 9),
        .is_muted = db_get_bool(r, row, 10),
        .is_archived = db_get_bool(r, row, 11),
        .last_read_id = db_get_int(r, row, 12),
        .unread = db_get_int(r, row, 13),
        .ticket_status = db_get_str(r, row, 14),
        .metadata = db_get_str(r, row, 15),
        .last_message_at = JSON_NO_TIME,
        .counterpart_id = JSON_NO_INT,
    };
}

static void read_shown(const struct db_result *r, size_t row, struct conversation *c)
{
    read_conversation(r, row, c);
    c->last_message = db_get_str(r, row, COLUMN_COUNT);
    c->last_message_at = db_get_time(r, row, COLUMN_COUNT + 1);
    c->counterpart_id = db_get_int(r, row, COLUMN_COUNT + 2);
    c->counterpart_name = db_get_str(r, row, COLUMN_COUNT + 3);
    c->counterpart_email = db_get_str(r, row, COLUMN_COUNT + 4);
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

enum err conversation_store_seen_by(struct db_session *s, int64_t id, int64_t user_id,
                                    struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &conversation_seen_by, &r, DB_INT(id), DB_INT(user_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_CONVERSATION_NOT_FOUND;
    read_shown(r, 0, out);
    return ERR_OK;
}

enum err conversation_store_lock(struct db_session *s, int64_t id)
{
    struct db_result *r;
    enum err rc = db_query(s, &lock_conversation, &r, DB_INT(id));
    if (rc)
        return rc;
    return db_rows(r) ? ERR_OK : ERR_CONVERSATION_NOT_FOUND;
}

/* Behind every time there is. */
#define END_OF_TIME (INT64_C(253402300799) * 1000000)

enum err conversation_store_list(struct db_session *s, int64_t user_id,
                                 const struct conversation_filter *f, struct conversation **out,
                                 size_t *count)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &conversations_of_person, &r, DB_INT(user_id), DB_BOOL(f->is_archived),
                 DB_TIME(f->before_id ? f->before_at : END_OF_TIME),
                 DB_INT(f->before_id ? f->before_id : INT64_MAX), DB_INT(f->limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct conversation *items = ARENA_ARRAY(s->arena, struct conversation, *count + 1);
    for (size_t i = 0; i < *count; i++)
        read_shown(r, i, &items[i]);
    *out = items;
    return ERR_OK;
}

/* ---- making and changing ------------------------------------------------------------------ */

static struct db_value told(int64_t id)
{
    return id > 0 ? DB_INT(id) : DB_NULL;
}

static enum err CO_FN find_former(struct db_session *s, int64_t id, const int64_t *before, size_t n,
                                  struct json_array *former)
{
    const int64_t *ids;
    struct db_result *r;
    enum err rc = db_query(s, &former_participants, &r, DB_INT(id), DB_INT_ARRAY(before, n));
    if (rc)
        return rc;
    former->count = db_get_int_array(r, 0, 0, &ids);
    former->items = (void *)(uintptr_t)ids;
    return ERR_OK;
}

enum err conversation_store_follow_ticket(struct db_session *s, const struct ticket_people *p,
                                          int64_t *id, struct json_array *former)
{
    const int64_t *before = NULL;
    size_t n = 0;
    struct db_result *r;
    enum err rc = db_query(s, &lock_conversation_of_ticket, &r, DB_STR(p->ticket_number));
    if (rc)
        return rc;
    if (db_rows(r))
        n = db_get_int_array(r, 0, 1, &before);
    rc = db_query(s, &follow_ticket, &r, DB_STR(p->ticket_number), DB_STR(p->subject),
                  told(p->requester_id), told(p->owner_id), told(p->assignee_id), DB_TIME(p->since),
                  DB_TIME(p->now), DB_STR(p->status));
    if (rc)
        return rc;
    *id = db_get_int(r, 0, 0);
    *former = (struct json_array){0};
    return n ? find_former(s, *id, before, n, former) : ERR_OK;
}

enum err conversation_store_direct(struct db_session *s, int64_t a, int64_t b, struct str metadata,
                                   int64_t now, struct conversation *out)
{
    struct db_result *r = NULL;
    enum err rc =
        db_query(s, &make_direct, &r, DB_INT(a), DB_INT(b), DB_TIME(now), DB_STR(metadata));
    return first_conversation(rc, r, out);
}

enum err conversation_store_add_group(struct db_session *s, struct str title, int64_t owner_id,
                                      int64_t now, int64_t *id)
{
    struct db_result *r;
    enum err rc = db_query(s, &make_group, &r, DB_STR(title), DB_INT(owner_id), DB_TIME(now));
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err conversation_store_rename(struct db_session *s, int64_t id, struct str title, int64_t now)
{
    return db_query(s, &rename_conversation, NULL, DB_INT(id), DB_STR(title), DB_TIME(now));
}

enum err conversation_store_hand_over(struct db_session *s, int64_t id, int64_t owner_id,
                                      int64_t *owner)
{
    struct db_result *r;
    enum err rc = db_query(s, &hand_over_group, &r, DB_INT(id), DB_INT(owner_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_CONVERSATION_NOT_FOUND;
    *owner = db_get_int(r, 0, 0);
    return ERR_OK;
}
