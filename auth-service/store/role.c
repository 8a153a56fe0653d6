#include "store/role.h"

DB_READ(system_list, "", "itt", "SELECT id, slug, name FROM system ORDER BY id");

#define ROLE_COLS "iitttb"
#define ROLE_SELECT                                                                                \
    "SELECT r.id, r.system_id, y.slug, r.name, r.description, r.is_custom FROM role r "            \
    "JOIN system y ON y.id = r.system_id "

DB_READ(role_list, "t", ROLE_COLS,
        ROLE_SELECT "WHERE $1::text IS NULL OR y.slug = $1 ORDER BY r.id");
DB_READ(role_by_id, "i", ROLE_COLS, ROLE_SELECT "WHERE r.id = $1");
DB_READ(role_by_name, "tt", ROLE_COLS,
        ROLE_SELECT "WHERE lower(y.slug) = lower($1) AND lower(r.name) = lower($2)");
DB_WRITE(user_role_grant, "iiiz", "",
         "INSERT INTO user_role (user_id, role_id, granted_by, granted_at) "
         "VALUES ($1, $2, (SELECT id FROM user_account WHERE id = $3), $4) ON CONFLICT DO NOTHING");
DB_WRITE(user_role_revoke, "ii", "", "DELETE FROM user_role WHERE user_id = $1 AND role_id = $2");
DB_WRITE(role_lock, "i", "i", "SELECT id FROM role WHERE id = $1 FOR NO KEY UPDATE");
DB_READ(user_role_others, "ii", "i",
        "SELECT count(*) FROM user_role ur JOIN user_account u ON u.id = ur.user_id AND u.active "
        "WHERE ur.role_id = $1 AND ur.user_id <> $2");

enum err CO_FN system_store_list(struct db_session *s, struct system_row **out, size_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_list, &r);
    if (rc)
        return rc;
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct system_row, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct system_row){
            .id = db_get_int(r, i, 0), .slug = db_get_str(r, i, 1), .name = db_get_str(r, i, 2)};
    return ERR_OK;
}

static struct role_row read_role(const struct db_result *r, size_t row)
{
    return (struct role_row){
        .id = db_get_int(r, row, 0),
        .system_id = db_get_int(r, row, 1),
        .system = db_get_str(r, row, 2),
        .name = db_get_str(r, row, 3),
        .description = db_get_str(r, row, 4),
        .is_custom = db_get_bool(r, row, 5),
    };
}

enum err CO_FN role_store_list(struct db_session *s, struct str system, struct role_row **out,
                               size_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_list, &r, DB_STR(system));
    if (rc)
        return rc;
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct role_row, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = read_role(r, i);
    return ERR_OK;
}

static enum err read_one(const struct db_result *r, struct role_row *out)
{
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    *out = read_role(r, 0);
    return ERR_OK;
}

enum err CO_FN role_store_by_id(struct db_session *s, int64_t id, struct role_row *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_by_id, &r, DB_INT(id));
    return rc ? rc : read_one(r, out);
}

enum err CO_FN role_store_by_name(struct db_session *s, struct str system, struct str name,
                                  struct role_row *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_by_name, &r, DB_STR(system), DB_STR(name));
    return rc ? rc : read_one(r, out);
}

enum err CO_FN user_role_store_grant(struct db_session *s, int64_t user_id, int64_t role_id,
                                     int64_t granted_by, int64_t now, bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_role_grant, &r, DB_INT(user_id), DB_INT(role_id),
                           DB_OPT_INT(granted_by), DB_TIME(now));
    if (rc)
        return rc;
    *changed = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN user_role_store_revoke(struct db_session *s, int64_t user_id, int64_t role_id,
                                      bool *changed)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_role_revoke, &r, DB_INT(user_id), DB_INT(role_id));
    if (rc)
        return rc;
    *changed = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN user_role_store_others(struct db_session *s, int64_t role_id, int64_t user_id,
                                      int64_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_lock, &r, DB_INT(role_id));
    if (rc)
        return rc;
    rc = db_query(s, &user_role_others, &r, DB_INT(role_id), DB_INT(user_id));
    if (rc)
        return rc;
    *n = db_get_int(r, 0, 0);
    return ERR_OK;
}
