#pragma once
/* Why something changes: who did it, when, and in the course of which request or delivery. */
#include <stdbool.h>
#include <stdint.h>

#include "domain/ticket.h"
#include "log.h"

struct mq_delivery;
struct req;

struct cause {
    int64_t actor_id;      /* TICKET_NONE: the system */
    struct str actor_name; /* never absent */
    int64_t now;           /* wall µs */
    bool time_overridden;
    struct log_context log;
};

/* The actor's name is taken from the token, else it is the e-mail address or the service's name. */
void cause_from_request(struct cause *c, const struct req *r);
void cause_from_delivery(struct cause *c, const struct mq_delivery *d);
