#pragma once
/*
 * How many tickets a view has, for those who look at counters all the time. What the kept figures
 * know is exact. Anything else is counted, up to 10,000, when it is first asked for; as long as
 * somebody asks within a minute it is counted again in the background, so that nobody waits for it.
 */
#include "req.h"
#include "service.h"
#include "store/ticket_list_store.h"

struct view_counts;

struct view_counts *view_counts_new(void);
void view_counts_free(struct view_counts *c);
/* Keeps what was asked for lately; every process for itself. */
void view_counts_start(struct service *s);

struct view_count {
    int64_t n;     /* 10,001: more than 10,000 that were not counted */
    int64_t as_of; /* when that was so */
    bool is_exact; /* of this moment */
};
MUST_CHECK enum err CO_FN view_count(struct req *r, struct db_session *s,
                                     const struct ticket_filter *f, struct str query,
                                     struct view_count *out);
