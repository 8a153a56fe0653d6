/* The listener: accepting, sweeping for timeouts, draining. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "clock.h"
#include "conn.h"
#include "mem.h"

#define BACKLOG 4096

const struct http_server_config HTTP_SERVER_DEFAULTS = {
    .bind = "0.0.0.0",
    .max_connections = 10000,
    .max_head_bytes = 16 * 1024,
    .max_body_bytes = 1024 * 1024,
    .head_timeout_ms = 10000,
    .body_timeout_ms = 20000,
    .idle_timeout_ms = 75000,
    .write_timeout_ms = 30000,
    .request_timeout_ms = 30000,
};

/* ---- connections -------------------------------------------------------------------------- */

struct arena *server_take_arena(struct http_server *s)
{
    return s->arena_count ? s->arenas[--s->arena_count] : arena_new();
}

void server_give_arena(struct http_server *s, struct arena *a)
{
    if (s->arena_count == SERVER_ARENAS) {
        arena_free(a);
        return;
    }
    arena_reset(a);
    s->arenas[s->arena_count++] = a;
}

static void resume_accepting(struct http_server *s)
{
    if (!s->is_paused || !s->listener || s->connections >= s->config.max_connections)
        return;
    s->is_paused = false;
    evconnlistener_enable(s->listener);
}

static void pause_accepting(struct http_server *s)
{
    s->is_paused = true;
    evconnlistener_disable(s->listener);
}

void server_forget(struct http_server *s, struct http_conn *c)
{
    s->connections--;
    resume_accepting(s);
}

static void format_peer(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN])
{
    out[0] = '\0';
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, out, INET6_ADDRSTRLEN);
    } else if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
            inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], out, INET6_ADDRSTRLEN);
        else
            inet_ntop(AF_INET6, &in6.sin6_addr, out, INET6_ADDRSTRLEN);
    }
}

static void accept_one(struct http_server *s, evutil_socket_t fd, const struct sockaddr *sa)
{
    char peer[INET6_ADDRSTRLEN];
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    format_peer(sa, peer);
    s->connections++;
    conn_open(s, fd, peer);
    if (!timer_is_active(&s->sweep))
        timer_start(&s->sweep, s->sweep_ms);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len,
                      void *arg)
{
    struct http_server *s = arg;
    accept_one(s, fd, sa);
    if (s->connections >= s->config.max_connections)
        pause_accepting(s);
}

/* Out of descriptors, usually: the backlog waits until the next sweep. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
    struct http_server *s = arg;
    log_error("accept failed", LOG_CSTR("error", evutil_socket_error_to_string(errno)));
    pause_accepting(s);
    timer_start(&s->sweep, s->sweep_ms);
}

/*
 * All timeouts of all connections are looked at a few times per shortest timeout: that costs less
 * than a timer that is moved twice in every request.
 */
static void on_sweep(void *arg)
{
    struct http_server *s = arg;
    int64_t now = clock_mono_us();
    LIST_EACH(it, &s->conns)
    {
        struct http_conn *c = LIST_ENTRY(it, struct http_conn, node);
        conn_check(c, now);
    }
    resume_accepting(s);
    if (!list_is_empty(&s->conns) || s->is_paused)
        timer_start(&s->sweep, s->sweep_ms);
}

static int sweep_interval(const struct http_server_config *c)
{
    const int timeouts[] = {c->head_timeout_ms, c->body_timeout_ms, c->idle_timeout_ms,
                            c->write_timeout_ms};
    int shortest = 4000;
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
        if (timeouts[i] < shortest)
            shortest = timeouts[i];
    return shortest < 40 ? 10 : shortest / 4;
}

/* ---- life --------------------------------------------------------------------------------- */

struct http_server *http_server_new(struct loop *l, const struct http_server_config *cfg,
                                    const struct route_table *routes,
                                    const struct http_server_hooks *hooks, void *app)
{
    struct http_server *s = MEM_NEW(struct http_server);
    bool is_valid;
    s->loop = l;
    s->config = *cfg;
    if (s->config.max_head_bytes >= CONN_INPUT_HIGH)
        s->config.max_head_bytes = CONN_INPUT_HIGH - 1;
    s->routes = routes;
    if (hooks)
        s->hooks = *hooks;
    s->app = app;
    s->trusted = trust_list_new(cfg->trusted_proxies, &is_valid);
    if (!is_valid)
        log_warn("malformed trusted proxy addresses are ignored");
    s->scratch = evbuffer_new();
    s->sweep_ms = sweep_interval(&s->config);
    list_init(&s->conns);
    timer_init(&s->sweep, l, on_sweep, s);
    /* Writing to a connection that the peer has reset is an error, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    return s;
}

static int bound_port(evutil_socket_t fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        return 0;
    if (sa.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
    return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

bool http_server_listen(struct http_server *s)
{
    char port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    snprintf(port, sizeof port, "%d", s->config.port);
    if (getaddrinfo(s->config.bind, port, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    unsigned flags = LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    if (s->config.reuse_port)
        flags |= LEV_OPT_REUSEABLE_PORT;
    s->listener = evconnlistener_new_bind(loop_base(s->loop), on_accept, s, flags, BACKLOG,
                                          found->ai_addr, (int)found->ai_addrlen);
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    if (!s->listener)
        return false;
    evconnlistener_set_error_cb(s->listener, on_accept_error);
    s->port = bound_port(evconnlistener_get_fd(s->listener));
    return true;
}

int http_server_port(const struct http_server *s)
{
    return s->port;
}

/* Connections that the kernel has accepted would be reset with the listening socket. */
static void accept_backlog(struct http_server *s)
{
    struct sockaddr_storage sa;
    for (;;) {
        socklen_t len = sizeof sa;
        int fd = accept4(evconnlistener_get_fd(s->listener), (struct sockaddr *)&sa, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        accept_one(s, fd, (struct sockaddr *)&sa);
    }
}

void http_server_retire(struct http_server *s)
{
    s->is_retiring = true;
}

void http_server_drain(struct http_server *s)
{
    if (s->is_draining)
        return;
    s->is_draining = true;
    if (s->listener) {
        accept_backlog(s);
        evconnlistener_free(s->listener);
        s->listener = NULL;
    }
    s->is_paused = false;
    LIST_EACH(it, &s->conns)
    {
        conn_retire(LIST_ENTRY(it, struct http_conn, node));
    }
}

int http_server_active(const struct http_server *s)
{
    return s->active;
}

int http_server_connections(const struct http_server *s)
{
    return s->connections;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    if (s->listener)
        evconnlistener_free(s->listener);
    s->listener = NULL;
    /* A request that still waits would come back to a server that is no more. */
    if (s->active)
        abort();
    LIST_EACH(it, &s->conns)
    {
        conn_close(LIST_ENTRY(it, struct http_conn, node));
    }
    while (s->arena_count)
        arena_free(s->arenas[--s->arena_count]);
    timer_release(&s->sweep);
    evbuffer_free(s->scratch);
    trust_list_free(s->trusted);
    free(s);
}
