#include "webhook/consume.h"

#include "event.h"
#include "state.h"
#include "store/webhook_delivery_store.h"
#include "webhook/message.h"

#define QUEUE "notification.webhooks"
#define SUBJECT_MAX 100
/* Thin messages are far below it; what would be larger is not for this way. */
#define BODY_MAX (20 * 1024)

static enum err CO_FN tell(struct mq_delivery *d, const struct event *e,
                           const struct webhook_type *type)
{
    char buf[WEBHOOK_TYPE_MAX];
    struct str patterns[WEBHOOK_PATTERNS_OF_TYPE];
    struct str subject = e->subject.len && e->subject.len <= SUBJECT_MAX ? e->subject : STR_NULL;
    bool is_wanted;
    int64_t seq;
    webhook_patterns_of(e->type, buf, patterns);
    enum err rc = webhook_store_subscribed(d->db, patterns, WEBHOOK_PATTERNS_OF_TYPE, subject,
                                           &is_wanted, &seq);
    if (rc || !is_wanted)
        return rc;
    const struct webhook_message m = {.message_id = webhook_message_id(d->arena),
                                      .type = e->type,
                                      .body = webhook_body_of_event(d->arena, e, type, seq),
                                      .patterns = patterns,
                                      .pattern_count = WEBHOOK_PATTERNS_OF_TYPE,
                                      .now = d->now};
    if (m.body.len > BODY_MAX) {
        d->reject_reason = STR("too large for a webhook");
        return MQ_PARK;
    }
    rc = webhook_store_tell(d->db, &m);
    if (rc == ERR_OK)
        db_on_commit(d->db, webhooks_kick, &notification_state(d->app)->webhooks);
    return rc;
}

static enum err CO_FN on_event(struct mq_delivery *d)
{
    struct event e;
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc) {
        d->reject_reason = STR("not a CloudEvent");
        return rc;
    }
    const struct webhook_type *type = webhook_type_of(e.type);
    /* What is told of as if it were long past is demonstration data. */
    return type && !d->time_overridden ? tell(d, &e, type) : ERR_OK;
}

/* The subject of the envelope, which is what comes first. */
static struct str subject_of(const struct mq_message *m)
{
    static const struct str NAME = {"\"subject\":\"", 11};
    ptrdiff_t at = str_find(m->body, NAME);
    ptrdiff_t end = at < 0 ? -1 : str_index(m->body, '"', (size_t)at + NAME.len);
    return end < 0 ? STR_NULL : str_slice(m->body, (size_t)at + NAME.len, (size_t)end);
}

void webhook_consume_declare(struct service *s)
{
    static const struct mq_binding BINDINGS[] = {
        {MQ_EVENTS_EXCHANGE, "ticket.*"},
        {MQ_EVENTS_EXCHANGE, "task.*"},
        {MQ_EVENTS_EXCHANGE, "sla.*"},
        {MQ_EVENTS_EXCHANGE, "feedback.received"},
        {MQ_EVENTS_EXCHANGE, "user.*"},
        {MQ_EVENTS_EXCHANGE, "role.*"},
        {MQ_EVENTS_EXCHANGE, "job.completed"},
        {MQ_EVENTS_EXCHANGE, "webhook.failed"},
        {NULL, NULL},
    };
    static const struct mq_queue EVENTS = {QUEUE, MQ_QUORUM, BINDINGS};
    static const struct mq_consumer CONSUMER = {
        .queue = QUEUE,
        .concurrency = 1,
        .order_key = subject_of,
        .use_inbox = true,
        .handler = on_event,
        .in_batches = true,
        .linger_ms = 20,
    };
    mq_declare_queue(s->mq, &EVENTS);
    mq_consume(s->mq, &CONSUMER, s->db, s);
}
