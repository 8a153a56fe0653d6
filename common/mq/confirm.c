/* Publishing with confirms: a window of unconfirmed messages over batches and moved deliveries. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "mem.h"
#include "thread.h"

#define BURST_MESSAGES 32 /* sent between two looks at the socket */
#define BURST_BYTES (64 * 1024)

void window_init(struct window *w, int size)
{
    w->size = (uint64_t)size;
    w->slots = mem_zalloc((size_t)size * sizeof *w->slots);
    window_reset(w);
}

void window_release(struct window *w)
{
    free(w->slots);
}

/* A new channel counts its delivery tags from 1. */
void window_reset(struct window *w)
{
    w->next = w->low = 1;
}

bool window_is_empty(const struct window *w)
{
    return w->low == w->next;
}

bool window_is_full(const struct window *w)
{
    return w->next - w->low >= w->size;
}

static struct confirm *slot_of(struct window *w, uint64_t tag)
{
    return &w->slots[tag % w->size];
}

/* ---- outcomes ------------------------------------------------------------------------------ */

static void settle_message(struct broker *b, struct batch *batch, size_t index,
                           enum publish_result result)
{
    batch->results[index] = result;
    if (++batch->settled < batch->count)
        return;
    batch->mail.kind = MAIL_PUBLISHED;
    b->post(b->post_arg, &batch->mail);
}

static void settle_slot(struct broker *b, uint64_t tag, enum publish_result result)
{
    struct confirm *c = slot_of(&b->window, tag);
    if (!c->is_open)
        return;
    c->is_open = false;
    if (c->result != PUBLISH_PENDING)
        result = c->result;
    if (c->batch)
        settle_message(b, c->batch, c->index, result);
    else
        receive_moved(b, c->move, result);
}

void publish_on_confirm(struct broker *b, uint64_t tag, bool multiple, enum publish_result result)
{
    struct window *w = &b->window;
    if (tag < w->low || tag >= w->next)
        return;
    for (uint64_t t = multiple ? w->low : tag; t <= tag; t++)
        settle_slot(b, t, result);
    while (w->low < w->next && !slot_of(w, w->low)->is_open)
        w->low++;
}

static struct str routing_key_of(const struct confirm *c)
{
    return c->batch ? c->batch->messages[c->index].routing_key : STR_NULL;
}

static bool is_returned_message(const struct confirm *c, const struct content *r)
{
    if (!c->is_open || c->result != PUBLISH_PENDING)
        return false;
    struct str id = r->properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG
                        ? str_from_bytes(r->properties.message_id)
                        : STR_NULL;
    if (c->move)
        return r->exchange.len == 0 && str_eq(id, c->move->incoming.message.message_id);
    return str_eq(id, c->batch->messages[c->index].message_id) &&
           str_eq(str_from_bytes(r->routing_key), routing_key_of(c)) &&
           str_eq(str_from_bytes(r->exchange), c->batch->messages[c->index].exchange);
}

/*
 * A return comes before the confirm of its message but does not name its tag. Messages in flight
 * that agree in id, exchange and routing key share their fate, so the first of them will do.
 */
void publish_on_return(struct broker *b, const struct content *r)
{
    struct window *w = &b->window;
    for (uint64_t tag = w->low; tag < w->next; tag++) {
        struct confirm *c = slot_of(w, tag);
        if (!is_returned_message(c, r))
            continue;
        c->result = PUBLISH_UNROUTABLE;
        return;
    }
}

void publish_fail_all(struct broker *b)
{
    struct window *w = &b->window;
    for (uint64_t tag = w->low; tag < w->next; tag++) {
        slot_of(w, tag)->result = PUBLISH_PENDING;
        settle_slot(b, tag, PUBLISH_LOST);
    }
    window_reset(w);
    for (struct list *n; (n = list_pop(&b->batches));) {
        struct batch *batch = LIST_ENTRY(n, struct batch, mail.node);
        size_t count = batch->count; /* with its last message settled the batch is the loop's */
        for (size_t i = batch->sent; i < count; i++)
            settle_message(b, batch, i, PUBLISH_LOST);
    }
}

