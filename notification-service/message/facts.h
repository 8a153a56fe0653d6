#pragma once
/* What templates are filled with, as JSON objects. */
#include "domain/audience.h"
#include "json.h"

/* The facts of an event. */
struct str facts_of(struct arena *a, const struct occasion *o);
/* Those of a message in a conversation: who says what. */
struct event_message;
struct str facts_of_message(struct arena *a, const struct event_message *m);

struct fact {
    const char *name;
    struct str value; /* absent: left as it is */
};
/* A JSON object with these facts added, or in place of its own; facts may be absent or no object.
 * .name == NULL ends. */
struct str facts_with(struct arena *a, struct str facts, const struct fact *more);
/* NULL when it is no JSON. */
const struct json *facts_view(struct arena *a, struct str facts);
