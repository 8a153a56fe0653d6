#include "api/ticket_create.h"

#include "actor.h"
#include "api/classify.h"
#include "api/custom_field.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/tag.h"
#include "api/ticket_json.h"
#include "buf.h"
#include "events/publish.h"
#include "metrics.h"
#include "people.h"
#include "service.h"
#include "state.h"

static struct metric created = {
    .name = "tickets_created_total",
    .help = "Tickets opened here.",
    .kind = METRIC_COUNTER,
};

struct creation {
    struct ticket ticket;
    struct cause cause;
    const struct ticket_created_reply *reply;
};

/* ---- who and what ------------------------------------------------------------------------- */

/* Staff and services may open a ticket for somebody else. */
static enum err CO_FN set_requester(struct req *r, struct db_session *s, int64_t requester_id,
                                    struct creation *c)
{
    const struct actor *a = r->actor;
    struct ticket *t = &c->ticket;
    struct person p;
    enum err rc;

    if (requester_id == TICKET_NONE && !actor_is_service(a))
        requester_id = a->user_id;
    if (requester_id == TICKET_NONE) {
        req_field_error(r, "requester_id", "is required from a service");
        return ERR_VALIDATION_ERROR;
    }
    t->requester_id = requester_id;
    if (!actor_is_service(a) && requester_id == a->user_id) {
        t->requester_name = c->cause.actor_name;
        t->requester_email = a->email.p ? a->email : STR("");
        return ERR_OK;
    }
    if (!actor_is_service(a) && !actor_may(a, PERM_TICKET_WORK))
        return ERR_FORBIDDEN;
    rc = person_by_id(s, requester_id, &p);
    if (rc == ERR_USER_NOT_FOUND) {
        req_field_error(r, "requester_id", "is not a known person");
        return ERR_VALIDATION_ERROR;
    }
    if (rc)
        return rc;
    t->requester_name = p.name;
    t->requester_email = p.email;
    return ERR_OK;
}

static void set_approval(struct req *r, struct ticket *t)
{
    struct category category;

    if (catalogue_category(helpdesk_of(r)->catalogue, r->arena, t->category, &category) &&
        category.needs_approval)
        t->approval = TICKET_APPROVAL_PENDING;
}

static enum err set_tags(struct req *r, const struct ticket_draft *d, struct ticket *t)
{
    if (d->tags.count == 0)
        return ERR_OK;
    if (!actor_is_service(r->actor) && !actor_may(r->actor, PERM_TICKET_WORK))
        return ERR_FORBIDDEN;
    tags_take(r, d->tags.items, d->tags.count, t);
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* ---- the transaction ---------------------------------------------------------------------- */

static enum err CO_FN create(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct creation *c = arg;
    const struct ticket_created_reply *reply = c->reply;
    struct ticket *t = &c->ticket;
    struct json_writer w;
    struct buf b;
    struct outbox_entry messages[PUBLISH_CREATED_MAX];
    size_t n;
    enum err rc = publish_ticket_created(r->arena, t, &c->cause, messages, &n);

    if (rc == ERR_OK)
        rc = ticket_store_create(s, t, &c->cause, messages, n);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    reply->write(&w, t);
    *out = (struct answer){
        .status = 201,
        .body = buf_str(&b),
        .location =
            reply->is_located_by_id
                ? str_printf(r->arena, "%s%lld", reply->location_prefix, (long long)t->id)
                : str_printf(r->arena, "%s%.*s", reply->location_prefix, STR_ARG(t->number)),
        .version = t->version,
    };
    return ERR_OK;
}

static void count(struct req *r, void *arg, struct answer *out)
{
    (void)r, (void)arg, (void)out;
    metric_add(metric_series(&created, NULL), 1);
}

enum err ticket_create(struct req *r, const struct ticket_draft *d,
                       const struct ticket_created_reply *reply)
{
    struct creation c = {
        .ticket = {.status = TICKET_STATUS_OPEN,
                   .held_status = TICKET_STATUS_COUNT,
                   .subject = d->subject,
                   .description = d->description,
                   .category = d->category,
                   .sub_category = d->sub_category,
                   .department = d->department,
                   .priority = d->priority.p ? ticket_priority_parse(d->priority) : PRIORITY_MEDIUM,
                   .owner_id = TICKET_NONE,
                   .csat_rating = TICKET_NONE,
                   .version = 1,
                   .created_at = r->now,
                   .updated_at = r->now,
                   .first_response_at = TICKET_NONE,
                   .completed_at = TICKET_NONE,
                   .closed_at = TICKET_NONE},
        .reply = reply,
    };
    struct db_session *s;
    enum err rc = req_db(r, &s);

    cause_from_request(&c.cause, r);
    classify_default_department(r, &c.ticket);
    if (rc == ERR_OK)
        rc = classify(r, &c.ticket);
    if (rc == ERR_OK)
        rc = set_requester(r, s, d->requester_id, &c);
    if (rc == ERR_OK)
        rc = set_tags(r, d, &c.ticket);
    if (rc == ERR_OK)
        rc = custom_fields_take(r, d->custom_fields, d->is_lenient ? CUSTOM_LENIENT : CUSTOM_ALL,
                                &c.ticket);
    set_approval(r, &c.ticket);
    if (rc == ERR_OK)
        rc = number_pool_take(helpdesk_of(r)->numbers, s, r->now, &c.ticket.id, &c.ticket.number);
    return rc ? rc : write_run_statement(r, req_body_text(r), create, count, &c);
}

/* ---- the route ---------------------------------------------------------------------------- */

static void write_view(struct json_writer *w, const struct ticket *t)
{
    struct ticket_view v = {.ticket = *t};

    ticket_json_view(w, &v, TICKET_SHAPE_INTEGRATION);
}

enum err ticket_post(struct req *r)
{
    static const struct ticket_created_reply REPLY = {write_view, "/api/v1/tickets/", false};
    const struct ticket_body *b = r->body;
    struct ticket_draft d = {
        .subject = b->subject,
        .description = b->description,
        .category = str_trim(b->category),
        .sub_category = b->sub_category.len ? b->sub_category : STR_NULL,
        .department = b->department.len ? str_trim(b->department) : STR_NULL,
        .priority = b->priority,
        .requester_id = b->requester_id,
        .tags = b->tags,
        .custom_fields = b->custom_fields,
    };

    return ticket_create(r, &d, &REPLY);
}
