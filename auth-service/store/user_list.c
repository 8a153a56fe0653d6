/* Lists of people: numbered pages, keyset pages, the snapshot. */
#include "buf.h"
#include "json.h"
#include "store/user.h"
#include "store/user_row.h"

/* Erased people are in no list but the snapshot, which tells the copies. */
#define FILTER                                                                                     \
    "u.erased_at IS NULL AND ($2::text IS NULL OR u.department = $2) "                             \
    "AND ($3::boolean IS NULL OR u.active = $3) "                                                  \
    "AND ($4::text IS NULL AND $5::text IS NULL OR EXISTS (SELECT 1 FROM user_role ur "            \
    "JOIN role r ON r.id = ur.role_id JOIN system y ON y.id = r.system_id WHERE ur.user_id = "     \
    "u.id AND ($4::text IS NULL OR y.slug = $4) AND ($5::text IS NULL OR r.name = $5))) "
/* A statement of its own, so that every plan of it can use the indexes. */
#define SEARCH "(u.full_name ILIKE $1 OR u.email ILIKE $1) AND " FILTER
#define NO_SEARCH "$1::text IS NULL AND " FILTER

DB_READ(user_count, "ttbtt", "i", "SELECT count(*) FROM user_account u WHERE " NO_SEARCH);
DB_READ(user_count_found, "ttbtt", "i", "SELECT count(*) FROM user_account u WHERE " SEARCH);

/*
 * One order of the list, with and without a search: as numbered page ($8 is the offset) and behind
 * a key ($6 and $7). The page is cut before the roles are gathered.
 */
#define ORDER(name, expression, type, before, direction)                                           \
    PAGE(name##_page, NO_SEARCH, expression, type, before, direction)                              \
    PAGE(name##_found, SEARCH, expression, type, before, direction)
#define PAGE(var, filter, expression, type, before, direction)                                     \
    DB_READ(var, "ttbtttiii", USER_COLS "t",                                                       \
            "SELECT " USER_COLUMNS ", u.sort_key::text FROM (SELECT u.*, " expression              \
            " AS sort_key FROM user_account u WHERE " filter                                       \
            "AND ($6::text IS NULL OR (" expression ", u.id) " before " ($6::text::" type          \
            ", $7)) "                                                                              \
            "ORDER BY " expression " " direction ", u.id " direction                               \
            " LIMIT $9 OFFSET $8) u" USER_ROLES_JOIN "ORDER BY u.sort_key " direction              \
            ", u.id " direction);

ORDER(by_id, "u.id", "bigint", ">", "ASC")
ORDER(by_id_down, "u.id", "bigint", "<", "DESC")
ORDER(by_email, "lower(u.email)", "text", ">", "ASC")
ORDER(by_email_down, "lower(u.email)", "text", "<", "DESC")
ORDER(by_name, "lower(u.full_name)", "text", ">", "ASC")
ORDER(by_name_down, "lower(u.full_name)", "text", "<", "DESC")
ORDER(by_creation, "u.created_at", "timestamptz", ">", "ASC")
ORDER(by_creation_down, "u.created_at", "timestamptz", "<", "DESC")

static const struct {
    const char *sort;
    const struct db_stmt *page, *found;
} ORDERS[] = {
    {"id", &by_id_page, &by_id_found},
    {"-id", &by_id_down_page, &by_id_down_found},
    {"email", &by_email_page, &by_email_found},
    {"-email", &by_email_down_page, &by_email_down_found},
    {"name", &by_name_page, &by_name_found},
    {"-name", &by_name_down_page, &by_name_down_found},
    {"created_at", &by_creation_page, &by_creation_found},
    {"-created_at", &by_creation_down_page, &by_creation_down_found},
};

DB_READ(user_after, "ii", USER_COLS,
        "SELECT " USER_COLUMNS " FROM user_account u" USER_ROLES_JOIN
        "WHERE u.id > $1 ORDER BY u.id LIMIT $2");

static void read_all(struct db_session *s, const struct db_result *r, struct user_list *out)
{
    out->count = db_rows(r);
    out->users = ARENA_ARRAY(s->arena, struct user, out->count);
    for (size_t i = 0; i < out->count; i++)
        user_row_read(s->arena, r, i, &out->users[i]);
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

static const struct db_stmt *statement_of(struct str sort, bool is_search)
{
    for (size_t i = 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++)
        if (str_eq(sort, str_from(ORDERS[i].sort)))
            return is_search ? ORDERS[i].found : ORDERS[i].page;
    return is_search ? &by_id_found : &by_id_page;
}

static enum err CO_FN count(struct db_session *s, const struct user_filter *f, struct str pattern,
                            struct db_value active, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, pattern.p ? &user_count_found : &user_count, &r, DB_STR(pattern),
                           DB_STR(f->department), active, DB_STR(f->system), DB_STR(f->role));
    if (rc == ERR_OK)
        *total = db_get_int(r, 0, 0);
    return rc;
}

enum err CO_FN user_store_list(struct db_session *s, const struct user_filter *f,
                               struct user_list *out)
{
    struct db_result *r;
    struct str pattern = like_pattern(s->arena, f->search);
    struct db_value active = f->active < 0 ? DB_NULL : DB_BOOL(f->active);
    enum err rc = ERR_OK;

    out->total = JSON_NO_INT;
    if (!f->by_key)
        rc = count(s, f, pattern, active, &out->total);
    if (rc == ERR_OK)
        rc = db_query(s, statement_of(f->sort, pattern.p), &r, DB_STR(pattern),
                      DB_STR(f->department), active, DB_STR(f->system), DB_STR(f->role),
                      DB_STR(f->by_key ? f->after_key : STR_NULL), DB_INT(f->after_id),
                      DB_INT(f->by_key ? 0 : f->offset), DB_INT(f->limit));
    if (rc)
        return rc;
    read_all(s, r, out);
    out->last_key = out->count ? db_get_str(r, out->count - 1, USER_COL_COUNT) : STR_NULL;
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
