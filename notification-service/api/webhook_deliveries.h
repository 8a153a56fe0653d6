#pragma once
/* What endpoints of webhooks were sent, and sending it again. */
#include "json.h"
#include "req.h"

extern const struct json_schema WEBHOOK_DELIVERY_QUERY, WEBHOOK_REPLAY_BODY;

enum err CO_FN webhook_deliveries_ping(struct req *r);
enum err CO_FN webhook_deliveries_list(struct req *r);
enum err CO_FN webhook_deliveries_get(struct req *r);
enum err CO_FN webhook_deliveries_replay(struct req *r);
enum err CO_FN webhook_deliveries_replay_range(struct req *r);
