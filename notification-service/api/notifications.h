#pragma once
/* Handlers of one's own notifications; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN notifications_list(struct req *r);
enum err CO_FN notifications_unread_count(struct req *r);
enum err CO_FN notifications_read(struct req *r);
enum err CO_FN notifications_read_all(struct req *r);
enum err CO_FN notifications_delete(struct req *r);

extern const struct json_schema NOTIFICATION_QUERY;
