#pragma once
/* How notifications look on the wire. */
#include "json.h"
#include "store/notification_store.h"

void view_notification(struct json_writer *w, const struct notification *n);
extern const struct json_schema NOTIFICATION_SCHEMA; /* for OpenAPI */
