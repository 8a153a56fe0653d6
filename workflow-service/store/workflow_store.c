#include "store/workflow_store.h"

#include "buf.h"
#include "store/sql.h"

#define HEAD_COLS                                                                                  \
    "iiutttntttt"                                                                                  \
    "zzziib"
#define HEAD_FIELDS(name, description, department, category, sub_category, priority)               \
    "w.id, v.id, w.public_id, " name ", " description                                              \
    ", coalesce(v.state, 'draft'), v.version, " department ", " category ", " sub_category         \
    ", " priority ", w.created_at, w.updated_at,"                                                  \
    " v.published_at, v.published_by, w.revision, d.workflow_id IS NOT NULL"
#define OF_WORKFLOW                                                                                \
    HEAD_FIELDS("w.name", "w.description", OR_DRAFT("department"), OR_DRAFT("category"),           \
                OR_DRAFT("sub_category"), OR_DRAFT("priority"))
#define OR_DRAFT(field) "CASE WHEN v.id IS NULL THEN d." field " ELSE v." field " END"
/* The version people mean when they name a workflow: the live one, else the newest. */
#define JOINS                                                                                      \
    " LEFT JOIN LATERAL (SELECT * FROM workflow_version x WHERE x.id = coalesce("                  \
    "  (SELECT y.id FROM workflow_version y WHERE y.workflow_id = w.id"                            \
    "   AND y.state = 'published'), (SELECT y.id FROM workflow_version y"                          \
    "   WHERE y.workflow_id = w.id ORDER BY y.version DESC LIMIT 1)) LIMIT 1) v ON true"           \
    " LEFT JOIN workflow_draft d ON d.workflow_id = w.id "

static void read_head(const struct db_result *r, size_t row, int col, struct workflow_head *h)
{
    *h = (struct workflow_head){
        .workflow_id = db_get_int(r, row, col),
        .version_id = db_get_int(r, row, col + 1),
        .public_id = db_get_str(r, row, col + 2),
        .name = db_get_str(r, row, col + 3),
        .description = db_get_str(r, row, col + 4),
        .state = db_get_str(r, row, col + 5),
        .version = db_get_int(r, row, col + 6),
        .match =
            {
                .department = db_get_str(r, row, col + 7),
                .category = db_get_str(r, row, col + 8),
                .sub_category = db_get_str(r, row, col + 9),
                .priority = db_get_str(r, row, col + 10),
            },
        .created_at = db_get_time(r, row, col + 11),
        .updated_at = db_get_time(r, row, col + 12),
        .published_at = db_get_time(r, row, col + 13),
        .published_by = db_get_int(r, row, col + 14),
        .revision = db_get_int(r, row, col + 15),
        .has_draft = db_get_bool(r, row, col + 16),
    };
}

/* ---- workflows ---------------------------------------------------------------------------- */

DB_READ(workflow_list,
        "tttt"
        "ii",
        "i" HEAD_COLS,
        "WITH found AS MATERIALIZED (SELECT w.id, w.name FROM workflow w" JOINS
        " WHERE w.deleted_at IS NULL AND ($1 IS NULL OR coalesce(v.state, 'draft') = lower($1))"
        "  AND ($2 IS NULL OR lower(" OR_DRAFT(
            "department") ") = lower($2))"
                          "  AND ($3 IS NULL OR lower(" OR_DRAFT(
                              "category") ") = lower($3))"
                                          "  AND ($4 IS NULL OR w.name ILIKE $4 OR w.description "
                                          "ILIKE $4)) "
                                          "SELECT c.total, " OF_WORKFLOW
                                          " FROM (SELECT count(*) AS total FROM found) c"
                                          " LEFT JOIN LATERAL (SELECT id FROM found ORDER BY "
                                          "lower(name), id LIMIT $5 OFFSET $6) f"
                                          " ON true LEFT JOIN workflow w ON w.id = f.id" JOINS
                                          "ORDER BY lower(w.name), w.id");

/* The text as part of what LIKE looks for, whatever it contains. */
static struct str like(struct arena *a, struct str part)
{
    struct buf b;
    if (!part.len)
        return STR_NULL;
    buf_init(&b, a);
    buf_add_char(&b, '%');
    for (size_t i = 0; i < part.len; i++) {
        if (strchr("%_\\", part.p[i]))
            buf_add_char(&b, '\\');
        buf_add_char(&b, part.p[i]);
    }
    buf_add_char(&b, '%');
    return buf_str(&b);
}

enum err workflow_store_list(struct db_session *s, const struct workflow_filter *f,
                             struct workflow_head **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_list, &r, DB_STR(f->state), DB_STR(f->department),
                           DB_STR(f->category), DB_STR(like(s->arena, f->search)), DB_INT(f->limit),
                           DB_INT(f->offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct workflow_head, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 1); i++)
        read_head(r, i, 1, &(*out)[(*count)++]);
    return ERR_OK;
}

