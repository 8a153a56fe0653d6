#pragma once
/* A filter as the functions of the database take it (migrations/0030_ticket_query.sql). */
#include "store/ticket_list_store.h"

struct str filter_json(struct arena *a, const struct ticket_filter *f);
/* The words that must occur as a text search query; absent: none. */
struct str filter_words(struct arena *a, const struct ticket_filter *f);
/* The same words, any of which may occur. */
struct str filter_any_word(struct arena *a, const struct ticket_filter *f);
/* Whether the figures that are kept know how many tickets match: ticket_tally_count(). */
bool filter_is_tallied(const struct ticket_filter *f);
