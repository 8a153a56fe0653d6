#include "store/workflow_store.h"

#define HEAD_COLS                                                                                  \
    "iutttntttt"                                                                                   \
    "zzz"
#define HEAD_FIELDS                                                                                \
    "v.id, w.public_id, w.name, w.description, v.state, v.version, v.department, v.category,"      \
    " v.sub_category, v.priority, w.created_at, w.updated_at, v.published_at"
/* The version people mean when they name a workflow: the live one, else the newest. */
#define CURRENT_VERSION                                                                            \
    "JOIN LATERAL (SELECT * FROM workflow_version x WHERE x.workflow_id = w.id"                    \
    " ORDER BY x.state = 'published' DESC, x.version DESC LIMIT 1) v ON true "

static void read_head(const struct db_result *r, size_t row, int col, struct workflow_head *h)
{
    *h = (struct workflow_head){
        .version_id = db_get_int(r, row, col),
        .public_id = db_get_str(r, row, col + 1),
        .name = db_get_str(r, row, col + 2),
        .description = db_get_str(r, row, col + 3),
        .state = db_get_str(r, row, col + 4),
        .version = db_get_int(r, row, col + 5),
        .match =
            {
                .department = db_get_str(r, row, col + 6),
                .category = db_get_str(r, row, col + 7),
                .sub_category = db_get_str(r, row, col + 8),
                .priority = db_get_str(r, row, col + 9),
            },
        .created_at = db_get_time(r, row, col + 10),
        .updated_at = db_get_time(r, row, col + 11),
        .published_at = db_get_time(r, row, col + 12),
    };
}

/* ---- writing ------------------------------------------------------------------------------ */

DB_WRITE(workflow_add, "ttttttz", "i",
         "WITH w AS (INSERT INTO workflow (name, description, created_at, updated_at)"
         "  VALUES ($1, $2, $7, $7) ON CONFLICT (lower(name)) DO NOTHING RETURNING id) "
         "INSERT INTO workflow_version (workflow_id, version, state, department, category,"
         " sub_category, priority, created_at) "
         "SELECT id, 1, 'draft', $3, $4, $5, $6, $7 FROM w RETURNING id");

DB_WRITE(workflow_add_target, "itii", "",
         "INSERT INTO sla_target (version_id, priority, target_minutes, breach_minutes) VALUES"
         " ($1, $2, $3, $4)");

DB_WRITE(workflow_add_step, "inttttttdb", "i",
         "INSERT INTO step (version_id, position, name, role_system, role_name,"
         " escalation_system, escalation_role, instruction, weight, is_start) VALUES ($1, $2, $3,"
         " $4, $5, $6, $7, $8, $9, $10) RETURNING id");

DB_WRITE(workflow_add_transition, "itiit", "",
         "INSERT INTO transition (version_id, name, from_step_id, to_step_id, outcome) VALUES"
         " ($1, $2, $3, $4, $5)");

/* Steps share the turns of their role, also with other workflows. */
DB_WRITE(workflow_add_cursor, "tt", "t", "SELECT assignment_cursor_ensure('step', $1, $2)::text");

static enum err CO_FN add_targets(struct db_session *s, const struct definition *d,
                                  int64_t version_id)
{
    for (size_t i = 0; i < SLA_DEFAULT_COUNT; i++) {
        const struct sla_target *t = &SLA_DEFAULTS[i];
        for (size_t k = 0; k < d->target_count; k++)
            if (str_ieq(d->targets[k].priority, SLA_DEFAULTS[i].priority))
                t = &d->targets[k];
        enum err rc = db_query(s, &workflow_add_target, NULL, DB_INT(version_id),
                               DB_STR(SLA_DEFAULTS[i].priority), DB_INT(t->target_minutes),
                               DB_INT(t->breach_minutes));
        if (rc)
            return rc;
    }
    return ERR_OK;
}

static enum err CO_FN add_steps(struct db_session *s, const struct definition *d,
                                int64_t version_id, int64_t *ids)
{
    for (size_t i = 0; i < d->step_count; i++) {
        const struct definition_step *p = &d->steps[i];
        struct db_result *r;
        enum err rc = db_query(
            s, &workflow_add_step, &r, DB_INT(version_id), DB_INT((int64_t)i + 1), DB_STR(p->name),
            DB_STR(p->role_system), DB_STR(p->role_name), DB_STR(p->escalation_system),
            DB_STR(p->escalation_role), DB_STR(p->instruction.p ? p->instruction : STR("")),
            DB_DOUBLE(p->weight), DB_BOOL(p->is_start));
        if (rc)
            return rc;
        ids[i] = db_get_int(r, 0, 0);
        rc = db_query(s, &workflow_add_cursor, NULL, DB_STR(p->role_system), DB_STR(p->role_name));
        if (rc)
            return rc;
    }
    return ERR_OK;
}

static enum err CO_FN add_transitions(struct db_session *s, const struct definition *d,
                                      int64_t version_id, const int64_t *ids)
{
    for (size_t i = 0; i < d->transition_count; i++) {
        const struct definition_transition *t = &d->transitions[i];
        int64_t from = ids[definition_step_index(d, t->from)];
        int64_t to = t->to.p ? ids[definition_step_index(d, t->to)] : INT64_MIN;
        enum err rc = db_query(s, &workflow_add_transition, NULL, DB_INT(version_id),
                               DB_STR(t->name), DB_INT(from), DB_OPT_INT(to), DB_STR(t->outcome));
        if (rc)
            return rc;
    }
    return ERR_OK;
}

