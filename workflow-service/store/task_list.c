/*
 * Lists of tasks, of an owner's and of all, newest tickets first. A page is put together of the
 * newest tasks of each status, and no more is counted than page numbers are needed for.
 *
 * What is searched for is either frequent or rare, and only one of two ways is fast: along the
 * list, asking each task, or by the index of trigrams, which knows no order. The newest tasks of
 * the list tell which.
 */
#include "store/task_view.h"

#define COUNT_MAX 10000
#define SAMPLE 500
#define SHORT_MAX 3000 /* tasks that are asked for what the index cannot look up */
#define HITS_MAX 10000 /* tickets the index may find before the list is walked along after all */
#define HITS_TEXT "10001"

#define OF_OWNER(t) t ".owner_id = $1"
#define OF_ALL(t) "$1 IS NULL"
#define IN_ORDER(t) t ".submitted_at DESC, " t ".id DESC"

/* clang-format off */
/* $1 owner, $2 statuses. Of each status as many as of all together. */
#define NEWEST(of, count)                                                                          \
    "(SELECT x.* FROM unnest($2::text[]) w (status) CROSS JOIN LATERAL"                            \
    " (SELECT y.id, y.ticket_id, y.submitted_at FROM task y WHERE " of("y")                        \
    "   AND y.status = w.status ORDER BY " IN_ORDER("y") " LIMIT " count ") x"                     \
    " ORDER BY " IN_ORDER("x") " LIMIT " count ")"

/* ---- whole lists -------------------------------------------------------------------------- */

/* $3 how many, $4 how many not. One more is shown than asked for. */
#define WHOLE(of, fields)                                                                          \
    "WITH found AS (SELECT unnest(ARRAY(SELECT t.id FROM " NEWEST(of, "$3 + $4") " t"              \
    "  ORDER BY " IN_ORDER("t") " OFFSET $4)) AS id),"                                             \
    " counted AS (SELECT count(*) AS total FROM (SELECT 1 FROM unnest($2::text[]) w (status)"      \
    "  CROSS JOIN LATERAL (SELECT 1 FROM task y WHERE " of("y") " AND y.status = w.status"         \
    "   ORDER BY " IN_ORDER("y") " LIMIT 10001) x LIMIT 10001) n) "                                \
    "SELECT c.total, " fields " FROM counted c LEFT JOIN found f ON true"                          \
    " LEFT JOIN task t ON t.id = f.id" VIEW_JOINS "ORDER BY " IN_ORDER("t")

DB_READ(task_owned, "iTii", "i" VIEW_COLS, WHOLE(OF_OWNER, VIEW_FIELDS));
DB_READ(task_list_all, "iTii", "i" VIEW_COLS EXIT_COLS,
        WHOLE(OF_ALL, VIEW_FIELDS ", " EXITS_OF("t.current_step_id")));

/* The tasks with the ids $1, in their order. */
#define CHOSEN(fields)                                                                             \
    "SELECT 0::bigint, " fields " FROM unnest($1::bigint[]) WITH ORDINALITY f (id, n)"             \
    " LEFT JOIN task t ON t.id = f.id" VIEW_JOINS "ORDER BY f.n"
DB_READ(task_owned_chosen, "I", "i" VIEW_COLS, CHOSEN(VIEW_FIELDS));
DB_READ(task_list_chosen, "I", "i" VIEW_COLS EXIT_COLS,
        CHOSEN(VIEW_FIELDS ", " EXITS_OF("t.current_step_id")));
/* clang-format on */

static void read_page(struct db_session *s, const struct db_result *r, bool with_exits,
                      struct task_page *out)
{
    size_t n = db_rows(r);
    out->tasks = ARENA_ARRAY(s->arena, struct task_view, n + 1);
    if (with_exits)
        out->exits = ARENA_ARRAY(s->arena, struct task_exits, n + 1);
    for (size_t i = 0; i < n && !db_is_null(r, i, 1); i++) {
        task_view_read(r, i, 1, &out->tasks[i]);
        if (with_exits)
            task_store_read_exits(r, i, 1 + VIEW_WIDTH, &out->exits[i]);
        out->count++;
    }
}

/* ---- whose list, and what of it ----------------------------------------------------------- */

struct listing {
    int64_t owner_id; /* NO_PERSON: all tasks */
    const struct task_filter *filter;
    struct str pattern;
    const struct str *statuses;
    size_t status_count;
};

