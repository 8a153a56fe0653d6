#include "actor.h"
#include "api/access.h"
#include "api/feedback.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/simple.h"
#include "api/write.h"
#include "buf.h"
#include "service.h"

static void write_one(struct json_writer *w, const struct feedback *f)
{
    jw_object(w);
    JW_INT(w, "id", f->id);
    JW_INT(w, "ticket_id", f->ticket_id);
    JW_INT(w, "user_id", f->user_id);
    JW_INT(w, "rating", f->rating);
    JW_STR(w, "comment", f->comment);
    JW_TIME_MS(w, "created_at", f->created_at);
    jw_end_object(w);
}

static void write_list(struct json_writer *w, const struct feedback *list, size_t count)
{
    JW_KEY(w, "feedback");
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        write_one(w, &list[i]);
    jw_end_array(w);
}

/* ---- giving and taking back --------------------------------------------------------------- */

static enum err CO_FN put(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct feedback *f = arg;
    struct json_writer w;
    struct cause cause;
    struct ticket t;
    struct buf b;
    enum err rc = simple_lock(r, s, f->ticket_id, &t);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = feedback_put(s, &t, f, &cause);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    write_one(&w, f);
    *out = (struct answer){.status = 201, .body = buf_str(&b)};
    return ERR_OK;
}

static bool is_falsy(struct str s)
{
    return s.len == 0 || str_eq(s, STR("0"));
}

enum err simple_feedback_post(struct req *r)
{
    static const struct simple_feedback_body EMPTY;
    const struct simple_feedback_body *b = r->body ? r->body : &EMPTY;
    struct feedback f = {.user_id = viewer_of(r),
                         .comment = b->comment.len ? b->comment : STR_NULL};

    if (is_falsy(b->ticket_id) || is_falsy(b->rating))
        return refuse(r, ERR_INVALID_INPUT, "ticket_id and rating are required");
    if (!simple_number(b->ticket_id, &f.ticket_id))
        return refuse(r, ERR_INVALID_INPUT, "invalid ticket_id");
    if (!simple_number(b->rating, &f.rating) || f.rating < 1 || f.rating > 5)
        return refuse(r, ERR_INVALID_INPUT, "rating must be an integer between 1 and 5");
    return write_run(r, req_body_text(r), put, &f);
}

static enum err CO_FN take_back(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const int64_t *id = arg;
    struct cause cause;
    struct feedback f;
    struct ticket t;
    enum err rc = feedback_store_by_id(s, *id, &f);

    if (rc)
        return rc;
    if (f.user_id != viewer_of(r) && !actor_is_staff(r->actor))
        return ERR_FORBIDDEN;
    cause_from_request(&cause, r);
    rc = ticket_store_lock_id(s, f.ticket_id, viewer_of(r), &t);
    if (rc == ERR_OK)
        rc = feedback_remove(s, &t, &f, &cause);
    out->body = STR("{\"message\":\"feedback deleted successfully\"}");
    return rc;
}

enum err simple_feedback_delete(struct req *r)
{
    int64_t id;
    enum err rc = simple_id(r, "invalid feedback id", &id);

    return rc ? rc : write_run(r, STR(""), take_back, &id);
}

/* ---- reading ------------------------------------------------------------------------------ */

enum err simple_feedback_of_ticket(struct req *r)
{
    struct feedback *list = NULL;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    int64_t id, sum = 0;
    size_t count = 0;
    enum err rc = simple_id(r, "invalid ticket id", &id);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = ticket_store_by_id(s, id, viewer_of(r), &t);
    if (rc == ERR_OK && simple_may_view(r, &t))
        rc = feedback_store_of_ticket(s, id, &list, &count);
    if (rc && rc != ERR_TICKET_NOT_FOUND)
        return rc;
    for (size_t i = 0; i < count; i++)
        sum += list[i].rating;
    w = req_json_begin(r);
    jw_object(w);
    write_list(w, list, count);
    JW_KEY(w, "average_rating");
    if (count)
        jw_double(w, (double)((200 * sum + (int64_t)count) / (2 * (int64_t)count)) / 100);
    else
        jw_null(w);
    JW_INT(w, "total_feedback", (int64_t)count);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err simple_feedback_of_user(struct req *r)
{
    struct feedback *list;
    struct json_writer *w;
    struct db_session *s;
    size_t count;
    int64_t id;
    enum err rc = simple_id(r, "invalid user id", &id);

    if (rc)
        return rc;
    if (id != viewer_of(r) && !actor_is_staff(r->actor))
        return ERR_FORBIDDEN;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = feedback_store_of_user(s, id, &list, &count);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    write_list(w, list, count);
    jw_end_object(w);
    return req_json_end(r, 200);
}
