/* Deliveries: handed to the loop, acknowledged in groups, moved to retry and dead-letter queues. */
#include "clock.h"
#include "thread.h"

#define MOVE_RETRY_US US_PER_S

void receive_delivery(struct link *l, int channel, struct content *c)
{
    if (l->broker->is_cancelled || channel < FIRST_CONSUMER_CHANNEL) {
        content_free(c);
        return;
    }
    content_describe(c);
    c->incoming.consumer = channel - FIRST_CONSUMER_CHANNEL;
    c->incoming.epoch = l->epoch;
    list_append(&l->channels[channel].unacked, &c->unacked);
    c->incoming.mail.kind = MAIL_DELIVERY;
    l->broker->post(l->broker->post_arg, &c->incoming.mail);
}

static bool is_void(const struct broker *b, const struct content *c)
{
    return !b->consumer.conn || c->incoming.epoch != b->consumer.epoch;
}

static struct channel *channel_of(struct broker *b, const struct content *c)
{
    return &b->consumer.channels[FIRST_CONSUMER_CHANNEL + c->incoming.consumer];
}

static void mark_done(struct broker *b, struct content *c)
{
    c->is_done = true;
    channel_of(b, c)->has_done = true;
}

void receive_settled(struct broker *b, struct incoming *in)
{
    struct content *c = LIST_ENTRY(in, struct content, incoming);
    if (is_void(b, c)) {
        content_free(c);
        return;
    }
    if (in->settle == SETTLE_DROP) {
        /* It stays in the list: no group of acknowledgements may reach over it. */
        c->is_dropped = true;
        return;
    }
    if (in->settle == SETTLE_ACK) {
        mark_done(b, c);
        return;
    }
    c->move_at = clock_mono_us();
    list_append(&b->moves, &c->moving);
}

void receive_moved(struct broker *b, struct content *c, enum publish_result result)
{
    if (is_void(b, c)) {
        content_free(c);
        return;
    }
    if (result == PUBLISH_CONFIRMED) {
        mark_done(b, c);
        return;
    }
    c->move_at = clock_mono_us() + MOVE_RETRY_US;
    list_append(&b->moves, &c->moving);
    if (result == PUBLISH_UNROUTABLE)
        link_fail(&b->publisher, "the retry or dead-letter queue for %s is gone",
                  b->setup->consumers[c->incoming.consumer].queue->name);
}

static bool send_ack(struct link *l, int channel, uint64_t tag, bool multiple)
{
    int rc = amqp_basic_ack(l->conn, (amqp_channel_t)channel, tag, multiple);
    if (rc == AMQP_STATUS_OK)
        return true;
    link_fail(l, "acknowledging: %s", amqp_error_string2(rc));
    return false;
}

/*
 * Finished deliveries that nothing unfinished precedes go in one acknowledgement; the others, which
 * overtook an unfinished one, get one each.
 */
static bool flush_channel(struct link *l, int number)
{
    struct channel *ch = &l->channels[number];
    ch->has_done = false;
    uint64_t group_tag = 0;
    int group_size = 0;
    bool is_prefix = true;
    LIST_EACH(n, &ch->unacked)
    {
        struct content *c = LIST_ENTRY(n, struct content, unacked);
        is_prefix = is_prefix && c->is_done;
        if (!c->is_done)
            continue;
        uint64_t tag = c->delivery_tag;
        content_free(c);
        if (is_prefix) {
            group_tag = tag;
            group_size++;
        } else if (!send_ack(l, number, tag, false)) {
            return false;
        }
    }
    return group_size == 0 || send_ack(l, number, group_tag, group_size > 1);
}

void receive_flush(struct broker *b)
{
    struct link *l = &b->consumer;
    for (int i = FIRST_CONSUMER_CHANNEL; i < l->channel_count; i++)
        if (l->conn && l->channels[i].has_done && !flush_channel(l, i))
            return;
}

void receive_forget(struct broker *b)
{
    struct link *l = &b->consumer;
    for (int i = FIRST_CONSUMER_CHANNEL; i < l->channel_count; i++) {
        l->channels[i].has_done = false;
        for (struct list *n; (n = list_pop(&l->channels[i].unacked));) {
            struct content *c = LIST_ENTRY(n, struct content, unacked);
            if (c->is_done || c->is_dropped)
                content_free(c);
        }
    }
    for (struct list *n; (n = list_pop(&b->moves));)
        content_free(LIST_ENTRY(n, struct content, moving));
}

void receive_cancel(struct broker *b)
{
    struct link *l = &b->consumer;
    b->is_cancelled = true;
    for (int i = FIRST_CONSUMER_CHANNEL; l->conn && i < l->channel_count; i++) {
        amqp_basic_cancel_t cancel = {.consumer_tag = amqp_cstring_bytes(CONSUMER_TAG),
                                      .nowait = 1};
        int rc = amqp_send_method(l->conn, (amqp_channel_t)i, AMQP_BASIC_CANCEL_METHOD, &cancel);
        if (rc != AMQP_STATUS_OK)
            link_fail(l, "cancelling: %s", amqp_error_string2(rc));
    }
}
