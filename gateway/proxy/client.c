#include "proxy/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "proxy/stream.h"
#include "tls/conn.h"

#define BACKLOG 1024
#define ACCEPT_PAUSE_MS 100
/* Who has not spoken yet when the gateway drains may have a request on its way. */
#define NEWCOMER_MS 1000
/* More than this is not asked of a reader between two looks: a full output is not much more. */
#define LEAST_MAX (STREAM_HIGH - STREAM_LOW)

static void open_doors(struct gateway *gw)
{
    for (int i = 0; i < 2; i++)
        if (gw->doors[i].listener)
            evconnlistener_enable(gw->doors[i].listener);
}

static void close_doors(struct gateway *gw)
{
    for (int i = 0; i < 2; i++)
        if (gw->doors[i].listener)
            evconnlistener_disable(gw->doors[i].listener);
}

static void client_free(struct client *c)
{
    struct gateway *gw = c->gw;
    list_remove(&c->link);
    if (gw->client_count-- == gw->settings->max_connections)
        open_doors(gw);
    timer_release(&c->timer);
    if (c->tls)
        tls_conn_free(c->tls);
    else
        bufferevent_free(c->bev);
    arena_free(c->x.arena);
    free(c);
}

void client_kill(struct client *c)
{
    c->is_dead = true;
}

/* Writes what is queued and reads where there is room. A head may be larger than a piece of a body.
 */
static void settle(struct client *c)
{
    size_t max_head = (size_t)c->gw->settings->max_head_bytes;
    stream_flush(c->bev);
    stream_pace(c->bev, max_head < STREAM_INPUT_MAX ? STREAM_INPUT_MAX : max_head + 1);
    if (!c->x.up || !c->x.up->is_connected)
        return;
    stream_flush(c->x.up->bev);
    stream_pace(c->x.up->bev, STREAM_INPUT_MAX);
}

void client_event(struct client *c, enum exchange_event event)
{
    if (c->is_in_event)
        abort();
    c->is_in_event = true;
    exchange_on(&c->x, event);
    c->is_in_event = false;
    if (c->is_dead) {
        client_free(c);
        return;
    }
    settle(c);
    exchange_arm(&c->x);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void arm(struct client *c, int64_t now_us)
{
    c->armed_us = c->due_us;
    int64_t ms = (c->due_us - now_us + US_PER_MS - 1) / US_PER_MS;
    timer_start(&c->timer, ms > 0 ? ms : 0);
}

/* The timer runs towards the earliest deadline it was ever given; on_timer looks whether it still
 * holds. So a busy connection touches the event heap once a minute and not with every message. */
void client_set_deadline(struct client *c, int64_t ms)
{
    int64_t now = clock_mono_us();
    c->due_us = now + ms * US_PER_MS;
    c->allowed_ms = ms;
    c->unwritten = stream_pending(c->bev);
    c->unsent = c->x.up ? stream_pending(c->x.up->bev) : 0;
    if (!c->armed_us || c->armed_us > c->due_us)
        arm(c, now);
}

/* The client has taken data in the meantime, and enough of them; or the target some. */
static bool is_moving(const struct client *c)
{
    size_t unwritten = stream_pending(c->bev);
    size_t unsent = c->x.up ? stream_pending(c->x.up->bev) : 0;
    int64_t least = c->gw->settings->client_min_rate * c->allowed_ms / 1000;
    if (unwritten)
        return unwritten < c->unwritten &&
               (int64_t)(c->unwritten - unwritten) >= (least < LEAST_MAX ? least : LEAST_MAX);
    return unsent && unsent < c->unsent;
}

static void on_timer(void *arg)
{
    struct client *c = arg;
    int64_t now = clock_mono_us();
    c->armed_us = 0;
    if (now < c->due_us)
        arm(c, now);
    else if (is_moving(c))
        exchange_arm(&c->x);
    else
        client_event(c, EXCHANGE_TIMEOUT);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    stream_fill(bev);
    client_event(c, EXCHANGE_CLIENT_READABLE);
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    stream_written(bev);
    client_event(c, EXCHANGE_CLIENT_DRAINED);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    client_event(arg, what & BEV_EVENT_EOF ? EXCHANGE_CLIENT_EOF : EXCHANGE_CLIENT_ERROR);
}

static void set_peer(struct client *c, const struct sockaddr *sa)
{
    const struct sockaddr_in6 *v6 = (const void *)sa;
    const struct sockaddr_in *v4 = (const void *)sa;
    if (sa->sa_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, c->peer, sizeof c->peer);
    else if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], c->peer, sizeof c->peer);
    else if (sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, c->peer, sizeof c->peer);
}

