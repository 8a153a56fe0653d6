#pragma once
/* Categories of articles: a tree of two levels, in the order that editors give it. */
#include "db.h"
#include "domain/kb.h"

struct kb_category {
    int64_t id, parent_id; /* DB's NULL (INT64_MIN): at the top */
    struct str name, description;
    int64_t position, version;
    int64_t article_count; /* published ones that the reader may see, without sub-categories' */
};

/* All that the reader may know of (readers: those with articles for them, and their parents),
 * parents before children, by position and name. */
MUST_CHECK enum err CO_FN kb_category_store_all(struct db_session *s, struct kb_reader reader,
                                                struct kb_category **out, size_t *count);

/* All below in a transaction; they take turns until its end. ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN kb_category_store_lock(struct db_session *s, int64_t id,
                                                 struct kb_category *out);
/* ERR_NOT_FOUND unless it is a category at the top. */
MUST_CHECK enum err CO_FN kb_category_store_check_parent(struct db_session *s, int64_t parent_id);
MUST_CHECK enum err CO_FN kb_category_store_has_children(struct db_session *s, int64_t id,
                                                         bool *has);
/* Sets id and version. ERR_CONFLICT when its parent has one of that name. */
MUST_CHECK enum err CO_FN kb_category_store_add(struct db_session *s, struct kb_category *c);
/* Counts the version up. ERR_CONFLICT as above. */
MUST_CHECK enum err CO_FN kb_category_store_update(struct db_session *s, struct kb_category *c);
/* ERR_CONFLICT unless it is empty. */
MUST_CHECK enum err CO_FN kb_category_store_delete(struct db_session *s, int64_t id);
/* Makes those that add or change categories take turns: the tree stays one of two levels. */
MUST_CHECK enum err CO_FN kb_category_store_take_turn(struct db_session *s);
