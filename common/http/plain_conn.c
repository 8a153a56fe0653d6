#include "plain_conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "clock.h"
#include "loop.h"
#include "mem.h"
#include "resolver.h"

#define MAX_IDLE 32
#define IDLE_MAX_US (30 * US_PER_S)

struct plain {
    struct loop *loop;
    struct resolver *resolver;
    struct list idle; /* struct plain_conn, most recently used first */
    int idle_count;
};

struct plain *plain_new(struct loop *l)
{
    struct plain *p = MEM_NEW(struct plain);
    p->loop = l;
    p->resolver = resolver_new(l);
    list_init(&p->idle);
    return p;
}

void plain_free(struct plain *p)
{
    while (!list_is_empty(&p->idle))
        plain_conn_close(LIST_ENTRY(p->idle.next, struct plain_conn, link));
    resolver_free(p->resolver);
    free(p);
}

/* ---- events --------------------------------------------------------------------------------- */

static void happened(struct plain_conn *k)
{
    if (k->waiter)
        co_wake(k->waiter, ERR_OK);
    else
        plain_conn_close(k); /* idle: it has nothing to say that anyone waits for */
}

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    happened(arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct plain_conn *k = arg;
    if (what & BEV_EVENT_CONNECTED) {
        int on = 1;
        setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        k->is_connected = true;
    } else {
        k->is_ended = true;
    }
    happened(k);
}

enum err CO_FN plain_conn_wait(struct plain_conn *k, int64_t until_us)
{
    struct co_wait w;
    int64_t left_us = until_us - clock_mono_us();
    if (left_us <= 0)
        return ERR_TIMEOUT;
    co_wait_init(&w);
    k->waiter = &w;
    enum err rc = co_wait(&w, left_us / US_PER_MS + 1);
    k->waiter = NULL;
    return rc;
}

/* ---- addresses ------------------------------------------------------------------------------ */

struct addresses {
    struct sock_address all[RESOLVER_MAX_ADDRESSES];
    int count;
    struct lookup *asked; /* NULL: answered */
    struct co_wait wait;
};

static void on_found(void *arg, const struct lookup *l)
{
    struct addresses *a = arg;
    a->asked = NULL;
    a->count = l->count;
    memcpy(a->all, l->found, sizeof a->all);
    co_wake(&a->wait, ERR_OK);
}

static enum err CO_FN resolve(struct plain *p, const char *host, int64_t until_us,
                              struct addresses *out)
{
    int64_t left_us = until_us - clock_mono_us();
    co_wait_init(&out->wait);
    out->asked = resolver_ask(p->resolver, host, on_found, out);
    enum err rc = co_wait(&out->wait, left_us > 0 ? left_us / US_PER_MS + 1 : 0);
    lookup_forget(out->asked);
    if (rc)
        return rc == ERR_TIMEOUT ? ERR_SERVICE_UNAVAILABLE : rc;
    return out->count ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

/* ---- connections ---------------------------------------------------------------------------- */

void plain_conn_close(struct plain_conn *k)
{
    if (!list_is_empty(&k->link)) {
        list_remove(&k->link);
        k->plain->idle_count--;
    }
    bufferevent_free(k->bev);
    free((char *)(uintptr_t)k->authority.p);
    free(k);
}

static struct plain_conn *conn_new(struct plain *p, struct str authority)
{
    struct plain_conn *k = MEM_NEW(struct plain_conn);
    list_init(&k->link);
    k->plain = p;
    char *copy = mem_alloc(authority.len + 1);
    memcpy(copy, authority.p, authority.len);
    k->authority = str_n(copy, authority.len);
    k->bev = bufferevent_socket_new(loop_base(p->loop), -1, BEV_OPT_CLOSE_ON_FREE);
    if (!k->bev)
        abort();
    bufferevent_setcb(k->bev, on_read, NULL, on_event, k);
    return k;
}

static enum err CO_FN connect_to(struct plain_conn *k, const struct sock_address *to,
                                 int64_t until_us)
{
    if (bufferevent_socket_connect(k->bev, (const struct sockaddr *)&to->sa, (int)to->len) != 0)
        return ERR_SERVICE_UNAVAILABLE;
    while (!k->is_connected && !k->is_ended) {
        enum err rc = plain_conn_wait(k, until_us);
        if (rc)
            return rc == ERR_TIMEOUT ? ERR_SERVICE_UNAVAILABLE : rc;
    }
    return k->is_connected ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

enum err CO_FN plain_conn_open(struct plain *p, struct arena *a, struct str host, int port,
                               struct str authority, int64_t until_us, struct plain_conn **out)
{
    struct addresses to = {.count = 1};
    const char *name = str_cstr(a, host);
    enum err rc = sock_address_parse(name, &to.all[0]) ? ERR_OK : resolve(p, name, until_us, &to);
    if (rc)
        return rc;
    for (int i = 0; i < to.count; i++) {
        struct plain_conn *k = conn_new(p, authority);
        sock_address_set_port(&to.all[i], port);
        /* An address that does not answer leaves time for the next. */
        int64_t now = clock_mono_us();
        rc = connect_to(k, &to.all[i], now + (until_us - now) / (to.count - i));
        if (rc == ERR_OK) {
            bufferevent_enable(k->bev, EV_READ | EV_WRITE);
            *out = k;
            return ERR_OK;
        }
        plain_conn_close(k);
        if (rc != ERR_SERVICE_UNAVAILABLE)
            return rc;
    }
    return rc;
}

static bool is_open(struct plain_conn *k)
{
    char c;
    ssize_t n = recv(bufferevent_getfd(k->bev), &c, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) &&
           clock_mono_us() - k->idle_since_us < IDLE_MAX_US;
}

struct plain_conn *plain_conn_take(struct plain *p, struct str authority)
{
    LIST_EACH(n, &p->idle)
    {
        struct plain_conn *k = LIST_ENTRY(n, struct plain_conn, link);
        if (!str_eq(k->authority, authority))
            continue;
        if (!is_open(k)) {
            plain_conn_close(k);
            continue;
        }
        list_remove(&k->link);
        p->idle_count--;
        k->is_reused = true;
        return k;
    }
    return NULL;
}

void plain_conn_park(struct plain_conn *k)
{
    struct plain *p = k->plain;
    if (p->idle_count >= MAX_IDLE)
        plain_conn_close(LIST_ENTRY(p->idle.prev, struct plain_conn, link));
    k->idle_since_us = clock_mono_us();
    list_prepend(&p->idle, &k->link);
    p->idle_count++;
}
