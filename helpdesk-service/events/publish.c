#include "events/publish.h"

#include "buf.h"
#include "celery.h"
#include "clock.h"
#include "event.h"
#include "json.h"

#define SOURCE "helpdesk-service"

_Static_assert(TICKET_NONE == JSON_NO_INT && TICKET_NONE == JSON_NO_TIME,
               "an absent number is written the same way everywhere");

/* ---- Celery tasks for the workflow -------------------------------------------------------- */

static void task_entry(struct arena *a, const char *task, struct str args, struct str number,
                       const struct cause *c, struct outbox_entry *out)
{
    struct str overridden = STR_NULL;
    char time[TIME_TEXT_SIZE];

    if (c->time_overridden)
        overridden = str_n(time, time_format_ms(c->now, time));
    celery_entry(a, PUBLISH_WORKFLOW_QUEUE, task, args, STR("{}"), number, &c->log, overridden,
                 out);
}

static struct str process_ticket_args(struct arena *a, const struct ticket *t)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    jw_object(&w);
    JW_STR(&w, "ticket_number", t->number);
    JW_STR(&w, "subject", t->subject);
    JW_STR(&w, "description", t->description);
    JW_STR(&w, "category", t->category);
    JW_STR(&w, "sub_category", t->sub_category);
    JW_STR(&w, "department", t->department);
    JW_STR(&w, "priority", str_from(ticket_priority_label(t->priority)));
    JW_INT(&w, "employee_id", t->requester_id);
    JW_STR(&w, "employee_name", t->requester_name);
    JW_STR(&w, "employee_email", t->requester_email);
    JW_STR(&w, "status", str_from(ticket_status_helpdesk(t->status)));
    JW_TIME(&w, "created_at", t->created_at);
    jw_end_object(&w);
    jw_end_array(&w);
    return buf_str(&b);
}

static enum err CO_FN put_ticket_status(struct db_session *s, const struct ticket *t,
                                        const struct cause *c)
{
    struct outbox_entry e;
    struct json_writer w;
    struct buf b;

    buf_init(&b, s->arena);
    jw_init(&w, &b);
    jw_array(&w);
    jw_object(&w);
    JW_STR(&w, "ticket_number", t->number);
    JW_STR(&w, "status", str_from(ticket_status_helpdesk(t->status)));
    if (t->csat_rating != TICKET_NONE)
        JW_INT(&w, "csat_rating", t->csat_rating);
    if (t->csat_feedback.p)
        JW_STR(&w, "feedback", t->csat_feedback);
    if (t->completed_at != TICKET_NONE)
        JW_TIME(&w, "date_completed", t->completed_at);
    if (t->closed_at != TICKET_NONE)
        JW_TIME(&w, "time_closed", t->closed_at);
    jw_end_object(&w);
    jw_end_array(&w);
    task_entry(s->arena, "tts.tasks.receive_hdts_ticket_status", buf_str(&b), t->number, c, &e);
    return outbox_put(s, &e);
}

/* ---- events ------------------------------------------------------------------------------- */

/* Only ever read. */
static struct json_array ids(const int64_t *items, size_t count)
{
    return (struct json_array){.items = (void *)(uintptr_t)items, .count = count};
}

static void payload_init(struct event_ticket *p, const struct ticket *t, const struct cause *c)
{
    *p = (struct event_ticket){
        .ticket_id = t->id,
        .ticket_number = t->number,
        .subject = t->subject,
        .category = t->category,
        .sub_category = t->sub_category,
        .department = t->department,
        .priority = str_from(ticket_priority_label(t->priority)),
        .status = str_from(ticket_status_helpdesk(t->status)),
        .requester_id = t->requester_id,
        .requester_name = t->requester_name,
        .requester_email = t->requester_email,
        .owner_id = t->owner_id,
        .owner_name = t->owner_name,
        .actor_id = c->actor_id,
        .actor_name = c->actor_name,
        .rating = TICKET_NONE,
        .created_at = t->created_at,
        .watcher_ids = ids(t->watchers, t->watcher_count),
    };
}

static struct event_meta meta_of(const char *type, const struct event_ticket *payload,
                                 const struct cause *c)
{
    return (struct event_meta){
        .source = SOURCE,
        .type = type,
        .subject = payload->ticket_number,
        .time = c->now,
        .log = c->log,
        .time_overridden = c->time_overridden,
    };
}

static enum err CO_FN put_event(struct db_session *s, const char *type,
                                const struct event_ticket *payload, const struct cause *c)
{
    struct event_meta meta = meta_of(type, payload, c);

    return event_put(s, &meta, &EVENT_TICKET, payload);
}

