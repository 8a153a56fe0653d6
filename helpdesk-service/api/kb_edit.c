/* Writing and publishing articles. */
#include "api/kb_edit.h"
#include "api/kb_article.h"
#include "api/kb_handlers.h"
#include "api/kb_reply.h"
#include "api/kb_schemas.h"
#include "api/tag.h"
#include "api/write.h"
#include "cause.h"
#include "domain/slug.h"
#include "service.h"

void kb_edit_answer(struct req *r, const struct kb_article *a, int status, struct answer *out)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    kb_write_article(&w, a, kb_reader_of(r->actor));
    jw_end_object(&w);
    *out = (struct answer){.status = status, .body = buf_str(&b), .version = a->version};
}

/* ---- what a body says --------------------------------------------------------------------- */

/* Everything but the title, which differs between a new article and a change. */
static void take_members(struct req *r, const struct kb_article_body *b, struct kb_article *a)
{
    struct ticket tagged = {0};

    if (b->title.p)
        a->title = str_trim(b->title);
    if (b->body.p)
        a->body = b->body;
    if (b->summary.p)
        a->summary = b->summary;
    if (b->language.p)
        a->language = b->language;
    if (b->visibility.p)
        a->visibility = kb_visibility_parse(b->visibility);
    if (b->slug.p)
        a->slug = b->slug;
    if (json_get(req_json(r), "category_id"))
        a->category_id = b->category_id;
    if (json_get(req_json(r), "tags")) {
        tags_take(r, b->tags.items, b->tags.count, &tagged);
        a->tags = tagged.tags;
        a->tag_count = tagged.tag_count;
    }
}

static enum err check(struct req *r, const struct kb_article *a)
{
    if (a->title.len == 0)
        req_field_error(r, "title", "must not be blank");
    if (!kb_is_language(a->language))
        req_field_error(r, "language", "must be like en or pt-BR");
    if (a->slug.p && !slug_is_valid(a->slug))
        req_field_error(r, "slug", "has a-z, 0-9 and single hyphens inside, and not digits only");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* What the store could not do, in the words of the field that is to blame. */
static enum err explain(struct req *r, enum err rc)
{
    if (rc == ERR_CONFLICT)
        return refuse(r, ERR_DUPLICATE_RESOURCE, "Another article has or had this slug");
    if (rc != ERR_NOT_FOUND)
        return rc;
    req_field_error(r, "category_id", "is no category");
    return ERR_VALIDATION_ERROR;
}

static struct str note_of(const struct kb_article_body *b)
{
    return b->note.p ? b->note : STR("");
}

/* ---- a new one ---------------------------------------------------------------------------- */

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct kb_article_body *b = arg;
    struct kb_article a = {.summary = STR(""),
                           .body = STR(""),
                           .language = STR("en"),
                           .visibility = KB_INTERNAL,
                           .category_id = KB_NONE};
    struct cause cause;
    enum err rc;

    take_members(r, b, &a);
    rc = check(r, &a);
    if (rc)
        return rc;
    cause_from_request(&cause, r);
    rc = kb_article_store_add(s, &a, slug_of(r->arena, a.title), note_of(b), &cause);
    if (rc)
        return explain(r, rc);
    kb_edit_answer(r, &a, 201, out);
    out->location = str_printf(r->arena, "/api/v1/kb/articles/%lld", (long long)a.id);
    return ERR_OK;
}

enum err kb_article_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

/* ---- changes ------------------------------------------------------------------------------ */

static bool have_same_tags(const struct kb_article *a, const struct kb_article *b)
{
    if (a->tag_count != b->tag_count)
        return false;
    for (size_t i = 0; i < a->tag_count; i++)
        if (!str_eq(a->tags[i], b->tags[i]))
            return false;
    return true;
}

static bool have_same_texts(const struct kb_article *a, const struct kb_article *b)
{
    return str_eq(a->title, b->title) && str_eq(a->summary, b->summary) &&
           str_eq(a->body, b->body) && have_same_tags(a, b);
}

