/* Articles that help with a ticket. */
#include "actor.h"
#include "api/access.h"
#include "api/kb_handlers.h"
#include "api/kb_schemas.h"
#include "api/write.h"
#include "buf.h"
#include "cause.h"
#include "page.h"
#include "service.h"
#include "store/ticket_article_store.h"

static void write_one(struct json_writer *w, const struct ticket_article *x)
{
    jw_object(w);
    JW_INT(w, "article_id", x->article.id);
    JW_STR(w, "slug", x->article.slug);
    JW_STR(w, "title", x->article.title);
    JW_STR(w, "summary", x->article.summary);
    JW_STR(w, "visibility", str_from(kb_visibility_word(x->article.visibility)));
    JW_STR(w, "state", str_from(kb_state_word(x->article.state)));
    JW_INT(w, "created_by", x->created_by);
    JW_STR(w, "created_by_name", x->created_by_name);
    JW_TIME(w, "created_at", x->created_at);
    jw_end_object(w);
}

enum err ticket_article_list(struct req *r)
{
    struct ticket_article *links;
    struct json_writer *w;
    struct db_session *s;
    struct ticket t;
    size_t count;
    enum err rc = access_ticket(r, &s, &t);

    if (rc == ERR_OK)
        rc = ticket_article_store_list(s, t.id, kb_reader_of(r->actor), &links, &count);
    if (rc)
        return rc;
    w = page_begin_whole(r, count);
    for (size_t i = 0; i < count; i++)
        write_one(w, &links[i]);
    return page_end(r, w);
}

/* Locks the ticket, and finds the article; one that the person may not read is as good as none. */
static enum err CO_FN lock_both(struct req *r, struct db_session *s, int64_t article_id,
                                struct ticket *t, struct kb_article *a)
{
    struct kb_reader reader = kb_reader_of(r->actor);
    struct str id = str_printf(r->arena, "%lld", (long long)article_id);
    enum err rc = ticket_store_lock_number(s, req_param(r, "number"), viewer_of(r), t);

    if (rc)
        return rc;
    if (!ticket_may_work(r->actor, t))
        return ERR_FORBIDDEN;
    rc = kb_article_store_find(s, id, !reader.is_editor, a);
    if (rc)
        return rc;
    return kb_may_read(reader, a->state, a->visibility) ? ERR_OK : ERR_NOT_FOUND;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct ticket_article_body *b = arg;
    struct ticket_article link;
    struct json_writer w;
    struct cause cause;
    struct ticket t;
    struct buf text;
    enum err rc = lock_both(r, s, b->article_id, &t, &link.article);

    if (rc == ERR_NOT_FOUND) {
        req_field_error(r, "article_id", "is no article that you may read");
        return ERR_VALIDATION_ERROR;
    }
    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = ticket_article_store_add(s, t.id, &link.article, &cause);
    if (rc)
        return rc;
    link.created_by = cause.actor_id;
    link.created_by_name = cause.actor_name;
    link.created_at = cause.now;
    buf_init(&text, r->arena);
    jw_init(&w, &text);
    write_one(&w, &link);
    *out = (struct answer){.status = 201, .body = buf_str(&text)};
    return ERR_OK;
}

enum err ticket_article_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const int64_t *id = arg;
    struct kb_article a;
    struct cause cause;
    struct ticket t;
    enum err rc = lock_both(r, s, *id, &t, &a);

    if (rc)
        return rc;
    cause_from_request(&cause, r);
    out->status = 204;
    return ticket_article_store_remove(s, t.id, &a, &cause);
}

enum err ticket_article_delete(struct req *r)
{
    int64_t id;

    if (!req_param_int(r, "article_id", &id))
        return ERR_NOT_FOUND;
    return write_run(r, STR(""), take_off, &id);
}