enum err publish_ticket_created(struct arena *a, const struct ticket *t, const struct cause *c,
                                struct outbox_entry out[PUBLISH_CREATED_MAX], size_t *n)
{
    struct event_ticket payload;
    struct event_meta meta;

    payload_init(&payload, t, c);
    meta = meta_of("ticket.created", &payload, c);
    *n = 0;
    if (ticket_is_in_workflow(t))
        task_entry(a, "tts.tasks.process_ticket", process_ticket_args(a, t), t->number, c,
                   &out[(*n)++]);
    return event_entry(a, &meta, &EVENT_TICKET, &payload, &out[(*n)++]);
}

static enum err CO_FN publish_status(struct db_session *s, const struct ticket_news *n,
                                     const struct cause *c)
{
    bool is_closed = n->after->status == TICKET_STATUS_CLOSED;
    struct event_ticket payload;
    bool tells_workflow = n->tells_workflow && ticket_is_in_workflow(n->after);
    enum err rc = tells_workflow ? put_ticket_status(s, n->after, c) : ERR_OK;

    if (rc)
        return rc;
    payload_init(&payload, n->after, c);
    payload.old_status = str_from(ticket_status_helpdesk(n->before->status));
    payload.reason = n->reason;
    if (is_closed) {
        payload.rating = n->after->csat_rating;
        payload.feedback = n->after->csat_feedback;
    }
    return put_event(s, is_closed ? "ticket.closed" : "ticket.status_changed", &payload, c);
}

static bool is_edited(const struct ticket *before, const struct ticket *after)
{
    return !str_eq(before->subject, after->subject) ||
           !str_eq(before->description, after->description) ||
           !str_eq(before->category, after->category) ||
           !str_eq(before->sub_category, after->sub_category) ||
           !str_eq(before->department, after->department) || before->priority != after->priority ||
           before->approval != after->approval || before->tags != after->tags ||
           !str_eq(before->custom_fields, after->custom_fields);
}

/* From now on the workflow has it. */
static enum err CO_FN start_workflow(struct db_session *s, const struct ticket *t,
                                     const struct cause *c)
{
    struct outbox_entry e;

    task_entry(s->arena, "tts.tasks.process_ticket", process_ticket_args(s->arena, t), t->number, c,
               &e);
    return outbox_put(s, &e);
}

enum err publish_ticket_changed(struct db_session *s, const struct ticket_news *n,
                                const struct cause *c)
{
    struct event_ticket payload;
    enum err rc = ERR_OK;

    if (!ticket_is_in_workflow(n->before) && ticket_is_in_workflow(n->after))
        rc = start_workflow(s, n->after, c);
    if (rc)
        return rc;
    payload_init(&payload, n->after, c);
    payload.reason = n->reason;
    if (is_edited(n->before, n->after))
        rc = put_event(s, "ticket.updated", &payload, c);
    if (rc == ERR_OK && n->before->owner_id != n->after->owner_id)
        rc = put_event(s, "ticket.assigned", &payload, c);
    if (rc == ERR_OK && n->before->status != n->after->status)
        rc = publish_status(s, n, c);
    else if (rc == ERR_OK && n->is_rating_new && n->after->status == TICKET_STATUS_CLOSED)
        rc = put_ticket_status(s, n->after, c);
    if (rc == ERR_OK && n->is_rating_new)
        rc = publish_feedback(s, n->after, n->after->csat_rating, n->after->csat_feedback, c);
    return rc;
}

enum err publish_ticket_commented(struct db_session *s, const struct ticket *t,
                                  const struct comment *comment,
                                  const struct comment_audience *audience, const struct cause *c)
{
    struct event_ticket payload;

    payload_init(&payload, t, c);
    payload.comment = comment->comment;
    payload.visibility = comment->is_internal ? STR("internal") : STR("public");
    payload.watcher_ids = ids(audience->watchers, audience->watcher_count);
    payload.mentioned_ids = ids(audience->mentioned, audience->mentioned_count);
    return put_event(s, "ticket.commented", &payload, c);
}

enum err publish_ticket_updated(struct db_session *s, const struct ticket *t, const struct cause *c)
{
    struct event_ticket payload;

    payload_init(&payload, t, c);
    return put_event(s, "ticket.updated", &payload, c);
}

enum err publish_feedback(struct db_session *s, const struct ticket *t, int64_t rating,
                          struct str comment, const struct cause *c)
{
    struct event_ticket payload;

    payload_init(&payload, t, c);
    payload.rating = rating;
    payload.feedback = comment;
    return put_event(s, "feedback.received", &payload, c);
}
