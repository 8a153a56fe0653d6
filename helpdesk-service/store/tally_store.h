#pragma once
/*
 * Figures about all tickets and ratings, without counting them: triggers note what each change adds
 * and takes away, tally_store_fold brings that into totals, and readers add both. A figure is exact
 * at the moment it is read, and costs the same however many tickets there are.
 */
#include "db.h"

/* Takes a batch of notes into the totals; *more tells whether there may be others. Any number of
 * processes may do so at once. */
MUST_CHECK enum err CO_FN tally_store_fold(struct db_session *s, bool *more);

enum tally_dimension { TALLY_STATUS, TALLY_PRIORITY, TALLY_CATEGORY };
struct tally {
    enum tally_dimension dimension;
    struct str word;  /* helpdesk words and labels */
    bool is_assigned; /* with TALLY_STATUS, whose rows are one for each of the two */
    int64_t n;
};
/* The greatest first; what there is none of is left out. */
MUST_CHECK enum err CO_FN tally_store_tickets(struct db_session *s, struct tally **out,
                                              size_t *count);

struct tally_day {
    int64_t day; /* its begin, UTC */
    int64_t n;
};
/* Tickets opened since then by day, the newest first, days without one left out. */
MUST_CHECK enum err CO_FN tally_store_days(struct db_session *s, int64_t since,
                                           struct tally_day **out, size_t *count);
/* How many people have opened a ticket since then. */
MUST_CHECK enum err CO_FN tally_store_authors(struct db_session *s, int64_t since, int64_t *out);

#define TALLY_RATINGS 5
struct tally_feedback {
    int64_t n[TALLY_RATINGS + 1]; /* by rating, 1 to 5 */
    int64_t total, sum;           /* of the ratings */
    int64_t tickets, users;       /* that have or gave any */
};
MUST_CHECK enum err CO_FN tally_store_feedback(struct db_session *s, struct tally_feedback *out);

struct tag_tally {
    struct str tag;
    int64_t n;
};
/* The most used first; prefix may be empty. */
MUST_CHECK enum err CO_FN tally_store_tags(struct db_session *s, struct str prefix, int64_t limit,
                                           struct tag_tally **out, size_t *count);
