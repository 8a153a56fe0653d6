#include "events/consume_audit.h"

#include "event.h"
#include "service.h"
#include "store/audit_change.h"
#include "store/audit_store.h"

#define QUEUE "helpdesk.audit"

static struct str text_of(struct arena *a, const struct json *data, const char *name)
{
    const struct json *v = json_get(data, name);
    int64_t n;

    return json_int(v, &n) ? str_printf(a, "%lld", (long long)n) : json_str(v);
}

/* ---- what a program has kept a record of -------------------------------------------------- */

static enum err from_record(struct mq_delivery *d, const struct event *e, struct audit_event *out)
{
    struct event_audit r;
    const char *why;
    enum err rc = event_data(d->arena, e, &EVENT_AUDIT, &r, &why);

    if (rc) {
        d->reject_reason = str_from(why);
        return rc;
    }
    if (r.actor_id != JSON_NO_INT)
        out->actor_kind = STR("person");
    else
        out->actor_kind = r.actor.len ? STR("service") : STR("system");
    out->actor_id = r.actor_id;
    out->actor = r.actor;
    out->action = r.action;
    out->is_refused = str_eq(r.result, STR("refused"));
    out->object_type = r.target_type;
    out->object_id = r.target_id;
    out->address = r.address;
    out->user_agent = r.user_agent;
    out->trace_id = r.trace_id.len ? r.trace_id : out->trace_id;
    out->details = r.details;
    return ERR_OK;
}

/* ---- what has happened to something ------------------------------------------------------- */

/* By type: what the event is about, and what it says about it. Notes and other long texts are left
 * where they are. */
static const struct {
    const char *prefix, *object_type, *id_member;
    struct {
        const char *field, *old_member, *new_member;
    } changes[4];
    const char *details[4];
} SHAPES[] = {
    {"task.",
     "task",
     "task_id",
     {{"step", "previous_step", "step"},
      {"status", NULL, "status"},
      {"assignee", NULL, "assignee_id"},
      {"outcome", NULL, "outcome"}},
     {"workflow_name", "transition", "role", "task_item_id"}},
    {"sla.", "task", "task_id", {{NULL}}, {"workflow_name", "metric", "due_at", "step"}},
    {"webhook.", "webhook", "webhook_id", {{NULL}}, {"host", "reason", "last_status"}},
    {"job.", "job", "job_id", {{NULL}}, {"kind", "state", "total", "failed"}},
};

static struct str changes_of(struct arena *a, size_t shape, const struct json *data)
{
    struct audit_changes c;

    audit_changes_begin(&c, a);
    for (size_t i = 0; i < 4 && SHAPES[shape].changes[i].field; i++) {
        const char *old_member = SHAPES[shape].changes[i].old_member;
        struct str is = text_of(a, data, SHAPES[shape].changes[i].new_member);
        struct str was = old_member ? text_of(a, data, old_member) : STR_NULL;

        if (is.len && !str_eq(is, was))
            audit_change(&c, str_from(SHAPES[shape].changes[i].field), was, is);
    }
    return audit_changes_end(&c);
}

static struct str details_of(struct arena *a, size_t shape, const struct json *data)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    for (size_t i = 0; i < 4 && SHAPES[shape].details[i]; i++) {
        const struct json *v = json_get(data, SHAPES[shape].details[i]);

        if (!v)
            continue;
        jw_key(&w, str_from(SHAPES[shape].details[i]));
        jw_value(&w, v);
    }
    jw_end_object(&w);
    return b.len > 2 ? buf_str(&b) : STR_NULL;
}

static void from_event(struct arena *a, const struct event *e, struct audit_event *out)
{
    int64_t actor_id;

    out->action = e->type;
    if (json_int(json_get(e->data, "actor_id"), &actor_id) ||
        json_int(json_get(e->data, "created_by"), &actor_id)) {
        out->actor_kind = STR("person");
        out->actor_id = actor_id;
    }
    out->object_number = json_str(json_get(e->data, "ticket_number"));
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        if (!str_has_prefix(e->type, str_from(SHAPES[i].prefix)))
            continue;
        out->object_type = str_from(SHAPES[i].object_type);
        out->object_id = text_of(a, e->data, SHAPES[i].id_member);
        out->changes = changes_of(a, i, e->data);
        out->details = details_of(a, i, e->data);
    }
}

static enum err CO_FN on_event(struct mq_delivery *d)
{
    struct audit_event out = {
        .actor_kind = STR("system"),
        .actor_id = AUDIT_NONE,
        .on_behalf_of = AUDIT_NONE,
        .trace_id = d->log.trace_id,
    };
    struct event e;
    enum err rc = event_decode(d->arena, d->message, &e);

    if (rc) {
        d->reject_reason = STR("not a CloudEvent");
        return rc;
    }
    out.at = e.time;
    out.source = e.source;
    out.source_id = e.id;
    if (str_eq(e.type, STR("audit.recorded")))
        rc = from_record(d, &e, &out);
    else
        from_event(d->arena, &e, &out);
    return rc ? rc : audit_store_put(d->db, &out);
}

void audit_consume(struct service *s)
{
    /* What auth-service tells of people is in its records, with who did it; messages and
     * notifications are no acts, and the helpdesk writes down its own. */
    static const struct mq_binding BINDINGS[] = {
        {MQ_EVENTS_EXCHANGE, "audit.recorded"}, {MQ_EVENTS_EXCHANGE, "task.*"},
        {MQ_EVENTS_EXCHANGE, "sla.*"},          {MQ_EVENTS_EXCHANGE, "webhook.*"},
        {MQ_EVENTS_EXCHANGE, "job.completed"},  {NULL}};
    static const struct mq_queue EVENTS = {QUEUE, MQ_QUORUM, BINDINGS};
    static const struct mq_consumer CONSUMER = {
        .queue = QUEUE,
        .concurrency = 1,
        .use_inbox = true,
        .handler = on_event,
        .in_batches = true,
        .linger_ms = 100,
    };

    mq_declare_queue(s->mq, &EVENTS);
    mq_consume(s->mq, &CONSUMER, s->db, s);
}
