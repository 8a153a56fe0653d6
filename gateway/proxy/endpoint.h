#pragma once
/*
 * An address that requests are sent to, with its pool of idle keep-alive connections and its
 * health. Endpoints outlive configurations: a reload that names the same host:port finds the warm
 * pool.
 */
#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "resolver.h"
#include "str.h"

struct bufferevent;
struct exchange;
struct gateway;

struct endpoint_table;

enum endpoint_address { ADDRESS_UNKNOWN, ADDRESS_WANTED, ADDRESS_KNOWN };

struct endpoint {
    struct list link;
    struct endpoint_table *table;
    int refs;
    char *host, *text; /* owned; text is "host:port" */
    int port;
    struct sock_address address; /* .len is 0 while unknown */
    enum endpoint_address address_state;
    struct lookup *asked; /* while ADDRESS_WANTED */
    bool is_numeric;      /* never looked up again */
    int64_t looked_up_us; /* mono */
    struct list waiting;  /* struct exchange, for the address */
    struct list idle;     /* struct upstream_conn, most recently used first */
    int idle_count, in_flight;
    int failures;         /* in a row; with any it is out of rotation if there is another one */
    int64_t retry_due_us; /* mono; when the next check may find it alive again */
    bool is_retrying;
    struct list healths; /* struct health: one for each upstream that watches it */
};

/* A connection to an endpoint: carries one exchange, or is idle in the pool. */
struct upstream_conn {
    struct list link;          /* in endpoint->idle */
    struct endpoint *endpoint; /* referenced */
    struct bufferevent *bev;
    struct exchange *x; /* NULL while idle */
    bool is_reused, is_connected;
    int64_t idle_since_us;
};

struct endpoint_table *endpoint_table_new(struct gateway *gw);
/* Closes idle connections; endpoints in use live until released. */
void endpoint_table_free(struct endpoint_table *t);

/* Every endpoint there is: LIST_ENTRY(n, struct endpoint, link). */
struct list *endpoint_table_all(struct endpoint_table *t);

/* The endpoint of an address, created at first use; referenced for the caller. */
struct endpoint *endpoint_get(struct endpoint_table *t, struct str host, int port);
struct endpoint *endpoint_ref(struct endpoint *e);
void endpoint_unref(struct endpoint *e);
/* Closes the pool's connections: they are probably as dead as the one that just failed. */
void endpoint_close_idle(struct endpoint *e);

/* A failed request takes an endpoint out of rotation. A check brings it back (checker.h), or a
 * response when no other was left. */
void endpoint_failed(struct endpoint *e, int64_t now_us);
void endpoint_succeeded(struct endpoint *e);
bool endpoint_is_available(const struct endpoint *e);
/* The endpoint's address may be used now; if not, or if it is old, it is being looked up. */
bool endpoint_has_address(struct endpoint *e);

/*
 * A connection for x: from the pool, or a new one, which then reports EXCHANGE_UP_CONNECTED. NULL
 * with *is_waiting when the name is being looked up (x is told by EXCHANGE_UP_RESOLVED), else NULL
 * when no connection can be opened. must_be_live asks the kernel whether a pooled connection was
 * closed meanwhile, for requests that must not be sent twice.
 */
struct upstream_conn *endpoint_connect(struct endpoint *e, struct exchange *x, bool must_be_live,
                                       bool *is_waiting);
void upstream_conn_close(struct upstream_conn *u);
/* Back to the pool, for the next exchange. */
void upstream_conn_park(struct upstream_conn *u, int64_t now_us);