/* ---- sending ------------------------------------------------------------------------------- */

static struct confirm *open_slot(struct window *w)
{
    struct confirm *c = slot_of(w, w->next++);
    *c = (struct confirm){.is_open = true, .result = PUBLISH_PENDING};
    return c;
}

static bool send_message(struct broker *b, struct str exchange, struct str routing_key,
                         const amqp_basic_properties_t *properties, struct str body)
{
    int rc =
        amqp_basic_publish(b->publisher.conn, CONTROL_CHANNEL, bytes_from_str(exchange),
                           bytes_from_str(routing_key), 1, 0, properties, bytes_from_str(body));
    if (rc == AMQP_STATUS_OK)
        return true;
    link_fail(&b->publisher, "publishing: %s", amqp_error_string2(rc));
    return false;
}

/* Publishes the next message of the first batch; returns its size, 0 when the connection failed. */
static size_t send_next(struct broker *b, struct batch *batch)
{
    size_t i = batch->sent;
    const struct mq_message *m = &batch->messages[i];
    if (++batch->sent == batch->count)
        list_remove(&batch->mail.node);
    if (atomic_load(&batch->is_abandoned)) {
        settle_message(b, batch, i, PUBLISH_LOST);
        return 1;
    }
    if (!message_is_encodable(m)) {
        settle_message(b, batch, i, PUBLISH_REFUSED);
        return 1;
    }
    amqp_basic_properties_t properties;
    properties_of_message(batch->arena, m, &properties);
    struct confirm *c = open_slot(&b->window);
    c->batch = batch;
    c->index = i;
    return send_message(b, m->exchange, m->routing_key, &properties, m->body) ? m->body.len + 1 : 0;
}

static size_t send_move(struct broker *b, struct content *c)
{
    const char *queue = b->setup->consumers[c->incoming.consumer].queue->name;
    char target[300];
    if (c->incoming.settle == SETTLE_RETRY)
        snprintf(target, sizeof target, "%s.retry.%d", queue, c->incoming.failures + 1);
    else
        snprintf(target, sizeof target, "%s.dead", queue);
    amqp_basic_properties_t properties;
    properties_of_move(c, queue, &properties);
    open_slot(&b->window)->move = c;
    return send_message(b, STR_NULL, str_from(target), &properties, c->incoming.message.body)
               ? c->body.len + 1
               : 0;
}

static struct content *due_move(struct broker *b, int64_t now)
{
    LIST_EACH(n, &b->moves)
    {
        struct content *c = LIST_ENTRY(n, struct content, moving);
        if (c->move_at <= now) {
            list_remove(n);
            return c;
        }
    }
    return NULL;
}

int64_t publish_next_due(const struct broker *b)
{
    int64_t due = 0;
    LIST_EACH(n, &b->moves)
    {
        const struct content *c = LIST_ENTRY(n, struct content, moving);
        if (!due || c->move_at < due)
            due = c->move_at;
    }
    return due;
}

/* librabbitmq waits for room when the socket is full; that must not hold up the other connection.
 */
static bool is_writable(const struct link *l)
{
    struct pollfd p = {.fd = atomic_load(&l->fd), .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

void publish_pump(struct broker *b)
{
    int64_t now = clock_mono_us();
    int burst = 0;
    size_t burst_bytes = 0;
    while (b->publisher.conn && !b->publisher.is_blocked && !window_is_full(&b->window)) {
        if (list_is_empty(&b->batches) && list_is_empty(&b->moves))
            return;
        if (burst == 0 && !is_writable(&b->publisher))
            return;
        struct content *move = due_move(b, now);
        if (!move && list_is_empty(&b->batches))
            return;
        burst_bytes += move ? send_move(b, move)
                            : send_next(b, LIST_ENTRY(b->batches.next, struct batch, mail.node));
        if (++burst == BURST_MESSAGES || burst_bytes > BURST_BYTES)
            burst = 0, burst_bytes = 0;
    }
}
