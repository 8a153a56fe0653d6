#include "store/assign_store.h"

#include "json.h"
#include "store/sql.h"

/* ---- locks -------------------------------------------------------------------------------- */

DB_WRITE(assign_lock, "TTI", "i",
         "SELECT l.person_id FROM agent_load l WHERE l.person_id IN (SELECT h.person_id"
         "  FROM unnest($1, $2) x (system, role) JOIN person_role h ON h.system = x.system"
         "   AND h.role = x.role UNION ALL SELECT unnest($3))"
         " ORDER BY l.person_id FOR UPDATE");

enum err assign_store_lock(struct db_session *s, const struct assign_locks *l)
{
    return db_query(s, &assign_lock, NULL, DB_STR_ARRAY(l->systems, l->role_count),
                    DB_STR_ARRAY(l->roles, l->role_count),
                    DB_INT_ARRAY(l->people, l->person_count));
}

DB_WRITE(assign_track, "I", "t", "SELECT agent_load_track($1)::text");

/* clang-format off */
#define NEEDS_LOAD                                                                                 \
    " (SELECT g.person_id FROM agent g WHERE g.capacity IS NOT NULL"                               \
    "  UNION SELECT h.person_id FROM assignment_policy y JOIN person_role h"                       \
    "   ON h.system = y.role_system AND h.role = y.role_name WHERE " COMPARES_LOAD                 \
    "  UNION SELECT h.person_id FROM assignment_policy y"                                          \
    "   JOIN workflow_version v ON v.workflow_id = y.workflow_id"                                  \
    "   JOIN step z ON z.version_id = v.id AND lower(z.name) = lower(y.step_name)"                 \
    "   JOIN person_role h ON h.system = z.role_system AND h.role = z.role_name"                   \
    "   WHERE " COMPARES_LOAD ") "
#define COMPARES_LOAD                                                                              \
    "coalesce(y.fallback, y.kind) IN ('least_loaded', 'skills')"

DB_READ(assign_counted, "", "ib",
        "SELECT n.person_id, l.person_id IS NULL FROM" NEEDS_LOAD "n LEFT JOIN agent_load l"
        " ON l.person_id = n.person_id ORDER BY n.person_id");
DB_WRITE(assign_keep, "I", "t", "SELECT agent_load_keep($1)::text");
/* clang-format on */

/* One after the other, so that none drops whom another has just begun to count. */
DB_WRITE(assign_one_by_one, "", "t",
         "SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.agent_load'))::text");

enum err assign_store_track(struct db_session *s)
{
    struct db_result *r;
    enum err rc = db_query(s, &assign_one_by_one, NULL);
    if (rc == ERR_OK)
        rc = db_query(s, &assign_counted, &r);
    if (rc)
        return rc;
    size_t n = db_rows(r), missing = 0;
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, n + 1);
    int64_t *untracked = ARENA_ARRAY(s->arena, int64_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        ids[i] = db_get_int(r, i, 0);
        if (db_get_bool(r, i, 1))
            untracked[missing++] = ids[i];
    }
    if (missing > 0)
        rc = db_query(s, &assign_track, NULL, DB_INT_ARRAY(untracked, missing));
    return rc ? rc : db_query(s, &assign_keep, NULL, DB_INT_ARRAY(ids, n));
}

/* ---- what is known ------------------------------------------------------------------------ */

/* Who had the latest item of the role, or owned the latest ticket, of the requester; of the twenty
 * tickets before this one, so that the oldest of customers is as quick to answer for. */
#define LATEST_TICKETS                                                                             \
    "(SELECT x.id FROM ticket x WHERE x.requester_id = k.requester_id ORDER BY x.id DESC LIMIT "   \
    "20)"
#define LAST_HANDLER                                                                               \
    "CASE WHEN $4 IS NULL THEN (SELECT t.owner_id FROM " LATEST_TICKETS " x"                       \
    "  JOIN task t ON t.ticket_id = x.id WHERE t.owner_id IS NOT NULL ORDER BY x.id DESC LIMIT 1)" \
    " ELSE (SELECT i.assignee_id FROM " LATEST_TICKETS " x JOIN task t ON t.ticket_id = x.id"      \
    "  JOIN task_item i ON i.task_id = t.id JOIN step z ON z.id = i.step_id"                       \
    "  WHERE i.assignee_id IS NOT NULL AND z.role_system = $2 AND z.role_name = $3"                \
    "  ORDER BY x.id DESC, i.id DESC LIMIT 1) END"

