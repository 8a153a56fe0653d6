#include "delivery/courier.h"

#include <stdlib.h>

#include "clock.h"
#include "delivery/outlet.h"
#include "domain/retry.h"
#include "log.h"
#include "mem.h"
#include "metrics.h"
#include "rand.h"

#define MAX_ACTIVE 16
#define POLL_MS 1000
/* Over the longest an attempt takes: then its process must have died. */
#define LEASE_S 60

static struct metric deliveries = {
    .name = "deliveries_total",
    .help = "Attempts to deliver beyond the screen.",
    .kind = METRIC_COUNTER,
    .labels = "channel,result",
};

struct courier {
    struct service *service;
    struct timer poll;
    int active;
    bool is_looking, look_again;
};

struct sending {
    struct courier *courier;
    struct arena *arena; /* owned; holds the delivery */
    struct delivery delivery;
};

/* ---- one delivery ------------------------------------------------------------------------- */

static void count(const struct delivery *d, const char *result)
{
    const struct str labels[] = {d->channel, str_from(result)};
    metric_add(metric_series(&deliveries, labels), 1);
}

static enum err CO_FN record(struct sending *x, enum err rc, const char *why)
{
    const struct delivery *d = &x->delivery;
    struct db_session db;
    int64_t now = clock_wall_us();
    db_session_init(&db, x->courier->service->db, x->arena);
    if (rc == ERR_OK) {
        count(d, "sent");
        return delivery_store_sent(&db, d->id, now);
    }
    bool is_final = rc == ERR_INVALID_INPUT || retry_is_over(d->attempts);
    count(d, is_final ? "failed" : "retried");
    log_warn("not delivered", LOG_I("delivery_id", d->id), LOG_STR("channel", d->channel),
             LOG_I("attempt", d->attempts), LOG_B("is_final", is_final), LOG_CSTR("reason", why));
    return delivery_store_failed(&db, d->id, str_from(why),
                                 is_final ? INT64_MIN : retry_at(d->attempts, now, rand_u64()));
}

static void CO_FN send_one(void *arg)
{
    struct sending *x = arg;
    struct courier *c = x->courier;
    const char *why = NULL;
    enum err rc = outlet_send(c->service, x->arena, &x->delivery, &why);
    if (record(x, rc, why && *why ? why : err_text(rc)) != ERR_OK)
        log_warn("the outcome of a delivery was not recorded; it will be sent again",
                 LOG_I("delivery_id", x->delivery.id));
    arena_free(x->arena);
    free(x);
    c->active--;
    courier_kick(c);
}

/* ---- finding work ------------------------------------------------------------------------- */

static void start_sending(struct courier *c, const struct delivery *d)
{
    struct sending *x = MEM_NEW(struct sending);
    struct arena *a = arena_new();
    *x = (struct sending){c, a, *d};
    x->delivery.channel = str_dup(a, d->channel);
    x->delivery.title = str_dup(a, d->title);
    x->delivery.message = str_dup(a, d->message);
    x->delivery.ticket_number = str_dup(a, d->ticket_number);
    x->delivery.address = str_dup(a, d->address);
    x->delivery.name = str_dup(a, d->name);
    c->active++;
    co_start(c->service->loop, send_one, x, "delivery");
}

static void CO_FN look(void *arg)
{
    struct courier *c = arg;
    struct arena *a = arena_new();
    struct db_session db;
    const struct delivery *due;
    size_t n = 0;
    db_session_init(&db, c->service->db, a);
    c->look_again = false;
    if (c->active < MAX_ACTIVE && delivery_store_claim(&db, clock_wall_us(), LEASE_S,
                                                       MAX_ACTIVE - c->active, &due, &n) == ERR_OK)
        for (size_t i = 0; i < n; i++)
            start_sending(c, &due[i]);
    arena_free(a);
    c->is_looking = false;
    if (c->look_again)
        courier_kick(c);
}

void courier_kick(void *courier)
{
    struct courier *c = courier;
    c->look_again = true;
    if (c->is_looking || c->service->is_draining)
        return;
    c->is_looking = true;
    co_start(c->service->loop, look, c, "look for deliveries");
}

static void on_poll(void *arg)
{
    struct courier *c = arg;
    courier_kick(c);
    timer_start(&c->poll, POLL_MS);
}

struct courier *courier_new(struct service *s)
{
    struct courier *c = MEM_NEW(struct courier);
    c->service = s;
    timer_init(&c->poll, s->loop, on_poll, c);
    return c;
}

void courier_start(struct courier *c)
{
    on_poll(c);
}

int courier_active(const struct courier *c)
{
    return c->active + c->is_looking;
}

void courier_free(struct courier *c)
{
    if (!c)
        return;
    timer_release(&c->poll);
    free(c);
}
