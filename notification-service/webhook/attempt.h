#pragma once
/* One attempt to send one message to one endpoint. */
#include "store/webhook_delivery_store.h"
#include "webhook/webhook.h"

#define WEBHOOK_REPLY_KEPT 1024

struct webhook_result {
    struct webhook_attempt attempt; /* what the log says; texts in the arena or static */
    int64_t retry_after_s;          /* 0: the endpoint has not said */
    bool is_gone;                   /* it wants no more messages: 410 */
};

/*
 * Sends it signed, over a connection to an allowed address, without following a redirect; whatever
 * happens becomes the result. ERR_CANCELLED when it was given up.
 */
MUST_CHECK enum err CO_FN webhook_attempt(struct webhooks *w, struct arena *a,
                                          const struct webhook_due *d, struct webhook_result *out);