/* clang-format off */
DB_WRITE(assign_read, "tttiiii", "tTTtiittttibizziiiiiTb",
         "WITH q AS MATERIALIZED (SELECT coalesce(y.kind, 'round_robin') AS kind, y.must,"
         "   y.should, y.fallback, nextval((SELECT u.turns FROM assignment_cursor u"
         "    WHERE u.purpose = $1 AND u.role_system = $2 AND u.role_name = $3)) AS turn,"
         "   CASE WHEN y.kind = 'sticky' THEN " LAST_HANDLER " END AS last_id,"
         "   k.category, k.sub_category, k.department, k.priority"
         "  FROM (SELECT " ASSIGNMENT_POLICY("$2", "$3", "$4") " AS id) a"
         "  LEFT JOIN assignment_policy y ON y.id = a.id LEFT JOIN ticket k"
         "   ON k.id = coalesce($5, (SELECT t.ticket_id FROM task t WHERE t.id = $6))) "
         "SELECT q.kind, q.must, q.should, q.fallback, q.turn, q.last_id, q.category,"
         " q.sub_category, q.department, q.priority, p.id,"
         " coalesce(g.presence = 'available', true), g.substitute_id, g.out_from, g.out_until,"
         " g.capacity, coalesce(g.weight, 1), l.open_items, l.open_weight, l.owned, g.skills,"
         " l.person_id IS NOT NULL"
         " FROM q LEFT JOIN (person_role r JOIN person p ON p.id = r.person_id AND p.active)"
         "  ON r.system = $2 AND r.role = $3 AND p.id <> $7"
         " LEFT JOIN agent g ON g.person_id = p.id LEFT JOIN agent_load l ON l.person_id = p.id"
         " ORDER BY p.id");
/* clang-format on */

struct known {
    struct assign_policy policy;
    struct assign_case the_case;
    struct assign_candidate *candidates;
    int64_t *untracked; /* whose load matters, and is not counted */
    size_t count, untracked_count;
    bool has_placeholder;
};

static int64_t or_zero(int64_t v)
{
    return v == INT64_MIN ? 0 : v;
}

/* A tag in braces stands for a field of the ticket. */
static const struct str *tags(struct db_session *s, const struct db_result *r, int col,
                              size_t *count, bool *has_placeholder)
{
    static const struct {
        struct str name;
        int col;
    } FIELDS[] = {
        {{"{category}", 10}, 6},
        {{"{sub_category}", 14}, 7},
        {{"{department}", 12}, 8},
        {{"{priority}", 10}, 9},
    };
    const struct str *raw;
    *count = db_get_str_array(r, 0, col, &raw);
    struct str *out = ARENA_ARRAY(s->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        out[i] = raw[i];
        for (size_t k = 0; k < sizeof FIELDS / sizeof FIELDS[0]; k++) {
            if (!str_ieq(raw[i], FIELDS[k].name))
                continue;
            *has_placeholder = true;
            out[i] = str_trim(db_get_str(r, 0, FIELDS[k].col));
        }
    }
    return out;
}

static struct assign_candidate read_candidate(const struct db_result *r, size_t row, bool owns)
{
    struct assign_candidate c = {
        .id = db_get_int(r, row, 10),
        .is_present = db_get_bool(r, row, 11),
        .substitute_id = db_get_int(r, row, 12),
        .out_from = db_get_time(r, row, 13),
        .out_until = db_get_time(r, row, 14),
        .capacity = db_get_int(r, row, 15),
        .weight = db_get_int(r, row, 16),
        .open = or_zero(db_get_int(r, row, owns ? 19 : 17)),
        .open_weight =
            owns ? or_zero(db_get_int(r, row, 19)) * 1000 : or_zero(db_get_int(r, row, 18)),
    };
    c.has_out = c.out_from != ASSIGN_NEVER || c.out_until != ASSIGN_NEVER;
    c.skill_count = db_get_str_array(r, row, 20, &c.skills);
    return c;
}

