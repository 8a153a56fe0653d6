#include "api/typing.h"

#include <stdlib.h>

#include "api/signals.h"
#include "clock.h"
#include "mem.h"

#define SWEEP_MS 500
#define STOPS_AFTER_US (6 * US_PER_S)
#define REPEAT_US (3 * US_PER_S)

struct typist {
    struct list node;
    struct client *client; /* NULL: its socket is gone */
    int64_t conversation_id, user_id;
    int64_t told_us, stops_us;
    size_t ticket_len, name_len;
    char text[]; /* ticket number and name */
};

struct typists {
    struct service *service;
    struct list all; /* struct typist */
};

struct typists *typists_new(struct service *s)
{
    struct typists *t = MEM_NEW(struct typists);
    t->service = s;
    list_init(&t->all);
    return t;
}

void typists_free(struct typists *t)
{
    LIST_EACH(n, &t->all)
    free(LIST_ENTRY(n, struct typist, node));
    free(t);
}

static void CO_FN tell(struct typists *t, const struct typist *x, bool is_typing)
{
    const struct event_signal e = {.signal = STR("typing"),
                                   .conversation_id = x->conversation_id,
                                   .ticket_number = str_n(x->text, x->ticket_len),
                                   .user_id = x->user_id,
                                   .user_name = str_n(x->text + x->ticket_len, x->name_len),
                                   .is_typing = is_typing ? JSON_TRUE : JSON_FALSE,
                                   .happened_at = clock_wall_us()};
    signal_send(t->service, &e);
}

/* ---- who stops without a word ---------------------------------------------------------------- */

static struct typist *take_silent(struct typists *t, int64_t now)
{
    LIST_EACH(n, &t->all)
    {
        struct typist *x = LIST_ENTRY(n, struct typist, node);
        if (!x->client || x->stops_us <= now) {
            list_remove(n);
            return x;
        }
    }
    return NULL;
}

static void CO_FN sweep(struct service *s, void *arg)
{
    (void)s;
    struct typists *t = arg;
    struct typist *x;
    while ((x = take_silent(t, clock_mono_us()))) {
        tell(t, x, false);
        free(x);
    }
}

void typists_start(struct typists *t)
{
    service_every(t->service, SWEEP_MS, "typing", sweep, t);
}

void typing_forget(struct typists *t, struct client *c)
{
    LIST_EACH(n, &t->all)
    {
        struct typist *x = LIST_ENTRY(n, struct typist, node);
        if (x->client == c)
            x->client = NULL;
    }
}

/* ---- what people say ------------------------------------------------------------------------- */

static struct typist *find(struct typists *t, const struct client *c, int64_t conversation_id)
{
    LIST_EACH(n, &t->all)
    {
        struct typist *x = LIST_ENTRY(n, struct typist, node);
        if (x->client == c && x->conversation_id == conversation_id)
            return x;
    }
    return NULL;
}

static struct typist *add(struct typists *t, struct client *c, const struct conversation *in)
{
    struct str ticket = in->ticket_number, name = c->who.name;
    struct typist *x = mem_zalloc(sizeof *x + ticket.len + name.len);
    x->client = c;
    x->conversation_id = in->id;
    x->user_id = c->who.user_id;
    x->ticket_len = ticket.len;
    x->name_len = name.len;
    if (ticket.len)
        memcpy(x->text, ticket.p, ticket.len);
    if (name.len)
        memcpy(x->text + ticket.len, name.p, name.len);
    list_append(&t->all, &x->node);
    return x;
}

/* A copy is told of: the one in the list may go while the broker is waited for. */
static void CO_FN tell_copy(struct typists *t, const struct typist *x)
{
    size_t size = sizeof *x + x->ticket_len + x->name_len;
    struct typist *copy = mem_alloc(size);
    memcpy(copy, x, size);
    tell(t, copy, true);
    free(copy);
}

void typing_set(struct typists *t, struct client *c, const struct conversation *in, bool is_typing)
{
    int64_t now = clock_mono_us();
    struct typist *x = find(t, c, in->id);
    if (!is_typing) {
        if (!x)
            return;
        list_remove(&x->node);
        tell(t, x, false);
        free(x);
        return;
    }
    if (!x)
        x = add(t, c, in);
    x->stops_us = now + STOPS_AFTER_US;
    if (x->told_us && now - x->told_us < REPEAT_US)
        return;
    x->told_us = now;
    tell_copy(t, x);
}
