#include "proxy/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "proxy/checker.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/health.h"
#include "proxy/stream.h"
#include "registry/registry.h"
#include "service.h"

#define SWEEP_MS 1000
#define ADDRESS_LIFETIME_US (15 * US_PER_S)
#define RETRY_FIRST_US (500 * US_PER_MS)
#define RETRY_MAX_US (10 * US_PER_S)

struct endpoint_table {
    struct gateway *gw;
    struct list all;
    struct timer sweep;
    struct checker *checker;   /* owned */
    struct resolver *resolver; /* owned */
};

/* ---- life ----------------------------------------------------------------------------------- */

static void sweep(void *arg)
{
    struct endpoint_table *t = arg;
    int64_t oldest = clock_mono_us() - t->gw->settings->upstream_idle_s * US_PER_S;
    LIST_EACH(n, &t->all)
    {
        struct endpoint *e = LIST_ENTRY(n, struct endpoint, link);
        endpoint_ref(e);
        while (!list_is_empty(&e->idle)) {
            struct upstream_conn *last = LIST_ENTRY(e->idle.prev, struct upstream_conn, link);
            if (last->idle_since_us > oldest)
                break;
            upstream_conn_close(last);
        }
        endpoint_unref(e);
    }
    timer_start(&t->sweep, SWEEP_MS);
}

struct endpoint_table *endpoint_table_new(struct gateway *gw)
{
    struct endpoint_table *t = MEM_NEW(struct endpoint_table);
    t->gw = gw;
    list_init(&t->all);
    timer_init(&t->sweep, gw->loop, sweep, t);
    timer_start(&t->sweep, SWEEP_MS);
    t->checker = checker_new(gw, t);
    t->resolver = resolver_new(gw->loop);
    return t;
}

struct list *endpoint_table_all(struct endpoint_table *t)
{
    return &t->all;
}

void endpoint_close_idle(struct endpoint *e)
{
    endpoint_ref(e);
    while (!list_is_empty(&e->idle))
        upstream_conn_close(LIST_ENTRY(e->idle.next, struct upstream_conn, link));
    endpoint_unref(e);
}

void endpoint_table_free(struct endpoint_table *t)
{
    timer_release(&t->sweep);
    checker_free(t->checker);
    LIST_EACH(n, &t->all)
    endpoint_close_idle(LIST_ENTRY(n, struct endpoint, link));
    LIST_EACH(n, &t->all)
    {
        struct endpoint *e = LIST_ENTRY(n, struct endpoint, link);
        list_remove(n);
        lookup_forget(e->asked);
        e->asked = NULL;
        e->table = NULL;
    }
    resolver_free(t->resolver);
    free(t);
}

struct endpoint *endpoint_get(struct endpoint_table *t, struct str host, int port)
{
    LIST_EACH(n, &t->all)
    {
        struct endpoint *e = LIST_ENTRY(n, struct endpoint, link);
        if (e->port == port && str_eq(str_from(e->host), host))
            return endpoint_ref(e);
    }
    struct endpoint *e = MEM_NEW(struct endpoint);
    e->table = t;
    e->refs = 1;
    e->port = port;
    e->host = mem_alloc(host.len + 1);
    memcpy(e->host, host.p, host.len);
    e->host[host.len] = '\0';
    size_t size = host.len + 16;
    e->text = mem_alloc(size);
    snprintf(e->text, size, strchr(e->host, ':') ? "[%s]:%d" : "%s:%d", e->host, port);
    list_init(&e->waiting);
    list_init(&e->idle);
    list_init(&e->healths);
    list_append(&t->all, &e->link);
    e->is_numeric = sock_address_parse(e->host, &e->address);
    if (e->is_numeric) {
        sock_address_set_port(&e->address, port);
        e->address_state = ADDRESS_KNOWN;
    }
    return e;
}

struct endpoint *endpoint_ref(struct endpoint *e)
{
    e->refs++;
    return e;
}

void endpoint_unref(struct endpoint *e)
{
    /* Idle connections hold references too: an endpoint that only its pool needs is not needed. */
    if (--e->refs > e->idle_count)
        return;
    if (e->idle_count) {
        endpoint_close_idle(e);
        return;
    }
    list_remove(&e->link);
    lookup_forget(e->asked);
    LIST_EACH(n, &e->healths)
    health_free(LIST_ENTRY(n, struct health, link));
    free(e->host);
    free(e->text);
    free(e);
}

/* ---- health --------------------------------------------------------------------------------- */

void endpoint_failed(struct endpoint *e, int64_t now_us)
{
    int64_t pause = RETRY_FIRST_US << (e->failures < 5 ? e->failures : 5);
    e->retry_due_us = now_us + (pause < RETRY_MAX_US ? pause : RETRY_MAX_US);
    if (e->failures++)
        return;
    log_warn("upstream target failed", LOG_CSTR("target", e->text));
    if (!e->table)
        return;
    checker_hurry(e->table->checker);
    registry_report(e->table->gw->registry, str_from(e->host), e->port);
}

void endpoint_succeeded(struct endpoint *e)
{
    if (!e->failures)
        return;
    log_info("upstream target answers again", LOG_CSTR("target", e->text));
    e->failures = 0;
}

