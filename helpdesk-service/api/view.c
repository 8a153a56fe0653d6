/* Saved views: lists of tickets under a name, and their counters. */
#include "actor.h"
#include "api/handlers.h"
#include "api/ticket_list.h"
#include "api/ticket_query.h"
#include "api/view_count.h"
#include "api/write.h"
#include "buf.h"
#include "state.h"
#include "store/view_store.h"

/* What everybody has. is_for_staff: of no use to others. */
static const struct {
    const char *id, *name, *staff_query, *query, *sort;
    bool is_for_staff;
} BUILT_IN[] = {
    {"my-open", "My open tickets", "owner:me is:open", "requester:me is:open", "-updated_at",
     false},
    {"unassigned", "Unassigned", "owner:none is:open", NULL, "created_at", true},
    {"all-open", "All open", "is:open", "is:open", "-created_at", false},
    {"waiting-approval", "Waiting for approval", "is:pending", NULL, "created_at", true},
    {"recently-updated", "Recently updated", "updated:<7d", "updated:<7d", "-updated_at", false},
};
#define BUILT_IN_COUNT (sizeof BUILT_IN / sizeof *BUILT_IN)

static const char COLUMNS[] =
    "|ticket_number|subject|status|priority|category|sub_category|department|requester|owner|tags|"
    "approval_status|csat_rating|created_at|updated_at|";

struct view {
    struct ticket_view_row row;
    const char *built_in; /* its id; NULL: a saved one */
};

static bool is_staff(const struct req *r)
{
    return actor_may(r->actor, PERM_TICKET_WORK) || actor_is_admin(r->actor);
}

static bool built_in_at(const struct req *r, size_t i, struct view *out)
{
    bool staff = is_staff(r);

    if (BUILT_IN[i].is_for_staff && !staff)
        return false;
    *out = (struct view){
        .built_in = BUILT_IN[i].id,
        .row = {.owner_id = TICKET_NONE,
                .name = str_from(BUILT_IN[i].name),
                .query = str_from(staff ? BUILT_IN[i].staff_query : BUILT_IN[i].query),
                .sort = str_from(BUILT_IN[i].sort),
                .shared_with = STR("everybody"),
                .created_at = TICKET_NONE,
                .updated_at = TICKET_NONE},
    };
    return true;
}

static struct view_reader reader_of(struct req *r)
{
    const struct actor *a = r->actor;
    struct str *roles = ARENA_ARRAY(r->arena, struct str, a->role_count + 1);

    for (size_t i = 0; i < a->role_count; i++)
        roles[i] = str_printf(r->arena, "%.*s:%.*s", STR_ARG(a->roles[i].system),
                              STR_ARG(a->roles[i].role));
    return (struct view_reader){a->user_id, roles, a->role_count};
}

/* By the path parameter; ERR_NOT_FOUND. */
static enum err CO_FN find(struct req *r, struct db_session *s, struct view *out)
{
    struct view_reader reader = reader_of(r);
    struct str word = req_param(r, "id");
    int64_t id;

    for (size_t i = 0; i < BUILT_IN_COUNT; i++)
        if (str_eq(word, str_from(BUILT_IN[i].id)))
            return built_in_at(r, i, out) ? ERR_OK : ERR_NOT_FOUND;
    *out = (struct view){0};
    return req_param_int(r, "id", &id) ? view_store_by_id(s, id, &reader, &out->row)
                                       : ERR_NOT_FOUND;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void put_id(struct json_writer *w, const struct view *v)
{
    JW_KEY(w, "id");
    if (v->built_in)
        jw_str(w, str_from(v->built_in));
    else
        jw_int(w, v->row.id);
}

static void put_view(struct json_writer *w, const struct view *v)
{
    const struct ticket_view_row *row = &v->row;

    jw_object(w);
    put_id(w, v);
    JW_STR(w, "name", row->name);
    JW_STR(w, "query", row->query);
    JW_STR(w, "sort", row->sort);
    JW_KEY(w, "columns");
    jw_array(w);
    for (size_t i = 0; i < row->column_count; i++)
        jw_str(w, row->columns[i]);
    jw_end_array(w);
    JW_STR(w, "shared_with", row->shared_with);
    JW_STR(w, "role", row->role);
    JW_KEY(w, "owner_id");
    if (v->built_in)
        jw_null(w);
    else
        jw_int(w, row->owner_id);
    JW_BOOL(w, "is_built_in", v->built_in != NULL);
    JW_INT(w, "position", row->position);
    JW_INT(w, "version", row->version);
    JW_TIME(w, "created_at", row->created_at);
    JW_TIME(w, "updated_at", row->updated_at);
    jw_end_object(w);
}

/* Built-in ones first, one's own, those of others. */
static enum err CO_FN all(struct req *r, struct db_session *s, struct view **out, size_t *count)
{
    struct view_reader reader = reader_of(r);
    struct ticket_view_row *rows;
    size_t n;
    enum err rc = view_store_list(s, &reader, &rows, &n);

