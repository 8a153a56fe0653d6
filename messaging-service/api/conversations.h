#pragma once
/* REST handlers; see routes.c. */
#include "json.h"
#include "req.h"

enum err conversations_list(struct req *r);
enum err conversations_direct(struct req *r);
enum err conversations_read(struct req *r);
enum err messages_list(struct req *r);
enum err messages_post(struct req *r);

extern const struct json_schema CONVERSATION_QUERY, MESSAGE_QUERY, NEW_MESSAGE, NEW_DIRECT,
    MESSAGE_SCHEMA;
