#pragma once
/* Tags: lower-case words or phrases, shared by all tickets. */
#include "domain/ticket.h"
#include "req.h"

#define TAG_MAX 20 /* of one ticket */
#define TAG_CHARS_MAX 50

/* The tags of a request, trimmed, in lower case, sorted, each once, into t. What is wrong with them
 * becomes a field error. */
void tags_take(struct req *r, const struct str *items, size_t count, struct ticket *t);