    if (rc)
        return rc;
    *out = ARENA_ARRAY(r->arena, struct view, BUILT_IN_COUNT + n);
    *count = 0;
    for (size_t i = 0; i < BUILT_IN_COUNT; i++)
        *count += built_in_at(r, i, &(*out)[*count]);
    for (size_t i = 0; i < n; i++)
        (*out)[(*count)++] = (struct view){.row = rows[i]};
    return ERR_OK;
}

enum err CO_FN view_list(struct req *r)
{
    struct json_writer *w;
    struct db_session *s;
    struct view *views;
    size_t count;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = all(r, s, &views, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++)
        put_view(w, &views[i]);
    return page_end(r, w);
}

enum err CO_FN view_get(struct req *r)
{
    struct db_session *s;
    struct view v;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = find(r, s, &v);
    if (rc)
        return rc;
    if (!v.built_in)
        req_set_header(r, "ETag", etag_format(r->arena, v.row.version));
    put_view(req_json_begin(r), &v);
    return req_json_end(r, 200);
}

enum err CO_FN view_tickets(struct req *r)
{
    const struct page_query *q = r->query_args;
    struct ticket_filter f;
    struct db_session *s;
    struct view v;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = find(r, s, &v);
    if (rc == ERR_OK)
        rc = ticket_query_read(r, "query", v.row.query, &f);
    if (rc)
        return rc;
    ticket_query_sort(v.row.sort, &f);
    return ticket_list_reply(r, q, &f, v.row.version);
}

/* ---- counters ----------------------------------------------------------------------------- */

#define COUNT_MAX 10000

static enum err CO_FN put_count(struct req *r, struct db_session *s, struct json_writer *w,
                                const struct view *v, const struct ticket_filter *f)
{
    struct view_count c;
    enum err rc = view_count(r, s, f, v->row.query, &c);

    if (rc)
        return rc;
    jw_object(w);
    put_id(w, v);
    /* What the figures know is exact beyond what is counted one by one. */
    JW_INT(w, "count", !c.is_exact && c.n > COUNT_MAX ? COUNT_MAX : c.n);
    if (!c.is_exact && c.n > COUNT_MAX)
        JW_BOOL(w, "count_estimated", true);
    JW_TIME_MS(w, "as_of", c.as_of);
    jw_end_object(w);
    return ERR_OK;
}

enum err CO_FN view_count_get(struct req *r)
{
    struct ticket_filter f;
    struct json_writer w;
    struct db_session *s;
    struct view v;
    struct buf b;
    enum err rc = req_db(r, &s);

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    if (rc == ERR_OK)
        rc = find(r, s, &v);
    if (rc == ERR_OK)
        rc = ticket_query_read(r, "query", v.row.query, &f);
    if (rc == ERR_OK)
        rc = put_count(r, s, &w, &v, &f);
    return rc ? rc : req_reply(r, 200, "application/json", buf_str(&b));
}

enum err CO_FN view_counts_get(struct req *r)
{
    struct json_writer w;
    struct db_session *s;
    struct view *views;
    struct buf b;
    size_t count, shown = 0;
    enum err rc = req_db(r, &s);

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_array(&w);
    if (rc == ERR_OK)
        rc = all(r, s, &views, &count);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        struct query_problem ignored;
        struct ticket_filter f;

        ticket_query_init(r->actor, &f);
        /* A query that was good once and is no more has no counter. */
        if (ticket_query_add(r->arena, helpdesk_of(r)->catalogue, r->actor, views[i].row.query,
                             r->now, &f, &ignored))
            continue;
        rc = put_count(r, s, &w, &views[i], &f);
        shown++;
    }
    if (rc)
        return rc;
    jw_end_array(&w);
    return req_reply(
        r, 200, "application/json",
        str_printf(r->arena, "{\"count\":%zu,\"results\":%.*s}", shown, STR_ARG(buf_str(&b))));
}

