#pragma once
/* What is sent: {"type":…,"timestamp":…,"data":{…}}. */
#include "domain/webhook_rules.h"
#include "event.h"

/* What of the event's data is told of a type. seq: the number among the messages of its subject,
 * 0: none. */
struct str webhook_body_of_event(struct arena *a, const struct event *e,
                                 const struct webhook_type *t, int64_t seq);
struct str webhook_body_of_ping(struct arena *a, int64_t webhook_id, int64_t now);
/* A new webhook-id. */
struct str webhook_message_id(struct arena *a);
