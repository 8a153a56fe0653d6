#pragma once
/* Tags: lower-case words or phrases, shared by all tickets. */
#include "domain/ticket.h"
#include "req.h"

#define TAG_MAX 20 /* of one ticket */
#define TAG_CHARS_MAX 50

/* The tags, trimmed, in lower case, sorted, each once, into t. NULL, or what is wrong with them. */
const char *tags_set(struct arena *a, const struct str *items, size_t count, struct ticket *t);
/* The tags of a request likewise; what is wrong with them becomes a field error. */
void tags_take(struct req *r, const struct str *items, size_t count, struct ticket *t);
