#pragma once
/* Changing an article's texts, as editing and restoring do. */
#include "db.h"
#include "req.h"
#include "store/kb_article_store.h"
#include "write_run.h"

/* Locks the article for a change of its texts. ERR_CONFLICT while it is archived. */
MUST_CHECK enum err CO_FN kb_edit_lock(struct req *r, struct db_session *s, struct kb_article *out);
/* A new version where texts differ; nothing at all where nothing does. */
MUST_CHECK enum err CO_FN kb_edit_save(struct req *r, struct db_session *s,
                                       const struct kb_article *before, struct kb_article *after,
                                       struct str note);
void kb_edit_answer(struct req *r, const struct kb_article *a, int status, struct answer *out);
