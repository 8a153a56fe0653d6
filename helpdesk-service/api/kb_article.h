#pragma once
/* The article a request is about. */
#include "db.h"
#include "req.h"
#include "store/kb_article_store.h"

/* By the path parameter "article", an id or slug. ERR_NOT_FOUND also where the person may not read
 * it. Editors get the newest texts unless they want the published ones, readers those. */
MUST_CHECK enum err CO_FN kb_article_access(struct req *r, bool published, struct db_session **s,
                                            struct kb_article *out);
/* For editors, inside a transaction: locked, with the newest texts. The version must match If-Match
 * when there is one. */
MUST_CHECK enum err CO_FN kb_article_access_lock(struct req *r, struct db_session *s,
                                                 struct kb_article *out);
