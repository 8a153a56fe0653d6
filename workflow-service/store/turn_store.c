#include "store/turn_store.h"

#include "store/sql.h"

/*
 * Every list is put together of ranges of an index, the newest of each: by step and status where
 * roles matter, else by status alone, and by ticket in a search. $1 is the person, $2 the role, $3
 * the statuses, $4 the id before which it begins, $5 and $6 are how many and how many not.
 */
#define BEFORE "coalesce($4, 9223372036854775807)"

#define HOLDS_TURN                                                                                 \
    "($1 IS NULL OR EXISTS (SELECT 1 FROM person_role r JOIN person p ON p.id = r.person_id"       \
    "  AND p.active WHERE r.person_id = $1 AND r.system = " TURN_SYSTEM                            \
    "  AND r.role = " TURN_ROLE ")) AND ($2 IS NULL OR lower(" TURN_ROLE ") = lower($2))"

/* i.is_escalated: whose turn it is, is asked for both. */
#define TURNS                                                                                      \
    "turns AS MATERIALIZED (SELECT s.id AS step_id, i.is_escalated FROM step s"                    \
    " CROSS JOIN (VALUES (false), (true)) i (is_escalated) WHERE " HOLDS_TURN "),"

#define OF_TURNS "turns u, unnest($3::text[]) w (status)"
#define IN_TURN "i.step_id = u.step_id AND i.is_escalated = u.is_escalated AND i.status = w.status"
#define OF_STATUSES "unnest($3::text[]) w (status)"
#define IN_STATUS "i.status = w.status"

#define LIST_COLS "iiitttttttttttzzzzit" EXIT_COLS
#define LIST_FIELDS                                                                                \
    "c.total, i.id, t.id, k.number, k.subject, k.priority, wf.name, s.name, " TURN_ROLE            \
    ", s.instruction, i.status, i.origin, i.notes, t.status, i.assigned_on, i.acted_on,"           \
    " i.target_at, t.sla_breach_at, i.assignee_id, a.name, " EXITS_OF("i.step_id")
#define LIST_JOINS                                                                                 \
    " LEFT JOIN task_item i ON i.id = f.id LEFT JOIN task t ON t.id = i.task_id"                   \
    " LEFT JOIN ticket k ON k.id = t.ticket_id LEFT JOIN step s ON s.id = i.step_id"               \
    " LEFT JOIN workflow_version v ON v.id = t.version_id"                                         \
    " LEFT JOIN workflow wf ON wf.id = v.workflow_id LEFT JOIN person a ON a.id = i.assignee_id"   \
    " ORDER BY i.id DESC"

/* A page as an array: the planner takes it for the few rows that it is, whatever $5 may be. */
#define PAGE_OF(ids) "found AS (SELECT unnest(ARRAY(" ids " LIMIT $5 OFFSET $6)) AS id),"

#define RANGES(of, condition)                                                                      \
    PAGE_OF("SELECT x.id FROM " of                                                                 \
            "  CROSS JOIN LATERAL (SELECT i.id FROM task_item i WHERE " condition                  \
            "    AND i.id < " BEFORE "   ORDER BY i.id DESC LIMIT $5 + $6) x ORDER BY x.id DESC")  \
    " counted AS (SELECT CASE WHEN $4 IS NULL THEN (SELECT count(*) FROM (SELECT 1 FROM " of       \
    "  CROSS JOIN LATERAL (SELECT 1 FROM task_item i WHERE " condition                             \
    "   ORDER BY i.id DESC LIMIT 10001) x LIMIT 10001) n) END AS total) "

/* clang-format off */
DB_READ(turn_of_roles, "itTiii", LIST_COLS,
        "WITH " TURNS RANGES(OF_TURNS, IN_TURN)
        "SELECT " LIST_FIELDS " FROM counted c LEFT JOIN found f ON true" LIST_JOINS);
DB_READ(turn_of_all, "itTiii", LIST_COLS,
        "WITH " RANGES(OF_STATUSES, IN_STATUS)
        "SELECT " LIST_FIELDS " FROM counted c LEFT JOIN found f ON $1 IS NULL AND $2 IS NULL"
        LIST_JOINS);

/* $7: the tickets. */
DB_READ(turn_of_tickets, "itTiiiI", LIST_COLS,
        "WITH matching AS MATERIALIZED (SELECT i.id FROM unnest($7::bigint[]) h (id)"
        "   JOIN task t ON t.ticket_id = h.id"
        "   JOIN task_item i ON i.task_id = t.id JOIN step s ON s.id = i.step_id"
        "  WHERE i.status = ANY ($3) AND " HOLDS_TURN "),"
        " " PAGE_OF("SELECT m.id FROM matching m WHERE m.id < " BEFORE "  ORDER BY m.id DESC")
        " counted AS (SELECT CASE WHEN $4 IS NULL THEN (SELECT count(*) FROM matching) END AS total) "
        "SELECT " LIST_FIELDS " FROM counted c LEFT JOIN found f ON true" LIST_JOINS);
/* clang-format on */

/* ---- tickets by words ---------------------------------------------------------------------- */

#define HITS_TEXT "300"
#define HITS 300
#define SAMPLE 2000

/* $1: what is searched for. The last word may be the beginning of one. */
#define WORDS "(nullif(plainto_tsquery('simple', $1)::text, '') || ':*')::tsquery"
#define LATEST(tickets)                                                                            \
    "ARRAY(SELECT x.id FROM " tickets " x ORDER BY x.id DESC LIMIT " HITS_TEXT ")"

