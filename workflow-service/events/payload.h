#pragma once
/* The arguments of the helpdesk's Celery tasks: one object, or keywords, positional or not. */
#include "celery.h"
#include "mq.h"
#include "store/ticket_store.h"

/* ERR_INVALID_PAYLOAD with the delivery's reject_reason set. */
MUST_CHECK enum err payload_ticket(struct mq_delivery *d, const struct celery_task *task,
                                   struct ticket *out);

struct status_payload {
    struct str ticket_number, status;
    int64_t rating; /* JSON_NO_INT: none */
    struct str feedback;
    int64_t completed_at, closed_at;
};

MUST_CHECK enum err payload_status(struct mq_delivery *d, const struct celery_task *task,
                                   struct status_payload *out);

/* The ticket number as it stands in the body, so that messages of one ticket keep their order. */
struct str payload_order_key(const struct mq_message *m);
