#include "spans.h"

/* Events go to an exchange for all who want them, tasks to one queue. */
static struct str destination_of(const struct mq_message *m)
{
    return m->exchange.len ? m->exchange : m->routing_key;
}

/* A trace that is recorded sees the broker's part of the way: the receiver becomes a child of the
 * sending, not of what wrote the message. */
void span_send_begin(struct arena *a, struct mq_message *m, struct trace_child *s)
{
    struct log_context parent = {0};
    s->started_us = 0;
    if (!trace_is_on() ||
        !trace_join(&parent, mq_header_get(m, "traceparent"), mq_header_get(m, "tracestate")))
        return;
    parent.span_id = parent.parent_id;
    trace_child_begin(s, &parent);
    if (!s->started_us)
        return;
    struct mq_header *headers = ARENA_ARRAY(a, struct mq_header, m->header_count);
    for (size_t i = 0; i < m->header_count; i++) {
        headers[i] = m->headers[i];
        if (str_eq(headers[i].name, STR("traceparent")))
            headers[i].value = traceparent_write(a, &s->log);
    }
    m->headers = headers;
}

void span_send_end(const struct mq_message *m, const struct trace_child *s, const char *error)
{
    if (!s->started_us)
        return;
    struct arena *a = arena_new();
    struct str to = destination_of(m);
    const struct log_field fields[] = {
        LOG_CSTR("messaging.system", "rabbitmq"),
        LOG_CSTR("messaging.operation.type", "send"),
        LOG_STR("messaging.destination.name", to),
        LOG_STR("messaging.rabbitmq.destination.routing_key", m->routing_key),
        LOG_STR("messaging.message.id", m->message_id),
        LOG_I("messaging.message.body.size", (int64_t)m->body.len),
    };
    trace_child_end(s, SPAN_PRODUCER, str_printf(a, "send %.*s", STR_ARG(to)), error, fields,
                    sizeof fields / sizeof fields[0]);
    arena_free(a);
}

void span_handle_begin(struct mq_delivery *d)
{
    const struct mq_message *m = d->message;
    bool is_continued =
        trace_join(&d->log, mq_header_get(m, "traceparent"), mq_header_get(m, "tracestate"));
    if (trace_is_on())
        trace_identify(&d->log, d->arena);
    else if (is_continued)
        d->log.span_id = d->log.parent_id; /* who records this trace sees no gap */
}

void span_handle_end(const struct mq_delivery *d, const char *queue, int64_t duration_us,
                     const char *error)
{
    if (!trace_wants(&d->log))
        return;
    const struct mq_message *m = d->message;
    const struct span s = {.kind = SPAN_CONSUMER,
                           .name = str_printf(d->arena, "process %s", queue),
                           .log = &d->log,
                           .duration_us = duration_us,
                           .error = error};
    const struct log_field fields[] = {
        LOG_CSTR("messaging.system", "rabbitmq"),
        LOG_CSTR("messaging.operation.type", "process"),
        LOG_CSTR("messaging.destination.name", queue),
        LOG_STR("messaging.rabbitmq.destination.routing_key", m->routing_key),
        LOG_STR("messaging.message.id", m->message_id),
        LOG_STR("messaging.message.conversation_id", m->correlation_id),
        LOG_I("messaging.message.body.size", (int64_t)m->body.len),
        LOG_I("tts.attempt", d->attempt),
    };
    trace_record(&s, fields, sizeof fields / sizeof fields[0]);
}
