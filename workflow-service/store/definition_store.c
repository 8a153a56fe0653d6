#include "store/definition_store.h"

#include "store/unmatched_store.h"

/* A unique index has the last word about names. */
static enum err name_taken(enum err rc)
{
    return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
}

static struct str or_blank(struct str s)
{
    return s.p ? s : STR("");
}

/* ---- names -------------------------------------------------------------------------------- */

DB_READ(definition_name_taken, "ti", "b",
        "SELECT EXISTS (SELECT FROM workflow WHERE lower(name) = lower($1) AND deleted_at IS NULL"
        "  AND id <> $2)"
        " OR EXISTS (SELECT FROM workflow_draft WHERE lower(name) = lower($1)"
        "  AND workflow_id <> $2)");
DB_READ(definition_name_used, "t", "b",
        "SELECT EXISTS (SELECT FROM workflow WHERE lower(name) = lower($1))");

enum err definition_store_name_taken(struct db_session *s, struct str name, int64_t workflow_id,
                                     bool *is_taken)
{
    struct db_result *r;
    enum err rc = db_query(s, &definition_name_taken, &r, DB_STR(name), DB_INT(workflow_id));
    if (rc == ERR_OK)
        *is_taken = db_get_bool(r, 0, 0);
    return rc;
}

enum err definition_store_name_used(struct db_session *s, struct str name, bool *is_used)
{
    struct db_result *r;
    enum err rc = db_query(s, &definition_name_used, &r, DB_STR(name));
    if (rc == ERR_OK)
        *is_used = db_get_bool(r, 0, 0);
    return rc;
}

static enum err CO_FN claim_name(struct db_session *s, struct str name, int64_t workflow_id)
{
    bool is_taken;
    enum err rc = definition_store_name_taken(s, name, workflow_id, &is_taken);
    return rc ? rc : is_taken ? ERR_DUPLICATE_RESOURCE : ERR_OK;
}

/* ---- drafts ------------------------------------------------------------------------------- */

DB_WRITE(definition_add, "ttz", "iu",
         "INSERT INTO workflow (name, description, created_at, updated_at) VALUES ($1, $2, $3, $3)"
         " RETURNING id, public_id");
DB_WRITE(definition_put_draft,
         "ittttt"
         "jiz",
         "",
         "INSERT INTO workflow_draft (workflow_id, name, department, category, sub_category,"
         " priority, doc, edited_by, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
         " ON CONFLICT (workflow_id) DO UPDATE SET name = EXCLUDED.name,"
         " department = EXCLUDED.department, category = EXCLUDED.category,"
         " sub_category = EXCLUDED.sub_category, priority = EXCLUDED.priority,"
         " doc = EXCLUDED.doc, edited_by = EXCLUDED.edited_by, updated_at = EXCLUDED.updated_at");
/* What was never published is called as its draft is. */
DB_WRITE(definition_touch, "ittz", "",
         "UPDATE workflow w SET revision = revision + 1, updated_at = $4,"
         " name = CASE WHEN n.has_version THEN name ELSE $2 END,"
         " description = CASE WHEN n.has_version THEN description ELSE $3 END"
         " FROM (SELECT EXISTS (SELECT FROM workflow_version WHERE workflow_id = $1)"
         "  AS has_version) n WHERE w.id = $1");
DB_WRITE(definition_drop_draft, "iz", "",
         "WITH gone AS (DELETE FROM workflow_draft WHERE workflow_id = $1) "
         "UPDATE workflow SET revision = revision + 1, updated_at = $2 WHERE id = $1");

static enum err CO_FN put_draft(struct db_session *s, int64_t workflow_id,
                                const struct draft_write *w)
{
    const struct definition *d = w->definition;
    return name_taken(db_query(s, &definition_put_draft, NULL, DB_INT(workflow_id), DB_STR(d->name),
                               DB_STR(d->match.department), DB_STR(d->match.category),
                               DB_STR(d->match.sub_category), DB_STR(d->match.priority),
                               DB_STR(w->doc), DB_OPT_INT(w->author_id), DB_TIME(w->now)));
}

