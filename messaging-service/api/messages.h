#pragma once
/* Handlers of messages; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN messages_of_conversation(struct req *r);
enum err CO_FN messages_post_in(struct req *r);
/* Without naming a conversation in the path. */
enum err CO_FN messages_list(struct req *r);
enum err CO_FN messages_post(struct req *r);
enum err CO_FN messages_get(struct req *r);

extern const struct json_schema MESSAGE_PAGE, MESSAGE_QUERY, NEW_MESSAGE, ADDRESSED_MESSAGE;
