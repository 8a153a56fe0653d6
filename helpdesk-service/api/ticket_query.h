#pragma once
/* What people ask for, in the query language or by plain filters, as a filter of tickets. */
#include "actor.h"
#include "req.h"
#include "store/catalogue_store.h"
#include "store/ticket_list_store.h"

/* All that the person may see, newest first. */
void ticket_query_init(const struct actor *a, struct ticket_filter *out);

/*
 * Adds the conditions of the query (domain/query.h): words of any surface become statuses and
 * priorities, categories and departments get the catalogue's spelling, "me" is the actor. Who may
 * work on tickets sees all that wait for approval when asking for those. ERR_VALIDATION_ERROR with
 * what is wrong; now is what ages and days are counted from.
 */
MUST_CHECK enum err ticket_query_add(struct arena *a, const struct catalogue *catalogue,
                                     const struct actor *actor, struct str text, int64_t now,
                                     struct ticket_filter *f, struct query_problem *problem);

/* Both, for a request: what is wrong is an error of that field, with its position. The text may be
 * absent. */
MUST_CHECK enum err ticket_query_read(struct req *r, const char *field, struct str text,
                                      struct ticket_filter *out);

/* Adds a condition by plain words, alternatives of each other, as a query parameter of that key's
 * name has them; none does nothing. What is wrong is an error of that field. */
void ticket_query_add_plain(struct req *r, enum query_key key, const struct str *words,
                            size_t count, struct ticket_filter *f);
/* Adds words that must all occur, whatever signs they have. */
void ticket_query_add_words(struct arena *a, struct str text, struct ticket_filter *f);

/* "-updated_at" and its like; absent: newest first. */
void ticket_query_sort(struct str sort, struct ticket_filter *f);
