#include "api/feedback.h"

#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/write.h"
#include "buf.h"
#include "events/publish.h"
#include "page.h"

static enum err CO_FN set_csat(struct db_session *s, const struct ticket *before, int64_t rating,
                               struct str comment, const struct cause *c)
{
    struct ticket after = *before;
    struct ticket_news news = {before, &after, .is_rating_new = rating != TICKET_NONE,
                               .tells_workflow = true};

    after.csat_rating = rating;
    after.csat_feedback = comment;
    return change_apply(s, &news, &after, c);
}

enum err feedback_put(struct db_session *s, const struct ticket *t, struct feedback *f,
                      const struct cause *c)
{
    enum err rc;

    f->created_at = c->now;
    rc = feedback_store_put(s, f);
    if (rc)
        return rc;
    if (f->user_id == t->requester_id)
        return set_csat(s, t, f->rating, f->comment, c);
    return publish_feedback(s, t, f->rating, f->comment, c);
}

enum err feedback_remove(struct db_session *s, const struct ticket *t, const struct feedback *f,
                         const struct cause *c)
{
    enum err rc = feedback_store_delete(s, f->id);

    if (rc || f->user_id != t->requester_id)
        return rc;
    return set_csat(s, t, TICKET_NONE, STR_NULL, c);
}

/* ---- canonical surface -------------------------------------------------------------------- */

static void write_one(struct json_writer *w, const struct ticket *t, const struct feedback *f)
{
    jw_object(w);
    JW_INT(w, "id", f->id);
    JW_STR(w, "ticket_number", t->number);
    JW_INT(w, "user_id", f->user_id);
    JW_INT(w, "rating", f->rating);
    JW_STR(w, "comment", f->comment);
    JW_TIME(w, "created_at", f->created_at);
    jw_end_object(w);
}

enum err ticket_feedback_get(struct req *r)
{
    struct feedback *list;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = feedback_store_of_ticket(s, t.id, &list, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++)
        write_one(w, &t, &list[i]);
    return page_end(r, w);
}

static enum err CO_FN rate(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct rating_body *b = arg;
    struct feedback f = {.user_id = viewer_of(r),
                         .rating = b->rating,
                         .comment = b->comment.len ? b->comment : STR_NULL};
    struct json_writer w;
    struct cause cause;
    struct ticket t;
    struct buf text;
    enum err rc = access_lock(r, s, &t);

    if (rc)
        return rc;
    if (t.completed_at == TICKET_NONE) {
        req_detail_str(r, "current_status", str_from(ticket_status_helpdesk(t.status)));
        return refuse(r, ERR_CONFLICT, "A ticket is rated when it is resolved");
    }
    f.ticket_id = t.id;
    cause_from_request(&cause, r);
    rc = feedback_put(s, &t, &f, &cause);
    if (rc)
        return rc;
    buf_init(&text, r->arena);
    jw_init(&w, &text);
    write_one(&w, &t, &f);
    *out = (struct answer){.status = 201, .body = buf_str(&text)};
    return ERR_OK;
}

enum err ticket_feedback_post(struct req *r)
{
    return write_run(r, req_body_text(r), rate, r->body);
}
