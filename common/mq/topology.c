/* Exchanges, queues and consumers, declared anew on every connection. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "rand.h"
#include "thread.h"

#define DELIVERY_LIMIT                                                                             \
    20 /* last resort; the inbox finds a message that kills the program sooner                     \
        */
#define MAX_ARGUMENTS 8

static const int RETRY_TTL_MS[MQ_RETRY_COUNT] = {1000, 2000, 4000, 8000};

struct declarer {
    struct link *link;
    char *why;
    size_t why_size;
    bool is_broken; /* the connection has to be given up */
};

struct arguments {
    amqp_table_entry_t entries[MAX_ARGUMENTS];
    amqp_table_t table;
};

static void arguments_init(struct arguments *a)
{
    a->table = (amqp_table_t){0, a->entries};
}

static void argument_str(struct arguments *a, const char *key, const char *value)
{
    amqp_table_entry_t *e = &a->entries[a->table.num_entries++];
    e->key = amqp_cstring_bytes(key);
    e->value.kind = AMQP_FIELD_KIND_UTF8;
    e->value.value.bytes = amqp_cstring_bytes(value);
}

static void argument_int(struct arguments *a, const char *key, int value)
{
    amqp_table_entry_t *e = &a->entries[a->table.num_entries++];
    e->key = amqp_cstring_bytes(key);
    e->value.kind = AMQP_FIELD_KIND_I32;
    e->value.value.i32 = value;
}

static void open_channel(struct declarer *d, int channel)
{
    amqp_channel_open(d->link->conn, (amqp_channel_t)channel);
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(d->link->conn);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return;
    d->is_broken = true;
    link_reply_text(reply, d->why, d->why_size);
}

/*
 * Looks at the outcome of the last declaration. A refusal closes the channel, not the connection:
 * it is opened again, and the caller decides whether it can go on without. True when accepted.
 */
static bool check(struct declarer *d, const char *name, char *reason, size_t size)
{
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(d->link->conn);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    link_reply_text(reply, reason, size);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_ok_t ok = {0};
        (void)amqp_send_method(d->link->conn, CONTROL_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
        amqp_maybe_release_buffers(d->link->conn);
        open_channel(d, CONTROL_CHANNEL);
        return false;
    }
    d->is_broken = true;
    snprintf(d->why, d->why_size, "declaring %s: %s", name, reason);
    return false;
}

static void declare_exchange(struct declarer *d, const char *name, const char *type)
{
    char reason[200];
    if (d->is_broken)
        return;
    amqp_exchange_declare(d->link->conn, CONTROL_CHANNEL, amqp_cstring_bytes(name),
                          amqp_cstring_bytes(type), 0, 1, 0, 0, amqp_empty_table);
    if (!check(d, name, reason, sizeof reason))
        log_warn("exchange used as it is", LOG_CSTR("exchange", name), LOG_CSTR("reason", reason));
}

/* A queue that exists with other arguments is used as it is: somebody else made it, it holds
 * messages. */
static void declare_queue(struct declarer *d, const char *name, const struct arguments *a)
{
    char reason[200];
    if (d->is_broken)
        return;
    amqp_queue_declare(d->link->conn, CONTROL_CHANNEL, amqp_cstring_bytes(name), 0, 1, 0, 0,
                       a ? a->table : amqp_empty_table);
    if (!check(d, name, reason, sizeof reason))
        log_warn("queue used as it is", LOG_CSTR("queue", name), LOG_CSTR("reason", reason));
}

static void bind_queue(struct declarer *d, const char *queue, const char *exchange,
                       const char *routing_key)
{
    char reason[200];
    if (d->is_broken)
        return;
    amqp_queue_bind(d->link->conn, CONTROL_CHANNEL, amqp_cstring_bytes(queue),
                    amqp_cstring_bytes(exchange), amqp_cstring_bytes(routing_key),
                    amqp_empty_table);
    if (!check(d, queue, reason, sizeof reason))
        log_error("queue not bound", LOG_CSTR("queue", queue), LOG_CSTR("exchange", exchange),
                  LOG_CSTR("reason", reason));
}

static void bind_all(struct declarer *d, const struct topology_queue *q, const char *name)
{
    for (const struct mq_binding *b = q->bindings; b->exchange; b++) {
        if (strcmp(b->exchange, MQ_EVENTS_EXCHANGE) != 0)
            declare_exchange(d, b->exchange, "topic");
        bind_queue(d, name, b->exchange, b->routing_key);
    }
}

/* Expired and given-up messages reach the next queue with a confirm behind them: RabbitMQ's
 * at-least-once dead lettering, which exists for quorum queues only and wants reject-publish. */
