#pragma once
/* The versions of an article: texts that never change. */
#include "store/kb_article_store.h"

struct kb_version {
    int64_t number;
    struct str title, summary, body; /* body: absent in lists */
    const struct str *tags;
    size_t tag_count;
    struct str note;
    int64_t author_id;
    struct str author_name;
    int64_t created_at;
};

/* Newest first, behind a number unless that is KB_NONE. */
MUST_CHECK enum err CO_FN kb_version_store_page(struct db_session *s, int64_t article_id,
                                                int64_t before_number, int64_t skip, int64_t limit,
                                                struct kb_version **out, size_t *count);
/* ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN kb_version_store_read(struct db_session *s, int64_t article_id,
                                                int64_t number, struct kb_version *out);
