#pragma once
/* Why something changes: who did it, when, and in the course of which request or delivery. */
#include <stdbool.h>
#include <stdint.h>

#include "log.h"
#include "str.h"

struct mq_delivery;
struct req;

#define CAUSE_SYSTEM INT64_MIN /* an actor_id that names no person */

struct cause {
    int64_t actor_id;      /* CAUSE_SYSTEM: the program itself, or another one */
    struct str actor_name; /* never absent */
    struct str service; /* the program that asked, absent for people and for the program itself */
    /* Of a request, else absent; the second is what the client says, any bytes. */
    struct str address, user_agent;
    int64_t now; /* wall µs */
    bool time_overridden;
    struct log_context log;
};

/* The actor's name is taken from the token, else it is the e-mail address or the service's name. */
void cause_from_request(struct cause *c, struct req *r);
void cause_from_delivery(struct cause *c, const struct mq_delivery *d);
/* Of what the program does by itself, now. */
void cause_from_system(struct cause *c);