/* The $2 newest tickets are asked; most of them lack the first word, which is seen at once. */
/* clang-format off */
DB_READ(turn_ask, "ti", "iIi",
        "WITH newest AS MATERIALIZED (SELECT k.id, k.number, k.subject FROM ticket k"
        "  ORDER BY k.id DESC LIMIT $2),"
        " word AS MATERIALIZED (SELECT (tsvector_to_array(to_tsvector('simple', $1)))[1] AS first) "
        "SELECT (SELECT count(*) FROM newest), " LATEST("(SELECT k.id FROM newest k"
        "  WHERE starts_with(upper(k.number), upper($1))"
        "  OR strpos(lower(k.subject), (SELECT first FROM word)) > 0"
        "   AND to_tsvector('simple', k.subject) @@ " WORDS ")")
        ", (SELECT c.reltuples::bigint FROM pg_class c WHERE c.oid = 'ticket'::regclass)");
DB_READ(turn_look_up, "t", "I",
        "SELECT " LATEST("(SELECT k.id FROM ticket k WHERE upper(k.number) ~>=~ upper($1)"
        "   AND upper(k.number) ~<~ (upper($1) || chr(1114111))"
        "  UNION SELECT k.id FROM ticket k WHERE to_tsvector('simple', k.subject) @@ " WORDS ")"));
/* clang-format on */

/*
 * The newest tickets that have the words. Where every fourth has them few need to be asked; where
 * hardly any has them, the index finds few: what the newest say decides whether to ask more of
 * them.
 */
static enum err CO_FN find_tickets(struct db_session *s, struct str search, const int64_t **ids,
                                   size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &turn_ask, &r, DB_STR(search), DB_INT(SAMPLE));
    if (rc)
        return rc;
    *count = db_get_int_array(r, 0, 1, ids);
    int64_t found = (int64_t)*count, asked = db_get_int(r, 0, 0), all = db_get_int(r, 0, 2);
    if (found == HITS || asked < SAMPLE)
        return ERR_OK;
    int64_t needed = found ? asked * HITS / found : INT64_MAX;
    if (needed < found * (all / asked)) {
        rc = db_query(s, &turn_ask, &r, DB_STR(search), DB_INT(2 * needed));
        if (rc)
            return rc;
        *count = db_get_int_array(r, 0, 1, ids);
        if (*count == HITS)
            return ERR_OK;
    }
    rc = db_query(s, &turn_look_up, &r, DB_STR(search));
    if (rc == ERR_OK)
        *count = db_get_int_array(r, 0, 0, ids);
    return rc;
}

/* ---- lists -------------------------------------------------------------------------------- */

static struct item_view read_item(const struct db_result *r, size_t row)
{
    struct item_view v = {
        .item_id = db_get_int(r, row, 1),
        .task_id = db_get_int(r, row, 2),
        .ticket_number = db_get_str(r, row, 3),
        .subject = db_get_str(r, row, 4),
        .priority = db_get_str(r, row, 5),
        .workflow_name = db_get_str(r, row, 6),
        .step = db_get_str(r, row, 7),
        .role = db_get_str(r, row, 8),
        .instruction = db_get_str(r, row, 9),
        .status = db_get_str(r, row, 10),
        .origin = db_get_str(r, row, 11),
        .notes = db_get_str(r, row, 12),
        .task_status = db_get_str(r, row, 13),
        .assigned_on = db_get_time(r, row, 14),
        .acted_on = db_get_time(r, row, 15),
        .target_at = db_get_time(r, row, 16),
        .sla_breach_at = db_get_time(r, row, 17),
        .assignee_id = db_get_int(r, row, 18),
        .assignee_name = db_get_str(r, row, 19),
    };
    if (item_status_is_open(item_status_parse(v.status)))
        task_store_read_exits(r, row, 20, &v.exits);
    return v;
}

enum err turn_store_list(struct db_session *s, const struct turn_filter *f, struct item_page *out)
{
    struct db_result *r;
    bool has_roles = f->person_id != NO_PERSON || f->role.p;
    const int64_t *tickets;
    size_t ticket_count;
    enum err rc = f->search.p ? find_tickets(s, f->search, &tickets, &ticket_count) : ERR_OK;
    if (rc)
        return rc;
    if (f->search.p)
        rc = db_query(s, &turn_of_tickets, &r, DB_OPT_INT(f->person_id), DB_STR(f->role),
                      DB_STR_ARRAY(f->statuses, f->status_count), DB_OPT_INT(f->before_id),
                      DB_INT(f->limit), DB_INT(f->skip), DB_INT_ARRAY(tickets, ticket_count));
    else
        rc = db_query(s, has_roles ? &turn_of_roles : &turn_of_all, &r, DB_OPT_INT(f->person_id),
                      DB_STR(f->role), DB_STR_ARRAY(f->statuses, f->status_count),
                      DB_OPT_INT(f->before_id), DB_INT(f->limit), DB_INT(f->skip));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    *out = (struct item_page){.total = db_get_int(r, 0, 0)};
    out->items = ARENA_ARRAY(s->arena, struct item_view, n);
    for (size_t i = 0; i < n && !db_is_null(r, i, 1); i++)
        out->items[out->count++] = read_item(r, i);
    return ERR_OK;
}
