/* Which delivery is handled when: concurrency, order by key, suspects one at a time. */
#include <stdlib.h>

#include "loop.h"
#include "mem.h"
#include "mq_internal.h"

#define REASON_MAX 500 /* bytes of a reason that travel in a header */

void consumer_free(struct consumer *c)
{
    consumer_drop_backlog(c);
    list_remove(&c->node);
    strmap_free(c->lanes);
    free(c);
}

bool consumer_may_answer(const struct consumer *c, const struct incoming *in)
{
    return !c->mq->is_stopping && in->epoch == c->mq->consumer_epoch;
}

/* ---- lanes --------------------------------------------------------------------------------- */

/* Takes a place in the lane of the delivery's key. False when others of the key come first. */
static bool lane_enter(struct consumer *c, struct incoming *in)
{
    struct str key = c->config.order_key ? c->config.order_key(&in->message) : STR_NULL;
    if (key.len == 0)
        return true;
    struct lane *lane = strmap_get(c->lanes, key);
    if (lane) {
        in->lane = lane;
        list_append(&lane->waiting, &in->waiting);
        return false;
    }
    lane = mem_zalloc(sizeof *lane + key.len);
    memcpy(lane->key, key.p, key.len);
    lane->key_len = key.len;
    list_init(&lane->waiting);
    strmap_set(c->lanes, key, lane);
    in->lane = lane;
    return true;
}

static void enqueue(struct consumer *c, struct incoming *in)
{
    /* Only the inbox can tell a delivery that was merely fetched from one that was begun. */
    bool is_suspect = in->redelivered && c->db && c->config.use_inbox;
    list_append(is_suspect ? &c->suspects : &c->backlog, &in->waiting);
}

static void lane_leave(struct consumer *c, struct lane *lane)
{
    if (!lane)
        return;
    struct list *next = list_pop(&lane->waiting);
    if (next) {
        enqueue(c, LIST_ENTRY(next, struct incoming, waiting));
        return;
    }
    strmap_remove(c->lanes, str_n(lane->key, lane->key_len));
    free(lane);
}

/* ---- handling ------------------------------------------------------------------------------ */

static void send_back(struct consumer *c, struct incoming *in, enum settle settle,
                      struct str reason)
{
    struct mq_stats *stats = &c->mq->stats;
    stats->acked += settle == SETTLE_ACK;
    stats->retried += settle == SETTLE_RETRY;
    stats->dead += settle == SETTLE_DEAD;
    in->settle = settle;
    in->mail.kind = MAIL_SETTLE;
    if (reason.len) {
        size_t n = reason.len < REASON_MAX ? reason.len : REASON_MAX;
        in->reason = mem_zalloc(n + 1);
        memcpy(in->reason, reason.p, n);
    }
    if (c->mq->broker)
        broker_put(c->mq->broker, &in->mail);
    else
        incoming_free(in);
}

static void pump(struct consumer *c);

static void CO_FN handle_one(struct consumer *c, struct incoming *in, bool is_suspect)
{
    struct lane *lane = in->lane;
    struct arena *a = arena_new();
    struct str reason = STR_NULL;
    enum settle settle = deliver(c, in, a, is_suspect, &reason);
    co_set_local(NULL);
    send_back(c, in, settle, reason);
    arena_free(a);
    lane_leave(c, lane);
}

/* False when each must be handled on its own. */
static bool CO_FN handle_together(struct consumer *c, const struct handling *h)
{
    struct arena *a = arena_new();
    bool is_done = deliver_together(c, h->ins, h->count, a);
    co_set_local(NULL);
    for (size_t i = 0; is_done && i < h->count; i++) {
        struct lane *lane = h->ins[i]->lane;
        send_back(c, h->ins[i], SETTLE_ACK, STR_NULL);
        lane_leave(c, lane);
    }
    arena_free(a);
    return is_done;
}

/* As many as may be handled together; a suspect comes alone. */
static void take_waiting(struct consumer *c, struct handling *h)
{
    size_t most = c->config.batch_handler || c->config.in_batches ? MQ_BATCH_MAX : 1;
    if (h->is_suspect)
        most = 1;
    struct list *from = h->is_suspect ? &c->suspects : &c->backlog;
    while (h->count < most) {
        struct list *n = list_pop(from);
        if (!n)
            return;
        h->ins[h->count++] = LIST_ENTRY(n, struct incoming, waiting);
    }
}

static void CO_FN handle(void *arg)
{
    struct handling h = *(struct handling *)arg;
    struct consumer *c = h.consumer;
    h.co = co_self();
    list_init(&h.node);
    list_append(&c->running, &h.node);
    if (c->config.linger_ms && !h.is_suspect && co_sleep_ms(c->config.linger_ms) == ERR_OK)
        take_waiting(c, &h);
    if (h.count == 1 || !handle_together(c, &h))
        for (size_t i = 0; i < h.count; i++)
            handle_one(c, h.ins[i], h.is_suspect);
    list_remove(&h.node);
    c->running_count--;
    if (h.is_suspect)
        c->is_suspect_running = false;
    if (--c->mq->running == 0 && c->mq->idle_wait)
        co_wake(c->mq->idle_wait, ERR_OK);
    pump(c);
}

/* Starts handlers as long as there are deliveries and places for them. */
static void pump(struct consumer *c)
{
    if (c->is_pumping) /* a handler that never waited ended inside the loop below */
        return;
    c->is_pumping = true;
    while (c->running_count < c->config.concurrency) {
        struct handling h = {.consumer = c};
        h.is_suspect = !c->is_suspect_running && !list_is_empty(&c->suspects);
        take_waiting(c, &h);
        if (h.count == 0)
            break;
        c->running_count++;
        c->mq->running++;
        c->is_suspect_running |= h.is_suspect;
        co_start(c->mq->loop, handle, &h, "delivery");
    }
    c->is_pumping = false;
}

void consumer_take(struct consumer *c, struct incoming *in)
{
    if (!consumer_may_answer(c, in)) {
        send_back(c, in, SETTLE_DROP, STR_NULL);
        return;
    }
    c->mq->stats.consumed++;
    c->mq->stats.redelivered += in->redelivered;
    metric_add(c->consumed, 1);
    if (!lane_enter(c, in))
        return;
    enqueue(c, in);
    pump(c);
}

static void drop_all(struct consumer *c, struct list *deliveries)
{
    for (struct list *n; (n = list_pop(deliveries));) {
        struct incoming *in = LIST_ENTRY(n, struct incoming, waiting);
        struct lane *lane = in->lane;
        send_back(c, in, SETTLE_DROP, STR_NULL);
        lane_leave(c, lane);
    }
}

void consumer_drop_backlog(struct consumer *c)
{
    size_t it = 0;
    struct str key;
    void *lane;
    while (strmap_next(c->lanes, &it, &key, &lane))
        for (struct list *n; (n = list_pop(&((struct lane *)lane)->waiting));)
            send_back(c, LIST_ENTRY(n, struct incoming, waiting), SETTLE_DROP, STR_NULL);
    drop_all(c, &c->backlog);
    drop_all(c, &c->suspects);
}