enum err workflow_store_create(struct db_session *s, const struct definition *d, int64_t now,
                               int64_t *version_id)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_add, &r, DB_STR(d->name),
                           DB_STR(d->description.p ? d->description : STR("")),
                           DB_STR(d->match.department), DB_STR(d->match.category),
                           DB_STR(d->match.sub_category), DB_STR(d->match.priority), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_DUPLICATE_RESOURCE;
    *version_id = db_get_int(r, 0, 0);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, d->step_count);
    rc = add_targets(s, d, *version_id);
    if (rc)
        return rc;
    rc = add_steps(s, d, *version_id, ids);
    if (rc)
        return rc;
    return add_transitions(s, d, *version_id, ids);
}

/* The old version is retired by the time the unique index sees the new one. */
DB_WRITE(workflow_publish, "iz", "i",
         "WITH draft AS (SELECT id, workflow_id FROM workflow_version"
         "  WHERE id = $1 AND state = 'draft' FOR UPDATE),"
         " retired AS (UPDATE workflow_version v SET state = 'retired' FROM draft"
         "  WHERE v.workflow_id = draft.workflow_id AND v.state = 'published' RETURNING v.id),"
         " w AS (UPDATE workflow SET updated_at = $2 FROM draft"
         " WHERE workflow.id = draft.workflow_id) "
         "UPDATE workflow_version v SET state = 'published', published_at = $2 FROM draft"
         " WHERE v.id = draft.id AND (SELECT count(*) FROM retired) >= 0 RETURNING v.id");

enum err workflow_store_publish(struct db_session *s, int64_t version_id, int64_t now)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_publish, &r, DB_INT(version_id), DB_TIME(now));
    if (rc)
        return rc;
    return db_rows(r) ? ERR_OK : ERR_CONFLICT;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* clang-format off */
DB_READ(workflow_list, "ii", "i" HEAD_COLS,
        "SELECT c.total, " HEAD_FIELDS " "
        "FROM (SELECT count(*) AS total FROM workflow) c"
        " LEFT JOIN LATERAL (SELECT * FROM workflow"
        " ORDER BY name LIMIT $1 OFFSET $2) w ON true LEFT " CURRENT_VERSION "ORDER BY w.name");
/* clang-format on */

enum err workflow_store_list(struct db_session *s, int64_t limit, int64_t offset,
                             struct workflow_head **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_list, &r, DB_INT(limit), DB_INT(offset));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct workflow_head, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 2); i++)
        read_head(r, (*count)++, 1, &(*out)[i]);
    return ERR_OK;
}

/* clang-format off */
DB_READ(workflow_find, "u", HEAD_COLS,
        "SELECT " HEAD_FIELDS " FROM workflow w " CURRENT_VERSION "WHERE w.public_id = $1");
/* clang-format on */
DB_READ(workflow_targets, "i", "tii",
        "SELECT priority, target_minutes, breach_minutes FROM sla_target"
        " WHERE version_id = $1 ORDER BY target_minutes DESC");
DB_READ(workflow_steps, "i", "itttttdtb",
        "SELECT id, name, role_system, role_name, escalation_system, escalation_role, weight,"
        " instruction, is_start FROM step WHERE version_id = $1 ORDER BY position");
DB_READ(workflow_transitions, "i", "iiitttt",
        "SELECT x.id, x.from_step_id, x.to_step_id, x.name, f.name, t.name, x.outcome"
        " FROM transition x JOIN step f ON f.id = x.from_step_id"
        " LEFT JOIN step t ON t.id = x.to_step_id WHERE x.version_id = $1 ORDER BY x.id");

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
    struct workflow_step *steps = ARENA_ARRAY(s->arena, struct workflow_step, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++)
        steps[i] = (struct workflow_step){
            .id = db_get_int(r, i, 0),
            .step =
                {
                    .name = db_get_str(r, i, 1),
                    .role_system = db_get_str(r, i, 2),
                    .role_name = db_get_str(r, i, 3),
                    .escalation_system = db_get_str(r, i, 4),
                    .escalation_role = db_get_str(r, i, 5),
                    .weight = db_get_double(r, i, 6),
                    .instruction = db_get_str(r, i, 7),
                    .is_start = db_get_bool(r, i, 8),
                },
        };
    b->steps = steps;
    b->step_count = db_rows(r);
}

static void read_transitions(struct db_session *s, const struct db_result *r,
                             struct workflow_body *b)
{
    struct workflow_transition *list =
        ARENA_ARRAY(s->arena, struct workflow_transition, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++)
        list[i] = (struct workflow_transition){
            .id = db_get_int(r, i, 0),
            .from_id = db_get_int(r, i, 1),
            .to_id = db_get_int(r, i, 2),
            .name = db_get_str(r, i, 3),
            .from = db_get_str(r, i, 4),
            .to = db_get_str(r, i, 5),
            .outcome = db_get_str(r, i, 6),
        };
    b->transitions = list;
    b->transition_count = db_rows(r);
}

enum err workflow_store_read(struct db_session *s, struct str public_id, struct workflow_body *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &workflow_find, &r, DB_STR(public_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_WORKFLOW_NOT_FOUND;
    read_head(r, 0, 0, &out->head);
    rc = db_query(s, &workflow_targets, &r, DB_INT(out->head.version_id));
    if (rc)
        return rc;
    read_targets(s, r, out);
    rc = db_query(s, &workflow_steps, &r, DB_INT(out->head.version_id));
    if (rc)
        return rc;
    read_steps(s, r, out);
    rc = db_query(s, &workflow_transitions, &r, DB_INT(out->head.version_id));
    if (rc)
        return rc;
    read_transitions(s, r, out);
    return ERR_OK;
}
