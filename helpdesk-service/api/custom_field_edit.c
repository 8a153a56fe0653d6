/* The definitions of custom fields, as administrators keep them and forms read them. */
#include "actor.h"
#include "api/audit.h"
#include "api/catalogue.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "buf.h"
#include "page.h"
#include "service.h"
#include "store/custom_field_store.h"

#define KEY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"

static void put_words(struct json_writer *w, const char *name, const struct str *words, size_t n)
{
    jw_key(w, str_from(name));
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, words[i]);
    jw_end_array(w);
}

static void write_one(struct json_writer *w, const struct custom_field *f)
{
    jw_object(w);
    JW_INT(w, "id", f->id);
    JW_STR(w, "key", f->key);
    JW_STR(w, "label", f->label);
    JW_STR(w, "type", str_from(custom_kind_word(f->kind)));
    put_words(w, "choices", f->choices, f->choice_count);
    put_words(w, "categories", f->categories, f->category_count);
    JW_BOOL(w, "is_required", f->is_required);
    JW_BOOL(w, "is_active", f->is_active);
    JW_INT(w, "version", f->version);
    jw_end_object(w);
}

static struct str text_of(struct arena *a, const struct custom_field *f)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    write_one(&w, f);
    return buf_str(&b);
}

static void answer_with(struct req *r, const struct custom_field *f, int status, struct answer *out)
{
    *out = (struct answer){.status = status, .body = text_of(r->arena, f), .version = f->version};
}

static enum err CO_FN audit(struct req *r, struct db_session *s, const char *action,
                            const struct custom_field *f, struct str before, struct str after)
{
    return audit_put_edit(
        r, s, &(struct audit_edit){action, "custom_field", f->id, f->key, before, after});
}

/* ---- reading ------------------------------------------------------------------------------ */

enum err custom_field_list(struct req *r)
{
    bool with_inactive = actor_is_admin(r->actor);
    struct custom_field *fields;
    struct json_writer *w;
    struct db_session *s;
    size_t count, shown = 0;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = custom_field_store_all(s, &fields, &count);
    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++)
        if (fields[i].is_active || with_inactive)
            fields[shown++] = fields[i];
    w = page_begin_whole(r, shown);
    for (size_t i = 0; i < shown; i++)
        write_one(w, &fields[i]);
    return page_end(r, w);
}

enum err custom_field_get(struct req *r)
{
    struct custom_field f;
    struct db_session *s;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &s) : ERR_NOT_FOUND;

    if (rc == ERR_OK)
        rc = custom_field_store_by_id(s, id, &f);
    if (rc)
        return rc;
    if (!f.is_active && !actor_is_admin(r->actor))
        return ERR_NOT_FOUND;
    req_set_header(r, "ETag", etag_format(r->arena, f.version));
    write_one(req_json_begin(r), &f);
    return req_json_end(r, 200);
}

/* ---- changing ----------------------------------------------------------------------------- */

static bool is_key(struct str s)
{
    if (s.len == 0 || s.len > 50 || s.p[0] < 'a' || s.p[0] > 'z')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(KEY_CHARS, s.p[i]))
            return false;
    return true;
}

static enum err check(struct req *r, const struct custom_field *f)
{
    bool wants_choices = f->kind == CUSTOM_CHOICE || f->kind == CUSTOM_MULTI_CHOICE;

    if (!is_key(f->key))
        req_field_error(r, "key", "must have a-z, 0-9 and _, and begin with a letter");
    if (wants_choices && f->choice_count == 0)
        req_field_error(r, "choices", "are required for this type");
    if (!wants_choices && f->choice_count > 0)
        req_field_error(r, "choices", "are not for this type");
    for (size_t i = 0; i < f->choice_count; i++) {
        if (!str_trim(f->choices[i]).len || str_utf8_len(f->choices[i]) > 100)
            req_field_error(r, "choices", "have 1 to 100 characters");
        for (size_t k = 0; k < i; k++)
            if (str_eq(f->choices[i], f->choices[k]))
                req_field_error(r, "choices", "have one twice");
    }
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

static enum err unknown_category(struct req *r, enum err rc)
{
    if (rc != ERR_NOT_FOUND)
        return rc;
    req_field_error(r, "categories", "have one that is not in the catalogue");
    return ERR_VALIDATION_ERROR;
}

static enum err CO_FN add(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct custom_field_body *b = arg;
    struct custom_field f = {
        .key = b->key,
        .label = b->label.len ? b->label : b->key,
        .kind = custom_kind_parse(b->type),
        .choices = b->choices.items,
        .choice_count = b->choices.count,
        .categories = b->categories.items,
        .category_count = b->categories.count,
        .is_required = b->is_required == JSON_TRUE,
        .is_active = true,
    };
    enum err rc = check(r, &f);

    if (rc == ERR_OK)
        rc = custom_field_store_add(s, &f);
    if (rc == ERR_CONFLICT)
        return ERR_DUPLICATE_RESOURCE;
    answer_with(r, &f, 201, out);
    out->location = str_printf(r->arena, "/api/v1/custom-fields/%lld", (long long)f.id);
    if (rc == ERR_OK)
        rc = audit(r, s, "custom_field.create", &f, STR_NULL, out->body);
    return unknown_category(r, rc);
}

enum err custom_field_post(struct req *r)
{
    return catalogue_write(r, req_body_text(r), add, r->body);
}

static enum err CO_FN lock(struct req *r, struct db_session *s, struct custom_field *f)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? custom_field_store_lock(s, id, f) : ERR_NOT_FOUND;

    return rc ? rc : write_check_match(r, f->version);
}

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct custom_field_patch *p = arg;
    struct custom_field f;
    struct str before;
    enum err rc = lock(r, s, &f);

    if (rc)
        return rc;
    before = text_of(r->arena, &f);
    if (p->label.p)
        f.label = p->label;
    if (json_get(req_json(r), "choices")) {
        f.choices = p->choices.items;
        f.choice_count = p->choices.count;
    }
    if (json_get(req_json(r), "categories")) {
        f.categories = p->categories.items;
        f.category_count = p->categories.count;
    }
    if (p->is_required != JSON_UNSET)
        f.is_required = p->is_required;
    if (p->is_active != JSON_UNSET)
        f.is_active = p->is_active;
    rc = check(r, &f);
    if (rc == ERR_OK)
        rc = custom_field_store_update(s, &f);
    answer_with(r, &f, 200, out);
    if (rc == ERR_OK)
        rc = audit(r, s, "custom_field.update", &f, before, out->body);
    return unknown_category(r, rc);
}

enum err custom_field_edit(struct req *r)
{
    return catalogue_write(r, req_body_text(r), patch, r->body);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct custom_field f;
    enum err rc = lock(r, s, &f);

    out->status = 204;
    if (rc == ERR_OK)
        rc = custom_field_store_delete(s, f.id);
    return rc ? rc : audit(r, s, "custom_field.remove", &f, STR_NULL, STR_NULL);
}

enum err custom_field_delete(struct req *r)
{
    return catalogue_write(r, STR(""), take_off, NULL);
}