static struct listing listing_of(struct arena *a, int64_t owner_id, const struct task_filter *f)
{
    struct str *words = ARENA_ARRAY(a, struct str, TASK_STATUS_COUNT);
    size_t n = 0;
    for (int i = 0; i < TASK_STATUS_COUNT && !f->status.p; i++)
        words[n++] = task_status_word((enum task_status)i);
    if (f->status.p)
        words[n++] = f->status;
    return (struct listing){owner_id, f, task_like_pattern(a, f->search), words, n};
}

static enum err CO_FN read_whole(struct db_session *s, const struct listing *l,
                                 struct task_page *out)
{
    struct db_result *r;
    bool is_owned = l->owner_id != NO_PERSON;
    const struct task_filter *f = l->filter;
    enum err rc = db_query(s, is_owned ? &task_owned : &task_list_all, &r, DB_OPT_INT(l->owner_id),
                           DB_STR_ARRAY(l->statuses, l->status_count), DB_INT(f->limit + 1),
                           DB_INT(f->offset));
    if (rc)
        return rc;
    read_page(s, r, !is_owned, out);
    int64_t seen = f->offset + (int64_t)out->count;
    out->total = db_get_int(r, 0, 0);
    out->is_more = out->total > COUNT_MAX;
    if (out->is_more)
        out->total = out->count && seen > COUNT_MAX ? seen : COUNT_MAX;
    if (out->count > (size_t)f->limit)
        out->count = (size_t)f->limit;
    return ERR_OK;
}

/* ---- parts of lists ----------------------------------------------------------------------- */

/* clang-format off */
/* $3 priority, $4 category, $5 pattern. OFFSET 0 has one ticket after the other looked up. */
#define HAS_FIELDS(t)                                                                              \
    "(($3 IS NULL AND $4 IS NULL) OR EXISTS (SELECT FROM ticket k WHERE k.id = " t ".ticket_id"    \
    " AND ($3 IS NULL OR k.priority = $3) AND ($4 IS NULL OR lower(k.category) = lower($4))"       \
    " OFFSET 0))"
#define HAS_WORDS(t)                                                                               \
    "($5 IS NULL OR EXISTS (SELECT FROM ticket_text z WHERE z.ticket_id = " t ".ticket_id"         \
    " AND z.words LIKE lower($5) OFFSET 0))"
/* $6 how many not, $7 up to which. */
#define PAGE_OF(ids) "coalesce((" ids ")[($6 + 1)::int : $7::int], '{}')"

/* $8 how many tasks are asked; OFFSET 0 has each asked once. The index is of use only where there are
 * three letters in a row. */
#define WALK(of)                                                                                   \
    "SELECT count(*), count(*) FILTER (WHERE t.is_found), "                                        \
    PAGE_OF("array_agg(t.id ORDER BY " IN_ORDER("t") ") FILTER (WHERE t.is_found)") ","            \
    " coalesce($5 ~ '[[:alnum:]]{3}', false), (SELECT c.reltuples::bigint FROM pg_class c"         \
    "  WHERE c.oid = 'ticket_text'::regclass)"                                                     \
    " FROM (SELECT n.*, " HAS_FIELDS("n") " AND " HAS_WORDS("n") " AS is_found"                    \
    "  FROM " NEWEST(of, "$8") " n OFFSET 0) t"

#define HITS(of)                                                                                   \
    "WITH hit AS MATERIALIZED (SELECT x.ticket_id FROM ticket_text x WHERE x.is_sorted"            \
    "  AND x.words LIKE lower($5) LIMIT " HITS_TEXT "),"                                           \
    " fresh AS (SELECT x.ticket_id FROM ticket_text x WHERE NOT x.is_sorted"                       \
    "  AND x.words LIKE lower($5)),"                                                               \
    " match AS (SELECT t.id, t.submitted_at FROM (TABLE hit UNION ALL TABLE fresh) h"              \
    "  CROSS JOIN LATERAL (SELECT * FROM task y WHERE y.ticket_id = h.ticket_id AND " of("y")      \
    "   AND y.status = ANY ($2) OFFSET 0) t WHERE " HAS_FIELDS("t") ") "                           \
    "SELECT (SELECT count(*) FROM hit), count(*), "                                                \
    PAGE_OF("array_agg(t.id ORDER BY " IN_ORDER("t") ")") " FROM match t"

