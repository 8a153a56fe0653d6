#include "proxy/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "gateway.h"
#include "head.h"
#include "mem.h"
#include "proxy/endpoint.h"

#define MAX_HEAD (16 * 1024)

struct probe {
    struct gateway *gw;
    struct endpoint *endpoint; /* referenced */
    struct bufferevent *bev;
    struct timer timer;
    char *request; /* owned; NULL: only the connection counts */
    probe_fn fn;
    void *arg;
    size_t scanned;
};

void probe_cancel(struct probe *p)
{
    timer_release(&p->timer);
    if (p->bev)
        bufferevent_free(p->bev);
    endpoint_unref(p->endpoint);
    free(p->request);
    free(p);
}

static void finish(struct probe *p, enum probe_result result, int status)
{
    probe_fn fn = p->fn;
    void *arg = p->arg;
    struct endpoint *e = endpoint_ref(p->endpoint);
    probe_cancel(p);
    fn(arg, result, status);
    endpoint_unref(e);
}

static void on_timer(void *arg)
{
    finish(arg, PROBE_TIMEOUT, 0);
}

/* The status of the final response once its head is there, 0 before, -1 when it is none. */
static int read_status(struct probe *p)
{
    struct evbuffer *in = bufferevent_get_input(p->bev);
    struct arena *a = arena_new();
    int status = 0;
    size_t len;
    while (!status && (len = http_head_find(in, &p->scanned))) {
        struct http_head head;
        const char *why, *text = (const char *)evbuffer_pullup(in, (ev_ssize_t)len);
        if (http_parse_response_head(a, str_n(text, len), &head, &why) != ERR_OK)
            status = -1;
        else if (head.status >= 200)
            status = head.status;
        evbuffer_drain(in, len);
        p->scanned = 0;
    }
    arena_free(a);
    return !status && evbuffer_get_length(in) > MAX_HEAD ? -1 : status;
}

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    struct probe *p = arg;
    int status = read_status(p);
    if (status)
        finish(p, status < 0 ? PROBE_TCP_FAILURE : PROBE_OK, status < 0 ? 0 : status);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct probe *p = arg;
    if (!(what & BEV_EVENT_CONNECTED)) {
        finish(p, PROBE_TCP_FAILURE, 0);
        return;
    }
    if (!p->request) {
        finish(p, PROBE_OK, 0);
        return;
    }
    evbuffer_add(bufferevent_get_output(bev), p->request, strlen(p->request));
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static char *request_text(const struct probe_spec *spec)
{
    static const char format[] = "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: tts-gateway\r\n"
                                 "Accept: */*\r\nConnection: close\r\n\r\n";
    size_t size = sizeof format + spec->path.len + spec->host.len;
    char *text = mem_alloc(size);
    snprintf(text, size, format, STR_ARG(spec->path), STR_ARG(spec->host));
    return text;
}

struct probe *probe_start(struct gateway *gw, struct endpoint *e, const struct probe_spec *spec,
                          probe_fn fn, void *arg)
{
    struct probe *p = MEM_NEW(struct probe);
    p->gw = gw;
    p->endpoint = endpoint_ref(e);
    p->request = spec->path.p ? request_text(spec) : NULL;
    p->fn = fn;
    p->arg = arg;
    timer_init(&p->timer, gw->loop, on_timer, p);
    timer_start(&p->timer, spec->timeout_ms);
    p->bev = bufferevent_socket_new(loop_base(gw->loop), -1, BEV_OPT_CLOSE_ON_FREE);
    if (!p->bev) {
        finish(p, PROBE_TCP_FAILURE, 0);
        return NULL;
    }
    bufferevent_setcb(p->bev, on_read, NULL, on_event, p);
    if (bufferevent_socket_connect(p->bev, (struct sockaddr *)&e->address.sa,
                                   (int)e->address.len)) {
        finish(p, PROBE_TCP_FAILURE, 0);
        return NULL;
    }
    return p;
}
