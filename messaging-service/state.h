#pragma once
/* Process state of messaging-service. */
#include "hub.h"
#include "recent.h"
#include "service.h"

struct messaging_state {
    struct ws_hub *people;        /* owned: open sockets by person */
    struct ws_hub *conversations; /* owned: subscriptions of sockets by conversation */
    struct ws_recent pushed;      /* ids of messages */
    bool has_begun;               /* pushed.floor is known */
    bool is_catching_up;          /* pushes what was missed; what comes in waits */
};

static inline struct messaging_state *messaging_state(struct service *s)
{
    return s->state;
}