enum err definition_store_add(struct db_session *s, const struct draft_write *w,
                              int64_t *workflow_id, struct str *public_id)
{
    struct db_result *r;
    enum err rc = claim_name(s, w->definition->name, 0);
    if (rc == ERR_OK)
        rc = name_taken(db_query(s, &definition_add, &r, DB_STR(w->definition->name),
                                 DB_STR(or_blank(w->definition->description)), DB_TIME(w->now)));
    if (rc)
        return rc;
    *workflow_id = db_get_int(r, 0, 0);
    *public_id = db_get_str(r, 0, 1);
    return put_draft(s, *workflow_id, w);
}

enum err definition_store_draft(struct db_session *s, int64_t workflow_id,
                                const struct draft_write *w)
{
    const struct definition *d = w->definition;
    enum err rc = claim_name(s, d->name, workflow_id);
    if (rc == ERR_OK)
        rc = put_draft(s, workflow_id, w);
    if (rc)
        return rc;
    return name_taken(db_query(s, &definition_touch, NULL, DB_INT(workflow_id), DB_STR(d->name),
                               DB_STR(or_blank(d->description)), DB_TIME(w->now)));
}

enum err definition_store_drop_draft(struct db_session *s, int64_t workflow_id, int64_t now)
{
    return db_query(s, &definition_drop_draft, NULL, DB_INT(workflow_id), DB_TIME(now));
}

/* ---- versions ----------------------------------------------------------------------------- */

/* The statement after it makes the next version live, so the old one is retired before. */
DB_WRITE(definition_retire, "iz", "",
         "WITH old AS (UPDATE workflow_version SET state = 'retired' WHERE workflow_id = $1"
         "  AND state = 'published') "
         "UPDATE workflow SET revision = revision + 1, updated_at = $2 WHERE id = $1");
DB_WRITE(definition_add_version,
         "itttttt"
         "iz",
         "i",
         "WITH gone AS (DELETE FROM workflow_draft WHERE workflow_id = $1),"
         " named AS (UPDATE workflow SET name = $2, description = $3 WHERE id = $1) "
         "INSERT INTO workflow_version (workflow_id, version, state, name, description,"
         " department, category, sub_category, priority, published_by, created_at, published_at) "
         "SELECT $1, 1 + coalesce((SELECT max(version) FROM workflow_version"
         "  WHERE workflow_id = $1), 0), 'published', $2, $3, $4, $5, $6, $7, $8, $9, $9"
         " RETURNING id");
DB_WRITE(definition_add_targets, "iTII", "",
         "INSERT INTO sla_target (version_id, priority, target_minutes, breach_minutes) "
         "SELECT $1, * FROM unnest($2, $3, $4)");
DB_WRITE(definition_add_steps, "iTTTTTTTI", "",
         "INSERT INTO step (version_id, position, name, role_system, role_name,"
         " escalation_system, escalation_role, instruction, weight, is_start) "
         "SELECT $1, n, name, system, role, nullif(to_system, ''), nullif(to_role, ''),"
         " instruction, weight::float8, start = 1"
         " FROM unnest($2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY x (name, system, role,"
         "  to_system, to_role, instruction, weight, start, n)");
DB_WRITE(definition_add_transitions, "iTTTT", "",
         "INSERT INTO transition (version_id, name, from_step_id, to_step_id, outcome) "
         "SELECT $1, x.name, f.id, t.id, nullif(x.outcome, '')"
         " FROM unnest($2, $3, $4, $5) WITH ORDINALITY x (name, from_step, to_step, outcome, n)"
         " JOIN step f ON f.version_id = $1 AND f.name = x.from_step"
         " LEFT JOIN step t ON t.version_id = $1 AND t.name = x.to_step ORDER BY x.n");
