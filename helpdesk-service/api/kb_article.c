#include "api/kb_article.h"

#include "api/kb_counts.h"
#include "api/kb_handlers.h"
#include "api/kb_reply.h"
#include "api/kb_schemas.h"
#include "api/write.h"
#include "service.h"
#include "state.h"
#include "store/kb_list_store.h"

enum err kb_article_access(struct req *r, bool published, struct db_session **s,
                           struct kb_article *out)
{
    struct kb_reader reader = kb_reader_of(r->actor);
    enum err rc = req_db(r, s);

    if (rc == ERR_OK)
        rc =
            kb_article_store_find(*s, req_param(r, "article"), published || !reader.is_editor, out);
    if (rc)
        return rc;
    return kb_may_read(reader, out->state, out->visibility) ? ERR_OK : ERR_NOT_FOUND;
}

enum err kb_article_access_lock(struct req *r, struct db_session *s, struct kb_article *out)
{
    enum err rc = kb_article_store_lock(s, req_param(r, "article"), out);

    return rc ? rc : write_check_match(r, out->version);
}

/* Editors and readers get different texts at the same version: their tags differ, and only that of
 * an editor's newest version is good for If-Match. */
static struct str etag_of(struct req *r, const struct kb_article *a, struct kb_reader reader)
{
    if (reader.is_editor && a->number == a->latest_number)
        return etag_format(r->arena, a->version);
    return str_printf(r->arena, "\"%lld-%c\"", (long long)a->version,
                      reader.is_editor           ? 'e'
                      : reader.most == KB_PUBLIC ? 'p'
                                                 : 'r');
}

enum err kb_article_get(struct req *r)
{
    const struct kb_view_query *q = r->query_args;
    struct kb_reader reader = kb_reader_of(r->actor);
    bool published = q && str_eq(q->view, STR("published"));
    struct db_session *s;
    struct json_writer *w;
    struct kb_article a;
    enum err rc = kb_article_access(r, published, &s, &a);

    if (rc)
        return rc;
    if (published && a.published_number == KB_NONE)
        return ERR_NOT_FOUND;
    if (a.number == a.published_number)
        kb_counts_view(helpdesk_of(r)->kb_counts, a.id);
    if (kb_is_known(r, etag_of(r, &a, reader)))
        return req_reply_empty(r, 304);
    req_set_header(r, "Content-Location",
                   str_printf(r->arena, "/api/v1/kb/articles/%.*s", STR_ARG(a.slug)));
    w = req_json_begin(r);
    jw_object(w);
    kb_write_article(w, &a, reader);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- lists -------------------------------------------------------------------------------- */

static void read_filter(struct req *r, const struct kb_article_query *q, struct kb_filter *f)
{
    *f = (struct kb_filter){
        .reader = kb_reader_of(r->actor),
        .state = q->state,
        .visibility = q->visibility,
        .tag = q->tag.p ? str_lower(r->arena, str_trim(q->tag)) : STR_NULL,
        .language = q->language,
        .category_id = q->category,
        .author_id = q->author,
        .sort = q->sort.p ? q->sort : STR("-updated_at"),
    };
    f->is_descending = f->sort.p[0] == '-';
    if (f->is_descending)
        f->sort = str_slice(f->sort, 1, f->sort.len);
}

/* The key of a cursor: "<time> <count> <word>". */
static struct cursor cursor_of(struct req *r, const struct kb_article *a, struct str sort)
{
    struct kb_position p = kb_position_of(a, sort);

    return (struct cursor){.key = str_printf(r->arena, "%lld %lld %.*s", (long long)p.time,
                                             (long long)p.count, STR_ARG(p.word)),
                           .id = p.id};
}

/* What cursor_of made, for it was signed. */
static struct kb_position position_of(const struct cursor *c)
{
    struct kb_position p = {.time = KB_NONE, .count = KB_NONE, .id = c->id};
    struct str rest = c->key, time, count;

    if (str_next(&rest, ' ', &time) && str_to_i64(time, &p.time) && str_next(&rest, ' ', &count) &&
        str_to_i64(count, &p.count))
        p.word = rest;
    return p;
}

enum err kb_article_list(struct req *r)
{
    const struct kb_article_query *q = r->query_args;
    struct kb_article *articles;
    struct kb_position after;
    struct page_found found = {0};
    struct cursor last = {0};
    struct json_writer *w;
    struct db_session *s;
    struct kb_filter f;
    struct page p;
    size_t shown;
    enum err rc;

    read_filter(r, q, &f);
    rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return rc;
    after = position_of(&p.after);
    f.after = p.is_continued ? &after : NULL;
    f.skip = p.skip;
    f.limit = page_limit(&p);
    rc = kb_list_store_page(s, &f, &articles, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return rc;
    shown = page_shown(&p, &found);
    if (shown)
        last = cursor_of(r, &articles[shown - 1], f.sort);
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++) {
        jw_object(w);
        kb_write_article(w, &articles[i], f.reader);
        jw_end_object(w);
    }
    return kb_reply_page(r, w);
}
