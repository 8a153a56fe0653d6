#pragma once
/* Process state of messaging-service. */
#include "config.h"
#include "live.h"

struct presence;
struct typists;

struct messaging_state {
    struct live live;             /* open sockets; places in the order of changes */
    struct ws_hub *conversations; /* owned: subscriptions of sockets by conversation */
    struct presence *presence;    /* owned */
    struct typists *typists;      /* owned */
    bool has_started;
};

static inline struct messaging_state *messaging_state(struct service *s)
{
    return s->state;
}

static inline const struct messaging_config *messaging_config(const struct service *s)
{
    return s->own_config;
}