static void dead_letter_to(struct arguments *a, const char *queue)
{
    argument_str(a, "x-queue-type", "quorum");
    argument_str(a, "x-dead-letter-exchange", "");
    argument_str(a, "x-dead-letter-routing-key", queue);
    argument_str(a, "x-dead-letter-strategy", "at-least-once");
    argument_str(a, "x-overflow", "reject-publish");
}

static void declare_retries(struct declarer *d, const char *queue)
{
    for (int i = 0; i < MQ_RETRY_COUNT; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s.retry.%d", queue, i + 1);
        struct arguments a;
        arguments_init(&a);
        dead_letter_to(&a, queue);
        argument_int(&a, "x-message-ttl", RETRY_TTL_MS[i]);
        declare_queue(d, name, &a);
    }
}

static void declare_durable(struct declarer *d, const struct topology_queue *q)
{
    char dead[300];
    snprintf(dead, sizeof dead, "%s.dead", q->name);
    if (q->kind == MQ_QUORUM) {
        struct arguments a;
        arguments_init(&a);
        dead_letter_to(&a, dead);
        argument_int(&a, "x-delivery-limit", DELIVERY_LIMIT);
        declare_queue(d, q->name, &a);
    } else {
        declare_queue(d, q->name, NULL);
        declare_exchange(d, q->name, "direct");
        bind_queue(d, q->name, q->name, q->name);
    }
    if (q->is_consumed || q->kind == MQ_QUORUM) {
        struct arguments a;
        arguments_init(&a);
        argument_str(&a, "x-queue-type", "quorum");
        declare_queue(d, dead, &a);
    }
    if (q->is_consumed)
        declare_retries(d, q->name);
    bind_all(d, q, q->name);
}

/* A new name each time: the broker may still hold the one of a connection it takes for alive. */
static void declare_exclusive(struct declarer *d, const struct topology_queue *q, char *name,
                              size_t size)
{
    char suffix[17], reason[200];
    rand_hex(suffix, 8);
    snprintf(name, size, "%s.%s", q->name, suffix);
    if (d->is_broken)
        return;
    amqp_queue_declare(d->link->conn, CONTROL_CHANNEL, amqp_cstring_bytes(name), 0, 0, 1, 1,
                       amqp_empty_table);
    if (!check(d, name, reason, sizeof reason)) {
        snprintf(d->why, d->why_size, "declaring %s: %s", name, reason);
        d->is_broken = true;
    }
    bind_all(d, q, name);
}

static void start_consumer(struct declarer *d, int index)
{
    const struct topology_consumer *c = &d->link->broker->setup->consumers[index];
    amqp_connection_state_t conn = d->link->conn;
    int channel = FIRST_CONSUMER_CHANNEL + index;
    char name[300];
    snprintf(name, sizeof name, "%s", c->queue->name);
    if (c->queue->kind == MQ_EXCLUSIVE)
        declare_exclusive(d, c->queue, name, sizeof name);
    if (!d->is_broken)
        open_channel(d, channel);
    if (d->is_broken)
        return;
    if (amqp_basic_qos(conn, (amqp_channel_t)channel, 0, (uint16_t)c->prefetch, 0) &&
        amqp_basic_consume(conn, (amqp_channel_t)channel, amqp_cstring_bytes(name),
                           amqp_cstring_bytes(CONSUMER_TAG), 0, 0, 0, amqp_empty_table))
        return;
    char reason[200];
    snprintf(d->why, d->why_size, "consuming %s: %s", name,
             link_reply_text(amqp_get_rpc_reply(conn), reason, sizeof reason));
    d->is_broken = true;
}

static void select_confirms(struct declarer *d)
{
    if (d->is_broken || amqp_confirm_select(d->link->conn, CONTROL_CHANNEL))
        return;
    link_reply_text(amqp_get_rpc_reply(d->link->conn), d->why, d->why_size);
    d->is_broken = true;
}

bool topology_declare(struct link *l, char *why, size_t why_size)
{
    struct declarer d = {.link = l, .why_size = why_size};
    const struct broker_setup *setup = l->broker->setup;
    d.why = why;
    open_channel(&d, CONTROL_CHANNEL);
    declare_exchange(&d, MQ_EVENTS_EXCHANGE, "topic");
    LIST_EACH(n, &setup->queues)
    {
        const struct topology_queue *q = LIST_ENTRY(n, struct topology_queue, node);
        if (q->kind != MQ_EXCLUSIVE)
            declare_durable(&d, q);
    }
    if (!l->is_consuming)
        select_confirms(&d);
    if (l->is_consuming && !l->broker->is_cancelled)
        for (int i = 0; i < setup->consumer_count; i++)
            start_consumer(&d, i);
    return !d.is_broken;
}
