#pragma once
/* Handlers of deliveries, for administrators; see routes_delivery.c. */
#include "json.h"
#include "req.h"

enum err CO_FN deliveries_list(struct req *r);
enum err CO_FN deliveries_get(struct req *r);
enum err CO_FN deliveries_resend(struct req *r);
enum err CO_FN deliveries_stats(struct req *r);

extern const struct json_schema DELIVERY_QUERY, DELIVERY;