DB_READ(task_owned_walk, "iTtttiii", "iiIbi", WALK(OF_OWNER));
DB_READ(task_list_walk, "iTtttiii", "iiIbi", WALK(OF_ALL));
DB_READ(task_owned_hits, "iTtttii", "iiI", HITS(OF_OWNER));
DB_READ(task_list_hits, "iTtttii", "iiI", HITS(OF_ALL));
/* clang-format on */

/* asked: of how many tasks, or tickets of the index, that many were found, and those of the page.
 */
struct finding {
    int64_t asked, found;
    const int64_t *ids;
    size_t count;
};

static struct finding read_finding(const struct db_result *r)
{
    struct finding f = {.asked = db_get_int(r, 0, 0), .found = db_get_int(r, 0, 1)};
    f.count = db_get_int_array(r, 0, 2, &f.ids);
    return f;
}

/* expected: how many tickets the index is going to find; INT64_MAX where it is of no use. */
static enum err CO_FN walk(struct db_session *s, const struct listing *l, int64_t asked,
                           struct finding *out, int64_t *expected)
{
    struct db_result *r;
    const struct task_filter *f = l->filter;
    const struct db_stmt *stmt = l->owner_id != NO_PERSON ? &task_owned_walk : &task_list_walk;
    enum err rc =
        db_query(s, stmt, &r, DB_OPT_INT(l->owner_id), DB_STR_ARRAY(l->statuses, l->status_count),
                 DB_STR(f->priority), DB_STR(f->category), DB_STR(l->pattern), DB_INT(f->offset),
                 DB_INT(f->offset + f->limit), DB_INT(asked));
    if (rc)
        return rc;
    *out = read_finding(r);
    *expected = INT64_MAX;
    if (db_get_bool(r, 0, 3) && out->asked > 0)
        *expected = out->found * (db_get_int(r, 0, 4) / out->asked);
    return ERR_OK;
}

static enum err CO_FN look_up(struct db_session *s, const struct listing *l, struct finding *out)
{
    struct db_result *r;
    const struct task_filter *f = l->filter;
    const struct db_stmt *stmt = l->owner_id != NO_PERSON ? &task_owned_hits : &task_list_hits;
    enum err rc =
        db_query(s, stmt, &r, DB_OPT_INT(l->owner_id), DB_STR_ARRAY(l->statuses, l->status_count),
                 DB_STR(f->priority), DB_STR(f->category), DB_STR(l->pattern), DB_INT(f->offset),
                 DB_INT(f->offset + f->limit));
    if (rc == ERR_OK)
        *out = read_finding(r);
    return rc;
}

/* How many tasks there are to ask for as many as are wanted, if they go on as they began. */
static int64_t asked_for(const struct finding *f, int64_t wanted)
{
    return f->found > 0 ? wanted * f->asked / f->found : INT64_MAX;
}

/* Asks as many more as it should take, and then some. */
static int64_t ask_more(const struct finding *f, int64_t wanted)
{
    int64_t more = 8 * f->asked;
    if (f->found > 0 && wanted / f->found < 8)
        more = asked_for(f, wanted) * 3 / 2;
    return more > 2 * f->asked ? more : 2 * f->asked;
}

/* A ticket of the index costs about as much as two tasks that are asked. */
static bool is_rare(const struct finding *f, int64_t wanted, int64_t expected)
{
    return expected <= HITS_MAX && 2 * expected <= asked_for(f, wanted);
}

/* is_whole: nothing is left that could be found. */
static enum err CO_FN find(struct db_session *s, const struct listing *l, struct finding *out,
                           bool *is_whole)
{
    int64_t wanted = l->filter->offset + l->filter->limit + 1, expected;
    int64_t asked = wanted > SAMPLE ? wanted : SAMPLE;
    bool may_look_up = true;
    for (;;) {
        enum err rc = walk(s, l, asked, out, &expected);
        bool is_short = l->pattern.p && expected == INT64_MAX;
        *is_whole = rc == ERR_OK && out->asked < asked;
        if (rc || *is_whole || out->found >= wanted || (is_short && asked >= SHORT_MAX))
            return rc;
        if (may_look_up && is_rare(out, wanted, expected)) {
            struct finding hits;
            rc = look_up(s, l, &hits);
            *is_whole = rc == ERR_OK && hits.asked <= HITS_MAX;
            if (*is_whole)
                *out = hits;
            if (rc || *is_whole)
                return rc;
            may_look_up = false;
        }
        asked = is_short ? SHORT_MAX : ask_more(out, wanted);
    }
}

