#pragma once
/*
 * Figures over time, read from rollups by the hour: what a question costs depends on the hours and
 * keys it asks for, never on the number of tickets. As with the tallies, notes that are not folded
 * yet are added, so that figures are exact at the moment they are read.
 */
#include "db.h"
#include "domain/insight.h"

/* Takes a batch of notes into the rollups; *more tells whether there may be others. Any number of
 * processes may do so at once. */
MUST_CHECK enum err CO_FN insight_store_fold(struct db_session *s, bool *more);
/* Puts together the open tickets that were created before, as those of one age. */
MUST_CHECK enum err CO_FN insight_store_compact(struct db_session *s, int64_t before);

struct insight_question {
    struct str dimension; /* all, category, department, priority or owner */
    struct str key;       /* absent: every one, a row each */
    int64_t from, to;     /* wall µs, whole hours */
    struct str interval;  /* hour, day, week, month: a row each; absent: of the whole */
    struct str zone;      /* where days begin */
    unsigned metrics;     /* a bit for each enum insight_metric */
};
struct insight_answer {
    struct insight_figures *rows; /* by start, then key */
    size_t count;
    bool is_cut; /* there would be more than INSIGHT_ROWS_MAX */
};
#define INSIGHT_ROWS_MAX 2000
/* Without the backlog. Intervals in which nothing was are there when the dimension is all. */
MUST_CHECK enum err CO_FN insight_store_series(struct db_session *s,
                                               const struct insight_question *q,
                                               struct insight_answer *out);
/* The open tickets of now: a row a key. The dimension may also be status. */
MUST_CHECK enum err CO_FN insight_store_backlog(struct db_session *s, struct str dimension,
                                                struct str key, int64_t now,
                                                struct insight_answer *out);
MUST_CHECK enum err CO_FN insight_store_is_zone(struct db_session *s, struct str name, bool *out);

/* A deadline of the ticket has passed. The ticket's row must be locked, so that its end is not
 * counted at the same time. Once a ticket; again it does nothing. */
MUST_CHECK enum err CO_FN insight_store_breach(struct db_session *s, int64_t ticket_id, int64_t at);
