#pragma once
/* Client connections: accepting, time, closing. What flows on them is the exchange's business. */
#include <netinet/in.h>

#include "proxy/exchange.h"

struct client {
    struct list link; /* in gw->clients */
    struct gateway *gw;
    struct bufferevent *bev;
    struct tls_conn *tls; /* owned; NULL for plain connections */
    struct timer timer;
    int64_t due_us, armed_us; /* mono; armed_us 0: the timer does not run */
    int64_t allowed_ms;       /* until the deadline, when it was set */
    size_t unwritten, unsent; /* output to client and target then: less now means progress */
    char peer[INET6_ADDRSTRLEN];
    bool is_dead, is_in_event, has_spoken;
    struct exchange x;
};

/* false with errno set when the port cannot be bound; else gw->port or gw->tls_port is set. */
bool clients_listen(struct gateway *gw, const char *bind, int port, bool reuse_port, bool is_tls);
/* No more new ones; idle connections close, busy ones after their response; those that are new have
 * a second to ask. */
void clients_drain(struct gateway *gw);
/* Closes everything at once. */
void clients_close(struct gateway *gw);

/* The only way into exchange_on: runs the transition, then writes, sets the deadline, or frees. */
void client_event(struct client *c, enum exchange_event event);
/* Ends the connection when the present event has been handled. */
void client_kill(struct client *c);
/* EXCHANGE_TIMEOUT after this long without another call. Moving a deadline later costs nothing. */
void client_set_deadline(struct client *c, int64_t ms);
