#pragma once
/* Reading tasks. */
#include "req.h"

enum err CO_FN tasks_owned(struct req *r);
enum err CO_FN tasks_mine(struct req *r);
enum err CO_FN tasks_list(struct req *r);
enum err CO_FN tasks_get(struct req *r);
enum err CO_FN tasks_logs(struct req *r);

extern const struct json_schema OWNED_QUERY, MINE_QUERY, TASKS_QUERY, LOGS_QUERY, LOGS_REPLY;
