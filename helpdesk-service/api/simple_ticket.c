#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/simple.h"
#include "api/ticket_create.h"
#include "api/write.h"
#include "buf.h"
#include "service.h"

#define CATEGORY_TEXT "category must be one of: bug, feature, support, other"
#define PRIORITY_TEXT "priority must be one of: low, medium, high, urgent"
#define REQUIRED_TEXT "title, description, and category are required"
#define PATCH_TEXT "at least one field (status or priority) is required"
#define STATUS_TEXT "status must be one of: new, assigned, in_progress, resolved, closed"

enum err simple_ticket_post(struct req *r)
{
    static const struct ticket_created_reply REPLY = {simple_write_ticket, "/tickets/", true};
    static const struct simple_ticket_body EMPTY;
    const struct simple_ticket_body *b = r->body ? r->body : &EMPTY;
    struct ticket_draft d = {
        .subject = b->title,
        .description = b->description,
        .category = simple_category(b->category),
        .priority = b->priority.len ? b->priority : STR("medium"),
        .requester_id = TICKET_NONE,
        .is_lenient = true,
    };

    if (!b->title.len || !b->description.len || !b->category.len)
        return refuse(r, ERR_INVALID_INPUT, REQUIRED_TEXT);
    if (!d.category.p)
        return refuse(r, ERR_INVALID_INPUT, CATEGORY_TEXT);
    if (ticket_priority_parse(d.priority) == PRIORITY_COUNT)
        return refuse(r, ERR_INVALID_INPUT, PRIORITY_TEXT);
    return ticket_create(r, &d, &REPLY);
}

static enum err CO_FN next_newest(struct req *r, struct db_session *s, const struct ticket *after,
                                  struct ticket_page *out)
{
    int64_t requester_id = actor_is_staff(r->actor) ? TICKET_NONE : viewer_of(r);

    return ticket_list_store_newest(s, requester_id, after, SIMPLE_BATCH, out);
}

enum err simple_ticket_list(struct req *r)
{
    return simple_stream(r, "tickets", next_newest, simple_write_ticket);
}

enum err simple_ticket_get(struct req *r)
{
    struct db_session *s;
    struct ticket t;
    int64_t id;
    enum err rc = simple_id(r, "invalid ticket id", &id);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = ticket_store_by_id(s, id, viewer_of(r), &t);
    if (rc)
        return rc;
    if (!simple_may_view(r, &t))
        return ERR_TICKET_NOT_FOUND;
    simple_write_ticket(req_json_begin(r), &t);
    return req_json_end(r, 200);
}

/* ---- PATCH: the author's own ticket only, staff included ---------------------------------- */

struct simple_patch {
    int64_t id;
    enum simple_status status;     /* SIMPLE_STATUS_COUNT: as it is */
    enum ticket_priority priority; /* PRIORITY_COUNT: as it is */
};

static enum err patch_status(struct req *r, enum simple_status to, struct ticket *t)
{
    enum simple_status from = simple_status_of(t);
    struct ticket wanted = *t;

    if (to == SIMPLE_STATUS_COUNT || to == from)
        return ERR_OK;
    if (ticket_is_pending(t))
        return refuse(r, ERR_INVALID_STATUS, "the ticket waits for approval");
    simple_status_apply(&wanted, to, r->now);
    if (wanted.status != t->status && !ticket_status_may_follow(t->status, wanted.status))
        return refuse(r, ERR_INVALID_STATUS,
                      arena_printf(r->arena, "cannot transition from %s to %s. Allowed: %s",
                                   simple_status_word(from), simple_status_word(to),
                                   simple_status_allowed(from)));
    *t = wanted;
    return ERR_OK;
}

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct simple_patch *p = arg;
    struct ticket before, after;
    struct ticket_news news = {&before, &after, .tells_workflow = true};
    struct json_writer w;
    struct cause cause;
    struct buf b;
    enum err rc = ticket_store_lock_id(s, p->id, viewer_of(r), &before);

    if (rc)
        return rc;
    if (before.requester_id != viewer_of(r))
        return ERR_TICKET_NOT_FOUND;
    cause_from_request(&cause, r);
    after = before;
    if (p->priority != PRIORITY_COUNT)
        after.priority = p->priority;
    rc = patch_status(r, p->status, &after);
    if (rc == ERR_OK)
        rc = change_apply(s, &news, &after, &cause);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    simple_write_ticket(&w, &after);
    out->body = buf_str(&b);
    return ERR_OK;
}

enum err simple_ticket_patch(struct req *r)
{
    const struct simple_ticket_body *b = r->body;
    struct simple_patch p = {.status = SIMPLE_STATUS_COUNT, .priority = PRIORITY_COUNT};
    enum err rc = simple_id(r, "invalid ticket id", &p.id);

    if (rc)
        return rc;
    if (!b || (!b->status.len && !b->priority.len))
        return refuse(r, ERR_INVALID_INPUT, PATCH_TEXT);
    if (b->priority.len) {
        p.priority = ticket_priority_parse(b->priority);
        if (p.priority == PRIORITY_COUNT)
            return refuse(r, ERR_INVALID_INPUT, PRIORITY_TEXT);
    }
    if (b->status.len) {
        p.status = simple_status_parse(b->status);
        if (p.status == SIMPLE_STATUS_COUNT)
            return refuse(r, ERR_INVALID_STATUS, STATUS_TEXT);
    }
    return write_run(r, req_body_text(r), patch, &p);
}
