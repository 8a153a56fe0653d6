#pragma once
/* Webhooks and their deliveries as JSON. */
#include "json.h"
#include "store/webhook_delivery_store.h"
#include "store/webhook_store.h"

/* secret: shown this once; absent: never mentioned. */
void webhook_view(struct json_writer *w, const struct webhook *hook, struct str secret);
/* The members of a delivery, without the object around them. */
void webhook_view_delivery(struct json_writer *w, const struct webhook_delivery *d);
void webhook_view_attempt(struct json_writer *w, const struct webhook_attempt *a);