bool endpoint_is_available(const struct endpoint *e)
{
    return !e->failures;
}

/* ---- name look-up --------------------------------------------------------------------------- */

static void on_found(void *arg, const struct lookup *l)
{
    struct endpoint *e = endpoint_ref(arg);
    e->asked = NULL;
    if (l->count) {
        e->address = l->found[0];
        sock_address_set_port(&e->address, e->port);
        e->looked_up_us = clock_mono_us();
    } else {
        log_warn("name look-up failed", LOG_CSTR("host", e->host),
                 LOG_CSTR("reason", gai_strerror(l->status)));
    }
    /* A name that resolved once keeps its last address while the resolver is away. */
    e->address_state = e->address.len ? ADDRESS_KNOWN : ADDRESS_UNKNOWN;
    while (!list_is_empty(&e->waiting)) {
        struct exchange *x = LIST_ENTRY(list_pop(&e->waiting), struct exchange, wait_link);
        x->waiting_for = NULL;
        client_event(x->client, EXCHANGE_UP_RESOLVED);
    }
    endpoint_unref(e);
}

static void start_lookup(struct endpoint *e)
{
    e->address_state = ADDRESS_WANTED;
    e->asked = resolver_ask(e->table->resolver, e->host, on_found, e);
}

bool endpoint_has_address(struct endpoint *e)
{
    bool is_old = !e->is_numeric && e->address_state == ADDRESS_KNOWN &&
                  clock_mono_us() - e->looked_up_us > ADDRESS_LIFETIME_US;
    if (e->address_state == ADDRESS_UNKNOWN || is_old)
        start_lookup(e);
    return e->address.len > 0;
}

/* ---- connections ---------------------------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *arg)
{
    struct upstream_conn *u = arg;
    if (!u->x) {
        upstream_conn_close(u);
        return;
    }
    stream_fill(bev);
    client_event(u->x->client, EXCHANGE_UP_READABLE);
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct upstream_conn *u = arg;
    stream_written(bev);
    if (u->x)
        client_event(u->x->client, EXCHANGE_UP_DRAINED);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct upstream_conn *u = arg;
    if (!u->x) {
        upstream_conn_close(u);
    } else if (what & BEV_EVENT_CONNECTED) {
        int on = 1;
        setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        u->is_connected = true;
        bufferevent_enable(bev, EV_READ);
        client_event(u->x->client, EXCHANGE_UP_CONNECTED);
    } else {
        client_event(u->x->client, what & BEV_EVENT_EOF ? EXCHANGE_UP_EOF : EXCHANGE_UP_ERROR);
    }
}

static bool is_live(struct upstream_conn *u)
{
    char c;
    ssize_t n = recv(bufferevent_getfd(u->bev), &c, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static struct upstream_conn *take_idle(struct endpoint *e, bool must_be_live)
{
    while (!list_is_empty(&e->idle)) {
        struct upstream_conn *u = LIST_ENTRY(e->idle.next, struct upstream_conn, link);
        if (must_be_live && !is_live(u)) {
            upstream_conn_close(u);
            continue;
        }
        list_remove(&u->link);
        e->idle_count--;
        u->is_reused = true;
        return u;
    }
    return NULL;
}

static struct upstream_conn *open_new(struct endpoint *e)
{
    struct upstream_conn *u = MEM_NEW(struct upstream_conn);
    list_init(&u->link);
    u->bev = stream_new(loop_base(e->table->gw->loop), -1, on_read, on_write, on_event, u);
    if (!u->bev || bufferevent_socket_connect(u->bev, (struct sockaddr *)&e->address.sa,
                                              (int)e->address.len) != 0) {
        if (u->bev)
            bufferevent_free(u->bev);
        free(u);
        return NULL;
    }
    u->endpoint = endpoint_ref(e);
    return u;
}

struct upstream_conn *endpoint_connect(struct endpoint *e, struct exchange *x, bool must_be_live,
                                       bool *is_waiting)
{
    *is_waiting = false;
    struct upstream_conn *u = take_idle(e, must_be_live);
    if (!u) {
        bool has_address = endpoint_has_address(e);
        if (!has_address && e->address_state == ADDRESS_WANTED) {
            list_append(&e->waiting, &x->wait_link);
            x->waiting_for = e;
            *is_waiting = true;
            return NULL;
        }
        u = has_address ? open_new(e) : NULL;
    }
    if (u) {
        u->x = x;
        e->in_flight++;
    }
    return u;
}

void upstream_conn_close(struct upstream_conn *u)
{
    struct endpoint *e = u->endpoint;
    if (u->x)
        e->in_flight--;
    else
        e->idle_count--;
    list_remove(&u->link);
    bufferevent_free(u->bev);
    free(u);
    endpoint_unref(e);
}

void upstream_conn_park(struct upstream_conn *u, int64_t now_us)
{
    struct endpoint *e = u->endpoint;
    if (!e->table || e->table->gw->is_draining ||
        e->idle_count >= e->table->gw->settings->upstream_idle_max) {
        upstream_conn_close(u);
        return;
    }
    stream_pace(u->bev, STREAM_INPUT_MAX);
    e->in_flight--;
    u->x = NULL;
    u->idle_since_us = now_us;
    list_prepend(&e->idle, &u->link);
    e->idle_count++;
}
