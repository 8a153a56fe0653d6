/* One entry of the catalogue: reading, changing, removing it. */
#include "actor.h"
#include "api/audit.h"
#include "api/catalogue.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "buf.h"
#include "service.h"
#include "store/catalogue_edit_store.h"

#define IN_USE_TEXT "It is in use: deactivate it instead"

static enum err CO_FN get(struct req *r, enum catalogue_kind kind)
{
    struct catalogue_entry e;
    struct db_session *s;
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? req_db(r, &s) : ERR_NOT_FOUND;

    if (rc == ERR_OK)
        rc = catalogue_edit_read(s, kind, id, actor_is_admin(r->actor), &e);
    if (rc)
        return rc;
    req_set_header(r, "ETag", etag_format(r->arena, e.version));
    return req_reply(r, 200, "application/json", e.json);
}

enum err category_get(struct req *r)
{
    return get(r, CATALOGUE_CATEGORY);
}

enum err department_get(struct req *r)
{
    return get(r, CATALOGUE_DEPARTMENT);
}

static enum err CO_FN lock(struct req *r, struct db_session *s, enum catalogue_kind kind,
                           struct catalogue_entry *e)
{
    int64_t id;
    enum err rc = req_param_int(r, "id", &id) ? catalogue_edit_lock(s, kind, id, e) : ERR_NOT_FOUND;

    return rc ? rc : write_check_match(r, e->version);
}

/* What the audit trail calls them. */
static const struct {
    const char *type, *update, *remove;
} WORDS[] = {
    [CATALOGUE_CATEGORY] = {"category", "category.update", "category.remove"},
    [CATALOGUE_DEPARTMENT] = {"department", "department.update", "department.remove"},
};

/* ---- categories and departments ----------------------------------------------------------- */

struct edit {
    enum catalogue_kind kind;
    struct catalogue_change change;
};

static enum err CO_FN patch(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct edit *x = arg;
    struct catalogue_entry e, before;
    enum err rc = lock(r, s, x->kind, &e);

    if (rc == ERR_OK)
        rc = catalogue_edit_read(s, x->kind, e.id, true, &before);
    if (rc)
        return rc;
    rc = catalogue_edit_update(s, x->kind, e.id, &x->change);
    if (rc == ERR_CONFLICT)
        return ERR_DUPLICATE_RESOURCE;
    if (rc == ERR_NOT_FOUND) {
        req_field_error(r, "department", "is not in the catalogue");
        return ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK)
        rc = catalogue_edit_read(s, x->kind, e.id, true, &e);
    if (rc == ERR_OK)
        rc = audit_put_edit(r, s,
                            &(struct audit_edit){WORDS[x->kind].update, WORDS[x->kind].type, e.id,
                                                 e.name, before.json, e.json});
    *out = (struct answer){.body = e.json, .version = e.version};
    return rc;
}

/* A name of blanks is none. */
static enum err check_name(struct req *r, struct str name)
{
    if (!name.p || str_trim(name).len)
        return ERR_OK;
    req_field_error(r, "name", "must not be blank");
    return ERR_VALIDATION_ERROR;
}

enum err category_edit(struct req *r)
{
    const struct category_patch *b = r->body;
    const struct json *department = json_get(req_json(r), "department");
    struct edit x = {
        .kind = CATALOGUE_CATEGORY,
        .change = {.name = b->name.p ? str_trim(b->name) : STR_NULL,
                   .department = b->department,
                   .expects_workflow = b->expects_workflow,
                   .needs_approval = b->needs_approval,
                   .is_active = b->is_active},
    };

    if (department && json_type(department) == JSON_NULL)
        x.change.department = STR("");
    return check_name(r, b->name) ? ERR_VALIDATION_ERROR
                                  : catalogue_write(r, req_body_text(r), patch, &x);
}

enum err department_edit(struct req *r)
{
    const struct name_patch *b = r->body;
    struct edit x = {
        .kind = CATALOGUE_DEPARTMENT,
        .change = {.name = b->name.p ? str_trim(b->name) : STR_NULL, .is_active = b->is_active},
    };

    return check_name(r, b->name) ? ERR_VALIDATION_ERROR
                                  : catalogue_write(r, req_body_text(r), patch, &x);
}

static enum err CO_FN take_off(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const enum catalogue_kind *kind = arg;
    struct catalogue_entry e;
    enum err rc = lock(r, s, *kind, &e);

    if (rc == ERR_OK)
        rc = catalogue_edit_delete(s, *kind, &e);
    if (rc == ERR_OK)
        rc = audit_put_edit(r, s,
                            &(struct audit_edit){WORDS[*kind].remove, WORDS[*kind].type, e.id,
                                                 e.name, STR_NULL, STR_NULL});
    out->status = 204;
    return rc == ERR_CONFLICT ? refuse(r, rc, IN_USE_TEXT) : rc;
}

