/* Whether an article helped. */
#include "api/access.h"
#include "api/kb_article.h"
#include "api/kb_handlers.h"
#include "api/kb_schemas.h"
#include "api/write.h"
#include "buf.h"
#include "cause.h"
#include "page.h"
#include "service.h"
#include "store/kb_vote_store.h"

static void write_members(struct json_writer *w, const struct kb_vote *v)
{
    JW_BOOL(w, "helpful", v->is_helpful);
    JW_STR(w, "comment", v->comment);
    JW_TIME(w, "voted_at", v->voted_at);
}

/* Of what readers see, not of drafts. */
static enum err CO_FN find_published(struct req *r, struct db_session **s, struct kb_article *a)
{
    enum err rc = kb_article_access(r, true, s, a);

    if (rc)
        return rc;
    return a->state == KB_PUBLISHED ? ERR_OK : ERR_NOT_FOUND;
}

enum err kb_vote_get(struct req *r)
{
    struct json_writer *w;
    struct db_session *s;
    struct kb_article a;
    struct kb_vote v;
    enum err rc = find_published(r, &s, &a);

    if (rc == ERR_OK)
        rc = kb_vote_store_read(s, a.id, viewer_of(r), &v);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    write_members(w, &v);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err CO_FN put(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct kb_vote_body *b = arg;
    struct kb_vote v = {.user_id = viewer_of(r),
                        .is_helpful = b->helpful == JSON_TRUE,
                        .comment = b->comment.len ? b->comment : STR_NULL,
                        .voted_at = r->now};
    struct json_writer w;
    struct kb_article a;
    struct cause cause;
    struct buf text;
    enum err rc = find_published(r, &s, &a);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    v.user_name = cause.actor_name;
    rc = kb_vote_store_put(s, a.id, &v);
    if (rc)
        return rc;
    buf_init(&text, r->arena);
    jw_init(&w, &text);
    jw_object(&w);
    write_members(&w, &v);
    jw_end_object(&w);
    *out = (struct answer){.body = buf_str(&text)};
    return ERR_OK;
}

enum err kb_vote_post(struct req *r)
{
    return write_run(r, req_body_text(r), put, r->body);
}

static enum err CO_FN take_back(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct kb_article a;
    enum err rc = find_published(r, &s, &a);

    (void)arg;
    out->status = 204;
    return rc ? rc : kb_vote_store_remove(s, a.id, viewer_of(r));
}

enum err kb_vote_delete(struct req *r)
{
    return write_run(r, STR(""), take_back, NULL);
}

enum err kb_vote_list(struct req *r)
{
    struct page_found found = {0};
    struct cursor last = {0};
    struct json_writer *w;
    struct kb_vote *votes;
    struct db_session *s;
    struct kb_article a;
    struct page p;
    size_t shown;
    enum err rc = page_read(r, r->query_args, &p);

    if (rc == ERR_OK)
        rc = kb_article_access(r, false, &s, &a);
    if (rc)
        return rc;
    found.total = p.is_continued ? KB_NONE : a.helpful + a.unhelpful;
    rc = page_check_depth(r, &p, a.helpful + a.unhelpful);
    if (rc == ERR_OK)
        rc = kb_vote_store_page(s, a.id, p.is_continued ? p.after.id : KB_NONE, p.skip,
                                page_limit(&p), &votes, &found.count);
    if (rc)
        return rc;
    shown = page_shown(&p, &found);
    if (shown)
        last.id = votes[shown - 1].user_id;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++) {
        jw_object(w);
        JW_INT(w, "user_id", votes[i].user_id);
        JW_STR(w, "user_name", votes[i].user_name);
        write_members(w, &votes[i]);
        jw_end_object(w);
    }
    return page_end(r, w);
}
