#include "actor.h"
#include "api/access.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/write.h"
#include "buf.h"
#include "page.h"
#include "service.h"
#include "store/link_store.h"

static void write_one(struct json_writer *w, const struct ticket_link *l)
{
    jw_object(w);
    JW_INT(w, "id", l->id);
    JW_STR(w, "type", str_from(ticket_relation_word(l->relation)));
    JW_STR(w, "ticket_number", l->other_number);
    JW_STR(w, "subject", l->other_subject);
    JW_STR(w, "status", str_from(ticket_status_helpdesk(l->other_status)));
    JW_KEY(w, "created_by");
    if (l->created_by == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, l->created_by);
    JW_STR(w, "created_by_name", l->created_by_name);
    JW_TIME(w, "created_at", l->created_at);
    jw_end_object(w);
}

enum err link_list(struct req *r)
{
    struct ticket_viewer viewer = ticket_viewer_of(r);
    struct ticket_link *links;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = link_store_list(s, t.id, &viewer, actor_may(r->actor, PERM_TICKET_READ_ALL), &links,
                             &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++)
        write_one(w, &links[i]);
    return page_end(r, w);
}

/* A ticket one may not see is as good as none: nobody finds numbers by linking. */
static enum err CO_FN find_other(struct req *r, struct db_session *s, const struct ticket *t,
                                 struct str number, struct ticket *out)
{
    enum err rc = ticket_store_by_number(s, number, viewer_of(r), out);

    if (rc && rc != ERR_TICKET_NOT_FOUND)
        return rc;
    if (rc || !ticket_may_view(r->actor, out))
        req_field_error(r, "ticket_number", "is no ticket that you may see");
    else if (out->id == t->id)
        req_field_error(r, "ticket_number", "is the ticket itself");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err CO_FN lock_to_work(struct req *r, struct db_session *s, struct ticket *t)
{
    enum err rc = ticket_store_lock_number(s, req_param(r, "number"), viewer_of(r), t);

    if (rc)
        return rc;
    return ticket_may_work(r->actor, t) ? ERR_OK : ERR_FORBIDDEN;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct link_body *b = arg;
    struct ticket_link link;
    struct ticket t, other;
    struct json_writer w;
    struct cause cause;
    struct buf text;
    enum err rc = lock_to_work(r, s, &t);

    if (rc == ERR_OK)
        rc = find_other(r, s, &t, b->ticket_number, &other);
    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = link_store_add(s, &t, ticket_relation_parse(b->type), &other, &cause, &link);
    if (rc == ERR_CONFLICT)
        return refuse(r, rc, "The child has a parent, or is an ancestor of this one");
    if (rc)
        return rc;
    buf_init(&text, r->arena);
    jw_init(&w, &text);
    write_one(&w, &link);
    *out = (struct answer){.status = 201, .body = buf_str(&text)};
    return ERR_OK;
}

enum err link_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const int64_t *id = arg;
    struct cause cause;
    struct ticket t;
    enum err rc = lock_to_work(r, s, &t);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    out->status = 204;
    return link_store_remove(s, &t, *id, &cause);
}

enum err link_delete(struct req *r)
{
    int64_t id;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    return write_run(r, STR(""), take_off, &id);
}
