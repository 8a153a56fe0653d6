#include "resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "loop.h"
#include "mem.h"
#include "offload.h"

#define THREADS 2
#define QUEUE_MAX 256

struct resolver {
    struct loop *loop;
    struct offload *workers; /* made with the first name */
    struct list open;        /* struct asked */
};

/* Belongs to the worker until it has been posted back, and then to the loop thread. */
struct asked {
    struct lookup lookup; /* first: what the asker holds */
    struct list link;     /* in resolver->open while somebody is to be told */
    char *host;
    resolver_fn fn; /* NULL: forgotten */
    void *arg;
    atomic_bool is_wanted;
};

struct resolver *resolver_new(struct loop *l)
{
    struct resolver *r = MEM_NEW(struct resolver);
    r->loop = l;
    list_init(&r->open);
    return r;
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    while (!list_is_empty(&r->open))
        lookup_forget(&LIST_ENTRY(r->open.next, struct asked, link)->lookup);
    offload_free(r->workers);
    free(r);
}

static void look_up(void *arg)
{
    struct asked *q = arg;
    struct lookup *l = &q->lookup;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    if (!atomic_load(&q->is_wanted))
        return;
    l->status = getaddrinfo(q->host, NULL, &hints, &list);
    if (l->status != 0)
        return;
    for (const struct addrinfo *ai = list; ai && l->count < RESOLVER_MAX_ADDRESSES;
         ai = ai->ai_next) {
        memcpy(&l->found[l->count].sa, ai->ai_addr, ai->ai_addrlen);
        l->found[l->count++].len = ai->ai_addrlen;
    }
    freeaddrinfo(list);
}

static void tell(void *arg)
{
    struct asked *q = arg;
    list_remove(&q->link);
    if (q->fn)
        q->fn(q->arg, &q->lookup);
    free(q->host);
    free(q);
}

struct lookup *resolver_ask(struct resolver *r, const char *host, resolver_fn fn, void *arg)
{
    struct asked *q = MEM_NEW(struct asked);
    q->host = mem_strdup(host);
    q->lookup.host = q->host;
    q->fn = fn;
    q->arg = arg;
    atomic_init(&q->is_wanted, true);
    list_append(&r->open, &q->link);
    if (!r->workers)
        r->workers = offload_new(r->loop, THREADS, QUEUE_MAX);
    if (!offload_start(r->workers, look_up, tell, q)) {
        q->lookup.status = EAI_AGAIN;
        loop_post(r->loop, tell, q);
    }
    return &q->lookup;
}

void lookup_forget(struct lookup *l)
{
    struct asked *q = (struct asked *)l;
    if (!q)
        return;
    list_remove(&q->link);
    q->fn = NULL;
    atomic_store(&q->is_wanted, false);
}

bool sock_address_parse(const char *host, struct sock_address *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;
    const char *text = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        out->len = sizeof *v4;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        out->len = sizeof *v6;
    }
    return out->len > 0;
}

void sock_address_set_port(struct sock_address *a, int port)
{
    if (a->sa.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a->sa)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&a->sa)->sin_port = htons((uint16_t)port);
}
