#pragma once
/* What the knowledge base's handlers share: the shape of an article, and answers that clients and
 * caches may keep as long as they ask whether they have changed. */
#include "req.h"
#include "store/kb_article_store.h"
#include "write_run.h"

/* The members of an article, without its body unless that is there, inside an object. */
void kb_write_article(struct json_writer *w, const struct kb_article *a, struct kb_reader reader);
void kb_write_tags(struct json_writer *w, const struct str *tags, size_t count);

/* Ends what req_json_begin or page_begin began, with an ETag of its content: 304 where the client
 * has it already. */
enum err kb_reply_end(struct req *r, struct json_writer *w);
enum err kb_reply_page(struct req *r, struct json_writer *w);
/* 304 when If-None-Match names the tag; sets what caches need to know. */
bool kb_is_known(struct req *r, struct str etag);
