#pragma once
/* Handlers of conversations; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN conversations_list(struct req *r);
/* The list itself, of one ticket or of all (absent). */
enum err CO_FN conversations_reply(struct req *r, struct str ticket_number);
enum err CO_FN conversations_direct(struct req *r);
enum err CO_FN conversations_read(struct req *r);

extern const struct json_schema CONVERSATION_QUERY, NEW_DIRECT;
