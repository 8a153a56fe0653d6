#include "api/tag.h"

#include "actor.h"
#include "api/access.h"
#include "api/change.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/write.h"
#include "buf.h"
#include "page.h"
#include "service.h"
#include "store/tally_store.h"

static bool is_tag(struct str s)
{
    return s.len > 0 && str_is_utf8(s) && str_utf8_len(s) <= TAG_CHARS_MAX &&
           str_index(s, ',', 0) < 0;
}

const char *tags_set(struct arena *a, const struct str *items, size_t count, struct ticket *t)
{
    struct str *tags = ARENA_ARRAY(a, struct str, count + 1);
    size_t n = 0, at;

    for (size_t i = 0; i < count; i++) {
        struct str tag = str_lower(a, str_trim(items[i]));

        if (!is_tag(tag))
            return "have 1 to 50 characters and no comma";
        for (at = 0; at < n && str_cmp(tags[at], tag) < 0; at++)
            ;
        if (at < n && str_eq(tags[at], tag))
            continue;
        memmove(tags + at + 1, tags + at, (n - at) * sizeof *tags);
        tags[at] = tag;
        n++;
    }
    t->tags = tags;
    t->tag_count = n;
    return n > TAG_MAX ? "are at most 20" : NULL;
}

void tags_take(struct req *r, const struct str *items, size_t count, struct ticket *t)
{
    const char *wrong = tags_set(r->arena, items, count, t);

    if (wrong)
        req_field_error(r, "tags", wrong);
}

enum err tag_list(struct req *r)
{
    const struct tag_query *q = r->query_args;
    struct str prefix = q && q->search.p ? str_lower(r->arena, q->search) : STR("");
    int64_t limit = q && q->page_size != JSON_NO_INT ? q->page_size : PAGE_SIZE_DEFAULT;
    struct tag_tally *tags;
    struct json_writer *w;
    struct db_session *s;
    size_t count;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = tally_store_tags(s, prefix, limit < PAGE_SIZE_MAX ? limit : PAGE_SIZE_MAX, &tags,
                              &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        JW_STR(w, "tag", tags[i].tag);
        JW_INT(w, "count", tags[i].n);
        jw_end_object(w);
    }
    return page_end(r, w);
}

/* ---- of one ticket ------------------------------------------------------------------------ */

struct retagging {
    const struct str *added;
    size_t added_count;
    struct str removed; /* absent: none */
};

static enum err CO_FN retag(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct retagging *x = arg;
    struct ticket before, after;
    struct ticket_news news = {&before, &after, .tells_workflow = true};
    struct json_writer w;
    struct cause cause;
    struct str *all;
    size_t n = 0;
    struct buf b;
    enum err rc = access_lock(r, s, &before);

    if (rc)
        return rc;
    if (!ticket_may_work(r->actor, &before))
        return ERR_FORBIDDEN;
    after = before;
    all = ARENA_ARRAY(r->arena, struct str, before.tag_count + x->added_count + 1);
    for (size_t i = 0; i < before.tag_count; i++)
        if (!str_eq(before.tags[i], x->removed))
            all[n++] = before.tags[i];
    if (x->removed.p && n == before.tag_count)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < x->added_count; i++)
        all[n++] = x->added[i];
    tags_take(r, all, n, &after);
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    cause_from_request(&cause, r);
    rc = change_apply(s, &news, &after, &cause);
    if (rc)
        return rc;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    JW_KEY(&w, "tags");
    jw_array(&w);
    for (size_t i = 0; i < after.tag_count; i++)
        jw_str(&w, after.tags[i]);
    jw_end_array(&w);
    jw_end_object(&w);
    *out = (struct answer){.body = buf_str(&b), .version = after.version};
    return ERR_OK;
}

enum err ticket_tags_post(struct req *r)
{
    const struct tags_body *b = r->body;
    struct retagging x = {.added = b->tags.items, .added_count = b->tags.count};

    return write_run(r, req_body_text(r), retag, &x);
}

enum err ticket_tag_delete(struct req *r)
{
    struct retagging x = {.removed = str_lower(r->arena, req_param(r, "tag"))};

    return write_run(r, STR(""), retag, &x);
}
