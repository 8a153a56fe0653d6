/* The audit trail: written by the handlers, read by administrators. */
#include "api/audit.h"

#include <inttypes.h>

#include "actor.h"
#include "api/admin_handlers.h"
#include "api/app.h"
#include "cursor.h"

#define PAGE_SIZE 50
#define PAGE_SIZE_MAX 200
#define LIST STR("auth/audit")

/* ---- writing ------------------------------------------------------------------------------- */

struct audit_origin audit_origin(struct req *r)
{
    return (struct audit_origin){
        .at = r->now,
        .actor_id = r->actor ? r->actor->user_id : 0,
        .actor = r->actor ? r->actor->service : STR_NULL,
        .address = r->peer,
        .user_agent = req_header(r, "User-Agent"),
        .trace_id = r->log.trace_id,
    };
}

struct audit_event audit_of(struct req *r, const char *action, const char *target_type,
                            int64_t target_id)
{
    struct audit_event e = {.origin = audit_origin(r), .action = action};

    if (target_id > 0) {
        e.target_type = target_type;
        e.target_id = str_printf(r->arena, "%" PRId64, target_id);
    }
    return e;
}

struct str audit_detail(struct arena *a, const char *name, struct str value)
{
    struct buf b;
    struct json_writer w;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, str_from(name));
    jw_str(&w, value);
    jw_end_object(&w);
    return buf_str(&b);
}

/* The details with one more member in front. */
static struct str with_code(struct arena *a, struct str details, enum err why)
{
    if (details.len <= 2)
        return audit_detail(a, "code", str_from(err_code(why)));
    return str_printf(a, "{\"code\":\"%s\",%.*s", err_code(why), (int)details.len - 1,
                      details.p + 1);
}

enum err CO_FN audit_refuse(struct req *r, const struct audit_event *e, enum err why)
{
    struct audit_event refusal = *e;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    refusal.refused = true;
    refusal.details = with_code(r->arena, e->details, why);
    if (rc == ERR_OK)
        rc = audit_put(s, &refusal);
    if (rc)
        log_error("a refusal is missing from the audit trail", LOG_CSTR("action", e->action),
                  LOG_CSTR("error", err_code(rc)));
    return why;
}

/* ---- reading ------------------------------------------------------------------------------- */

#define QUERY_AT(member) offsetof(struct audit_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"actor_id", JK_INT, QUERY_AT(actor_id), JF_COERCE, 1, INT64_C(1) << 53},
    {"action", JK_STR, QUERY_AT(action), 0, 0, 100, .doc = "such as role.grant"},
    {"target_type", JK_STR, QUERY_AT(target_type), 0, 0, 100},
    {"target_id", JK_STR, QUERY_AT(target_id), 0, 0, 100},
    {"result", JK_ENUM, QUERY_AT(result), .choices = "allowed|refused"},
    {"from", JK_TIME, QUERY_AT(from), .doc = "inclusive"},
    {"to", JK_TIME, QUERY_AT(to), .doc = "exclusive"},
    {"limit", JK_INT, QUERY_AT(limit), JF_COERCE, 1, PAGE_SIZE_MAX, .alias = "page_size"},
    {"cursor", JK_STR, QUERY_AT(cursor), 0, 0, 1000, .doc = "next_cursor of the page before"},
};
JSON_SCHEMA(AUDIT_QUERY, "AuditQuery", struct audit_query, QUERY_FIELDS);

struct event_view {
    int64_t id, at, actor_id;
    struct str actor, action, target_type, target_id, result, address, user_agent, trace_id;
    struct str details;
};
#define EVENT_AT(member) offsetof(struct event_view, member)
static const struct json_field EVENT_FIELDS[] = {
    {"id", JK_INT, EVENT_AT(id)},
    {"at", JK_TIME, EVENT_AT(at), JF_MS},
    {"actor_id", JK_INT, EVENT_AT(actor_id), .doc = "the person who acted"},
    {"actor", JK_STR, EVENT_AT(actor), .doc = "the program that acted"},
    {"action", JK_STR, EVENT_AT(action)},
    {"target_type", JK_STR, EVENT_AT(target_type)},
    {"target_id", JK_STR, EVENT_AT(target_id)},
    {"result", JK_STR, EVENT_AT(result), .doc = "allowed or refused"},
    {"address", JK_STR, EVENT_AT(address)},
    {"user_agent", JK_STR, EVENT_AT(user_agent)},
    {"trace_id", JK_STR, EVENT_AT(trace_id)},
    {"details", JK_RAW, EVENT_AT(details)},
};
static JSON_SCHEMA(EVENT_VIEW, "AuditEvent", struct event_view, EVENT_FIELDS);

struct page_view {
    struct json_array results; /* struct event_view */
    struct str next_cursor;
};
static const struct json_field PAGE_FIELDS[] = {
    {"results", JK_ARRAY, offsetof(struct page_view, results), .sub = &EVENT_VIEW,
     .doc = "newest first"},
    {"next_cursor", JK_STR, offsetof(struct page_view, next_cursor), .doc = "null at the end"},
};
JSON_SCHEMA(AUDIT_PAGE_VIEW, "AuditPage", struct page_view, PAGE_FIELDS);

static struct event_view event_view(const struct audit_row *row)
{
    return (struct event_view){
        .id = row->id,
        .at = row->at,
        .actor_id = row->actor_id,
        .actor = row->actor,
        .action = row->action,
        .target_type = row->target_type,
        .target_id = row->target_id,
        .result = row->refused ? STR("refused") : STR("allowed"),
        .address = row->address,
        .user_agent = row->user_agent,
        .trace_id = row->trace_id,
        .details = row->details,
    };
}

static enum err read_filter(struct req *r, struct audit_filter *out)
{
    const struct audit_query *q = r->query_args;
    struct cursor from = {.id = INT64_MIN};

    if (q->cursor.p && cursor_decode(req_service(r)->jwt, r->arena, LIST, q->cursor, &from)) {
        req_field_error(r, "cursor", "is not a cursor of this list");
        return ERR_INVALID_INPUT;
    }
    *out = (struct audit_filter){
        .actor_id = q->actor_id,
        .action = q->action,
        .target_type = q->target_type,
        .target_id = q->target_id,
        .refused = q->result.p ? str_eq(q->result, STR("refused")) : JSON_UNSET,
        .from = q->from,
        .to = q->to,
        .before_id = from.id,
        .limit = q->limit == JSON_NO_INT ? PAGE_SIZE : q->limit,
    };
    return ERR_OK;
}

enum err CO_FN audit_list_get(struct req *r)
{
    struct audit_filter filter;
    struct audit_row *rows;
    struct event_view *views;
    struct page_view page = {.next_cursor = STR_NULL};
    struct db_session *s;
    size_t n;
    enum err rc = read_filter(r, &filter);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = audit_store_list(s, &filter, &rows, &n);
    if (rc)
        return rc;
    views = ARENA_ARRAY(r->arena, struct event_view, n);
    for (size_t i = 0; i < n; i++)
        views[i] = event_view(&rows[i]);
    page.results = (struct json_array){views, n};
    if ((int64_t)n == filter.limit)
        page.next_cursor = cursor_encode(req_service(r)->jwt, r->arena, LIST,
                                         &(struct cursor){STR(""), rows[n - 1].id});
    return req_reply_json(r, 200, &AUDIT_PAGE_VIEW, &page);
}
