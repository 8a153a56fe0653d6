#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/write.h"
#include "buf.h"
#include "page.h"
#include "people.h"
#include "service.h"
#include "store/watcher_store.h"

static void write_one(struct json_writer *w, const struct watcher *x)
{
    jw_object(w);
    JW_INT(w, "user_id", x->user_id);
    JW_STR(w, "name", x->name);
    JW_STR(w, "email", x->email);
    jw_end_object(w);
}

enum err watcher_list(struct req *r)
{
    struct watcher *list;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = watcher_store_list(s, t.id, &list, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++)
        write_one(w, &list[i]);
    return page_end(r, w);
}

/* Oneself may come and go, others are brought and sent by staff. Watching is beside the ticket's
 * own version: If-Match has nothing to say about it. */
static enum err CO_FN lock_for(struct req *r, struct db_session *s, int64_t user_id,
                               struct ticket *t)
{
    enum err rc = ticket_store_lock_number(s, req_param(r, "number"), viewer_of(r), t);

    if (rc)
        return rc;
    if (!ticket_may_view(r->actor, t))
        return ERR_FORBIDDEN;
    return user_id == viewer_of(r) || ticket_may_work(r->actor, t) ? ERR_OK : ERR_FORBIDDEN;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct watcher x = {.user_id = *(const int64_t *)arg};
    struct json_writer w;
    struct cause cause;
    struct person p;
    struct ticket t;
    struct buf b;
    enum err rc = lock_for(r, s, x.user_id, &t);

    if (rc == ERR_OK)
        rc = person_by_id(s, x.user_id, &p);
    if (rc == ERR_USER_NOT_FOUND || (rc == ERR_OK && !p.active)) {
        req_field_error(r, "user_id", "is not a known person");
        return ERR_VALIDATION_ERROR;
    }
    cause_from_request(&cause, r);
    if (rc == ERR_OK)
        rc = change_add_watcher(s, &t, &p, &cause);
    if (rc)
        return rc;
    x.name = p.name;
    x.email = p.email;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    write_one(&w, &x);
    *out = (struct answer){.status = 201, .body = buf_str(&b)};
    return ERR_OK;
}

enum err watcher_post(struct req *r)
{
    const struct watcher_body *b = r->body;
    int64_t id = b && b->user_id != JSON_NO_INT ? b->user_id : viewer_of(r);

    return write_run(r, req_body_text(r), add, &id);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const int64_t *user_id = arg;
    struct cause cause;
    struct ticket t;
    enum err rc = lock_for(r, s, *user_id, &t);

    cause_from_request(&cause, r);
    out->status = 204;
    return rc ? rc : change_remove_watcher(s, &t, *user_id, &cause);
}

enum err watcher_delete(struct req *r)
{
    int64_t id = viewer_of(r);

    if (!str_eq(req_param(r, "user_id"), STR("me")) && !req_param_int(r, "user_id", &id))
        return ERR_NOT_FOUND;
    return write_run(r, STR(""), take_off, &id);
}