static struct bufferevent *open_stream(struct client *c, int fd, bool is_tls)
{
    struct gateway *gw = c->gw;
    struct bufferevent *bev;
    if (!is_tls)
        return stream_new(loop_base(gw->loop), fd, on_read, on_write, on_event, c);
    c->tls = tls_conn_new(gw, fd, gw->tls, gw->settings->tls_handshake_timeout_s * 1000, &bev);
    if (!c->tls)
        return NULL;
    stream_init(bev, on_read, on_write, on_event, c);
    return bev;
}

static void accept_one(const struct door *door, evutil_socket_t fd, const struct sockaddr *sa)
{
    struct gateway *gw = door->gw;
    struct client *c = MEM_NEW(struct client);
    c->gw = gw;
    c->bev = open_stream(c, fd, door->is_tls);
    if (!c->bev) {
        free(c);
        return;
    }
    set_peer(c, sa);
    timer_init(&c->timer, gw->loop, on_timer, c);
    c->x = (struct exchange){.gw = gw, .client = c};
    list_append(&gw->clients, &c->link);
    gw->accepted_total++;
    if (++gw->client_count == gw->settings->max_connections)
        close_doors(gw);
    exchange_arm(&c->x);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len,
                      void *arg)
{
    (void)l, (void)len;
    accept_one(arg, fd, sa);
}

static void resume_accepting(void *arg)
{
    struct gateway *gw = arg;
    if (gw->client_count < gw->settings->max_connections)
        open_doors(gw);
}

/* Out of file descriptors: trying again at once would spin. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
    (void)l;
    struct gateway *gw = ((const struct door *)arg)->gw;
    log_error("accept failed", LOG_CSTR("reason", strerror(errno)));
    close_doors(gw);
    timer_start(&gw->accept_pause, ACCEPT_PAUSE_MS);
}

static int bind_one(const struct addrinfo *ai, bool reuse_port)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

bool clients_listen(struct gateway *gw, const char *bind_to, int port, bool reuse_port, bool is_tls)
{
    char service[12];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
                    *found;
    errno = EADDRNOTAVAIL;
    if (getaddrinfo(bind_to, service, &hints, &found) != 0)
        return false;
    int fd = -1;
    for (const struct addrinfo *ai = found; ai && fd < 0; ai = ai->ai_next)
        fd = bind_one(ai, reuse_port);
    freeaddrinfo(found);
    if (fd < 0)
        return false;
    if (!is_tls)
        timer_init(&gw->accept_pause, gw->loop, resume_accepting, gw);
    struct door *door = &gw->doors[is_tls];
    *door = (struct door){.gw = gw, .is_tls = is_tls};
    door->listener = evconnlistener_new(loop_base(gw->loop), on_accept, door,
                                        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!door->listener)
        abort();
    evconnlistener_set_error_cb(door->listener, on_accept_error);
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    getsockname(fd, (struct sockaddr *)&bound, &len);
    *(is_tls ? &gw->tls_port : &gw->port) =
        ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                          : ((struct sockaddr_in *)&bound)->sin_port);
    return true;
}

/* Connections that the kernel has accepted would be reset with the listening socket. */
static void accept_backlog(const struct door *door)
{
    struct sockaddr_storage sa;
    for (;;) {
        socklen_t len = sizeof sa;
        int fd = accept4(evconnlistener_get_fd(door->listener), (struct sockaddr *)&sa, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        accept_one(door, fd, (struct sockaddr *)&sa);
    }
}

static void shut_door(struct door *door)
{
    if (!door->listener)
        return;
    accept_backlog(door);
    evconnlistener_free(door->listener);
    door->listener = NULL;
}

void clients_drain(struct gateway *gw)
{
    gw->is_draining = true;
    for (int i = 0; i < 2; i++)
        shut_door(&gw->doors[i]);
    LIST_EACH(n, &gw->clients)
    {
        struct client *c = LIST_ENTRY(n, struct client, link);
        bool is_idle = c->x.state == EXCHANGE_HEAD && !c->x.has_begun && !stream_pending(c->bev);
        if (is_idle && !c->has_spoken)
            client_set_deadline(c, NEWCOMER_MS);
        else if (is_idle)
            client_free(c);
        else
            client_event(c, EXCHANGE_STOP);
    }
}

void clients_close(struct gateway *gw)
{
    LIST_EACH(n, &gw->clients)
    {
        struct client *c = LIST_ENTRY(n, struct client, link);
        exchange_abort(&c->x, "stopping");
        client_free(c);
    }
    timer_release(&gw->accept_pause);
    while (gw->spare_arena_count)
        arena_free(gw->spare_arenas[--gw->spare_arena_count]);
}
