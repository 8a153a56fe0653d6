#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/ticket_json.h"
#include "api/write.h"
#include "buf.h"
#include "clock.h"
#include "events/publish.h"
#include "service.h"
#include "state.h"

enum err comment_list(struct req *r)
{
    struct comment_query q;
    struct comment *comments;
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
    q = (struct comment_query){.ticket_id = t.id,
                               .with_internal = ticket_may_see_internal(r->actor, &t),
                               .after_id = p.is_continued ? p.after.id : TICKET_NONE,
                               .skip = p.skip,
                               .limit = page_limit(&p)};
    rc = comment_store_page(s, &q, &comments, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    if (page_shown(&p, &found))
        last.id = comments[page_shown(&p, &found) - 1].id;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < page_shown(&p, &found); i++)
        ticket_json_comment(w, &comments[i]);
    return page_end(r, w);
}

/* The comment that the path names, if the person may see it. */
static enum err CO_FN find(struct req *r, struct db_session *s, const struct ticket *t,
                           struct comment *out)
{
    int64_t id;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    return comment_store_by_id(s, t->id, id, ticket_may_see_internal(r->actor, t), out);
}

enum err comment_get(struct req *r)
{
    struct db_session *s;
    struct comment c;
    struct ticket t;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = find(r, s, &t, &c);
    if (rc)
        return rc;
    req_set_header(r, "ETag", etag_format(r->arena, c.version));
    ticket_json_comment(req_json_begin(r), &c);
    return req_json_end(r, 200);
}

static void answer_with_comment(struct req *r, const struct comment *c, int status,
                                struct answer *out)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    ticket_json_comment(&w, c);
    *out = (struct answer){.status = status, .body = buf_str(&b), .version = c->version};
}

/* ---- adding ------------------------------------------------------------------------------- */

struct addition {
    struct comment comment;
    int64_t after_id; /* the newest one its author has read; JSON_NO_INT: not said */
};

/* Two people are not to answer the same question without knowing of each other. */
static enum err CO_FN check_newer(struct req *r, struct db_session *s, const struct ticket *t,
                                  int64_t after_id)
{
    struct comment_query q = {.ticket_id = t->id,
                              .with_internal = ticket_may_see_internal(r->actor, t),
                              .after_id = after_id};
    struct comment *newer;
    struct json_writer w;
    struct buf b;
    size_t count;
    enum err rc = comment_store_newer(s, &q, viewer_of(r), &newer, &count);

    if (rc || count == 0)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < count; i++)
        ticket_json_comment(&w, &newer[i]);
    jw_end_array(&w);
    req_detail(r, "new_comments", buf_str(&b));
    return ERR_CONFLICT_NEW_REPLY;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct addition *a = arg;
    struct cause cause;
    struct ticket t;
    enum err rc = access_lock(r, s, &t);

    if (rc)
        return rc;
    rc = ticket_check_comment(r->actor, &t, a->comment.is_internal);
    if (rc == ERR_CONFLICT) {
        req_detail_str(r, "current_status", str_from(ticket_status_helpdesk(t.status)));
        return refuse(r, ERR_CONFLICT, "A closed ticket must be reopened first");
    }
    if (rc == ERR_OK && a->after_id != JSON_NO_INT)
        rc = check_newer(r, s, &t, a->after_id);
    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = change_add_comment(s, &t, &a->comment, &cause);
    if (rc)
        return rc;
    answer_with_comment(r, &a->comment, 201, out);
    out->location = str_printf(r->arena, "/api/v1/tickets/%.*s/comments/%lld", STR_ARG(t.number),
                               (long long)a->comment.id);
    return ERR_OK;
}

enum err comment_post(struct req *r)
{
    const struct comment_body *b = r->body;
    struct addition a = {
        .comment = {.comment = b->comment, .is_internal = str_eq(b->visibility, STR("internal"))},
        .after_id = b->after_comment_id,
    };

    return write_run(r, req_body_text(r), add, &a);
}

/* ---- taking back what one has said -------------------------------------------------------- */

/* Locks the ticket; the comment must be the person's own, young enough, and of the wanted version.
 */
static enum err CO_FN lock_own(struct req *r, struct db_session *s, struct ticket *t,
                               struct comment *c)
{
    int64_t window_s = helpdesk_of(r)->config->comment_edit_s;
    enum err rc = ticket_store_lock_number(s, req_param(r, "number"), viewer_of(r), t);

    if (rc)
        return rc;
    if (!ticket_may_view(r->actor, t))
        return ERR_FORBIDDEN;
    rc = find(r, s, t, c);
    if (rc)
        return rc;
    if (c->author_id != viewer_of(r))
        return refuse(r, ERR_FORBIDDEN, "Only its author may change a comment");
    rc = write_check_match(r, c->version);
    if (rc)
        return rc;
    if (r->now - c->created_at > window_s * US_PER_S)
        return refuse(r, ERR_CONFLICT, "It is too late to change this comment");
    return ERR_OK;
}

static enum err CO_FN edit(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct comment_patch *p = arg;
    struct comment c;
    struct cause cause;
    struct ticket t;
    enum err rc = lock_own(r, s, &t, &c);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    if (!str_eq(p->comment, c.comment)) {
        rc = comment_store_edit(s, &t, &c, p->comment, &cause);
        if (rc == ERR_OK)
            rc = publish_ticket_updated(s, &t, &cause);
    }
    answer_with_comment(r, &c, 200, out);
    return rc;
}

enum err comment_edit(struct req *r)
{
    return write_run(r, req_body_text(r), edit, r->body);
}

static enum err CO_FN take_back(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct comment c;
    struct cause cause;
    struct ticket t;
    enum err rc = lock_own(r, s, &t, &c);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = comment_store_remove(s, &t, &c, &cause);
    out->status = 204;
    return rc ? rc : publish_ticket_updated(s, &t, &cause);
}

enum err comment_delete(struct req *r)
{
    return write_run(r, STR(""), take_back, NULL);
}
