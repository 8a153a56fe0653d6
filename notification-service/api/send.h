#pragma once
/* Handlers that notify others; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN send_notification(struct req *r);
/* On one channel, to a person or to an address. */
enum err CO_FN send_email(struct req *r);
enum err CO_FN send_sms(struct req *r);
enum err CO_FN send_push(struct req *r);

extern const struct json_schema NEW_NOTIFICATION, NEW_EMAIL, NEW_SMS, NEW_PUSH;
