/* Categories of the knowledge base. */
#include "api/kb_handlers.h"
#include "api/kb_reply.h"
#include "api/kb_schemas.h"
#include "api/write.h"
#include "page.h"
#include "service.h"
#include "store/kb_category_store.h"

static void write_members(struct json_writer *w, const struct kb_category *c)
{
    JW_INT(w, "id", c->id);
    JW_KEY(w, "parent_id");
    if (c->parent_id == KB_NONE)
        jw_null(w);
    else
        jw_int(w, c->parent_id);
    JW_STR(w, "name", c->name);
    JW_STR(w, "description", c->description);
    JW_INT(w, "position", c->position);
    JW_INT(w, "version", c->version);
}

/* The category at all[i] with those below it, which follow. */
static void write_tree(struct json_writer *w, const struct kb_category *all, size_t count, size_t i)
{
    jw_object(w);
    write_members(w, &all[i]);
    JW_INT(w, "article_count", all[i].article_count);
    JW_KEY(w, "children");
    jw_array(w);
    for (size_t k = i + 1; k < count && all[k].parent_id == all[i].id; k++) {
        jw_object(w);
        write_members(w, &all[k]);
        JW_INT(w, "article_count", all[k].article_count);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}

static enum err CO_FN read_all(struct req *r, struct kb_category **all, size_t *count)
{
    struct db_session *s;
    enum err rc = req_db(r, &s);

    return rc ? rc : kb_category_store_all(s, kb_reader_of(r->actor), all, count);
}

enum err kb_category_list(struct req *r)
{
    struct kb_category *all;
    struct json_writer *w;
    size_t count, roots = 0;
    enum err rc = read_all(r, &all, &count);

    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++)
        roots += all[i].parent_id == KB_NONE;
    w = page_begin_whole(r, roots);
    for (size_t i = 0; i < count; i++)
        if (all[i].parent_id == KB_NONE)
            write_tree(w, all, count, i);
    return kb_reply_page(r, w);
}

/* Its ETag is its version, which its articles do not change. */
enum err kb_category_get(struct req *r)
{
    struct kb_category *all;
    struct json_writer *w;
    size_t count, i = 0;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? read_all(r, &all, &count) : ERR_NOT_FOUND;

    if (rc)
        return rc;
    while (i < count && all[i].id != id)
        i++;
    if (i == count)
        return ERR_NOT_FOUND;
    if (kb_is_known(r, etag_format(r->arena, all[i].version)))
        return req_reply_empty(r, 304);
    w = req_json_begin(r);
    write_tree(w, all, count, i);
    return req_json_end(r, 200);
}

/* ---- changing ----------------------------------------------------------------------------- */

static void answer_with(struct req *r, const struct kb_category *c, int status, struct answer *out)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    write_members(&w, c);
    jw_end_object(&w);
    *out = (struct answer){.status = status, .body = buf_str(&b), .version = c->version};
}

static enum err CO_FN check_parent(struct req *r, struct db_session *s, const struct kb_category *c)
{
    bool has_children = false;
    enum err rc;

    if (c->parent_id == KB_NONE)
        return ERR_OK;
    if (c->id)
        rc = kb_category_store_has_children(s, c->id, &has_children);
    else
        rc = ERR_OK;
    if (rc == ERR_OK && (has_children || c->parent_id == c->id)) {
        req_field_error(r, "parent_id", "cannot be given: the tree has two levels");
        return ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK)
        rc = kb_category_store_check_parent(s, c->parent_id);
    if (rc != ERR_NOT_FOUND)
        return rc;
    req_field_error(r, "parent_id", "is no category at the top");
    return ERR_VALIDATION_ERROR;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct kb_category_body *b = arg;
    struct kb_category c = {
        .parent_id = b->parent_id,
        .name = str_trim(b->name),
        .description = b->description.p ? b->description : STR(""),
        .position = b->position == JSON_NO_INT ? 0 : b->position,
    };
    enum err rc = kb_category_store_take_turn(s);

    if (rc == ERR_OK)
        rc = check_parent(r, s, &c);
    if (rc == ERR_OK)
        rc = kb_category_store_add(s, &c);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    answer_with(r, &c, 201, out);
    out->location = str_printf(r->arena, "/api/v1/kb/categories/%lld", (long long)c.id);
    return ERR_OK;
}

enum err kb_category_post(struct req *r)
{
    return write_run(r, req_body_text(r), add, r->body);
}

static enum err CO_FN lock(struct req *r, struct db_session *s, struct kb_category *c)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? kb_category_store_take_turn(s) : ERR_NOT_FOUND;

    if (rc == ERR_OK)
        rc = kb_category_store_lock(s, id, c);
    return rc ? rc : write_check_match(r, c->version);
}

static enum err CO_FN edit(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct kb_category_body *b = arg;
    struct kb_category c;
    enum err rc = lock(r, s, &c);

    if (rc)
        return rc;
    if (b->name.p)
        c.name = str_trim(b->name);
    if (b->description.p)
        c.description = b->description;
    if (b->position != JSON_NO_INT)
        c.position = b->position;
    if (json_get(req_json(r), "parent_id")) {
        c.parent_id = b->parent_id;
        rc = check_parent(r, s, &c);
    }
    if (rc == ERR_OK && c.name.len == 0) {
        req_field_error(r, "name", "must not be blank");
        rc = ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK)
        rc = kb_category_store_update(s, &c);
    answer_with(r, &c, 200, out);
    return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
}

enum err kb_category_edit(struct req *r)
{
    return write_run(r, req_body_text(r), edit, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct kb_category c;
    enum err rc = lock(r, s, &c);

    (void)arg;
    if (rc == ERR_OK)
        rc = kb_category_store_delete(s, c.id);
    out->status = 204;
    return rc == ERR_CONFLICT ? refuse(r, rc, "The category has articles or categories in it") : rc;
}

enum err kb_category_delete(struct req *r)
{
    return write_run(r, STR(""), take_off, NULL);
}
