#pragma once
/* Process state of messaging-service. */
#include "hub.h"
#include "service.h"

struct messaging_state {
    struct ws_hub *people;        /* owned: open sockets by person */
    struct ws_hub *conversations; /* owned: sockets that subscribed without taking part */
};

static inline struct messaging_state *messaging_state(struct service *s)
{
    return s->state;
}
