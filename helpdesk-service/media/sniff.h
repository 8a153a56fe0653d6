#pragma once
/*
 * What a content looks like, by libmagic. Its database (some megabytes, most of them pages of the
 * file that all processes share) is loaded with the first question and let go when nobody has asked
 * for a while.
 */
#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct offload;
struct sniffer;

struct sniffer *sniffer_new(struct offload *o);
/* When no question is being answered. NULL is accepted. */
void sniffer_free(struct sniffer *s);
/* The media type of what begins with head, in the arena; "application/octet-stream" when it looks
 * like nothing. ERR_SERVICE_UNAVAILABLE when there is no database or the pool is busy. */
MUST_CHECK enum err CO_FN sniffer_ask(struct sniffer *s, struct arena *a, struct str head,
                                      struct str *type);
/* Lets the database go unless a question came since the last call. */
void CO_FN sniffer_rest(struct sniffer *s);
