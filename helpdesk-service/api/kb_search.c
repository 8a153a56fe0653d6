/* Finding articles, and what was not found. */
#include "api/kb_counts.h"
#include "api/kb_handlers.h"
#include "api/kb_reply.h"
#include "api/kb_schemas.h"
#include "domain/kb_text.h"
#include "page.h"
#include "service.h"
#include "state.h"
#include "store/kb_search_store.h"

#define SUGGESTIONS 5
#define GAPS 20

static void write_hit(struct req *r, struct json_writer *w, const struct kb_hit *h,
                      struct kb_reader reader)
{
    jw_object(w);
    kb_write_article(w, &h->article, reader);
    JW_KEY(w, "highlight");
    jw_object(w);
    JW_STR(w, "title", kb_mark(r->arena, h->title_mark));
    JW_STR(w, "body", kb_mark(r->arena, h->body_mark));
    jw_end_object(w);
    jw_end_object(w);
}

/* Candidates are few and always in one order: a cursor says how many to pass over. */
enum err kb_search(struct req *r)
{
    const struct kb_search_query *q = r->query_args;
    struct kb_search search = {
        .reader = kb_reader_of(r->actor),
        .query = kb_query_all(r->arena, q->q),
        .language = q->language.len ? q->language : STR_NULL,
        .is_restricted = q->language.len > 0,
        .category_id = q->category,
    };
    struct page_found found = {0};
    struct cursor last = {0};
    struct json_writer *w;
    struct db_session *s;
    struct kb_hit *hits;
    struct page p;
    size_t shown;
    enum err rc = page_read(r, &q->page, &p);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return rc;
    search.skip = p.is_continued ? p.after.id : p.skip;
    search.limit = page_limit(&p);
    rc = kb_search_store_find(s, &search, &hits, &found.count, &found.total);
    if (rc)
        return rc;
    if (found.total == 0 && !search.is_restricted && q->category == JSON_NO_INT)
        kb_counts_gap(helpdesk_of(r)->kb_counts, kb_gap_of(r->arena, q->q));
    shown = page_shown(&p, &found);
    last.id = search.skip + (int64_t)shown;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        write_hit(r, w, &hits[i], search.reader);
    return kb_reply_page(r, w);
}

enum err kb_suggest(struct req *r)
{
    const struct kb_suggest_query *q = r->query_args;
    struct kb_search search = {
        .reader = kb_reader_of(r->actor),
        .query = kb_query_any(r->arena, q->q),
        .language = q->language.len ? q->language : STR_NULL,
        .category_id = KB_NONE,
        .limit = q->limit == JSON_NO_INT ? SUGGESTIONS : q->limit,
    };
    struct json_writer *w;
    struct db_session *s;
    struct kb_hit *hits;
    size_t count;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = kb_search_store_suggest(s, &search, &hits, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        JW_INT(w, "id", hits[i].article.id);
        JW_STR(w, "slug", hits[i].article.slug);
        JW_STR(w, "title", hits[i].article.title);
        JW_STR(w, "summary", hits[i].article.summary);
        JW_STR(w, "language", hits[i].article.language);
        jw_end_object(w);
    }
    return page_end(r, w);
}

enum err kb_gap_list(struct req *r)
{
    const struct kb_gap_query *q = r->query_args;
    int64_t limit = q->limit == JSON_NO_INT ? GAPS : q->limit;
    struct json_writer *w;
    struct db_session *s;
    struct kb_gap *gaps;
    size_t count;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = kb_gap_store_top(s, limit, &gaps, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        JW_STR(w, "query", gaps[i].query);
        JW_INT(w, "count", gaps[i].count);
        JW_TIME(w, "first_at", gaps[i].first_at);
        JW_TIME(w, "last_at", gaps[i].last_at);
        jw_end_object(w);
    }
    return page_end(r, w);
}
