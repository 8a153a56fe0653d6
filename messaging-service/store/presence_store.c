#include "store/presence_store.h"

#include "store/participant.h"

DB_WRITE(begin_presence, "z", "i",
         "INSERT INTO presence_process (expires_at) VALUES ($1) RETURNING id");

DB_WRITE(renew_presence, "iz", "", "UPDATE presence_process SET expires_at = $2 WHERE id = $1");

/* Whether the person u is online elsewhere than at process $1. */
#define IS_ELSEWHERE(u, now)                                                                       \
    "EXISTS (SELECT FROM presence x JOIN presence_process y ON y.id = x.process_id"                \
    " WHERE x.user_id = " u " AND x.process_id <> $1 AND y.expires_at > " now ")"
#define KEEP_LAST_SEEN(people)                                                                     \
    "seen AS (INSERT INTO last_seen AS l (user_id, seen_at) SELECT user_id, $3 FROM " people       \
    " ORDER BY user_id ON CONFLICT (user_id) DO UPDATE"                                            \
    " SET seen_at = greatest(l.seen_at, excluded.seen_at))"

DB_WRITE(come_online, "iIz", "I",
         "WITH come AS (INSERT INTO presence (process_id, user_id)"
         "  SELECT y.id, u FROM presence_process y, unnest($2::bigint[]) AS u WHERE y.id = $1"
         "  ON CONFLICT DO NOTHING RETURNING user_id)"
         " SELECT array_agg(user_id ORDER BY user_id) FROM come"
         " WHERE NOT " IS_ELSEWHERE("come.user_id", "$3"));

DB_WRITE(
    go_offline, "iIz", "I",
    "WITH gone AS (DELETE FROM presence WHERE process_id = $1 AND user_id = ANY ($2)"
    "  RETURNING user_id),"
    " off AS (SELECT user_id FROM gone WHERE NOT " IS_ELSEWHERE(
        "gone.user_id",
        "$3") "),"
              " " KEEP_LAST_SEEN("off") " SELECT array_agg(user_id ORDER BY user_id) FROM off");

DB_WRITE(end_presence, "iz", "I",
         "WITH dead AS (DELETE FROM presence_process WHERE id IN (SELECT id FROM presence_process"
         "   WHERE expires_at <= $2 OR id = $1 FOR UPDATE SKIP LOCKED) RETURNING id),"
         " gone AS (SELECT DISTINCT x.user_id FROM presence x JOIN dead d ON d.id = x.process_id),"
         " off AS (SELECT user_id FROM gone g WHERE NOT EXISTS (SELECT FROM presence x"
         "   JOIN presence_process y ON y.id = x.process_id"
         "   WHERE x.user_id = g.user_id AND y.expires_at > $2 AND y.id <> $1)),"
         " seen AS (INSERT INTO last_seen AS l (user_id, seen_at) SELECT user_id, $2 FROM off"
         "  ORDER BY user_id ON CONFLICT (user_id) DO UPDATE"
         "  SET seen_at = greatest(l.seen_at, excluded.seen_at))"
         " SELECT array_agg(user_id ORDER BY user_id) FROM off");

DB_READ(places_of, "II", "iitt",
        "SELECT p.conversation_id, p.user_id, c.ticket_number, coalesce(n.name, '')"
        " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
        " LEFT JOIN person n ON n.id = p.user_id"
        " WHERE p.user_id = ANY ($1) AND p.conversation_id = ANY ($2) AND " PARTICIPANT_IS_CURRENT
        " ORDER BY p.conversation_id, p.user_id");

DB_READ(names_online, "izi", "T",
        "SELECT array_agg(name ORDER BY name, id) FROM (SELECT DISTINCT n.id, n.name"
        " FROM participant p JOIN conversation c ON c.id = p.conversation_id"
        " JOIN person n ON n.id = p.user_id JOIN presence x ON x.user_id = p.user_id"
        " JOIN presence_process y ON y.id = x.process_id AND y.expires_at > $2"
        " WHERE p.conversation_id = $1 AND " PARTICIPANT_IS_CURRENT " LIMIT $3) o");

static enum err ids_of(enum err rc, const struct db_result *r, struct json_array *out)
{
    const int64_t *ids = NULL;
    *out = (struct json_array){0};
    if (rc)
        return rc;
    out->count = db_get_int_array(r, 0, 0, &ids);
    out->items = (void *)(uintptr_t)ids;
    return ERR_OK;
}

enum err presence_store_begin(struct db_session *s, int64_t expires_at, int64_t *process_id)
{
    struct db_result *r;
    enum err rc = db_query(s, &begin_presence, &r, DB_TIME(expires_at));
    if (rc == ERR_OK)
        *process_id = db_get_int(r, 0, 0);
    return rc;
}

enum err presence_store_renew(struct db_session *s, int64_t process_id, int64_t expires_at,
                              bool *was_there)
{
    struct db_result *r;
    enum err rc = db_query(s, &renew_presence, &r, DB_INT(process_id), DB_TIME(expires_at));
    if (rc == ERR_OK)
        *was_there = db_affected(r) > 0;
    return rc;
}

enum err presence_store_come(struct db_session *s, int64_t process_id, const struct json_array *ids,
                             int64_t now, struct json_array *appeared)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &come_online, &r, DB_INT(process_id),
                           DB_INT_ARRAY(ids->items, ids->count), DB_TIME(now));
    return ids_of(rc, r, appeared);
}

enum err presence_store_go(struct db_session *s, int64_t process_id, const struct json_array *ids,
                           int64_t now, struct json_array *vanished)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &go_offline, &r, DB_INT(process_id),
                           DB_INT_ARRAY(ids->items, ids->count), DB_TIME(now));
    return ids_of(rc, r, vanished);
}

enum err presence_store_end(struct db_session *s, int64_t process_id, int64_t now,
                            struct json_array *vanished)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &end_presence, &r, DB_INT(process_id), DB_TIME(now));
    return ids_of(rc, r, vanished);
}

enum err presence_store_places(struct db_session *s, const struct json_array *ids,
                               const struct json_array *conversation_ids,
                               const struct presence_place **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &places_of, &r, DB_INT_ARRAY(ids->items, ids->count),
                           DB_INT_ARRAY(conversation_ids->items, conversation_ids->count));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct presence_place *items = ARENA_ARRAY(s->arena, struct presence_place, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct presence_place){
            .conversation_id = db_get_int(r, i, 0),
            .user_id = db_get_int(r, i, 1),
            .ticket_number = db_get_str(r, i, 2),
            .user_name = db_get_str(r, i, 3),
        };
    *out = items;
    return ERR_OK;
}

enum err presence_store_names(struct db_session *s, int64_t conversation_id, int64_t now,
                              const struct str **names, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &names_online, &r, DB_INT(conversation_id), DB_TIME(now),
                           DB_INT(PRESENCE_NAMES_MAX));
    if (rc == ERR_OK)
        *count = db_get_str_array(r, 0, 0, names);
    return rc;
}
