#pragma once
/* The handlers of the knowledge base. */
#include "req.h"

enum err CO_FN kb_category_list(struct req *r);
enum err CO_FN kb_category_get(struct req *r);
enum err CO_FN kb_category_post(struct req *r);
enum err CO_FN kb_category_edit(struct req *r);
enum err CO_FN kb_category_delete(struct req *r);
enum err CO_FN kb_article_list(struct req *r);
enum err CO_FN kb_article_get(struct req *r);
enum err CO_FN kb_article_post(struct req *r);
enum err CO_FN kb_article_edit(struct req *r);
enum err CO_FN kb_article_delete(struct req *r);
enum err CO_FN kb_article_publish(struct req *r);
enum err CO_FN kb_article_unpublish(struct req *r);
enum err CO_FN kb_article_archive(struct req *r);
enum err CO_FN kb_version_list(struct req *r);
enum err CO_FN kb_version_get(struct req *r);
enum err CO_FN kb_version_restore(struct req *r);
enum err CO_FN kb_version_diff(struct req *r);
enum err CO_FN kb_vote_get(struct req *r);
enum err CO_FN kb_vote_post(struct req *r);
enum err CO_FN kb_vote_delete(struct req *r);
enum err CO_FN kb_vote_list(struct req *r);
enum err CO_FN kb_search(struct req *r);
enum err CO_FN kb_suggest(struct req *r);
enum err CO_FN kb_gap_list(struct req *r);
enum err CO_FN ticket_article_list(struct req *r);
enum err CO_FN ticket_article_post(struct req *r);
enum err CO_FN ticket_article_delete(struct req *r);
