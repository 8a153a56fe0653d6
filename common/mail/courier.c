#include "courier.h"

#include <stdlib.h>

#include "mem.h"

#define MAX_ACTIVE 16
#define POLL_MS 1000
#define STOP_TIMEOUT_MS 5000
#define STOP_STEP_MS 10

struct courier {
    struct service *service;
    courier_work_fn work;
    const char *name;
    struct timer poll;
    int active;
    bool is_looking, look_again;
};

static void CO_FN run(void *arg)
{
    struct courier *c = arg;
    struct arena *a = arena_new();
    bool found = c->work(c, c->service, a);
    arena_free(a);
    c->active--;
    if (!found)
        c->is_looking = false;
    if (found || c->look_again)
        courier_kick(c);
}

void courier_kick(void *courier)
{
    struct courier *c = courier;
    c->look_again = c->is_looking || c->active >= MAX_ACTIVE;
    if (c->look_again || c->service->is_draining)
        return;
    c->is_looking = true;
    c->active++;
    co_start(c->service->loop, run, c, c->name);
}

void courier_claimed(struct courier *c)
{
    c->is_looking = false;
    courier_kick(c);
}

static void on_poll(void *arg)
{
    struct courier *c = arg;
    courier_kick(c);
    timer_start(&c->poll, POLL_MS);
}

struct courier *courier_new(struct service *s, courier_work_fn work, const char *name)
{
    struct courier *c = MEM_NEW(struct courier);
    *c = (struct courier){.service = s, .work = work, .name = name};
    timer_init(&c->poll, s->loop, on_poll, c);
    return c;
}

void courier_start(struct courier *c)
{
    on_poll(c);
}

void CO_FN courier_stop(struct courier *c)
{
    for (int waited = 0; waited < STOP_TIMEOUT_MS && c->active > 0; waited += STOP_STEP_MS)
        if (co_sleep_ms(STOP_STEP_MS) != ERR_OK)
            return;
}

void courier_free(struct courier *c)
{
    if (!c)
        return;
    timer_release(&c->poll);
    free(c);
}
