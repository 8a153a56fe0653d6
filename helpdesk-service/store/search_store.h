#pragma once
/* Finding tickets by words, what to propose, and what there is. */
#include "store/ticket_list_store.h"

#define SEARCH_CANDIDATE_MAX 1000 /* of more matches, the newest are ranked */

/* Texts with what matched between SEARCH_MARK_BEGIN and SEARCH_MARK_END, which they do not have
 * otherwise; the longer ones as a piece or two. */
#define SEARCH_MARK_BEGIN '\2'
#define SEARCH_MARK_END '\3'
struct search_hit {
    struct ticket ticket;
    double score; /* 0: only comments match, or nothing was asked by words */
    struct str subject, description, comment; /* absent: nothing to show */
};
struct search_found {
    struct search_hit *hits;
    size_t count;
    int64_t total; /* SEARCH_CANDIDATE_MAX + 1: more than that */
};
/* A page (f->skip, f->limit) of the candidates, the best first or the newest first. Order and
 * position of the filter do not matter. */
MUST_CHECK enum err CO_FN search_store_find(struct db_session *s, const struct ticket_filter *f,
                                            bool by_score, struct search_found *out);

/* The first f->limit of the newest that match, the best first. */
struct search_title {
    struct str number, subject;
};
MUST_CHECK enum err CO_FN search_store_titles(struct db_session *s, const struct ticket_filter *f,
                                              struct search_title **out, size_t *count);

/* For words that no ticket's subject, requester or tags have, the nearest that some have; *out has
 * as many entries, absent where there is none. */
MUST_CHECK enum err CO_FN search_store_correct(struct db_session *s, const struct str *words,
                                               size_t count, struct str **out);

/* Names of active categories and departments that begin like that, in any case. */
struct search_name {
    struct str name;
    bool is_department;
};
MUST_CHECK enum err CO_FN search_store_names(struct db_session *s, struct str prefix, int64_t limit,
                                             struct search_name **out, size_t *count);

struct search_facet {
    struct str dimension; /* status, priority, category, department, tag */
    struct str value;
    int64_t n;
};
/* Of the newest SEARCH_CANDIDATE_MAX matches, the greatest first; *matches tells of how many. */
MUST_CHECK enum err CO_FN search_store_facets(struct db_session *s, const struct ticket_filter *f,
                                              int64_t *matches, struct search_facet **out,
                                              size_t *count);
/* How many tickets each active department has, 1,001 where there are more than 1,000. */
#define SEARCH_DEPARTMENT_COUNT_MAX 1000
MUST_CHECK enum err CO_FN search_store_departments(struct db_session *s, struct search_facet **out,
                                                   size_t *count);
