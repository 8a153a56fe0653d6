#pragma once
/* How a notification looks in replies. */
#include "json.h"
#include "store/notification_store.h"

extern const struct json_schema NOTIFICATION_SCHEMA;

void view_notification(struct json_writer *w, const struct notification *n);
