#pragma once
/* Endpoints of webhooks, for administrators. */
#include "json.h"
#include "req.h"

extern const struct json_schema WEBHOOK_BODY, WEBHOOK_PATCH, WEBHOOK_ROTATION;

enum err CO_FN webhooks_list(struct req *r);
enum err CO_FN webhooks_post(struct req *r);
enum err CO_FN webhooks_get(struct req *r);
enum err CO_FN webhooks_patch(struct req *r);
enum err CO_FN webhooks_delete(struct req *r);
enum err CO_FN webhooks_rotate(struct req *r);
enum err CO_FN webhooks_enable(struct req *r);
enum err CO_FN webhooks_disable(struct req *r);
enum err webhooks_event_types(struct req *r);
