#pragma once
/* REST handlers; see routes.c. */
#include "json.h"
#include "req.h"

enum err notifications_list(struct req *r);
enum err notifications_read(struct req *r);
enum err notifications_read_all(struct req *r);
enum err notifications_unread_count(struct req *r);
enum err notifications_create(struct req *r);
enum err simple_history(struct req *r);

extern const struct json_schema NOTIFICATION_QUERY, NEW_NOTIFICATION;
