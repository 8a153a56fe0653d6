#pragma once
/* Connections of plain.c: addresses, a pool of idle ones, and waiting for what happens on them. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "list.h"
#include "plain.h"

struct plain_conn {
    struct list link; /* in the pool while idle */
    struct plain *plain;
    struct bufferevent *bev;
    struct str authority; /* owned */
    struct co_wait *waiter;
    bool is_connected, is_ended, is_reused;
    int64_t idle_since_us;
};

/* An idle connection to "host:port" that is still open; NULL when there is none. */
struct plain_conn *plain_conn_take(struct plain *p, struct str authority);
/* A new one. ERR_SERVICE_UNAVAILABLE when none of the host's addresses takes it by until_us (mono).
 */
MUST_CHECK enum err CO_FN plain_conn_open(struct plain *p, struct arena *a, struct str host,
                                          int port, struct str authority, int64_t until_us,
                                          struct plain_conn **out);
/* Until something happens on it. ERR_TIMEOUT after until_us. */
MUST_CHECK enum err CO_FN plain_conn_wait(struct plain_conn *k, int64_t until_us);
/* Back to the pool. */
void plain_conn_park(struct plain_conn *k);
void plain_conn_close(struct plain_conn *k);
