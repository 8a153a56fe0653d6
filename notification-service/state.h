#pragma once
/* Process state of notification-service. */
#include "live.h"
#include "webhook/webhook.h"

struct courier;

struct notification_state {
    struct live live;        /* open sockets; ids of notifications */
    struct courier *courier; /* owned */
    struct webhooks webhooks;
};

static inline struct notification_state *notification_state(struct service *s)
{
    return s->state;
}
