#pragma once
/* How conversations and messages look to clients. Messages have two shapes: the platform's, and
 * that of the ticket system, whose clients know conversations by their ticket. */
#include "api/conversation.h"
#include "json.h"

extern const struct json_schema CONVERSATION_SCHEMA, MESSAGE_SCHEMA;

/* {"success":true, …, "count":n, "results":[…], "data":[…]}: clients of the platform surface read
 * "data", those of the canonical one "results". items: count structs of the schema. */
struct list_view {
    const struct json_schema *schema;
    const void *items;
    size_t count;
    int64_t conversation_id; /* 0: left out */
    struct str next_cursor;  /* absent: there is no more */
};
void view_list(struct arena *a, struct json_writer *w, const struct list_view *v);

/* The message as an object of the platform's shape, and of the ticket system's. */
void view_message(struct json_writer *w, const struct message *m);
void view_ticket_message(struct json_writer *w, const struct message *m);
/* The message as a comment; the members alone, for who adds the replies. */
void view_comment(struct arena *a, struct json_writer *w, const struct message *m);
void view_comment_members(struct arena *a, struct json_writer *w, const struct message *m);
