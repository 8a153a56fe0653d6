#pragma once
/* Lists of articles: what readers see, or all of them with their newest texts for editors. */
#include "store/kb_article_store.h"

/* Where a page ended: the value sorted by (title in word, times in time, figures in count), and the
 * id. */
struct kb_position {
    struct str word;
    int64_t time, count, id;
};

/* An absent member does not filter. */
struct kb_filter {
    struct kb_reader reader;
    struct str state, visibility, tag, language;
    int64_t category_id, author_id; /* KB_NONE: any; a category at the top with those below it */
    struct str sort;                /* updated_at, created_at, title, views, helpful */
    bool is_descending;
    int64_t skip, limit;
    const struct kb_position *after; /* NULL: from the beginning */
};

/* For readers an article is as old as its publication. total: 10,001 when there are more than
 * 10,000; KB_NONE behind a position. */
MUST_CHECK enum err CO_FN kb_list_store_page(struct db_session *s, const struct kb_filter *f,
                                             struct kb_article **out, size_t *count,
                                             int64_t *total);
struct kb_position kb_position_of(const struct kb_article *a, struct str sort);