/* Steps share the turns of their role, also with other workflows. */
DB_WRITE(definition_add_turns, "i", "i",
         "SELECT count(assignment_cursor_ensure('step', role_system, role_name)::text)"
         " FROM (SELECT DISTINCT role_system, role_name FROM step WHERE version_id = $1"
         "  ORDER BY 1, 2) x");

static enum err CO_FN add_targets(struct db_session *s, const struct definition *d,
                                  int64_t version_id)
{
    struct str *priorities = ARENA_ARRAY(s->arena, struct str, SLA_DEFAULT_COUNT);
    int64_t *targets = ARENA_ARRAY(s->arena, int64_t, SLA_DEFAULT_COUNT);
    int64_t *breaches = ARENA_ARRAY(s->arena, int64_t, SLA_DEFAULT_COUNT);
    for (size_t i = 0; i < SLA_DEFAULT_COUNT; i++) {
        struct sla_target t = definition_target(d, i);
        priorities[i] = t.priority;
        targets[i] = t.target_minutes;
        breaches[i] = t.breach_minutes;
    }
    return db_query(s, &definition_add_targets, NULL, DB_INT(version_id),
                    DB_STR_ARRAY(priorities, SLA_DEFAULT_COUNT),
                    DB_INT_ARRAY(targets, SLA_DEFAULT_COUNT),
                    DB_INT_ARRAY(breaches, SLA_DEFAULT_COUNT));
}

static enum err CO_FN add_steps(struct db_session *s, const struct definition *d,
                                int64_t version_id)
{
    enum { NAME, SYSTEM, ROLE, TO_SYSTEM, TO_ROLE, INSTRUCTION, WEIGHT, TEXTS };
    size_t n = d->step_count;
    struct str *texts[TEXTS];
    int64_t *starts = ARENA_ARRAY(s->arena, int64_t, n);
    for (int k = 0; k < TEXTS; k++)
        texts[k] = ARENA_ARRAY(s->arena, struct str, n);
    for (size_t i = 0; i < n; i++) {
        const struct definition_step *p = &d->steps[i];
        texts[NAME][i] = p->name;
        texts[SYSTEM][i] = p->role_system;
        texts[ROLE][i] = p->role_name;
        texts[TO_SYSTEM][i] = or_blank(p->escalation_system);
        texts[TO_ROLE][i] = or_blank(p->escalation_role);
        texts[INSTRUCTION][i] = or_blank(p->instruction);
        texts[WEIGHT][i] = str_printf(s->arena, "%.17g", p->weight);
        starts[i] = p->is_start;
    }
    return db_query(s, &definition_add_steps, NULL, DB_INT(version_id),
                    DB_STR_ARRAY(texts[NAME], n), DB_STR_ARRAY(texts[SYSTEM], n),
                    DB_STR_ARRAY(texts[ROLE], n), DB_STR_ARRAY(texts[TO_SYSTEM], n),
                    DB_STR_ARRAY(texts[TO_ROLE], n), DB_STR_ARRAY(texts[INSTRUCTION], n),
                    DB_STR_ARRAY(texts[WEIGHT], n), DB_INT_ARRAY(starts, n));
}

static enum err CO_FN add_transitions(struct db_session *s, const struct definition *d,
                                      int64_t version_id)
{
    size_t n = d->transition_count;
    struct str *names = ARENA_ARRAY(s->arena, struct str, n + 1);
    struct str *from = ARENA_ARRAY(s->arena, struct str, n + 1);
    struct str *to = ARENA_ARRAY(s->arena, struct str, n + 1);
    struct str *outcomes = ARENA_ARRAY(s->arena, struct str, n + 1);
    for (size_t i = 0; i < n; i++) {
        names[i] = d->transitions[i].name;
        from[i] = d->transitions[i].from;
        to[i] = or_blank(d->transitions[i].to);
        outcomes[i] = or_blank(d->transitions[i].outcome);
    }
    return db_query(s, &definition_add_transitions, NULL, DB_INT(version_id),
                    DB_STR_ARRAY(names, n), DB_STR_ARRAY(from, n), DB_STR_ARRAY(to, n),
                    DB_STR_ARRAY(outcomes, n));
}

