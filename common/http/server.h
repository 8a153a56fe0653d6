#pragma once
/* An HTTP/1.1 server on bufferevents: one coroutine per request, keep-alive, pipelined requests in
 * order, limits and time-outs on everything a client can send. */
#include "req.h"

struct http_server_config {
    const char *bind;
    int port;
    bool reuse_port;
    int max_connections;    /* accepting pauses above it */
    int max_head_bytes;     /* request line and headers: 431, or 414 when the line alone exceeds */
    int64_t max_body_bytes; /* 413 */
    int head_timeout_ms;    /* first byte to end of head: 408 */
    int body_timeout_ms;    /* longest silence inside a body: 408 */
    int idle_timeout_ms;    /* between requests */
    int write_timeout_ms;   /* longest stall of a reply */
    int request_timeout_ms; /* deadline of the handler: 504 */
    struct str trusted_proxies; /* addresses and CIDR blocks whose X-Forwarded-For is believed */
};
extern const struct http_server_config HTTP_SERVER_DEFAULTS;

/* What the service decides; all run in the request's coroutine. */
struct http_server_hooks {
    /* Sets r->actor from the request's token. ERR_UNAUTHENTICATED and such refuse it; a missing
     * token is not an error here. */
    enum err (*authenticate)(struct req *r);
    /* Whether r->actor may use r->route; called after authenticate. */
    enum err (*authorise)(struct req *r);
    /* After the reply has been queued: access log, metrics. */
    void (*finished)(struct req *r, int status, int64_t duration_us, int64_t bytes);
};

struct http_server;

struct http_server *http_server_new(struct loop *l, const struct http_server_config *cfg,
                                    const struct route_table *routes,
                                    const struct http_server_hooks *hooks, void *app);
/* false with errno set when the port cannot be bound. Port 0 takes a free one. */
bool http_server_listen(struct http_server *s);
int http_server_port(const struct http_server *s);
/* The end is near: whoever is answered from now on is told so by Connection: close, so that no
 * request of theirs crosses the closing of the connection. */
void http_server_retire(struct http_server *s);
/* Stops accepting, closes idle connections, answers what is in flight with Connection: close. */
void http_server_drain(struct http_server *s);
/* Requests in flight and connections (hijacked ones excluded). */
int http_server_active(const struct http_server *s);
int http_server_connections(const struct http_server *s);
/* Only when no request is active. */
void http_server_free(struct http_server *s);
