#include "webhook/sender.h"

#include <stdlib.h>

#include "clock.h"
#include "config.h"
#include "list.h"
#include "log.h"
#include "mem.h"
#include "webhook/outcome.h"

#define POLL_MS 1000
/* Over the longest an attempt takes: then its process must have died. */
#define LEASE_MARGIN_S 15
/* Lanes of a process: enough for dozens of endpoints that hang. Beyond it endpoints take turns. */
#define MAX_LANES 256
#define STOP_TIMEOUT_MS 5000
#define STOP_STEP_MS 10

/* An endpoint that something is due for, while it has lanes. */
struct endpoint {
    struct list node;
    struct webhook_sender *sender;
    int64_t id;
    int lanes;
    bool is_suspect; /* its last attempt has failed: one at a time, until one succeeds */
};

/* On its own stack. */
struct lane {
    struct list node;
    struct co *co;
};

struct webhook_sender {
    struct webhooks *webhooks;
    struct timer poll;
    struct list endpoints, running; /* struct endpoint, struct lane */
    int lanes;
    bool is_looking, look_again;
};

static void open_lane(struct webhook_sender *s, struct endpoint *e);

/* ---- lanes -------------------------------------------------------------------------------- */

static int lanes_allowed(const struct endpoint *e)
{
    const struct service *s = e->sender->webhooks->service;
    const struct notification_config *c = s->own_config;
    return e->is_suspect ? 1 : (int)c->webhook.concurrency;
}

/* Claims one delivery, sends it, records the outcome. False when nothing was due. */
static bool CO_FN send_one(struct endpoint *e, struct arena *a)
{
    struct webhooks *w = e->sender->webhooks;
    int64_t lease_s = notification_config(w->service)->webhook.timeout_s + LEASE_MARGIN_S;
    struct webhook_result result;
    struct webhook_due due;
    struct db_session db;
    db_session_init(&db, w->service->db, a);
    if (webhook_store_claim(&db, e->id, clock_wall_us(), lease_s, &due))
        return false;
    if (due.failures)
        e->is_suspect = true;
    /* There may be more. */
    if (e->lanes < lanes_allowed(e))
        open_lane(e->sender, e);
    if (webhook_attempt(w, a, &due, &result))
        return false;
    e->is_suspect = result.attempt.error.p;
    if (webhook_outcome(w, &db, &due, &result))
        log_warn("the outcome of a webhook was not recorded; it will be sent again",
                 LOG_I("delivery_id", due.id));
    return true;
}

static bool may_go_on(const struct endpoint *e)
{
    return e->lanes <= lanes_allowed(e) && e->sender->lanes < MAX_LANES &&
           !e->sender->webhooks->service->is_draining;
}

static void CO_FN run_lane(void *arg)
{
    struct endpoint *e = arg;
    struct webhook_sender *s = e->sender;
    struct lane lane = {.co = co_self()};
    bool found;
    list_append(&s->running, &lane.node);
    do {
        struct arena *a = arena_new();
        found = send_one(e, a);
        arena_free(a);
    } while (found && may_go_on(e));
    list_remove(&lane.node);
    s->lanes--;
    if (--e->lanes == 0) {
        list_remove(&e->node);
        free(e);
    }
    /* What waited for a lane, or was left behind by this one. */
    if (found)
        webhook_sender_kick(s);
}

static void open_lane(struct webhook_sender *s, struct endpoint *e)
{
    if (s->lanes >= MAX_LANES || s->webhooks->service->is_draining)
        return;
    s->lanes++;
    e->lanes++;
    co_start(s->webhooks->service->loop, run_lane, e, "webhook");
}

/* ---- looking ------------------------------------------------------------------------------ */

static bool is_at_work(const struct webhook_sender *s, int64_t id)
{
    LIST_EACH(n, &s->endpoints)
    {
        if (LIST_ENTRY(n, struct endpoint, node)->id == id)
            return true;
    }
    return false;
}

static void begin(struct webhook_sender *s, int64_t id)
{
    if (s->lanes >= MAX_LANES || is_at_work(s, id))
        return;
    struct endpoint *e = MEM_NEW(struct endpoint);
    *e = (struct endpoint){.sender = s, .id = id};
    list_append(&s->endpoints, &e->node);
    open_lane(s, e);
}

static void CO_FN look(void *arg)
{
    struct webhook_sender *s = arg;
    struct service *service = s->webhooks->service;
    do {
        struct arena *a = arena_new();
        struct db_session db;
        const int64_t *ids;
        size_t count;
        s->look_again = false;
        db_session_init(&db, service->db, a);
        if (webhook_store_due(&db, clock_wall_us(), &ids, &count))
            count = 0;
        /* Not always the same ones first: there may be more endpoints than lanes. */
        size_t from = count ? (size_t)clock_mono_us() % count : 0;
        for (size_t i = 0; i < count && !service->is_draining; i++)
            begin(s, ids[(from + i) % count]);
        arena_free(a);
    } while (s->look_again && !service->is_draining);
    s->is_looking = false;
}

void webhook_sender_kick(struct webhook_sender *s)
{
    s->look_again = s->is_looking;
    if (s->is_looking || s->webhooks->service->is_draining)
        return;
    s->is_looking = true;
    co_start(s->webhooks->service->loop, look, s, "due webhooks");
}

static void on_poll(void *arg)
{
    struct webhook_sender *s = arg;
    webhook_sender_kick(s);
    timer_start(&s->poll, POLL_MS);
}

/* ---- life --------------------------------------------------------------------------------- */

struct webhook_sender *webhook_sender_new(struct webhooks *w)
{
    struct webhook_sender *s = MEM_NEW(struct webhook_sender);
    s->webhooks = w;
    list_init(&s->endpoints);
    list_init(&s->running);
    timer_init(&s->poll, w->service->loop, on_poll, s);
    return s;
}

void webhook_sender_start(struct webhook_sender *s)
{
    on_poll(s);
}

static void CO_FN wait_for_lanes(struct webhook_sender *s)
{
    for (int waited = 0; waited < STOP_TIMEOUT_MS && (s->lanes > 0 || s->is_looking);
         waited += STOP_STEP_MS)
        if (co_sleep_ms(STOP_STEP_MS) != ERR_OK)
            return;
}

void CO_FN webhook_sender_stop(struct webhook_sender *s)
{
    wait_for_lanes(s);
    /* What still waits for an answer is sent again, by whoever is there when its lease ends. */
    LIST_EACH(n, &s->running)
    {
        co_cancel(LIST_ENTRY(n, struct lane, node)->co);
    }
    wait_for_lanes(s);
}

void webhook_sender_free(struct webhook_sender *s)
{
    if (!s)
        return;
    timer_release(&s->poll);
    free(s);
}
