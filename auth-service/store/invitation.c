#include "store/invitation.h"

#define COLS                                                                                       \
    "ittttizzzzi"                                                                                  \
    "TTI"
#define SELECT                                                                                     \
    "SELECT i.id, i.email, i.first_name, i.last_name, i.department, i.invited_by, i.created_at, "  \
    "i.expires_at, i.accepted_at, i.revoked_at, i.user_id, held.systems, held.roles, held.ids "    \
    "FROM invitation i CROSS JOIN LATERAL (SELECT array_agg(y.slug ORDER BY r.id) AS systems, "    \
    "array_agg(r.name ORDER BY r.id) AS roles, array_agg(r.id ORDER BY r.id) AS ids "              \
    "FROM invitation_role ir JOIN role r ON r.id = ir.role_id "                                    \
    "JOIN system y ON y.id = r.system_id WHERE ir.invitation_id = i.id) held "
#define IS_OPEN "i.accepted_at IS NULL AND i.revoked_at IS NULL"
#define HAS_STATUS                                                                                 \
    "($1::text IS NULL OR $1 = CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' "               \
    "WHEN i.revoked_at IS NOT NULL THEN 'revoked' WHEN i.expires_at <= $2 THEN 'expired' "         \
    "ELSE 'pending' END) "

DB_WRITE(invitation_insert, "ttttizzI", "i",
         "WITH made AS (INSERT INTO invitation (email, first_name, last_name, department, "
         "invited_by, created_at, expires_at) SELECT $1, $2, $3, $4, "
         "(SELECT id FROM user_account WHERE id = $5), $6, $7 RETURNING id), "
         "roles AS (INSERT INTO invitation_role (invitation_id, role_id) "
         "SELECT made.id, r FROM made, unnest($8::bigint[]) AS r) SELECT id FROM made");
DB_READ(invitation_by_id, "i", COLS, SELECT "WHERE i.id = $1");
DB_READ(invitation_by_email, "t", COLS, SELECT "WHERE lower(i.email) = lower($1) AND " IS_OPEN);
DB_READ(invitation_by_token, "y", COLS, SELECT "WHERE i.token_hash = $1");
DB_READ(invitation_count, "tz", "i", "SELECT count(*) FROM invitation i WHERE " HAS_STATUS);
DB_READ(invitation_page, "tzii", COLS,
        SELECT "WHERE " HAS_STATUS "ORDER BY i.id DESC LIMIT $3 OFFSET $4");
DB_WRITE(invitation_set_token, "iy", "", "UPDATE invitation SET token_hash = $2 WHERE id = $1");
DB_WRITE(invitation_extend, "iz", "",
         "UPDATE invitation i SET expires_at = $2 WHERE id = $1 AND " IS_OPEN);
DB_WRITE(invitation_revoke, "iz", "",
         "UPDATE invitation i SET revoked_at = $2 WHERE id = $1 AND " IS_OPEN);
DB_WRITE(invitation_accept, "iiz", "",
         "UPDATE invitation i SET accepted_at = $3, user_id = $2 WHERE id = $1 AND expires_at > $3 "
         "AND " IS_OPEN);

static void read_roles(struct arena *a, const struct db_result *r, size_t row,
                       struct invitation *out)
{
    const struct str *systems, *names;
    const int64_t *ids;
    size_t n = db_get_str_array(r, row, 11, &systems);
    struct user_role *roles = ARENA_ARRAY(a, struct user_role, n);

    if (db_get_str_array(r, row, 12, &names) != n || db_get_int_array(r, row, 13, &ids) != n)
        n = 0;
    for (size_t i = 0; i < n; i++)
        roles[i] = (struct user_role){systems[i], names[i], ids[i]};
    out->roles = roles;
    out->role_count = n;
}

static void read_row(struct arena *a, const struct db_result *r, size_t row, struct invitation *out)
{
    *out = (struct invitation){
        .id = db_get_int(r, row, 0),
        .email = db_get_str(r, row, 1),
        .first_name = db_get_str(r, row, 2),
        .last_name = db_get_str(r, row, 3),
        .department = db_get_str(r, row, 4),
        .invited_by = db_get_int(r, row, 5),
        .created_at = db_get_time(r, row, 6),
        .expires_at = db_get_time(r, row, 7),
        .accepted_at = db_get_time(r, row, 8),
        .revoked_at = db_get_time(r, row, 9),
        .user_id = db_get_int(r, row, 10),
    };
    read_roles(a, r, row, out);
}

static enum err read_one(struct db_session *s, const struct db_result *r, struct invitation *out)
{
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_row(s->arena, r, 0, out);
    return ERR_OK;
}

enum err CO_FN invitation_store_insert(struct db_session *s, struct invitation *i,
                                       const int64_t *role_ids, size_t n)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &invitation_insert, &r, DB_STR(i->email), DB_STR(i->first_name),
                 DB_STR(i->last_name), DB_STR(i->department), DB_OPT_INT(i->invited_by),
                 DB_TIME(i->created_at), DB_TIME(i->expires_at), DB_INT_ARRAY(role_ids, n));
    if (rc)
        return rc;
    i->id = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN invitation_store_by_id(struct db_session *s, int64_t id, struct invitation *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_by_id, &r, DB_INT(id));
    return rc ? rc : read_one(s, r, out);
}

enum err CO_FN invitation_store_by_email(struct db_session *s, struct str email,
                                         struct invitation *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_by_email, &r, DB_STR(email));
    return rc ? rc : read_one(s, r, out);
}

enum err CO_FN invitation_store_by_token(struct db_session *s, struct str hash, int64_t now,
                                         struct invitation *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_by_token, &r, DB_STR(hash));
    if (rc)
        return rc;
    if (read_one(s, r, out) || out->revoked_at != INT64_MIN)
        return ERR_LINK_INVALID;
    if (out->accepted_at != INT64_MIN)
        return ERR_LINK_USED;
    return out->expires_at > now ? ERR_OK : ERR_LINK_EXPIRED;
}

enum err CO_FN invitation_store_set_token(struct db_session *s, int64_t id, struct str hash)
{
    return db_query(s, &invitation_set_token, NULL, DB_INT(id), DB_STR(hash));
}

enum err CO_FN invitation_store_extend(struct db_session *s, int64_t id, int64_t expires_at,
                                       bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_extend, &r, DB_INT(id), DB_TIME(expires_at));
    if (rc)
        return rc;
    *changed = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN invitation_store_revoke(struct db_session *s, int64_t id, int64_t now, bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_revoke, &r, DB_INT(id), DB_TIME(now));
    if (rc)
        return rc;
    *changed = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN invitation_store_accept(struct db_session *s, int64_t id, int64_t user_id,
                                       int64_t now, bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_accept, &r, DB_INT(id), DB_INT(user_id), DB_TIME(now));
    if (rc)
        return rc;
    *changed = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN invitation_store_list(struct db_session *s, struct str status, int64_t now,
                                     int64_t limit, int64_t offset, struct invitation_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &invitation_count, &r, DB_STR(status), DB_TIME(now));
    if (rc)
        return rc;
    out->total = db_get_int(r, 0, 0);
    rc = db_query(s, &invitation_page, &r, DB_STR(status), DB_TIME(now), DB_INT(limit),
                  DB_INT(offset));
    if (rc)
        return rc;
    out->count = db_rows(r);
    out->items = ARENA_ARRAY(s->arena, struct invitation, out->count);
    for (size_t i = 0; i < out->count; i++)
        read_row(s->arena, r, i, &out->items[i]);
    return ERR_OK;
}
