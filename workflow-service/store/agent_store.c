#include "store/agent_store.h"

#include "arena.h"
#include "store/sql.h"

#define DOC_COLS "ittbiiTtzzitiiiz"
#define DOC_FIELDS                                                                                 \
    "p.id, p.name, p.email, p.active, g.capacity, coalesce(g.weight, 1), g.skills,"                \
    " coalesce(g.presence, 'available'), g.out_from, g.out_until, g.substitute_id,"                \
    " (SELECT b.name FROM person b WHERE b.id = g.substitute_id), l.open_items, l.owned,"          \
    " coalesce(g.version, 0), g.updated_at"
#define DOC_JOINS                                                                                  \
    " LEFT JOIN agent g ON g.person_id = p.id LEFT JOIN agent_load l ON l.person_id = p.id "

static void read_doc(const struct db_result *r, size_t row, int col, struct agent_doc *out)
{
    *out = (struct agent_doc){
        .user_id = db_get_int(r, row, col),
        .name = db_get_str(r, row, col + 1),
        .email = db_get_str(r, row, col + 2),
        .is_active = db_get_bool(r, row, col + 3),
        .capacity = db_get_int(r, row, col + 4),
        .weight = db_get_int(r, row, col + 5),
        .presence = db_get_str(r, row, col + 7),
        .out_from = db_get_time(r, row, col + 8),
        .out_until = db_get_time(r, row, col + 9),
        .substitute_id = db_get_int(r, row, col + 10),
        .substitute_name = db_get_str(r, row, col + 11),
        .open_items = db_get_int(r, row, col + 12),
        .owned = db_get_int(r, row, col + 13),
        .version = db_get_int(r, row, col + 14),
        .updated_at = db_get_time(r, row, col + 15),
    };
    out->skill_count = db_get_str_array(r, row, col + 6, &out->skills);
}

/* The condition of the index person_role_agent. */
#define AGENTS                                                                                     \
    "NOT (r.system = 'hdts' AND r.role = 'Employee')"                                              \
    " AND ($1 IS NULL OR r.system = $1) AND ($2 IS NULL OR r.role = $2)"                           \
    " AND EXISTS (SELECT FROM person x WHERE x.id = r.person_id AND x.active)"

/* clang-format off */
DB_READ(agent_list, "ttii", "i" DOC_COLS,
        "SELECT n.total, " DOC_FIELDS " FROM (SELECT count(DISTINCT r.person_id) AS total"
        "  FROM person_role r WHERE " AGENTS ") n"
        " LEFT JOIN (SELECT DISTINCT r.person_id FROM person_role r WHERE " AGENTS
        "  ORDER BY r.person_id LIMIT $3 OFFSET $4) a ON true"
        " LEFT JOIN person p ON p.id = a.person_id" DOC_JOINS "ORDER BY p.id");
DB_READ(agent_find, "i", DOC_COLS,
        "SELECT " DOC_FIELDS " FROM person p" DOC_JOINS "WHERE p.id = $1");
DB_WRITE(agent_lock, "i", DOC_COLS,
         "SELECT " DOC_FIELDS " FROM person p" DOC_JOINS "WHERE p.id = $1"
         " FOR NO KEY UPDATE OF p");
/* clang-format on */

enum err agent_store_list(struct db_session *s, const struct agent_filter *f,
                          struct agent_doc **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &agent_list, &r, DB_STR(f->system), DB_STR(f->role), DB_INT(f->limit),
                           DB_INT(f->offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct agent_doc, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 1); i++)
        read_doc(r, i, 1, &(*out)[(*count)++]);
    return ERR_OK;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t user_id,
                               struct agent_doc *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(user_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    read_doc(r, 0, 0, out);
    return ERR_OK;
}

enum err agent_store_find(struct db_session *s, int64_t user_id, struct agent_doc *out)
{
    return read_one(s, &agent_find, user_id, out);
}

enum err agent_store_lock(struct db_session *s, int64_t user_id, struct agent_doc *out)
{
    return read_one(s, &agent_lock, user_id, out);
}

DB_WRITE(agent_put, "iiiTtzziz", "",
         "INSERT INTO agent AS g (person_id, capacity, weight, skills, presence, out_from,"
         " out_until, substitute_id, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
         " ON CONFLICT (person_id) DO UPDATE SET capacity = $2, weight = $3, skills = $4,"
         " presence = $5, out_from = $6, out_until = $7, substitute_id = $8, updated_at = $9,"
         " version = g.version + 1");

enum err agent_store_put(struct db_session *s, const struct agent_doc *d, int64_t now)
{
    return db_query(s, &agent_put, NULL, DB_INT(d->user_id), DB_OPT_INT(d->capacity),
                    DB_INT(d->weight), DB_STR_ARRAY(d->skills, d->skill_count), DB_STR(d->presence),
                    DB_TIME(d->out_from), DB_TIME(d->out_until), DB_OPT_INT(d->substitute_id),
                    DB_TIME(now));
}

DB_READ(agent_may_replace, "ii", "b",
        "SELECT EXISTS (SELECT FROM person_role a JOIN person_role b ON b.system = a.system"
        " AND b.role = a.role JOIN person p ON p.id = b.person_id AND p.active"
        " WHERE a.person_id = $1 AND b.person_id = $2 AND b.person_id <> $1)");

enum err agent_store_may_replace(struct db_session *s, int64_t user_id, int64_t substitute_id,
                                 bool *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &agent_may_replace, &r, DB_INT(user_id), DB_INT(substitute_id));
    if (rc == ERR_OK)
        *out = db_get_bool(r, 0, 0);
    return rc;
}
