#include "store/rule_store.h"

#include "arena.h"
#include "store/sql.h"

#define DOC_COLS "iitttttttTTzz"
#define DOC_FIELDS                                                                                 \
    "y.id, y.version, y.role_system, y.role_name, w.public_id::text, w.name, y.step_name, y.kind," \
    " y.fallback, y.must, y.should, y.created_at, y.updated_at"
#define DOC_JOIN " LEFT JOIN workflow w ON w.id = y.workflow_id "

static void read_doc(const struct db_result *r, size_t row, int col, struct assign_rule *out)
{
    *out = (struct assign_rule){
        .id = db_get_int(r, row, col),
        .version = db_get_int(r, row, col + 1),
        .system = db_get_str(r, row, col + 2),
        .role = db_get_str(r, row, col + 3),
        .workflow_id = db_get_str(r, row, col + 4),
        .workflow = db_get_str(r, row, col + 5),
        .step = db_get_str(r, row, col + 6),
        .kind = db_get_str(r, row, col + 7),
        .fallback = db_get_str(r, row, col + 8),
        .created_at = db_get_time(r, row, col + 11),
        .updated_at = db_get_time(r, row, col + 12),
    };
    out->must_count = db_get_str_array(r, row, col + 9, &out->must);
    out->should_count = db_get_str_array(r, row, col + 10, &out->should);
}

/* clang-format off */
DB_READ(rule_list, "ii", "i" DOC_COLS,
        "SELECT n.total, " DOC_FIELDS " FROM (SELECT count(*) AS total FROM assignment_policy) n"
        " LEFT JOIN (SELECT * FROM assignment_policy ORDER BY id LIMIT $1 OFFSET $2) y ON true"
        DOC_JOIN "ORDER BY y.id");
DB_READ(rule_find, "i", DOC_COLS,
        "SELECT " DOC_FIELDS " FROM assignment_policy y" DOC_JOIN "WHERE y.id = $1");
DB_WRITE(rule_lock, "i", DOC_COLS,
         "SELECT " DOC_FIELDS " FROM assignment_policy y" DOC_JOIN "WHERE y.id = $1"
         " FOR UPDATE OF y");
/* clang-format on */

enum err rule_store_list(struct db_session *s, int64_t limit, int64_t offset,
                         struct assign_rule **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &rule_list, &r, DB_INT(limit), DB_INT(offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct assign_rule, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 1); i++)
        read_doc(r, i, 1, &(*out)[(*count)++]);
    return ERR_OK;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                               struct assign_rule *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_doc(r, 0, 0, out);
    return ERR_OK;
}

enum err rule_store_find(struct db_session *s, int64_t id, struct assign_rule *out)
{
    return read_one(s, &rule_find, id, out);
}

enum err rule_store_lock(struct db_session *s, int64_t id, struct assign_rule *out)
{
    return read_one(s, &rule_lock, id, out);
}

DB_READ(rule_role, "tt", "tt",
        "(SELECT s.role_system, s.role_name FROM step s WHERE lower(s.role_system) = lower($1)"
        "  AND lower(s.role_name) = lower($2) ORDER BY s.id DESC LIMIT 1)"
        " UNION ALL SELECT x.system, x.role FROM (VALUES ('" OWNER_SYSTEM "', '" OWNER_ROLE "'),"
        "  ('hdts', 'Admin'), ('tts', 'Admin')) x (system, role)"
        "  WHERE lower(x.system) = lower($1) AND lower(x.role) = lower($2)"
        " UNION ALL (SELECT r.system, r.role FROM person_role r"
        "  WHERE lower(r.system) = lower($1) AND lower(r.role) = lower($2) LIMIT 1)");

enum err rule_store_role(struct db_session *s, struct str *system, struct str *role)
{
    struct db_result *r;
    enum err rc = db_query(s, &rule_role, &r, DB_STR(*system), DB_STR(*role));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    *system = db_get_str(r, 0, 0);
    *role = db_get_str(r, 0, 1);
    return ERR_OK;
}

DB_READ(rule_step, "ut", "t",
        "SELECT (SELECT s.name FROM workflow_version v JOIN step s ON s.version_id = v.id"
        "  WHERE v.workflow_id = w.id AND lower(s.name) = lower($2) ORDER BY v.id DESC LIMIT 1)"
        " FROM workflow w WHERE w.public_id = $1");

enum err rule_store_step(struct db_session *s, struct str workflow_id, struct str *step)
{
    struct db_result *r;
    enum err rc = db_query(s, &rule_step, &r, DB_STR(workflow_id), DB_STR(*step));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_WORKFLOW_NOT_FOUND;
    *step = db_get_str(r, 0, 0);
    return step->p ? ERR_OK : ERR_NOT_FOUND;
}

DB_WRITE(rule_insert, "ttutttTTz", "i",
         "INSERT INTO assignment_policy (role_system, role_name, workflow_id, step_name, kind,"
         " fallback, must, should, created_at, updated_at) VALUES ($1, $2,"
         " (SELECT w.id FROM workflow w WHERE w.public_id = $3), $4, $5, $6, $7, $8, $9, $9)"
         " RETURNING id");
DB_WRITE(rule_update, "ttutttTTzi", "i",
         "UPDATE assignment_policy SET role_system = $1, role_name = $2,"
         " workflow_id = (SELECT w.id FROM workflow w WHERE w.public_id = $3), step_name = $4,"
         " kind = $5, fallback = $6, must = $7, should = $8, updated_at = $9,"
         " version = version + 1 WHERE id = $10 RETURNING id");

enum err rule_store_put(struct db_session *s, struct assign_rule *rule, int64_t now)
{
    struct db_result *r;
    enum err rc;
#define VALUES                                                                                     \
    DB_STR(rule->system), DB_STR(rule->role), DB_STR(rule->workflow_id), DB_STR(rule->step),       \
        DB_STR(rule->kind), DB_STR(rule->fallback), DB_STR_ARRAY(rule->must, rule->must_count),    \
        DB_STR_ARRAY(rule->should, rule->should_count), DB_TIME(now)
    if (rule->id)
        rc = db_query(s, &rule_update, &r, VALUES, DB_INT(rule->id));
    else
        rc = db_query(s, &rule_insert, &r, VALUES);
#undef VALUES
    if (rc == ERR_OK)
        rule->id = db_get_int(r, 0, 0);
    return rc;
}

DB_WRITE(rule_delete, "i", "", "DELETE FROM assignment_policy WHERE id = $1");

enum err rule_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &rule_delete, NULL, DB_INT(id));
}