enum err category_delete(struct req *r)
{
    enum catalogue_kind kind = CATALOGUE_CATEGORY;

    return catalogue_write(r, STR(""), take_off, &kind);
}

enum err department_delete(struct req *r)
{
    enum catalogue_kind kind = CATALOGUE_DEPARTMENT;

    return catalogue_write(r, STR(""), take_off, &kind);
}

/* ---- sub-categories ----------------------------------------------------------------------- */

static struct str sub_json(struct arena *a, const struct sub_category *sub)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_INT(&w, "id", sub->id);
    JW_STR(&w, "name", sub->name);
    JW_BOOL(&w, "is_active", sub->is_active);
    jw_end_object(&w);
    return buf_str(&b);
}

/* The category's version is theirs. */
static void answer_with_sub(struct req *r, const struct sub_category *sub, int64_t version,
                            int status, struct answer *out)
{
    *out = (struct answer){.status = status, .body = sub_json(r->arena, sub), .version = version};
}

/* before and after as far as there is something to tell of them. */
static enum err CO_FN audit_sub(struct req *r, struct db_session *s, const char *action,
                                const struct sub_category *sub, struct str before, struct str after)
{
    struct audit_edit edit = {
        .action = action,
        .object_type = "sub_category",
        .object_id = sub->id,
        .name = sub->name,
        .before = before,
        .after = after,
    };

    return audit_put_edit(r, s, &edit);
}

static enum err CO_FN add_sub(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct department_body *b = arg;
    struct sub_category sub = {.name = str_trim(b->name)};
    struct catalogue_entry c;
    enum err rc = lock(r, s, CATALOGUE_CATEGORY, &c);

    if (rc == ERR_OK)
        rc = sub_category_add(s, c.id, &sub);
    sub.is_active = true;
    if (rc == ERR_OK)
        rc = audit_sub(r, s, "sub_category.create", &sub, STR_NULL, sub_json(r->arena, &sub));
    answer_with_sub(r, &sub, c.version + 1, 201, out);
    return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
}

enum err sub_category_post(struct req *r)
{
    return catalogue_write(r, req_body_text(r), add_sub, r->body);
}

static enum err CO_FN lock_sub(struct req *r, struct db_session *s, struct catalogue_entry *c,
                               struct sub_category *sub)
{
    int64_t id;
    enum err rc = lock(r, s, CATALOGUE_CATEGORY, c);

    if (rc)
        return rc;
    return req_param_int(r, "sub_id", &id) ? sub_category_read(s, c->id, id, sub) : ERR_NOT_FOUND;
}

static enum err CO_FN patch_sub(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct name_patch *b = arg;
    struct sub_category sub, before;
    struct catalogue_entry c;
    enum err rc = lock_sub(r, s, &c, &sub);

    if (rc)
        return rc;
    before = sub;
    if (b->name.p)
        sub.name = str_trim(b->name);
    if (b->is_active != JSON_UNSET)
        sub.is_active = b->is_active;
    rc = sub_category_update(s, c.id, &sub);
    if (rc == ERR_OK)
        rc = audit_sub(r, s, "sub_category.update", &sub, sub_json(r->arena, &before),
                       sub_json(r->arena, &sub));
    answer_with_sub(r, &sub, c.version + 1, 200, out);
    return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
}

enum err sub_category_edit(struct req *r)
{
    const struct name_patch *b = r->body;

    return check_name(r, b->name) ? ERR_VALIDATION_ERROR
                                  : catalogue_write(r, req_body_text(r), patch_sub, r->body);
}

static enum err CO_FN take_off_sub(struct req *r, struct db_session *s, void *arg,
                                   struct answer *out)
{
    struct catalogue_entry c;
    struct sub_category sub;
    enum err rc = lock_sub(r, s, &c, &sub);

    if (rc == ERR_OK)
        rc = sub_category_delete(s, &c, &sub);
    if (rc == ERR_OK)
        rc = audit_sub(r, s, "sub_category.remove", &sub, STR_NULL, STR_NULL);
    out->status = 204;
    return rc == ERR_CONFLICT ? refuse(r, rc, IN_USE_TEXT) : rc;
}

enum err sub_category_remove(struct req *r)
{
    return catalogue_write(r, STR(""), take_off_sub, NULL);
}
