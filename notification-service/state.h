#pragma once
/* Process state of notification-service. */
#include "delivery/access.h"
#include "delivery/target.h"
#include "domain/matrix.h"
#include "live.h"
#include "webhook/webhook.h"

struct courier;

struct notification_state {
    struct live live;                        /* open sockets; ids of notifications */
    struct courier *couriers[CHANNEL_COUNT]; /* owned; none for the app */
    struct courier *digests;                 /* owned: makes their mails */
    struct targets targets[CHANNEL_COUNT];
    struct webhooks webhooks;
    struct access push_access;
};

static inline struct notification_state *notification_state(struct service *s)
{
    return s->state;
}