DB_READ(workflow_find, "u", HEAD_COLS "j",
        "SELECT " OF_WORKFLOW ", d.doc FROM workflow w" JOINS
        "WHERE w.public_id = $1 AND w.deleted_at IS NULL");
DB_WRITE(workflow_hold, "u", "i",
         "SELECT id FROM workflow WHERE public_id = $1 AND deleted_at IS NULL FOR UPDATE");

enum err workflow_store_find(struct db_session *s, struct str public_id, struct workflow_head *out,
                             struct str *draft)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_find, &r, DB_STR(public_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_WORKFLOW_NOT_FOUND;
    read_head(r, 0, 0, out);
    *draft = db_get_str(r, 0, 17);
    return ERR_OK;
}

/* Locked first, then looked at: whoever held the lock before may have written any of it. */
enum err workflow_store_lock(struct db_session *s, struct str public_id, struct workflow_head *out,
                             struct str *draft)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_hold, &r, DB_STR(public_id));
    return rc ? rc : workflow_store_find(s, public_id, out, draft);
}

DB_READ(workflow_by_name, "t", "u",
        "SELECT public_id FROM workflow WHERE lower(name) = lower($1) AND deleted_at IS NULL");

enum err workflow_store_by_name(struct db_session *s, struct str name, struct str *public_id)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_by_name, &r, DB_STR(name));
    if (rc == ERR_OK)
        *public_id = db_rows(r) ? db_get_str(r, 0, 0) : STR_NULL;
    return rc;
}

DB_READ(workflow_running, "i", "i",
        "SELECT count(*) FROM workflow_version v JOIN task t ON t.version_id = v.id"
        " AND t.current_step_id IS NOT NULL WHERE v.workflow_id = $1");

enum err workflow_store_running(struct db_session *s, int64_t workflow_id, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_running, &r, DB_INT(workflow_id));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

/* ---- versions ----------------------------------------------------------------------------- */

DB_READ(workflow_versions, "iii", "inttziiii",
        "SELECT c.total, v.version, v.state, v.name, v.published_at, v.published_by,"
        " (SELECT count(*) FROM step x WHERE x.version_id = v.id),"
        " (SELECT count(*) FROM transition x JOIN step y ON y.id = x.from_step_id"
        "  WHERE y.version_id = v.id), (SELECT count(*) FROM task t WHERE t.version_id = v.id"
        "  AND t.current_step_id IS NOT NULL)"
        " FROM (SELECT count(*) AS total FROM workflow_version WHERE workflow_id = $1) c"
        " LEFT JOIN LATERAL (SELECT * FROM workflow_version WHERE workflow_id = $1"
        "  ORDER BY version DESC LIMIT $2 OFFSET $3) v ON true ORDER BY v.version DESC");

enum err workflow_store_versions(struct db_session *s, int64_t workflow_id, int64_t limit,
                                 int64_t offset, struct workflow_version **out, size_t *count,
                                 int64_t *total)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &workflow_versions, &r, DB_INT(workflow_id), DB_INT(limit), DB_INT(offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct workflow_version, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 1); i++)
        (*out)[(*count)++] = (struct workflow_version){
            .version = db_get_int(r, i, 1),
            .state = db_get_str(r, i, 2),
            .name = db_get_str(r, i, 3),
            .published_at = db_get_time(r, i, 4),
            .published_by = db_get_int(r, i, 5),
            .step_count = db_get_int(r, i, 6),
            .transition_count = db_get_int(r, i, 7),
            .running = db_get_int(r, i, 8),
        };
    return ERR_OK;
}

DB_READ(workflow_version_find, "ii", HEAD_COLS,
        "SELECT " HEAD_FIELDS(
            "v.name", "v.description", "v.department", "v.category", "v.sub_category",
            "v.priority") " FROM workflow_version v JOIN workflow w ON w.id = v.workflow_id"
                          " LEFT JOIN workflow_draft d ON d.workflow_id = w.id"
                          " WHERE v.workflow_id = $1 AND v.version = $2");

enum err workflow_store_version(struct db_session *s, int64_t workflow_id, int64_t version,
                                struct workflow_head *out)
{
    struct db_result *r;
    if (version > INT32_MAX)
        return ERR_NOT_FOUND;
    enum err rc = db_query(s, &workflow_version_find, &r, DB_INT(workflow_id), DB_INT(version));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_head(r, 0, 0, out);
    return ERR_OK;
}

/* ---- bodies ------------------------------------------------------------------------------- */

DB_READ(workflow_targets, "i", "tii",
        "SELECT priority, target_minutes, breach_minutes FROM sla_target"
        " WHERE version_id = $1 ORDER BY target_minutes DESC, priority");