/* ---- changing ----------------------------------------------------------------------------- */

static bool is_column(struct arena *a, struct str name)
{
    return str_index(name, '|', 0) < 0 &&
           str_find(str_from(COLUMNS), str_printf(a, "|%.*s|", STR_ARG(name))) >= 0;
}

static bool is_role(struct str s)
{
    ptrdiff_t colon = str_index(s, ':', 0);

    return colon > 0 && (size_t)colon + 1 < s.len;
}

/* What the body changes in the row, checked. ERR_FORBIDDEN for sharing by who may not. */
static enum err take(struct req *r, const struct view_body *b, struct ticket_view_row *v)
{
    struct ticket_filter f;

    if (b->name.p)
        v->name = str_trim(b->name);
    if (b->query.p)
        v->query = b->query;
    if (b->sort.p)
        v->sort = b->sort;
    if (json_get(req_json(r), "columns")) {
        v->columns = b->columns.items;
        v->column_count = b->columns.count;
    }
    if (b->shared_with.p)
        v->shared_with = b->shared_with;
    if (b->role.p)
        v->role = b->role;
    if (b->position != JSON_NO_INT)
        v->position = b->position;
    if (!str_eq(v->shared_with, STR("role")))
        v->role = STR_NULL;
    else if (!is_role(v->role))
        req_field_error(r, "role", "must be a system and a role: \"hdts:Ticket Coordinator\"");
    if (str_is_empty(v->name))
        req_field_error(r, "name", "must not be empty");
    for (size_t i = 0; i < v->column_count; i++)
        if (!is_column(r->arena, v->columns[i]))
            req_field_error(r, "columns", "have one that is not known");
    if (ticket_query_read(r, "query", v->query, &f) || req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    return str_eq(v->shared_with, STR("private")) || is_staff(r) ? ERR_OK : ERR_FORBIDDEN;
}

static void answer_with(struct req *r, const struct ticket_view_row *row, int status,
                        struct answer *out)
{
    const struct view v = {.row = *row};
    struct json_writer w;
    struct buf b;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    put_view(&w, &v);
    *out = (struct answer){.status = status, .body = buf_str(&b), .version = row->version};
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct ticket_view_row v = {.owner_id = r->actor->user_id,
                                .query = STR(""),
                                .sort = STR("-created_at"),
                                .shared_with = STR("private"),
                                .created_at = r->now,
                                .updated_at = r->now};
    enum err rc = take(r, arg, &v);

    if (rc == ERR_OK)
        rc = view_store_add(s, &v);
    if (rc == ERR_CONFLICT)
        return refuse(r, rc, "There are 50 views already");
    answer_with(r, &v, 201, out);
    out->location = str_printf(r->arena, "/api/v1/views/%lld", (long long)v.id);
    return rc;
}

enum err CO_FN view_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

/* Locked, when the actor may change it: the owner, and administrators what is shared. */
static enum err CO_FN lock(struct req *r, struct db_session *s, struct ticket_view_row *v)
{
    struct view_reader reader = reader_of(r);
    struct view built_in;
    int64_t id;
    enum err rc;

    for (size_t i = 0; i < BUILT_IN_COUNT; i++)
        if (str_eq(req_param(r, "id"), str_from(BUILT_IN[i].id)))
            return built_in_at(r, i, &built_in) ? ERR_FORBIDDEN : ERR_NOT_FOUND;
    rc = req_param_int(r, "id", &id) ? view_store_lock(s, id, &reader, v) : ERR_NOT_FOUND;
    if (rc)
        return rc;
    if (v->owner_id != r->actor->user_id && !actor_is_admin(r->actor))
        return ERR_FORBIDDEN;
    return write_check_match(r, v->version);
}

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct ticket_view_row v;
    enum err rc = lock(r, s, &v);

    if (rc == ERR_OK)
        rc = take(r, arg, &v);
    if (rc)
        return rc;
    v.updated_at = r->now;
    rc = view_store_update(s, &v);
    answer_with(r, &v, 200, out);
    return rc;
}

enum err CO_FN view_patch(struct req *r)
{
    return write_run(r, req_body_text(r), patch, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct ticket_view_row v;
    enum err rc = lock(r, s, &v);

    out->status = 204;
    return rc ? rc : view_store_delete(s, v.id);
}

enum err CO_FN view_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}
