#pragma once
/* Process state of messaging-service. */
#include "live.h"

struct messaging_state {
    struct live live;             /* open sockets; ids of messages */
    struct ws_hub *conversations; /* owned: subscriptions of sockets by conversation */
};

static inline struct messaging_state *messaging_state(struct service *s)
{
    return s->state;
}
