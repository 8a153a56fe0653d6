#include "plain_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "clock.h"
#include "loop.h"
#include "mem.h"
#include "offload.h"

#define MAX_IDLE 32
#define IDLE_MAX_US (30 * US_PER_S)
#define MAX_ADDRESSES 8
#define RESOLVER_THREADS 2
#define RESOLVER_QUEUE 64

struct plain {
    struct loop *loop;
    struct offload *resolver; /* made with the first name that is no address */
    struct list idle;         /* struct plain_conn, most recently used first */
    int idle_count;
};

struct plain *plain_new(struct loop *l)
{
    struct plain *p = MEM_NEW(struct plain);
    p->loop = l;
    list_init(&p->idle);
    return p;
}

void plain_free(struct plain *p)
{
    while (!list_is_empty(&p->idle))
        plain_conn_close(LIST_ENTRY(p->idle.next, struct plain_conn, link));
    offload_free(p->resolver);
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

struct address {
    struct sockaddr_storage sa;
    socklen_t len;
};

/* A look-up may take longer than whoever asked for it can wait: the last of the two frees it. */
struct lookup {
    struct plain *plain;
    char *host;
    struct address found[MAX_ADDRESSES];
    int count;
    struct co_wait *waiter; /* NULL: given up, or done */
    bool is_done;
};

static void lookup_free(struct lookup *l)
{
    free(l->host);
    free(l);
}

static void look_up(void *arg)
{
    struct lookup *l = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    if (getaddrinfo(l->host, NULL, &hints, &list) != 0)
        return;
    for (const struct addrinfo *ai = list; ai && l->count < MAX_ADDRESSES; ai = ai->ai_next) {
        memcpy(&l->found[l->count].sa, ai->ai_addr, ai->ai_addrlen);
        l->found[l->count++].len = ai->ai_addrlen;
    }
    freeaddrinfo(list);
}

static void CO_FN look_up_main(void *arg)
{
    struct lookup *l = arg;
    if (offload_run(l->plain->resolver, look_up, l) != ERR_OK)
        l->count = 0;
    l->is_done = true;
    if (l->waiter)
        co_wake(l->waiter, ERR_OK);
    else
        lookup_free(l);
}

static enum err CO_FN resolve(struct plain *p, const char *host, int64_t until_us,
                              struct address *out, int *count)
{
    struct lookup *l = MEM_NEW(struct lookup);
    struct co_wait w;
    if (!p->resolver)
        p->resolver = offload_new(p->loop, RESOLVER_THREADS, RESOLVER_QUEUE);
    l->plain = p;
    l->host = mem_strdup(host);
    co_wait_init(&w);
    l->waiter = &w;
    co_start(p->loop, look_up_main, l, "look-up");
    int64_t left_us = until_us - clock_mono_us();
    enum err rc = co_wait(&w, left_us > 0 ? left_us / US_PER_MS + 1 : 0);
    l->waiter = NULL;
    if (!l->is_done)
        return rc == ERR_TIMEOUT ? ERR_SERVICE_UNAVAILABLE : rc;
    *count = l->count;
    memcpy(out, l->found, sizeof l->found);
    lookup_free(l);
    return *count ? rc : ERR_SERVICE_UNAVAILABLE;
}

static void set_port(struct address *to, int port)
{
    if (to->sa.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&to->sa)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&to->sa)->sin_port = htons((uint16_t)port);
}

/* A literal address, or localhost, which must not depend on a resolver. */
static bool is_literal(const char *host, struct address *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4->sin_addr) ==
        1) {
        v4->sin_family = AF_INET;
        out->len = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        out->len = sizeof *v6;
    }
    return out->len > 0;
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

static enum err CO_FN connect_to(struct plain_conn *k, const struct address *to, int64_t until_us)
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
    struct address addresses[MAX_ADDRESSES];
    const char *name = str_cstr(a, host);
    int count = 1;
    enum err rc =
        is_literal(name, &addresses[0]) ? ERR_OK : resolve(p, name, until_us, addresses, &count);
    if (rc)
        return rc;
    for (int i = 0; i < count; i++) {
        struct plain_conn *k = conn_new(p, authority);
        set_port(&addresses[i], port);
        /* An address that does not answer leaves time for the next. */
        int64_t now = clock_mono_us();
        rc = connect_to(k, &addresses[i], now + (until_us - now) / (count - i));
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
