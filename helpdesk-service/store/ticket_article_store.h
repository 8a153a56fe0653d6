#pragma once
/* Which articles help with a ticket. */
#include "store/kb_article_store.h"
#include "store/ticket_store.h"

struct ticket_article {
    struct kb_article article; /* without its body */
    int64_t created_by;
    struct str created_by_name;
    int64_t created_at;
};

/* Oldest first, only articles that the reader may read. */
MUST_CHECK enum err CO_FN ticket_article_store_list(struct db_session *s, int64_t ticket_id,
                                                    struct kb_reader reader,
                                                    struct ticket_article **out, size_t *count);
/* In a transaction, with a row in the ticket's history, which is for staff only where the article
 * is. ERR_DUPLICATE_RESOURCE when it is linked already; ERR_NOT_FOUND when it is not. */
MUST_CHECK enum err CO_FN ticket_article_store_add(struct db_session *s, int64_t ticket_id,
                                                   const struct kb_article *a,
                                                   const struct cause *c);
MUST_CHECK enum err CO_FN ticket_article_store_remove(struct db_session *s, int64_t ticket_id,
                                                      const struct kb_article *a,
                                                      const struct cause *c);