static enum err CO_FN read_part(struct db_session *s, const struct listing *l,
                                struct task_page *out)
{
    struct finding f;
    struct db_result *r;
    bool is_whole, is_owned = l->owner_id != NO_PERSON;
    enum err rc = find(s, l, &f, &is_whole);
    if (rc)
        return rc;
    out->total = f.found;
    out->is_more = !is_whole;
    rc = db_query(s, is_owned ? &task_owned_chosen : &task_list_chosen, &r,
                  DB_INT_ARRAY(f.ids, f.count));
    if (rc == ERR_OK)
        read_page(s, r, !is_owned, out);
    return rc;
}

/* ---- lists -------------------------------------------------------------------------------- */

static enum err CO_FN read_list(struct db_session *s, int64_t owner_id, const struct task_filter *f,
                                struct task_page *out)
{
    struct listing l = listing_of(s->arena, owner_id, f);
    *out = (struct task_page){0};
    if (f->search.p || f->priority.p || f->category.p)
        return read_part(s, &l, out);
    return read_whole(s, &l, out);
}

enum err task_store_owned(struct db_session *s, int64_t owner_id, const struct task_filter *f,
                          struct task_page *out)
{
    return read_list(s, owner_id, f, out);
}

/* What a person is involved in, and the task of a ticket, are few. */
/* clang-format off */
#define FILTER                                                                                     \
    "($2 IS NULL OR t.status = $2) AND (($3 IS NULL AND $4 IS NULL AND $5 IS NULL)"                \
    " OR EXISTS (SELECT 1 FROM ticket f WHERE f.id = t.ticket_id"                                  \
    "  AND ($3 IS NULL OR f.priority = $3) AND ($4 IS NULL OR lower(f.category) = lower($4))"      \
    "  AND ($5 IS NULL OR f.subject ILIKE $5 OR f.description ILIKE $5 OR f.number ILIKE $5)))"
#define FEW(condition)                                                                             \
    "SELECT c.total, " VIEW_FIELDS ", " EXITS_OF("t.current_step_id")                              \
    " FROM (SELECT count(*) AS total FROM task t WHERE " condition ") c"                           \
    " LEFT JOIN LATERAL (SELECT * FROM task t WHERE " condition                                    \
    "  ORDER BY " IN_ORDER("t") " LIMIT $6 OFFSET $7) t ON true" VIEW_JOINS                        \
    "ORDER BY " IN_ORDER("t")
#define INVOLVED                                                                                   \
    "t.id IN (SELECT x.id FROM task x WHERE x.owner_id = $1"                                       \
    " UNION ALL SELECT x.task_id FROM task_item x WHERE x.assignee_id = $1"                        \
    " UNION ALL SELECT x.id FROM task x JOIN ticket y ON y.id = x.ticket_id"                       \
    "  WHERE y.requester_id = $1)"
#define NUMBERED "t.ticket_id = (SELECT y.id FROM ticket y WHERE y.number = $8)"

DB_READ(task_list_involved, "ittttii", "i" VIEW_COLS EXIT_COLS, FEW(INVOLVED " AND " FILTER));
DB_READ(task_list_numbered, "ittttiit", "i" VIEW_COLS EXIT_COLS,
        FEW(NUMBERED " AND ($1 IS NULL OR EXISTS (SELECT FROM ticket k WHERE k.id = t.ticket_id"
            "  AND (" IS_INVOLVED("$1") ") OFFSET 0)) AND " FILTER));
/* clang-format on */

enum err task_store_list(struct db_session *s, int64_t viewer_id, const struct task_filter *f,
                         struct task_page *out)
{
    struct db_result *r;
    struct str pattern = task_like_pattern(s->arena, f->search);
    enum err rc;
    if (f->ticket_number.p)
        rc = db_query(s, &task_list_numbered, &r, DB_OPT_INT(viewer_id), DB_STR(f->status),
                      DB_STR(f->priority), DB_STR(f->category), DB_STR(pattern), DB_INT(f->limit),
                      DB_INT(f->offset), DB_STR(f->ticket_number));
    else if (viewer_id == NO_PERSON)
        return read_list(s, NO_PERSON, f, out);
    else
        rc = db_query(s, &task_list_involved, &r, DB_INT(viewer_id), DB_STR(f->status),
                      DB_STR(f->priority), DB_STR(f->category), DB_STR(pattern), DB_INT(f->limit),
                      DB_INT(f->offset));
    if (rc)
        return rc;
    *out = (struct task_page){.total = db_get_int(r, 0, 0)};
    read_page(s, r, true, out);
    return ERR_OK;
}
