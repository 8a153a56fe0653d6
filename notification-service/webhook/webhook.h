#pragma once
/*
 * Webhooks: endpoints of administrators are told of events (Standard Webhooks). A message is stored
 * with the event that causes it, once for each endpoint that has subscribed, and sent until the
 * endpoint has answered 2xx: at least once, with the same webhook-id.
 */
#include "cidr.h"
#include "seal.h"
#include "service.h"

struct webhook_sender;

struct webhooks {
    struct service *service;
    struct seal_keys *seal;        /* owned */
    struct cidr_list allowed;      /* beyond public addresses */
    struct webhook_sender *sender; /* owned */
    bool is_started;
};

/* Call from init. ERR_INVALID_INPUT, and one clear line, for a setting that makes no sense. */
MUST_CHECK enum err webhooks_init(struct webhooks *w, struct service *s);
/* Call from start (a second call does nothing), stop and release. */
void webhooks_start(struct webhooks *w);
void CO_FN webhooks_stop(struct webhooks *w);
void webhooks_release(struct webhooks *w);

/* Looks at once for what is due; for db_on_commit. */
void webhooks_kick(void *webhooks);
