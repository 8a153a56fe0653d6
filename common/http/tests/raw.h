#pragma once
/* A client that sends whatever bytes a test wants, on the loop of the server under test. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "body.h"
#include "clock.h"
#include "head.h"
#include "loop.h"

#define RAW_PATIENCE_US (60 * US_PER_S)

struct raw {
    struct loop *loop;
    int fd;
    struct evbuffer *in;
    bool is_eof;
};

static inline struct raw raw_open(struct loop *l, int port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct raw c = {.loop = l, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(c.fd, (struct sockaddr *)&sa, sizeof sa), 0);
    int on = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c.fd, F_SETFL, O_NONBLOCK);
    c.in = evbuffer_new();
    return c;
}

static inline void raw_close(struct raw *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    evbuffer_free(c->in);
}

/* Takes what has arrived; true when that was something. */
static inline bool raw_receive(struct raw *c)
{
    char chunk[16384];
    ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
    if (n > 0)
        evbuffer_add(c->in, chunk, (size_t)n);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
        c->is_eof = true;
    return n > 0;
}

static inline void raw_send(struct raw *c, struct str bytes)
{
    int64_t until = clock_mono_us() + RAW_PATIENCE_US;
    while (bytes.len) {
        ssize_t n = send(c->fd, bytes.p, bytes.len, MSG_NOSIGNAL);
        if (n > 0)
            bytes = str_slice(bytes, (size_t)n, bytes.len);
        else if (errno != EAGAIN)
            return; /* the server has hung up: what it said is still to be read */
        assert_true(clock_mono_us() < until);
        loop_turn(c->loop, 0);
        raw_receive(c);
    }
}

/* Runs the loop until cond holds. */
#define WAIT_FOR(loop_, cond)                                                                      \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + RAW_PATIENCE_US;                                        \
        while (!(cond)) {                                                                          \
            if (clock_mono_us() >= until_)                                                         \
                fail_msg("waited in vain for %s", #cond);                                          \
            loop_turn((loop_), 5);                                                                 \
        }                                                                                          \
    } while (0)

struct raw_reply {
    struct arena *arena;
    struct http_head head;
    struct str text; /* of the head */
    struct str body;
};

static inline struct str raw_header(const struct raw_reply *r, const char *name)
{
    return http_head_get(&r->head, str_from(name));
}

/* The next reply; is_bodiless for HEAD. False when the server closed instead. */
static inline bool raw_reply(struct raw *c, struct raw_reply *out, bool is_bodiless)
{
    int64_t until = clock_mono_us() + RAW_PATIENCE_US;
    size_t scanned = 0, len;
    *out = (struct raw_reply){.arena = arena_new()};
    while (!(len = http_head_find(c->in, &scanned)) && !c->is_eof) {
        assert_true(clock_mono_us() < until);
        loop_turn(c->loop, 1);
        raw_receive(c);
    }
    if (!len) {
        arena_free(out->arena);
        out->arena = NULL;
        return false;
    }
    out->text = str_n(arena_alloc(out->arena, len), len);
    evbuffer_remove(c->in, (char *)(uintptr_t)out->text.p, len);
    const char *why;
    if (http_parse_response_head(out->arena, out->text, &out->head, &why))
        fail_msg("bad reply: %s", why);
    struct http_body body;
    if (is_bodiless || out->head.status < 200 || out->head.status == 204 || out->head.status == 304)
        http_body_init(&body, HTTP_BODY_NONE, 0);
    else if (out->head.is_chunked)
        http_body_init(&body, HTTP_BODY_CHUNKED, -1);
    else if (out->head.content_length >= 0)
        http_body_init(&body, HTTP_BODY_LENGTH, out->head.content_length);
    else
        http_body_init(&body, HTTP_BODY_UNTIL_CLOSE, -1);
    struct evbuffer *payload = evbuffer_new();
    for (;;) {
        assert_int_equal(http_body_read(&body, c->in, payload, -1), ERR_OK);
        if (body.done || (c->is_eof && body.framing == HTTP_BODY_UNTIL_CLOSE))
            break;
        if (c->is_eof)
            fail_msg("the reply's body was cut off");
        assert_true(clock_mono_us() < until);
        loop_turn(c->loop, 1);
        while (raw_receive(c))
            ;
    }
    size_t n = evbuffer_get_length(payload);
    out->body = str_n(arena_memdup0(out->arena, evbuffer_pullup(payload, -1), n), n);
    evbuffer_free(payload);
    return true;
}

/* Waits until the server has closed and everything has been read. */
static inline void raw_expect_eof(struct raw *c)
{
    int64_t until = clock_mono_us() + RAW_PATIENCE_US;
    while (!c->is_eof) {
        assert_true(clock_mono_us() < until);
        loop_turn(c->loop, 1);
        while (raw_receive(c))
            ;
    }
    assert_int_equal(evbuffer_get_length(c->in), 0);
}
