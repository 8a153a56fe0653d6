/* The versions of an article. */
#include "api/kb_article.h"
#include "api/kb_edit.h"
#include "api/kb_handlers.h"
#include "api/kb_reply.h"
#include "api/kb_schemas.h"
#include "api/write.h"
#include "domain/diff.h"
#include "page.h"
#include "service.h"
#include "store/kb_version_store.h"

static void write_one(struct json_writer *w, const struct kb_article *a, const struct kb_version *v)
{
    jw_object(w);
    JW_INT(w, "number", v->number);
    JW_STR(w, "title", v->title);
    JW_STR(w, "summary", v->summary);
    if (v->body.p)
        JW_STR(w, "body", v->body);
    kb_write_tags(w, v->tags, v->tag_count);
    JW_STR(w, "note", v->note);
    JW_INT(w, "author_id", v->author_id);
    JW_STR(w, "author_name", v->author_name);
    JW_TIME(w, "created_at", v->created_at);
    JW_BOOL(w, "is_latest", v->number == a->latest_number);
    JW_BOOL(w, "is_published", v->number == a->published_number);
    jw_end_object(w);
}

enum err kb_version_list(struct req *r)
{
    struct kb_version *versions;
    struct page_found found = {0};
    struct cursor last = {0};
    struct json_writer *w;
    struct db_session *s;
    struct kb_article a;
    struct page p;
    size_t shown;
    enum err rc = page_read(r, r->query_args, &p);

    if (rc == ERR_OK)
        rc = kb_article_access(r, false, &s, &a);
    if (rc)
        return rc;
    /* numbers have no gaps */
    found.total = p.is_continued ? KB_NONE : a.latest_number;
    rc = page_check_depth(r, &p, a.latest_number);
    if (rc == ERR_OK)
        rc = kb_version_store_page(s, a.id, p.is_continued ? p.after.id : KB_NONE, p.skip,
                                   page_limit(&p), &versions, &found.count);
    if (rc)
        return rc;
    shown = page_shown(&p, &found);
    if (shown)
        last.id = versions[shown - 1].number;
    w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        write_one(w, &a, &versions[i]);
    return page_end(r, w);
}

enum err kb_version_get(struct req *r)
{
    struct kb_version v;
    struct db_session *s;
    struct kb_article a;
    int64_t number;
    enum err rc =
        req_param_int(r, "version", &number) ? kb_article_access(r, false, &s, &a) : ERR_NOT_FOUND;

    if (rc == ERR_OK)
        rc = kb_version_store_read(s, a.id, number, &v);
    if (rc)
        return rc;
    write_one(req_json_begin(r), &a, &v);
    return req_json_end(r, 200);
}

static enum err CO_FN restore(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const int64_t *number = arg;
    struct kb_article before, after;
    struct kb_version v;
    enum err rc = kb_edit_lock(r, s, &before);

    if (rc == ERR_OK)
        rc = kb_version_store_read(s, before.id, *number, &v);
    if (rc)
        return rc;
    after = before;
    after.title = v.title;
    after.summary = v.summary;
    after.body = v.body;
    after.tags = v.tags;
    after.tag_count = v.tag_count;
    rc = kb_edit_save(r, s, &before, &after,
                      str_printf(r->arena, "Version %lld restored", (long long)*number));
    kb_edit_answer(r, &after, 200, out);
    return rc;
}

enum err kb_version_restore(struct req *r)
{
    int64_t number;

    if (!req_param_int(r, "version", &number))
        return ERR_NOT_FOUND;
    return write_run(r, STR(""), restore, &number);
}

/* ---- comparing ---------------------------------------------------------------------------- */

static void write_pair(struct json_writer *w, const char *field, struct str from, struct str to)
{
    if (str_eq(from, to))
        return;
    jw_key(w, str_from(field));
    jw_object(w);
    JW_STR(w, "from", from);
    JW_STR(w, "to", to);
    jw_end_object(w);
}

static struct str joined(struct req *r, const struct kb_version *v)
{
    struct buf b;

    buf_init(&b, r->arena);
    for (size_t i = 0; i < v->tag_count; i++) {
        if (i)
            BUF_LIT(&b, ", ");
        buf_add_str(&b, v->tags[i]);
    }
    return buf_str(&b);
}

static void write_diff(struct req *r, struct json_writer *w, const struct kb_version *from,
                       const struct kb_version *to)
{
    struct diff d;

    diff_unified(r->arena, from->body, to->body, &d);
    jw_object(w);
    JW_INT(w, "from", from->number);
    JW_INT(w, "to", to->number);
    JW_KEY(w, "fields");
    jw_object(w);
    write_pair(w, "title", from->title, to->title);
    write_pair(w, "summary", from->summary, to->summary);
    write_pair(w, "tags", joined(r, from), joined(r, to));
    jw_end_object(w);
    JW_STR(w, "body_diff", d.text);
    JW_INT(w, "added_lines", d.added);
    JW_INT(w, "removed_lines", d.removed);
    JW_BOOL(w, "is_coarse", d.is_coarse);
    JW_BOOL(w, "is_truncated", d.is_truncated);
    jw_end_object(w);
}

enum err kb_version_diff(struct req *r)
{
    const struct kb_diff_query *q = r->query_args;
    struct kb_version from, to;
    struct db_session *s;
    struct kb_article a;
    enum err rc = kb_article_access(r, false, &s, &a);

    if (rc == ERR_OK)
        rc = kb_version_store_read(s, a.id, q->from, &from);
    if (rc == ERR_OK)
        rc = kb_version_store_read(s, a.id, q->to, &to);
    if (rc)
        return rc;
    write_diff(r, req_json_begin(r), &from, &to);
    return req_json_end(r, 200);
}
