#include "store/participant_store.h"

#include "domain/mention.h"
#include "store/participant.h"

DB_READ(participants_of, "iiizi", "itbbziz",
        "SELECT p.user_id, coalesce(n.name, ''), " PARTICIPANT_IS_CURRENT ", o.user_id IS NOT NULL,"
        " p.joined_at, p.last_read_id, CASE WHEN o.user_id IS NULL THEN l.seen_at END"
        " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
        " LEFT JOIN person n ON n.id = p.user_id LEFT JOIN last_seen l ON l.user_id = p.user_id"
        " LEFT JOIN LATERAL (SELECT x.user_id FROM presence x"
        "   JOIN presence_process y ON y.id = x.process_id AND y.expires_at > $4"
        "   WHERE x.user_id = p.user_id LIMIT 1) o ON true"
        " WHERE p.conversation_id = $1 AND p.user_id > $2 ORDER BY p.user_id LIMIT $3 OFFSET $5");

DB_READ(current_participants, "i", "I",
        "SELECT array_agg(p.user_id ORDER BY p.user_id)"
        " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
        " WHERE c.id = $1 AND " PARTICIPANT_IS_CURRENT);

DB_READ(current_audience, "i", "II",
        "SELECT array_agg(p.user_id ORDER BY p.user_id),"
        " array_agg(p.user_id ORDER BY p.user_id) FILTER (WHERE p.is_muted)"
        " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
        " WHERE c.id = $1 AND " PARTICIPANT_IS_CURRENT);

DB_READ(
    current_names, "i", "it",
    "SELECT p.user_id, n.name FROM participant p JOIN conversation c ON c.id = p.conversation_id"
    " JOIN person n ON n.id = p.user_id"
    " WHERE c.id = $1 AND " PARTICIPANT_IS_CURRENT " ORDER BY p.user_id");

DB_WRITE(join_conversation, "iiz", "",
         "INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at, active_at)"
         " SELECT c.id, $2, false, $3, c.updated_at FROM conversation c WHERE c.id = $1"
         " ON CONFLICT (conversation_id, user_id) DO UPDATE SET by_ticket = false");

DB_WRITE(
    mark_read, "iiib", "ii",
    "UPDATE participant p SET last_read_id = $3,"
    "   read_number = coalesce((SELECT m.number FROM message m WHERE m.conversation_id = $1"
    "    AND m.id <= $3 ORDER BY m.id DESC LIMIT 1), 0),"
    "   has_unread = EXISTS (SELECT FROM message m WHERE m.conversation_id = $1 AND m.id > $3),"
    "   read_change_id = CASE WHEN $4 THEN nextval('message_id_seq') ELSE p.read_change_id END"
    " WHERE conversation_id = $1 AND user_id = $2 AND last_read_id < $3"
    " RETURNING read_change_id, last_read_id");

DB_READ(others_read, "ii", "i",
        "SELECT coalesce(max(last_read_id), 0) FROM participant"
        " WHERE conversation_id = $1 AND user_id <> $2");

DB_WRITE(prefer, "iibb", "",
         "UPDATE participant SET is_muted = coalesce($3, is_muted),"
         " is_archived = coalesce($4, is_archived) WHERE conversation_id = $1 AND user_id = $2");

DB_READ(unread_of_person, "ii", "ii",
        "SELECT coalesce(sum(greatest(c.message_count - p.read_number, 0)), 0)::bigint, count(*)"
        " FROM (SELECT conversation_id, read_number FROM participant"
        "  WHERE user_id = $1 AND has_unread AND NOT is_muted AND NOT is_archived LIMIT $2) p"
        " JOIN conversation c ON c.id = p.conversation_id");

DB_READ(eligible_members, "Ii", "I",
        "SELECT array_agg(n.id ORDER BY n.id) FROM person n WHERE n.id = ANY ($1) AND n.active"
        " AND (SELECT count(*) FROM (SELECT FROM participant p WHERE p.user_id = n.id"
        "   AND p.active_at IS NULL LIMIT $2) g) < $2");

DB_WRITE(add_members, "iIz", "I",
         "WITH added AS (INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at,"
         "   last_read_id, read_number)"
         "  SELECT c.id, u, false, $3, (SELECT coalesce(max(m.id), 0) FROM message m"
         "    WHERE m.conversation_id = c.id), c.message_count"
         "  FROM conversation c, unnest($2::bigint[]) AS u WHERE c.id = $1"
         "  ON CONFLICT DO NOTHING RETURNING user_id)"
         " SELECT array_agg(user_id ORDER BY user_id) FROM added");

DB_WRITE(remove_member, "ii", "",
         "DELETE FROM participant WHERE conversation_id = $1 AND user_id = $2");

static void read_ids(const struct db_result *r, int column, struct json_array *out)
{
    const int64_t *ids;
    out->count = db_get_int_array(r, 0, column, &ids);
    out->items = (void *)(uintptr_t)ids;
}