static void read_known(struct db_session *s, const struct db_result *r,
                       const struct assign_query *q, struct known *k)
{
    size_t n = db_rows(r);
    *k = (struct known){
        .policy.kind = assign_kind_parse(db_get_str(r, 0, 0)),
        .the_case = {q->now, or_zero(db_get_int(r, 0, 4)), db_get_int(r, 0, 5)},
        .candidates = ARENA_ARRAY(s->arena, struct assign_candidate, n),
        .untracked = ARENA_ARRAY(s->arena, int64_t, n),
    };
    if (!db_is_null(r, 0, 3))
        k->policy.fallback = assign_kind_parse(db_get_str(r, 0, 3));
    k->policy.must = tags(s, r, 1, &k->policy.must_count, &k->has_placeholder);
    k->policy.should = tags(s, r, 2, &k->policy.should_count, &k->has_placeholder);
    for (size_t i = 0; i < n && !db_is_null(r, i, 10); i++) {
        struct assign_candidate *c = &k->candidates[k->count++];
        *c = read_candidate(r, i, q->step_id == INT64_MIN);
        bool matters = assign_needs_load(&k->policy) || c->capacity != ASSIGN_UNLIMITED;
        if (matters && !db_get_bool(r, i, 21))
            k->untracked[k->untracked_count++] = c->id;
    }
}

static enum err CO_FN read(struct db_session *s, const struct assign_query *q, struct known *k)
{
    struct db_result *r;
    enum err rc = db_query(s, &assign_read, &r, DB_STR(str_from(q->purpose)), DB_STR(q->system),
                           DB_STR(q->role), DB_OPT_INT(q->step_id), DB_OPT_INT(q->ticket_id),
                           DB_OPT_INT(q->task_id), DB_INT(q->except));
    if (rc == ERR_OK)
        read_known(s, r, q, k);
    return rc;
}

/* ---- the choice --------------------------------------------------------------------------- */

static struct str describe(struct arena *a, const struct known *k, const struct assign_decision *d)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "policy", assign_kind_word(k->policy.kind));
    JW_STR(&w, "reason", str_from(d->reason));
    if (d->chosen >= 0)
        JW_INT(&w, "chosen", k->candidates[d->chosen].id);
    JW_KEY(&w, "candidates");
    jw_array(&w);
    for (size_t i = 0; i < k->count; i++)
        jw_int(&w, k->candidates[i].id);
    jw_end_array(&w);
    JW_KEY(&w, "scores");
    jw_array(&w);
    for (size_t i = 0; i < k->count; i++) {
        const struct assign_candidate *c = &k->candidates[i];
        jw_object(&w);
        JW_INT(&w, "user_id", c->id);
        JW_STR(&w, "standing", assign_standing_word(c->standing));
        JW_KEY(&w, "score");
        jw_double(&w, c->score);
        if (c->standing == STANDING_REPLACED)
            JW_INT(&w, "substitute_id", k->candidates[c->taker].id);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    return buf_str(&b);
}

static enum err CO_FN lock_role(struct db_session *s, const struct assign_query *q)
{
    struct assign_locks l = {.systems = {q->system}, .roles = {q->role}, .role_count = 1};
    return assign_store_lock(s, &l);
}

/* Whoever has come to the role after its policy: their load is not counted yet. */
static enum err CO_FN begin_counting(struct db_session *s, const struct assign_query *q,
                                     struct known *k)
{
    enum err rc = db_query(s, &assign_track, NULL, DB_INT_ARRAY(k->untracked, k->untracked_count));
    if (rc == ERR_OK)
        rc = lock_role(s, q);
    return rc ? rc : read(s, q, k);
}

enum err assign_store_choose(struct db_session *s, const struct assign_query *q, bool is_locked,
                             struct assign_choice *out)
{
    struct known k;
    enum err rc = is_locked ? ERR_OK : lock_role(s, q);
    if (rc == ERR_OK)
        rc = read(s, q, &k);
    if (rc == ERR_OK && k.untracked_count > 0)
        rc = begin_counting(s, q, &k);
    if (rc)
        return rc;
    struct assign_decision d = assign_decide(&k.policy, k.candidates, k.count, &k.the_case);
    *out = (struct assign_choice){
        .json = describe(s->arena, &k, &d),
        .chosen_id = d.chosen < 0 ? NO_PERSON : k.candidates[d.chosen].id,
        .kind = k.policy.kind,
        .is_by_ticket = k.has_placeholder,
    };
    return ERR_OK;
}
