#pragma once
/* Finding published articles, and what was looked for in vain. */
#include "store/kb_article_store.h"

/* Of those that match, at most so many newest ones by their headline and so many by all their words
 * are ranked. */
#define KB_CANDIDATES_MAX 500

struct kb_search {
    struct kb_reader reader;
    struct str query;    /* a tsquery, as domain/kb_text.h makes them; absent finds nothing */
    struct str language; /* whose inflection the query has, absent: English */
    bool is_restricted;  /* only articles in that language */
    int64_t category_id; /* KB_NONE: any; one at the top with those below it */
    int64_t skip, limit;
};

struct kb_hit {
    struct kb_article article;
    struct str title_mark, body_mark; /* with the marks of domain/kb_text.h */
};

/* Best first; total counts the candidates. */
MUST_CHECK enum err CO_FN kb_search_store_find(struct db_session *s, const struct kb_search *q,
                                               struct kb_hit **out, size_t *count, int64_t *total);
/* Articles with any of the words in title, summary or tags, best first, without marks. */
MUST_CHECK enum err CO_FN kb_search_store_suggest(struct db_session *s, const struct kb_search *q,
                                                  struct kb_hit **out, size_t *count);

/* ---- what was looked for in vain ---------------------------------------------------------- */

#define KB_GAPS_MAX 1000 /* the most frequent ones are kept */

struct kb_gap {
    struct str query;
    int64_t count, first_at, last_at;
};
/* Adds counts; not inside a transaction. */
MUST_CHECK enum err CO_FN kb_gap_store_add(struct db_session *s, const struct str *queries,
                                           const int64_t *counts, size_t n, int64_t now);
/* The most frequent ones. */
MUST_CHECK enum err CO_FN kb_gap_store_top(struct db_session *s, int64_t limit, struct kb_gap **out,
                                           size_t *count);
