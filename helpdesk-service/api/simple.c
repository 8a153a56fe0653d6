#include "api/simple.h"

#include "actor.h"
#include "api/access.h"
#include "api/write.h"
#include "buf.h"
#include "service.h"

bool simple_number(struct str s, int64_t *out)
{
    size_t n = 0;

    while (n < s.len && n < 18 && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n > 0 && str_to_i64(str_slice(s, 0, n), out);
}

enum err simple_id(struct req *r, const char *text, int64_t *out)
{
    return simple_number(req_param(r, "id"), out) ? ERR_OK : refuse(r, ERR_INVALID_INPUT, text);
}

bool simple_may_view(const struct req *r, const struct ticket *t)
{
    return actor_is_staff(r->actor) || ticket_may_view(r->actor, t);
}

enum err simple_lock(struct req *r, struct db_session *s, int64_t id, struct ticket *out)
{
    enum err rc = ticket_store_lock_id(s, id, viewer_of(r), out);

    if (rc)
        return rc;
    return simple_may_view(r, out) ? ERR_OK : ERR_TICKET_NOT_FOUND;
}

/* ---- shapes ------------------------------------------------------------------------------- */

static void put_head(struct json_writer *w, const struct ticket *t)
{
    JW_INT(w, "id", t->id);
    JW_INT(w, "user_id", t->requester_id);
    JW_STR(w, "title", t->subject);
    JW_STR(w, "description", t->description);
    JW_STR(w, "category", t->category);
    JW_STR(w, "status", str_from(simple_status_word(simple_status_of(t))));
    JW_STR(w, "priority", str_from(ticket_priority_simple(t->priority)));
    JW_TIME_MS(w, "created_at", t->created_at);
}

void simple_write_ticket(struct json_writer *w, const struct ticket *t)
{
    jw_object(w);
    put_head(w, t);
    jw_end_object(w);
}

void simple_write_full(struct json_writer *w, const struct ticket *t)
{
    jw_object(w);
    put_head(w, t);
    JW_KEY(w, "assigned_to");
    if (t->owner_id == TICKET_NONE)
        jw_null(w);
    else
        jw_int(w, t->owner_id);
    JW_TIME_MS(w, "updated_at", t->updated_at);
    jw_end_object(w);
}

/* ---- streams ------------------------------------------------------------------------------ */

struct stream {
    struct req *r;
    struct json_writer w;
    struct buf text;
    simple_batch_fn next;
    void (*write)(struct json_writer *w, const struct ticket *t);
};

static void put_batch(struct stream *x, const struct ticket_page *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        x->write(&x->w, &batch->tickets[i]);
}

/* Each batch has an arena of its own; only the last ticket of the one before is needed. */
static enum err CO_FN stream_rest(struct stream *x, struct db_session *s, struct ticket last)
{
    bool is_last = false;
    enum err rc = ERR_OK;

    while (!is_last && rc == ERR_OK) {
        struct arena *a = arena_new();
        struct db_session own;
        struct ticket_page batch;

        db_session_init(&own, s->db, a);
        rc = x->next(x->r, &own, &last, &batch);
        if (rc == ERR_OK) {
            put_batch(x, &batch);
            is_last = batch.count < SIMPLE_BATCH;
            if (batch.count > 0)
                last = batch.tickets[batch.count - 1];
            rc = req_stream_write(x->r, buf_str(&x->text));
            buf_clear(&x->text);
        }
        arena_free(a);
    }
    return rc;
}

enum err simple_stream(struct req *r, const char *name, simple_batch_fn next,
                       void (*write)(struct json_writer *w, const struct ticket *t))
{
    struct stream x = {.r = r, .next = next, .write = write};
    struct ticket_page batch;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = next(r, s, NULL, &batch);
    if (rc)
        return rc;
    buf_init(&x.text, r->arena);
    jw_init(&x.w, &x.text);
    jw_object(&x.w);
    jw_key(&x.w, str_from(name));
    jw_array(&x.w);
    put_batch(&x, &batch);
    if (batch.count == SIMPLE_BATCH) {
        rc = req_stream_begin(r, 200, "application/json", -1);
        if (rc == ERR_OK)
            rc = stream_rest(&x, s, batch.tickets[batch.count - 1]);
        if (rc)
            return rc;
    }
    jw_end_array(&x.w);
    jw_end_object(&x.w);
    if (batch.count < SIMPLE_BATCH)
        return req_reply(r, 200, "application/json", buf_str(&x.text));
    rc = req_stream_write(r, buf_str(&x.text));
    return rc ? rc : req_stream_end(r);
}
