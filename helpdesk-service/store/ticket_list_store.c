#include "store/ticket_list_store.h"

#include "arena.h"
#include "clock.h"
#include "store/filter_json.h"
#include "store/ticket_row.h"

/* The plain lists, which almost every request asks for; any filter or other order goes through
 * ticket_page(), which plans for exactly the filters given. */
#define PLAIN_PAGE(total, tickets)                                                                 \
    "SELECT n.total, " TICKET_COLS " FROM (SELECT " total " AS total) n "                          \
    "LEFT JOIN LATERAL (" tickets ") t ON true ORDER BY t.created_at DESC, t.id DESC"
/* The limit that is a number is never reached. It lets the server plan the first page, which is
 * most asked for, once: it takes a limit that is a parameter for a tenth of the table. */
#define FIRST_PAGE(total, tickets)                                                                 \
    PLAIN_PAGE(total, "SELECT t.* FROM (" tickets " LIMIT 200) t LIMIT $2")
#define COUNT(source, filter)                                                                      \
    "(SELECT count(*) FROM (SELECT 1 FROM " source " WHERE " filter " LIMIT 10001) m)"
/* A table that is certainly larger than the largest exact count is not counted. */
#define COUNT_ALL                                                                                  \
    "CASE WHEN (SELECT reltuples FROM pg_class WHERE oid = 'ticket'::regclass) > 20000 "           \
    "THEN 10001 ELSE " COUNT("ticket", "true") " END"
#define COUNT_OWN COUNT("ticket_participant", "user_id = $1")
#define ALL "SELECT t.* FROM ticket t WHERE $1 IS NULL ORDER BY t.created_at DESC, t.id DESC"
#define OWN                                                                                        \
    "SELECT t.* FROM ticket_participant p JOIN ticket t ON t.id = p.ticket_id "                    \
    "WHERE p.user_id = $1 ORDER BY p.created_at DESC, p.ticket_id DESC"

DB_READ(ticket_first_all, "ii", "i" TICKET_COL_TYPES, FIRST_PAGE(COUNT_ALL, ALL));
DB_READ(ticket_first_own, "ii", "i" TICKET_COL_TYPES, FIRST_PAGE(COUNT_OWN, OWN));
DB_READ(ticket_page_all, "iii", "i" TICKET_COL_TYPES,
        PLAIN_PAGE(COUNT_ALL, ALL " OFFSET $3 LIMIT $2"));
DB_READ(ticket_page_own, "iii", "i" TICKET_COL_TYPES,
        PLAIN_PAGE(COUNT_OWN, OWN " OFFSET $3 LIMIT $2"));
DB_READ(ticket_behind_own, "izii", "i" TICKET_COL_TYPES,
        "SELECT NULL::bigint, " TICKET_COLS " FROM ticket_participant p "
        "JOIN ticket t ON t.id = p.ticket_id WHERE p.user_id = $1 "
        "AND (p.created_at, p.ticket_id) < ($2, $3) "
        "ORDER BY p.created_at DESC, p.ticket_id DESC LIMIT $4");
#define PAGE_CALL "ticket_page($1, $2, $3, $4, $5, $6, $7, $8, $9)"
#define PAGE_PARAMS "jtbtziiib"
#define FILTERED_PAGE(total)                                                                       \
    "SELECT " total ", " TICKET_COLS " FROM " PAGE_CALL " n LEFT JOIN LATERAL unnest(n.ids) "      \
    "WITH ORDINALITY AS u (id, position) "                                                         \
    "ON true LEFT JOIN ticket t ON t.id = u.id ORDER BY u.position"
DB_READ_LONG(ticket_page_filtered, PAGE_PARAMS, "i" TICKET_COL_TYPES, FILTERED_PAGE("n.total"));
DB_READ_LONG(ticket_page_tallied, PAGE_PARAMS, "i" TICKET_COL_TYPES,
             FILTERED_PAGE("(SELECT LEAST(ticket_tally_count($1), 10001))"));
DB_READ_LONG(ticket_batch, PAGE_PARAMS, "iz",
             "SELECT t.id, t.created_at FROM " PAGE_CALL
             " n, unnest(n.ids) WITH ORDINALITY AS u (id, "
             "position) JOIN ticket t ON t.id = u.id ORDER BY u.position");
DB_READ(ticket_newest_all, "izii", "i" TICKET_COL_TYPES,
        "SELECT NULL::bigint, " TICKET_COLS " FROM ticket t WHERE $1 IS NULL "
        "AND (t.created_at, t.id) < ($2, $3) ORDER BY t.created_at DESC, t.id DESC LIMIT $4");
DB_READ(ticket_newest_own, "izii", "i" TICKET_COL_TYPES,
        "SELECT NULL::bigint, " TICKET_COLS " FROM ticket t WHERE t.requester_id = $1 "
        "AND (t.created_at, t.id) < ($2, $3) ORDER BY t.created_at DESC, t.id DESC LIMIT $4");
DB_READ(ticket_queue, "tzii", "i" TICKET_COL_TYPES,
        "SELECT NULL::bigint, " TICKET_COLS " FROM ticket t WHERE t.priority = $1::ticket_priority "
        "AND t.status <> 'Resolved' AND (t.created_at, t.id) > ($2, $3) "
        "ORDER BY t.created_at, t.id LIMIT $4");

/* Later than every ticket. */
#define TIME_MAX (4102444800LL * US_PER_S)

static bool is_plain(const struct ticket_filter *f)
{
    return !f->term_count && f->is_descending && str_eq(f->sort, STR("created_at"));
}

