#pragma once
/* How helpful people find an article, one vote a person; how often it was read. */
#include "db.h"

struct kb_vote {
    int64_t user_id;
    struct str user_name;
    bool is_helpful;
    struct str comment; /* may be absent */
    int64_t voted_at;
};

/* Once or again. */
MUST_CHECK enum err CO_FN kb_vote_store_put(struct db_session *s, int64_t article_id,
                                            const struct kb_vote *v);
/* ERR_NOT_FOUND from both when the person has not voted. */
MUST_CHECK enum err CO_FN kb_vote_store_remove(struct db_session *s, int64_t article_id,
                                               int64_t user_id);
MUST_CHECK enum err CO_FN kb_vote_store_read(struct db_session *s, int64_t article_id,
                                             int64_t user_id, struct kb_vote *out);
/* By user id, behind one unless that is INT64_MIN. */
MUST_CHECK enum err CO_FN kb_vote_store_page(struct db_session *s, int64_t article_id,
                                             int64_t after_user, int64_t skip, int64_t limit,
                                             struct kb_vote **out, size_t *count);

/* Adds to the counts of views; articles that are gone are passed over. */
MUST_CHECK enum err CO_FN kb_view_store_add(struct db_session *s, const int64_t *article_ids,
                                            const int64_t *counts, size_t n);
