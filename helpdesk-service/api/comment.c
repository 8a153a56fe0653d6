#include "actor.h"
#include "api/access.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/ticket_json.h"
#include "api/write.h"
#include "buf.h"
#include "events/publish.h"

enum err comment_list(struct req *r)
{
    struct page p = page_of(r->query_args);
    struct comment *comments;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    int64_t total;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = comment_store_page(s, t.id, ticket_may_see_internal(r->actor, &t), page_skip(p),
                                p.size, &comments, &count, &total);
    if (rc)
        return rc;
    w = page_begin(r, p, total, count);
    for (size_t i = 0; i < count; i++)
        ticket_json_comment(w, &comments[i]);
    return page_end(r, w);
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct comment *comment = arg;
    struct json_writer w;
    struct cause cause;
    struct ticket t;
    struct buf b;
    enum err rc = access_lock(r, s, &t);

    if (rc)
        return rc;
    if (comment->is_internal && !ticket_may_see_internal(r->actor, &t))
        return ERR_FORBIDDEN;
    if (ticket_status_is_final(t.status) && viewer_of(r) == t.requester_id) {
        req_detail_str(r, "current_status", str_from(ticket_status_helpdesk(t.status)));
        return refuse(r, ERR_CONFLICT, "A closed ticket must be reopened first");
    }
    cause_from_request(&cause, r);
    rc = comment_store_add(s, &t, comment, &cause);
    if (rc == ERR_OK)
        rc = publish_ticket_commented(s, &t, comment->comment, comment->is_internal, &cause);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    ticket_json_comment(&w, comment);
    *out = (struct answer){.status = 201, .body = buf_str(&b)};
    return ERR_OK;
}

enum err comment_post(struct req *r)
{
    const struct comment_body *b = r->body;
    struct comment c = {
        .comment = b->comment,
        .is_internal = str_eq(b->visibility, STR("internal")),
    };

    return write_run(r, req_body_text(r), add, &c);
}