DB_READ(workflow_steps, "i", "itttttdtb",
        "SELECT id, name, role_system, role_name, escalation_system, escalation_role, weight,"
        " instruction, is_start FROM step WHERE version_id = $1 ORDER BY position");
DB_READ(workflow_transitions, "i", "itttt",
        "SELECT x.id, f.name, x.name, t.name, x.outcome FROM step f"
        " JOIN transition x ON x.from_step_id = f.id LEFT JOIN step t ON t.id = x.to_step_id"
        " WHERE f.version_id = $1 ORDER BY x.id");

static void read_targets(struct db_session *s, const struct db_result *r, struct workflow_body *b)
{
    struct sla_target *targets = ARENA_ARRAY(s->arena, struct sla_target, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++)
        targets[i] =
            (struct sla_target){db_get_str(r, i, 0), db_get_int(r, i, 1), db_get_int(r, i, 2)};
    b->targets = targets;
    b->target_count = db_rows(r);
}

static void read_steps(struct db_session *s, const struct db_result *r, struct workflow_body *b)
{
    struct definition_step *steps = ARENA_ARRAY(s->arena, struct definition_step, db_rows(r) + 1);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++) {
        ids[i] = db_get_int(r, i, 0);
        steps[i] = (struct definition_step){
            .name = db_get_str(r, i, 1),
            .role_system = db_get_str(r, i, 2),
            .role_name = db_get_str(r, i, 3),
            .escalation_system = db_get_str(r, i, 4),
            .escalation_role = db_get_str(r, i, 5),
            .weight = db_get_double(r, i, 6),
            .instruction = db_get_str(r, i, 7),
            .is_start = db_get_bool(r, i, 8),
        };
    }
    b->steps = steps;
    b->step_ids = ids;
    b->step_count = db_rows(r);
}

static void read_transitions(struct db_session *s, const struct db_result *r,
                             struct workflow_body *b)
{
    struct definition_transition *list =
        ARENA_ARRAY(s->arena, struct definition_transition, db_rows(r) + 1);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++) {
        ids[i] = db_get_int(r, i, 0);
        list[i] = (struct definition_transition){
            .from = db_get_str(r, i, 1),
            .name = db_get_str(r, i, 2),
            .to = db_get_str(r, i, 3),
            .outcome = db_get_str(r, i, 4),
        };
    }
    b->transitions = list;
    b->transition_ids = ids;
    b->transition_count = db_rows(r);
}

enum err workflow_store_body(struct db_session *s, int64_t version_id, struct workflow_body *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_targets, &r, DB_INT(version_id));
    if (rc)
        return rc;
    read_targets(s, r, out);
    rc = db_query(s, &workflow_steps, &r, DB_INT(version_id));
    if (rc)
        return rc;
    read_steps(s, r, out);
    rc = db_query(s, &workflow_transitions, &r, DB_INT(version_id));
    if (rc)
        return rc;
    read_transitions(s, r, out);
    return ERR_OK;
}

/* ---- progress ----------------------------------------------------------------------------- */

/* clang-format off */
DB_READ(workflow_progress, "ii", "inut" "itt" "IIb",
        "SELECT v.id, v.version, w.public_id, w.name, t.current_step_id, t.status, k.number,"
        " ARRAY(SELECT DISTINCT i.step_id FROM task_item i WHERE i.task_id = t.id"
        "  AND i.transition_id IS NOT NULL ORDER BY 1),"
        " ARRAY(SELECT DISTINCT i.transition_id FROM task_item i WHERE i.task_id = t.id"
        "  AND i.transition_id IS NOT NULL ORDER BY 1), " IS_INVOLVED("$2")
        " FROM task t JOIN ticket k ON k.id = t.ticket_id"
        " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
        " WHERE t.id = $1");
/* clang-format on */

enum err workflow_store_progress(struct db_session *s, int64_t task_id, int64_t viewer_id,
                                 struct workflow_progress *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_progress, &r, DB_INT(task_id), DB_INT(viewer_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *out = (struct workflow_progress){
        .version_id = db_get_int(r, 0, 0),
        .version = db_get_int(r, 0, 1),
        .workflow_id = db_get_str(r, 0, 2),
        .workflow_name = db_get_str(r, 0, 3),
        .current_step_id = db_get_int(r, 0, 4),
        .status = db_get_str(r, 0, 5),
        .ticket_number = db_get_str(r, 0, 6),
        .is_involved = db_get_bool(r, 0, 9),
    };
    out->done_count = db_get_int_array(r, 0, 7, &out->done_step_ids);
    out->taken_count = db_get_int_array(r, 0, 8, &out->taken_ids);
    return ERR_OK;
}
