#include "store/role.h"

#define SYSTEM_COLS "ittbi"
#define SYSTEM_SELECT "SELECT id, slug, name, is_custom, version FROM system "

DB_READ(system_list, "", SYSTEM_COLS, SYSTEM_SELECT "ORDER BY id");
DB_READ(system_by_id, "i", SYSTEM_COLS, SYSTEM_SELECT "WHERE id = $1");
DB_READ(system_by_slug, "t", SYSTEM_COLS, SYSTEM_SELECT "WHERE lower(slug) = lower($1)");
DB_WRITE(system_lock, "i", SYSTEM_COLS, SYSTEM_SELECT "WHERE id = $1 FOR UPDATE");
DB_WRITE(system_insert, "tt", "ii",
         "INSERT INTO system (slug, name) VALUES ($1, $2) RETURNING id, version");
DB_WRITE(system_save, "it", "i",
         "UPDATE system SET name = $2, version = version + 1 WHERE id = $1 RETURNING version");
DB_WRITE(system_delete, "i", "", "DELETE FROM system WHERE id = $1");

#define ROLE_COLS "iitttbi"
#define ROLE_SELECT                                                                                \
    "SELECT r.id, r.system_id, y.slug, r.name, r.description, r.is_custom, r.version FROM role r " \
    "JOIN system y ON y.id = r.system_id "

DB_READ(role_list, "t", ROLE_COLS,
        ROLE_SELECT "WHERE $1::text IS NULL OR y.slug = $1 ORDER BY r.id");
DB_READ(role_by_id, "i", ROLE_COLS, ROLE_SELECT "WHERE r.id = $1");
DB_READ(role_by_name, "tt", ROLE_COLS,
        ROLE_SELECT "WHERE lower(y.slug) = lower($1) AND lower(r.name) = lower($2)");
DB_WRITE(role_lock_all, "i", "i", "SELECT id FROM role WHERE id = $1 FOR UPDATE");
DB_READ(role_is_held, "i", "b", "SELECT EXISTS (SELECT FROM user_role WHERE role_id = $1)");
DB_WRITE(role_insert, "itt", "ii",
         "INSERT INTO role (system_id, name, description) VALUES ($1, $2, $3) "
         "RETURNING id, version");
DB_WRITE(role_save, "itt", "i",
         "UPDATE role SET name = $2, description = $3, version = version + 1 WHERE id = $1 "
         "RETURNING version");
DB_WRITE(role_delete, "i", "", "DELETE FROM role WHERE id = $1");
DB_WRITE(user_role_grant, "iiiz", "",
         "INSERT INTO user_role (user_id, role_id, granted_by, granted_at) "
         "VALUES ($1, $2, (SELECT id FROM user_account WHERE id = $3), $4) ON CONFLICT DO NOTHING");
DB_WRITE(user_role_revoke, "ii", "", "DELETE FROM user_role WHERE user_id = $1 AND role_id = $2");
DB_WRITE(role_lock, "i", "i", "SELECT id FROM role WHERE id = $1 FOR NO KEY UPDATE");
DB_READ(user_role_others, "ii", "i",
        "SELECT count(*) FROM user_role ur JOIN user_account u ON u.id = ur.user_id AND u.active "
        "WHERE ur.role_id = $1 AND ur.user_id <> $2");

static struct system_row read_system(const struct db_result *r, size_t row)
{
    return (struct system_row){
        .id = db_get_int(r, row, 0),
        .slug = db_get_str(r, row, 1),
        .name = db_get_str(r, row, 2),
        .is_custom = db_get_bool(r, row, 3),
        .version = db_get_int(r, row, 4),
    };
}

enum err CO_FN system_store_list(struct db_session *s, struct system_row **out, size_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_list, &r);
    if (rc)
        return rc;
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct system_row, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = read_system(r, i);
    return ERR_OK;
}

static enum err one_system(const struct db_result *r, struct system_row *out)
{
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    *out = read_system(r, 0);
    return ERR_OK;
}

enum err CO_FN system_store_by_id(struct db_session *s, int64_t id, struct system_row *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_by_id, &r, DB_INT(id));
    return rc ? rc : one_system(r, out);
}

enum err CO_FN system_store_by_slug(struct db_session *s, struct str slug, struct system_row *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_by_slug, &r, DB_STR(slug));
    return rc ? rc : one_system(r, out);
}

enum err CO_FN system_store_lock(struct db_session *s, int64_t id, struct system_row *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_lock, &r, DB_INT(id));
    return rc ? rc : one_system(r, out);
}

enum err CO_FN system_store_insert(struct db_session *s, struct system_row *y)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_insert, &r, DB_STR(y->slug), DB_STR(y->name));
    if (rc)
        return rc;
    y->id = db_get_int(r, 0, 0);
    y->version = db_get_int(r, 0, 1);
    return ERR_OK;
}

enum err CO_FN system_store_save(struct db_session *s, struct system_row *y)
{
    struct db_result *r;
    enum err rc = db_query(s, &system_save, &r, DB_INT(y->id), DB_STR(y->name));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    y->version = db_get_int(r, 0, 0);
    return ERR_OK;
}

/* A foreign key that would be broken: something still hangs on the row. */
static enum err deleted(enum err rc)
{
    return rc == ERR_NOT_FOUND ? ERR_CONFLICT : rc;
}

enum err CO_FN system_store_delete(struct db_session *s, int64_t id)
{
    return deleted(db_query(s, &system_delete, NULL, DB_INT(id)));
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
        .version = db_get_int(r, row, 6),
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

enum err CO_FN role_store_lock(struct db_session *s, int64_t id, struct role_row *out, bool *held)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_lock_all, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    /* Asked again under the lock: the locking statement's own snapshot may be older. */
    rc = db_query(s, &role_is_held, &r, DB_INT(id));
    if (rc)
        return rc;
    *held = db_get_bool(r, 0, 0);
    return role_store_by_id(s, id, out);
}

enum err CO_FN role_store_insert(struct db_session *s, struct role_row *role)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_insert, &r, DB_INT(role->system_id), DB_STR(role->name),
                           DB_STR(role->description));
    if (rc)
        return rc;
    role->id = db_get_int(r, 0, 0);
    role->version = db_get_int(r, 0, 1);
    return ERR_OK;
}

enum err CO_FN role_store_save(struct db_session *s, struct role_row *role)
{
    struct db_result *r;
    enum err rc = db_query(s, &role_save, &r, DB_INT(role->id), DB_STR(role->name),
                           DB_STR(role->description));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    role->version = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN role_store_delete(struct db_session *s, int64_t id)
{
    return deleted(db_query(s, &role_delete, NULL, DB_INT(id)));
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
