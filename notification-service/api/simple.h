#pragma once
/* Handlers of the simple surface: its own words and texts; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN simple_notify(struct req *r);
enum err CO_FN simple_history(struct req *r);
enum err CO_FN simple_queue(struct req *r);

extern const struct json_schema SIMPLE_NOTIFY, SIMPLE_QUEUED;