/* The first column is the total; a page without tickets has one row with nothing else in it. */
static void read_page(struct db_session *s, const struct db_result *rows, struct ticket_page *out)
{
    size_t n = db_rows(rows);
    struct ticket *tickets = ARENA_ARRAY(s->arena, struct ticket, n ? n : 1);

    *out =
        (struct ticket_page){.tickets = tickets, .total = n ? db_get_int(rows, 0, 0) : TICKET_NONE};
    for (size_t i = 0; i < n; i++)
        if (!db_is_null(rows, i, 1))
            ticket_from_row(rows, i, 1, &tickets[out->count++]);
}

static enum err CO_FN plain_page(struct db_session *s, const struct ticket_filter *f,
                                 struct db_result **rows)
{
    bool is_all = f->viewer_id == TICKET_NONE;

    if (!f->after && !f->skip)
        return db_query(s, is_all ? &ticket_first_all : &ticket_first_own, rows,
                        DB_OPT_INT(f->viewer_id), DB_INT(f->limit));
    if (!f->after)
        return db_query(s, is_all ? &ticket_page_all : &ticket_page_own, rows,
                        DB_OPT_INT(f->viewer_id), DB_INT(f->limit), DB_INT(f->skip));
    return db_query(s, is_all ? &ticket_newest_all : &ticket_behind_own, rows,
                    DB_OPT_INT(f->viewer_id), DB_TIME(f->after->time), DB_INT(f->after->id),
                    DB_INT(f->limit));
}

static enum err CO_FN filtered(struct db_session *s, const struct db_stmt *stmt,
                               const struct ticket_filter *f, bool is_counted,
                               struct db_result **rows)
{
    static const struct ticket_position BEGIN = {.time = TICKET_NONE, .id = TICKET_NONE};
    const struct ticket_position *after = f->after ? f->after : &BEGIN;

    return db_query(s, stmt, rows, DB_STR(filter_json(s->arena, f)), DB_STR(f->sort),
                    DB_BOOL(f->is_descending), DB_STR(after->word), DB_TIME(after->time),
                    DB_OPT_INT(after->id), DB_INT(f->skip), DB_INT(f->limit), DB_BOOL(is_counted));
}

enum err ticket_list_store_page(struct db_session *s, const struct ticket_filter *f,
                                struct ticket_page *out)
{
    struct db_result *rows;
    enum err rc;

    if (is_plain(f))
        rc = plain_page(s, f, &rows);
    else if (!f->after && filter_is_tallied(f))
        rc = filtered(s, &ticket_page_tallied, f, false, &rows);
    else
        rc = filtered(s, &ticket_page_filtered, f, !f->after, &rows);
    if (rc)
        return rc;
    read_page(s, rows, out);
    return ERR_OK;
}

static enum err CO_FN newest(struct db_session *s, const struct db_stmt *stmt,
                             const struct ticket_filter *f, struct db_result **rows)
{
    struct ticket_filter newest_first = *f;

    newest_first.sort = STR("created_at");
    newest_first.is_descending = true;
    newest_first.skip = 0;
    return filtered(s, stmt, &newest_first, false, rows);
}

enum err ticket_list_store_next(struct db_session *s, const struct ticket_filter *f,
                                struct ticket_page *out)
{
    struct db_result *rows;
    enum err rc = newest(s, &ticket_page_filtered, f, &rows);

    if (rc)
        return rc;
    read_page(s, rows, out);
    return ERR_OK;
}

enum err ticket_list_store_batch(struct db_session *s, const struct ticket_filter *f,
                                 struct ticket_batch *out)
{
    struct db_result *rows;
    int64_t *ids;
    enum err rc = newest(s, &ticket_batch, f, &rows);

    if (rc)
        return rc;
    *out = (struct ticket_batch){.count = db_rows(rows)};
    out->ids = ids = ARENA_ARRAY(s->arena, int64_t, out->count + 1);
    for (size_t i = 0; i < out->count; i++)
        ids[i] = db_get_int(rows, i, 0);
    if (out->count)
        out->last = (struct ticket_position){.time = db_get_time(rows, out->count - 1, 1),
                                             .id = ids[out->count - 1]};
    return ERR_OK;
}

struct ticket_position ticket_position_of(const struct ticket *t, struct str sort)
{
    struct ticket_position p = {.time = t->created_at, .id = t->id};

    if (str_eq(sort, STR("updated_at")))
        p.time = t->updated_at;
    else if (str_eq(sort, STR("priority")))
        p.word = str_from(ticket_priority_label(t->priority));
    else if (str_eq(sort, STR("status")))
        p.word = str_from(ticket_status_helpdesk(t->status));
    else if (str_eq(sort, STR("number")))
        p.word = t->number;
    return p;
}

enum err ticket_list_store_newest(struct db_session *s, int64_t requester_id,
                                  const struct ticket *after, int64_t limit,
                                  struct ticket_page *out)
{
    const struct db_stmt *stmt =
        requester_id == TICKET_NONE ? &ticket_newest_all : &ticket_newest_own;
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_OPT_INT(requester_id),
                           DB_TIME(after ? after->created_at : TIME_MAX),
                           DB_INT(after ? after->id : INT64_MAX), DB_INT(limit));

    if (rc)
        return rc;
    read_page(s, rows, out);
    return ERR_OK;
}

enum err ticket_list_store_queue(struct db_session *s, enum ticket_priority priority,
                                 const struct ticket *after, int64_t limit, struct ticket_page *out)
{
    struct db_result *rows;
    enum err rc = db_query(
        s, &ticket_queue, &rows, DB_STR(str_from(ticket_priority_label(priority))),
        DB_TIME(after ? after->created_at : 0), DB_INT(after ? after->id : 0), DB_INT(limit));

    if (rc)
        return rc;
    read_page(s, rows, out);
    return ERR_OK;
}