enum err definition_store_publish(struct db_session *s, int64_t workflow_id,
                                  const struct definition *d, int64_t author_id, int64_t now)
{
    struct db_result *r;
    enum err rc = definition_store_retire(s, workflow_id, now);
    if (rc == ERR_OK)
        rc = name_taken(db_query(s, &definition_add_version, &r, DB_INT(workflow_id),
                                 DB_STR(d->name), DB_STR(or_blank(d->description)),
                                 DB_STR(d->match.department), DB_STR(d->match.category),
                                 DB_STR(d->match.sub_category), DB_STR(d->match.priority),
                                 DB_OPT_INT(author_id), DB_TIME(now)));
    if (rc)
        return rc;
    int64_t version_id = db_get_int(r, 0, 0);
    rc = add_targets(s, d, version_id);
    if (rc == ERR_OK)
        rc = add_steps(s, d, version_id);
    if (rc == ERR_OK)
        rc = add_transitions(s, d, version_id);
    if (rc == ERR_OK)
        rc = db_query(s, &definition_add_turns, NULL, DB_INT(version_id));
    return rc ? rc : unmatched_store_raise(s);
}

enum err definition_store_retire(struct db_session *s, int64_t workflow_id, int64_t now)
{
    return db_query(s, &definition_retire, NULL, DB_INT(workflow_id), DB_TIME(now));
}

DB_WRITE(definition_hide, "iz", "",
         "WITH gone AS (DELETE FROM workflow_draft WHERE workflow_id = $1) "
         "UPDATE workflow SET deleted_at = $2 WHERE id = $1");
DB_WRITE(definition_erase, "i", "",
         "DELETE FROM workflow w WHERE id = $1"
         " AND NOT EXISTS (SELECT FROM workflow_version v WHERE v.workflow_id = w.id)");

enum err definition_store_delete(struct db_session *s, int64_t workflow_id, int64_t now)
{
    enum err rc = definition_store_retire(s, workflow_id, now);
    if (rc == ERR_OK)
        rc = db_query(s, &definition_hide, NULL, DB_INT(workflow_id), DB_TIME(now));
    return rc ? rc : db_query(s, &definition_erase, NULL, DB_INT(workflow_id));
}

/* ---- roles -------------------------------------------------------------------------------- */

DB_READ(definition_roles, "TT", "ttb",
        "SELECT x.system, x.role, EXISTS (SELECT FROM person_role r JOIN person p"
        "  ON p.id = r.person_id AND p.active WHERE r.system = x.system AND r.role = x.role)"
        " FROM (SELECT DISTINCT * FROM unnest($1, $2) u (system, role)) x"
        " WHERE EXISTS (SELECT FROM person_role r WHERE r.system = x.system AND r.role = x.role)");

enum err definition_store_roles(struct db_session *s, const struct definition *d,
                                struct definition_role **roles, size_t *count)
{
    size_t n = 0;
    struct str *systems = ARENA_ARRAY(s->arena, struct str, 2 * d->step_count + 1);
    struct str *names = ARENA_ARRAY(s->arena, struct str, 2 * d->step_count + 1);
    for (size_t i = 0; i < d->step_count; i++) {
        systems[n] = or_blank(d->steps[i].role_system);
        names[n++] = or_blank(d->steps[i].role_name);
        systems[n] = or_blank(d->steps[i].escalation_system);
        names[n++] = or_blank(d->steps[i].escalation_role);
    }
    struct db_result *r;
    enum err rc =
        db_query(s, &definition_roles, &r, DB_STR_ARRAY(systems, n), DB_STR_ARRAY(names, n));
    if (rc)
        return rc;
    *count = db_rows(r);
    *roles = ARENA_ARRAY(s->arena, struct definition_role, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*roles)[i] = (struct definition_role){db_get_str(r, i, 0), db_get_str(r, i, 1),
                                               db_get_bool(r, i, 2)};
    return ERR_OK;
}
