#include "actor.h"
#include "api/access.h"
#include "api/handlers.h"
#include "api/ticket_json.h"
#include "api/write.h"
#include "clock.h"
#include "page.h"
#include "service.h"

static enum err CO_FN get(struct req *r, enum ticket_shape shape)
{
    struct db_session *s;
    struct ticket_view v;
    struct str etag;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = ticket_store_view(s, req_param(r, "number"), ticket_viewer_of(r), shape, &v);
    if (rc)
        return rc;
    if (!ticket_may_view(r->actor, &v.ticket))
        return ERR_FORBIDDEN;
    etag = etag_format(r->arena, v.ticket.version);
    req_set_header(r, "ETag", etag);
    req_set_header(r, "Cache-Control", STR("private, no-cache"));
    if (str_eq(req_header(r, "If-None-Match"), etag))
        return req_reply_empty(r, 304);
    ticket_json_view(req_json_begin(r), &v, shape);
    return req_json_end(r, 200);
}

enum err ticket_get_integration(struct req *r)
{
    return get(r, TICKET_SHAPE_INTEGRATION);
}

enum err ticket_get(struct req *r)
{
    return get(r, TICKET_SHAPE_FULL);
}

enum err ticket_history(struct req *r)
{
    struct history_query q;
    struct history_row *rows;
    struct page_found found = {0};
    struct cursor last = {0};
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    struct page p;
    enum err rc = page_read(r, r->query_args, &p);

    if (rc == ERR_OK)
        rc = access_ticket(r, &s, &t);
    if (rc)
        return rc;
    q = (struct history_query){.ticket_id = t.id,
                               .with_internal = ticket_may_see_internal(r->actor, &t),
                               .before_id = p.is_continued ? p.after.id : TICKET_NONE,
                               .skip = p.skip,
                               .limit = page_limit(&p)};
    rc = history_store_page(s, &q, &rows, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    if (page_shown(&p, &found))
        last.id = rows[page_shown(&p, &found) - 1].id;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < page_shown(&p, &found); i++)
        ticket_json_history(w, &rows[i]);
    return page_end(r, w);
}

/* What is known here of how long the ticket takes; the deadlines are the workflow's. */
enum err ticket_sla(struct req *r)
{
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    int64_t end;
    enum err rc = access_ticket(r, &s, &t);

    if (rc)
        return rc;
    end = t.completed_at == TICKET_NONE ? r->now : t.completed_at;
    w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "ticket_number", t.number);
    JW_STR(w, "status", str_from(ticket_status_helpdesk(t.status)));
    JW_STR(w, "priority", str_from(ticket_priority_label(t.priority)));
    JW_TIME(w, "created_at", t.created_at);
    JW_TIME(w, "first_response_at", t.first_response_at);
    JW_TIME(w, "date_completed", t.completed_at);
    JW_TIME(w, "time_closed", t.closed_at);
    JW_KEY(w, "first_response_seconds");
    if (t.first_response_at == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, (t.first_response_at - t.created_at) / US_PER_S);
    JW_INT(w, "elapsed_seconds", (end - t.created_at) / US_PER_S);
    JW_BOOL(w, "is_completed", t.completed_at != TICKET_NONE);
    jw_end_object(w);
    return req_json_end(r, 200);
}
