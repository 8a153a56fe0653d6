#include "hosts.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "buf.h"
#include "mem.h"
#include "str.h"

#define HOSTS_MAX 8

struct host {
    const char *name, *port;
    bool is_name; /* to be looked up: no address, and no directory of a Unix socket */
};

struct hosts {
    struct arena *arena;
    struct resolver *resolver;
    struct host all[HOSTS_MAX];
    int count, names;
};

struct hosts_ask {
    struct hosts *hosts;
    struct arena *arena;
    hosts_fn fn;
    void *arg;
    struct one {
        struct hosts_ask *ask;
        struct lookup *lookup; /* NULL: none, or answered */
        struct sock_address found[RESOLVER_MAX_ADDRESSES];
        int count;
    } one[HOSTS_MAX];
    int waiting, status;
};

static const char *option(const PQconninfoOption *all, const char *keyword)
{
    for (; all->keyword; all++)
        if (strcmp(all->keyword, keyword) == 0)
            return all->val && *all->val ? all->val : NULL;
    return NULL;
}

static bool is_name(const char *host)
{
    struct sock_address a;
    return *host && *host != '/' && *host != '@' && !sock_address_parse(host, &a);
}

/* Both are lists, as libpq takes them; one port is that of every host. */
static void read_hosts(struct hosts *h, const char *hosts, const char *ports)
{
    struct str rest = str_from(hosts), port_rest = str_from(ports), host, port = STR("");
    while (h->count < HOSTS_MAX && str_next(&rest, ',', &host)) {
        if (port_rest.p)
            str_next(&port_rest, ',', &port);
        struct host *one = &h->all[h->count++];
        one->name = str_cstr(h->arena, host);
        one->port = str_cstr(h->arena, port);
        one->is_name = is_name(one->name);
        h->names += one->is_name;
    }
}

struct hosts *hosts_new(struct loop *l, const char *url)
{
    struct hosts *h = MEM_NEW(struct hosts);
    h->arena = arena_new();
    h->resolver = resolver_new(l);
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options && option(options, "host") && !option(options, "hostaddr"))
        read_hosts(h, option(options, "host"), option(options, "port"));
    PQconninfoFree(options);
    return h;
}

void hosts_free(struct hosts *h)
{
    if (!h)
        return;
    resolver_free(h->resolver);
    arena_free(h->arena);
    free(h);
}

bool hosts_have_names(const struct hosts *h)
{
    return h->names > 0;
}

struct lists {
    struct buf host, hostaddr, port;
    int count;
};

static void add(struct lists *to, const struct host *host, const char *address)
{
    const char *comma = to->count++ ? "," : "";
    buf_printf(&to->host, "%s%s", comma, host->name);
    buf_printf(&to->hostaddr, "%s%s", comma, address);
    buf_printf(&to->port, "%s%s", comma, host->port);
}

static void add_found(struct lists *to, const struct host *host, const struct one *one)
{
    char text[NI_MAXHOST];
    for (int i = 0; i < one->count; i++)
        if (getnameinfo((const struct sockaddr *)&one->found[i].sa, one->found[i].len, text,
                        sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
            add(to, host, text);
}

static void answer(struct hosts_ask *ask)
{
    struct lists to = {.count = 0};
    buf_init(&to.host, ask->arena);
    buf_init(&to.hostaddr, ask->arena);
    buf_init(&to.port, ask->arena);
    for (int i = 0; i < ask->hosts->count; i++) {
        const struct host *host = &ask->hosts->all[i];
        if (host->is_name)
            add_found(&to, host, &ask->one[i]);
        else
            add(&to, host, "");
    }
    struct hosts_found found = {buf_cstr(&to.host), buf_cstr(&to.hostaddr), buf_cstr(&to.port)};
    ask->fn(ask->arg, to.count ? &found : NULL, to.count ? NULL : gai_strerror(ask->status));
    free(ask);
}

static void on_found(void *arg, const struct lookup *l)
{
    struct one *one = arg;
    struct hosts_ask *ask = one->ask;
    one->lookup = NULL;
    one->count = l->count;
    memcpy(one->found, l->found, sizeof one->found);
    if (l->status)
        ask->status = l->status;
    if (--ask->waiting == 0)
        answer(ask);
}

struct hosts_ask *hosts_ask(struct hosts *h, struct arena *a, hosts_fn fn, void *arg)
{
    struct hosts_ask *ask = MEM_NEW(struct hosts_ask);
    ask->hosts = h;
    ask->arena = a;
    ask->fn = fn;
    ask->arg = arg;
    ask->waiting = h->names;
    for (int i = 0; i < h->count; i++) {
        struct one *one = &ask->one[i];
        one->ask = ask;
        if (h->all[i].is_name)
            one->lookup = resolver_ask(h->resolver, h->all[i].name, on_found, one);
    }
    return ask;
}

void hosts_forget(struct hosts_ask *ask)
{
    if (!ask)
        return;
    for (int i = 0; i < ask->hosts->count; i++)
        lookup_forget(ask->one[i].lookup);
    free(ask);
}
