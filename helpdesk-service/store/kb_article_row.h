#pragma once
/* The columns of an article beside its texts, of tables a (kb_article), n (kb_stat) and g
 * (kb_category). */
#include "store/kb_article_store.h"

#define KB_COLS                                                                                    \
    "a.id, a.version, a.slug, a.state::text, a.visibility::text, a.category_id, g.name, "          \
    "a.language, a.latest_number, a.published_number, a.published_at, a.author_id, "               \
    "a.author_name, a.created_at, a.updated_at, n.views, n.helpful, n.unhelpful, n.tickets"
#define KB_COL_TYPES "iitttittiizitzziiii"
#define KB_COL_COUNT 19
#define KB_JOINS                                                                                   \
    " JOIN kb_stat n ON n.article_id = a.id LEFT JOIN kb_category g ON g.id = a.category_id "

/* Reads KB_COLS, which begin at column col. */
void kb_article_from_row(const struct db_result *rows, size_t row, int col, struct kb_article *out);