static bool have_same_place(const struct kb_article *a, const struct kb_article *b)
{
    return str_eq(a->slug, b->slug) && a->visibility == b->visibility &&
           a->category_id == b->category_id && str_eq(a->language, b->language);
}

enum err kb_edit_save(struct req *r, struct db_session *s, const struct kb_article *before,
                      struct kb_article *after, struct str note)
{
    bool is_rewritten = !have_same_texts(before, after);
    struct cause cause;
    enum err rc = ERR_OK;

    if (!is_rewritten && have_same_place(before, after))
        return ERR_OK;
    cause_from_request(&cause, r);
    if (is_rewritten)
        rc = kb_article_store_add_version(s, after, note, &cause);
    return rc ? rc : kb_article_store_save(s, after, r->now);
}

enum err kb_edit_lock(struct req *r, struct db_session *s, struct kb_article *out)
{
    enum err rc = kb_article_access_lock(r, s, out);

    if (rc)
        return rc;
    if (out->state == KB_ARCHIVED)
        return refuse(r, ERR_CONFLICT, "An archived article must be brought back first");
    return ERR_OK;
}

static enum err CO_FN edit(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct kb_article_body *b = arg;
    struct kb_article before, after;
    enum err rc = kb_edit_lock(r, s, &before);

    if (rc)
        return rc;
    after = before;
    take_members(r, b, &after);
    rc = check(r, &after);
    if (rc == ERR_OK && after.state == KB_PUBLISHED && str_trim(after.body).len == 0) {
        req_field_error(r, "body", "of a published article must not be empty");
        rc = ERR_VALIDATION_ERROR;
    }
    if (rc)
        return rc;
    rc = kb_edit_save(r, s, &before, &after, note_of(b));
    if (rc)
        return explain(r, rc);
    kb_edit_answer(r, &after, 200, out);
    return ERR_OK;
}

enum err kb_article_edit(struct req *r)
{
    return write_run(r, req_body_text(r), edit, r->body);
}

/* ---- its states --------------------------------------------------------------------------- */

static enum err CO_FN act(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const enum kb_action *action = arg;
    struct kb_article a;
    enum err rc = kb_article_access_lock(r, s, &a);

    if (rc)
        return rc;
    if (*action == KB_PUBLISH && str_trim(a.body).len == 0) {
        req_field_error(r, "body", "of a published article must not be empty");
        return ERR_VALIDATION_ERROR;
    }
    rc = kb_act(*action, &a.state, a.published_number != a.latest_number);
    if (rc == ERR_CONFLICT) {
        req_detail_str(r, "state", str_from(kb_state_word(a.state)));
        return refuse(r, rc, "The article's state does not allow this, or nothing would change");
    }
    if (rc)
        return rc;
    a.published_number = *action == KB_PUBLISH ? a.latest_number : KB_NONE;
    a.published_at = *action == KB_PUBLISH ? r->now : KB_NONE;
    rc = kb_article_store_save(s, &a, r->now);
    kb_edit_answer(r, &a, 200, out);
    return rc;
}

enum err kb_article_publish(struct req *r)
{
    enum kb_action action = KB_PUBLISH;

    return write_run(r, STR(""), act, &action);
}

enum err kb_article_unpublish(struct req *r)
{
    enum kb_action action = KB_UNPUBLISH;

    return write_run(r, STR(""), act, &action);
}

enum err kb_article_archive(struct req *r)
{
    enum kb_action action = KB_ARCHIVE;

    return write_run(r, STR(""), act, &action);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct kb_article a;
    enum err rc = kb_article_access_lock(r, s, &a);

    (void)arg;
    if (rc)
        return rc;
    if (a.state == KB_PUBLISHED)
        return refuse(r, ERR_CONFLICT, "A published article must be archived first");
    out->status = 204;
    return kb_article_store_delete(s, a.id);
}

enum err kb_article_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}