enum err participant_store_list(struct db_session *s, int64_t conversation_id,
                                const struct participant_range *range, int64_t now,
                                const struct participant **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &participants_of, &r, DB_INT(conversation_id), DB_INT(range->after),
                           DB_INT(range->limit), DB_TIME(now), DB_INT(range->skip));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct participant *items = ARENA_ARRAY(s->arena, struct participant, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct participant){
            .user_id = db_get_int(r, i, 0),
            .name = db_get_str(r, i, 1),
            .is_current = db_get_bool(r, i, 2),
            .is_online = db_get_bool(r, i, 3),
            .joined_at = db_get_time(r, i, 4),
            .last_read_id = db_get_int(r, i, 5),
            .last_seen_at = db_get_time(r, i, 6),
        };
    *out = items;
    return ERR_OK;
}

enum err participant_store_ids(struct db_session *s, int64_t conversation_id,
                               struct json_array *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &current_participants, &r, DB_INT(conversation_id));
    if (rc == ERR_OK)
        read_ids(r, 0, out);
    return rc;
}

enum err participant_store_audience(struct db_session *s, int64_t conversation_id,
                                    struct json_array *out, struct json_array *muted)
{
    struct db_result *r;
    enum err rc = db_query(s, &current_audience, &r, DB_INT(conversation_id));
    if (rc)
        return rc;
    read_ids(r, 0, out);
    read_ids(r, 1, muted);
    return ERR_OK;
}

enum err participant_store_names(struct db_session *s, int64_t conversation_id,
                                 const struct named_person **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &current_names, &r, DB_INT(conversation_id));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct named_person *items = ARENA_ARRAY(s->arena, struct named_person, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct named_person){db_get_int(r, i, 0), db_get_str(r, i, 1)};
    *out = items;
    return ERR_OK;
}

enum err participant_store_join(struct db_session *s, int64_t conversation_id, int64_t user_id,
                                int64_t now)
{
    return db_query(s, &join_conversation, NULL, DB_INT(conversation_id), DB_INT(user_id),
                    DB_TIME(now));
}

enum err participant_store_read(struct db_session *s, const struct reading *x, int64_t *change_id,
                                int64_t *moved_to)
{
    struct db_result *r;
    enum err rc = db_query(s, &mark_read, &r, DB_INT(x->conversation_id), DB_INT(x->user_id),
                           DB_INT(x->up_to), DB_BOOL(x->as_change));
    if (rc)
        return rc;
    bool has_moved = db_rows(r) > 0;
    *change_id = has_moved && x->as_change ? db_get_int(r, 0, 0) : 0;
    *moved_to = has_moved ? db_get_int(r, 0, 1) : 0;
    return ERR_OK;
}

enum err participant_store_others_read(struct db_session *s, int64_t conversation_id,
                                       int64_t user_id, int64_t *last_read_id)
{
    struct db_result *r;
    enum err rc = db_query(s, &others_read, &r, DB_INT(conversation_id), DB_INT(user_id));
    if (rc == ERR_OK)
        *last_read_id = db_get_int(r, 0, 0);
    return rc;
}

static struct db_value tristate(int8_t v)
{
    return v == JSON_UNSET ? DB_NULL : DB_BOOL(v == JSON_TRUE);
}

enum err participant_store_prefer(struct db_session *s, int64_t conversation_id, int64_t user_id,
                                  int8_t is_muted, int8_t is_archived)
{
    struct db_result *r;
    enum err rc = db_query(s, &prefer, &r, DB_INT(conversation_id), DB_INT(user_id),
                           tristate(is_muted), tristate(is_archived));
    if (rc)
        return rc;
    return db_affected(r) ? ERR_OK : ERR_CONVERSATION_NOT_FOUND;
}

enum err participant_store_unread(struct db_session *s, int64_t user_id, struct unread *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &unread_of_person, &r, DB_INT(user_id), DB_INT(UNREAD_CONVERSATIONS_MAX));
    if (rc == ERR_OK)
        *out = (struct unread){db_get_int(r, 0, 0), db_get_int(r, 0, 1)};
    return rc;
}

enum err participant_store_eligible(struct db_session *s, const struct json_array *ids, int64_t max,
                                    struct json_array *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &eligible_members, &r, DB_INT_ARRAY(ids->items, ids->count), DB_INT(max));
    if (rc == ERR_OK)
        read_ids(r, 0, out);
    return rc;
}

enum err participant_store_add(struct db_session *s, int64_t conversation_id,
                               const struct json_array *ids, int64_t now, struct json_array *added)
{
    struct db_result *r;
    enum err rc = db_query(s, &add_members, &r, DB_INT(conversation_id),
                           DB_INT_ARRAY(ids->items, ids->count), DB_TIME(now));
    if (rc == ERR_OK)
        read_ids(r, 0, added);
    return rc;
}

enum err participant_store_remove(struct db_session *s, int64_t conversation_id, int64_t user_id,
                                  bool *was_there)
{
    struct db_result *r;
    enum err rc = db_query(s, &remove_member, &r, DB_INT(conversation_id), DB_INT(user_id));
    if (rc == ERR_OK)
        *was_there = db_affected(r) > 0;
    return rc;
}
