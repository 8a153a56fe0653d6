#pragma once
/*
 * Articles with their versions: one aggregate. Its texts are versions that never change; readers
 * see the published one, editors the newest. Changes are for an article that is locked.
 */
#include "cause.h"
#include "db.h"
#include "domain/kb.h"

#define KB_NONE INT64_MIN /* no category, no published version, no time */

struct kb_article {
    int64_t id, version; /* version: of the article as a whole, its ETag */
    struct str slug;
    enum kb_state state;
    enum kb_visibility visibility;
    int64_t category_id;
    struct str category_name, language;
    int64_t latest_number, published_number, published_at;
    int64_t author_id;
    struct str author_name;
    int64_t created_at, updated_at;
    int64_t views, helpful, unhelpful, tickets;
    /* of the version that was asked for */
    int64_t number;
    struct str title, summary, body; /* body: absent in lists */
    const struct str *tags;
    size_t tag_count;
};

/* By id or by any slug it has or had. The texts are those of the newest version, with published of
 * the published one where there is one. ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN kb_article_store_find(struct db_session *s, struct str id_or_slug,
                                                bool published, struct kb_article *out);
/* The newest version, locked until the end of the transaction. */
MUST_CHECK enum err CO_FN kb_article_store_lock(struct db_session *s, struct str id_or_slug,
                                                struct kb_article *out);

/*
 * A draft with its first version. slug: wanted, ERR_CONFLICT when it is taken; absent: made of
 * base, which may be empty, and the id where that is needed. ERR_NOT_FOUND without the category.
 */
MUST_CHECK enum err CO_FN kb_article_store_add(struct db_session *s, struct kb_article *a,
                                               struct str base, struct str note,
                                               const struct cause *c);
/* A new version of the texts in *a. */
MUST_CHECK enum err CO_FN kb_article_store_add_version(struct db_session *s, struct kb_article *a,
                                                       struct str note, const struct cause *c);
/* Slug (ERR_CONFLICT when another article has or had it), state, visibility, category
 * (ERR_NOT_FOUND), language and the published version; counts the version up, and shows readers
 * what they are to see. */
MUST_CHECK enum err CO_FN kb_article_store_save(struct db_session *s, struct kb_article *a,
                                                int64_t now);
MUST_CHECK enum err CO_FN kb_article_store_delete(struct db_session *s, int64_t id);
