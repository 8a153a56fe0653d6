#pragma once
/* How conversations and messages look to clients, in replies and in frames. */
#include "json.h"
#include "store/conversation_store.h"
#include "store/message_store.h"

extern const struct json_schema CONVERSATION_SCHEMA, MESSAGE_SCHEMA;

/* {"success":true, …, "count":n, "results":[…], "data":[…]}: clients of the platform surface read
 * "data", those of the canonical one "results". items: count structs of the schema. */
struct list_view {
    const struct json_schema *schema;
    const void *items;
    size_t count;
    int64_t conversation_id; /* 0: left out */
};
void view_list(struct arena *a, struct json_writer *w, const struct list_view *v);

/* The frame {"type":"message",…}. */
struct str view_message_frame(struct arena *a, const struct message *m, struct str ticket_number);
