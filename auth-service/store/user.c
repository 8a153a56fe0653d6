#include "store/user.h"

#include "buf.h"
#include "store/user_row.h"

DB_READ(user_by_id, "i", USER_COLS,
        "SELECT " USER_COLUMNS " FROM user_account u" USER_ROLES_JOIN "WHERE u.id = $1");
DB_READ(user_by_email, "t", USER_COLS,
        "SELECT " USER_COLUMNS " FROM user_account u" USER_ROLES_JOIN
        "WHERE lower(u.email) = lower($1)");
DB_WRITE(user_lock, "i", "i", "SELECT id FROM user_account WHERE id = $1 FOR UPDATE");
DB_WRITE(user_insert, "ttttttbzz", "iii",
         "INSERT INTO user_account (email, first_name, last_name, full_name, department, phone, "
         "active, created_at, updated_at, email_verified_at) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) RETURNING id, version, proof_version");
DB_WRITE(user_save, "ittttttbzz", "i",
         "UPDATE user_account SET email = $2, first_name = $3, last_name = $4, full_name = $5, "
         "department = $6, phone = $7, active = $8, updated_at = $9, email_verified_at = $10, "
         "version = version + 1 "
         "WHERE id = $1 RETURNING version");
DB_READ(user_after, "ii", USER_COLS,
        "SELECT " USER_COLUMNS " FROM user_account u" USER_ROLES_JOIN
        "WHERE u.id > $1 ORDER BY u.id LIMIT $2");

#define USER_FILTER                                                                                \
    "FROM user_account a WHERE ($1::text IS NULL OR a.full_name ILIKE $1 OR a.email ILIKE $1) "    \
    "AND ($2::text IS NULL OR a.department = $2) AND ($3::boolean IS NULL OR a.active = $3) "      \
    "AND ($4::text IS NULL AND $5::text IS NULL OR EXISTS (SELECT 1 FROM user_role ur "            \
    "JOIN role r ON r.id = ur.role_id JOIN system y ON y.id = r.system_id WHERE ur.user_id = "     \
    "a.id "                                                                                        \
    "AND ($4::text IS NULL OR y.slug = $4) AND ($5::text IS NULL OR r.name = $5))) "

DB_READ(user_count, "ttbtt", "i", "SELECT count(*) " USER_FILTER);
/* The page is cut before the roles are gathered. */
DB_READ(
    user_page, "ttbtttbii", USER_COLS,
    "SELECT " USER_COLUMNS " FROM (SELECT a.*, row_number() OVER (ORDER BY "
    "CASE WHEN $7::boolean THEN NULL WHEN $6::text = 'email' THEN lower(a.email) "
    "WHEN $6 = 'name' THEN lower(a.full_name) WHEN $6 = 'created_at' THEN a.created_at::text END, "
    "CASE WHEN NOT $7 THEN NULL WHEN $6 = 'email' THEN lower(a.email) "
    "WHEN $6 = 'name' THEN lower(a.full_name) WHEN $6 = 'created_at' THEN a.created_at::text "
    "END DESC, CASE WHEN $7 THEN -a.id ELSE a.id END) AS position " USER_FILTER
    "ORDER BY position LIMIT $8 OFFSET $9) u" USER_ROLES_JOIN "ORDER BY u.position");

static enum err read_one(struct db_session *s, const struct db_result *r, struct user *out)
{
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    user_row_read(s->arena, r, 0, out);
    return ERR_OK;
}

static void read_all(struct db_session *s, const struct db_result *r, struct user_list *out)
{
    out->count = db_rows(r);
    out->users = ARENA_ARRAY(s->arena, struct user, out->count);
    for (size_t i = 0; i < out->count; i++)
        user_row_read(s->arena, r, i, &out->users[i]);
}

enum err CO_FN user_store_by_id(struct db_session *s, int64_t id, struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_by_id, &r, DB_INT(id));
    return rc ? rc : read_one(s, r, out);
}

enum err CO_FN user_store_by_email(struct db_session *s, struct str email, struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_by_email, &r, DB_STR(email));
    return rc ? rc : read_one(s, r, out);
}

enum err CO_FN user_store_lock(struct db_session *s, int64_t id, struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_lock, &r, DB_INT(id));
    if (rc)
        return rc;
    /* Read after the lock is held: the locking statement's own snapshot may be older. */
    return user_store_by_id(s, id, out);
}

enum err CO_FN user_store_insert(struct db_session *s, struct user *u)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &user_insert, &r, DB_STR(u->email), DB_STR(u->first_name), DB_STR(u->last_name),
                 DB_STR(u->full_name), DB_STR(u->department), DB_STR(u->phone), DB_BOOL(u->active),
                 DB_TIME(u->created_at), DB_TIME(u->email_verified_at));
    if (rc)
        return rc;
    u->id = db_get_int(r, 0, 0);
    u->version = db_get_int(r, 0, 1);
    u->proof_version = db_get_int(r, 0, 2);
    u->updated_at = u->created_at;
    u->last_login_at = INT64_MIN;
    return ERR_OK;
}

enum err CO_FN user_store_save(struct db_session *s, struct user *u, int64_t now)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &user_save, &r, DB_INT(u->id), DB_STR(u->email), DB_STR(u->first_name),
                 DB_STR(u->last_name), DB_STR(u->full_name), DB_STR(u->department),
                 DB_STR(u->phone), DB_BOOL(u->active), DB_TIME(now), DB_TIME(u->email_verified_at));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    u->version = db_get_int(r, 0, 0);
    u->updated_at = now;
    return ERR_OK;
}

/* "%text%" with LIKE's own characters taken literally. */
static struct str like_pattern(struct arena *a, struct str text)
{
    struct buf b;

    if (str_is_empty(text))
        return STR_NULL;
    buf_init(&b, a);
    buf_add_char(&b, '%');
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("%_\\", text.p[i]))
            buf_add_char(&b, '\\');
        buf_add_char(&b, text.p[i]);
    }
    buf_add_char(&b, '%');
    return buf_str(&b);
}

enum err CO_FN user_store_list(struct db_session *s, const struct user_filter *f,
                               struct user_list *out)
{
    struct db_result *r;
    struct db_value search = DB_STR(like_pattern(s->arena, f->search));
    struct db_value active = f->active < 0 ? DB_NULL : DB_BOOL(f->active);
    bool descending = str_has_prefix(f->sort, STR("-"));
    struct str key = str_slice(f->sort, descending, f->sort.len);
    enum err rc = db_query(s, &user_count, &r, search, DB_STR(f->department), active,
                           DB_STR(f->system), DB_STR(f->role));
    if (rc)
        return rc;
    out->total = db_get_int(r, 0, 0);
    rc = db_query(s, &user_page, &r, search, DB_STR(f->department), active, DB_STR(f->system),
                  DB_STR(f->role), DB_STR(key), DB_BOOL(descending), DB_INT(f->limit),
                  DB_INT(f->offset));
    if (rc)
        return rc;
    read_all(s, r, out);
    return ERR_OK;
}

enum err CO_FN user_store_after(struct db_session *s, int64_t after, int64_t limit,
                                struct user_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_after, &r, DB_INT(after), DB_INT(limit));
    if (rc)
        return rc;
    read_all(s, r, out);
    return ERR_OK;
}
