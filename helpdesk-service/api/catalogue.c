#include "api/catalogue.h"
#include "actor.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/schemas.h"
#include "api/write.h"
#include "buf.h"
#include "page.h"
#include "service.h"
#include "state.h"

typedef enum err (*list_fn)(struct db_session *s, bool with_inactive, int64_t *count,
                            struct str *json);

/* Few enough for one page. */
static enum err CO_FN list(struct req *r, list_fn read)
{
    struct json_writer *w;
    struct db_session *s;
    struct str entries;
    int64_t count;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = read(s, actor_is_admin(r->actor), &count, &entries);
    if (rc)
        return rc;
    w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "count", count);
    JW_NULL(w, "next");
    JW_NULL(w, "previous");
    JW_RAW(w, "results", entries);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err category_list(struct req *r)
{
    return list(r, catalogue_store_categories);
}

enum err department_list(struct req *r)
{
    return list(r, catalogue_store_departments);
}

enum err catalogue_write(struct req *r, struct str request, write_fn fn, void *arg)
{
    enum err rc = write_run(r, request, fn, arg);

    if (rc == ERR_OK && catalogue_refresh(helpdesk_of(r)->catalogue, req_service(r)->db) != ERR_OK)
        log_warn("the catalogue could not be read again");
    return rc;
}

static enum err CO_FN add_department(struct req *r, struct db_session *s, void *arg,
                                     struct answer *out)
{
    const struct department_body *b = arg;
    struct json_writer w;
    struct buf text;
    int64_t id;
    enum err rc = catalogue_store_add_department(s, str_trim(b->name), &id);

    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    buf_init(&text, r->arena);
    jw_init(&w, &text);
    jw_object(&w);
    JW_INT(&w, "id", id);
    JW_STR(&w, "name", str_trim(b->name));
    JW_BOOL(&w, "is_active", true);
    jw_end_object(&w);
    *out = (struct answer){.status = 201, .body = buf_str(&text)};
    return audit_put_edit(r, s,
                          &(struct audit_edit){"department.create", "department", id,
                                               str_trim(b->name), STR_NULL, out->body});
}

enum err department_post(struct req *r)
{
    return catalogue_write(r, req_body_text(r), add_department, r->body);
}

static enum err CO_FN add_category(struct req *r, struct db_session *s, void *arg,
                                   struct answer *out)
{
    const struct category_body *b = arg;
    const struct str *subs = b->sub_categories.items;
    struct category c = {
        .name = str_trim(b->name),
        .department = b->department.len ? b->department : STR_NULL,
        .expects_workflow = b->expects_workflow != JSON_FALSE,
        .needs_approval = b->needs_approval == JSON_TRUE,
    };
    struct json_writer w;
    struct buf text;
    enum err rc = catalogue_store_add_category(s, &c, subs, b->sub_categories.count);

    if (rc == ERR_NOT_FOUND) {
        req_field_error(r, "department", "is not in the catalogue");
        return ERR_VALIDATION_ERROR;
    }
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    buf_init(&text, r->arena);
    jw_init(&w, &text);
    jw_object(&w);
    JW_INT(&w, "id", c.id);
    JW_STR(&w, "name", c.name);
    JW_STR(&w, "department", c.department);
    JW_BOOL(&w, "expects_workflow", c.expects_workflow);
    JW_BOOL(&w, "needs_approval", c.needs_approval);
    JW_BOOL(&w, "is_active", true);
    JW_KEY(&w, "sub_categories");
    jw_array(&w);
    for (size_t i = 0; i < b->sub_categories.count; i++)
        jw_str(&w, subs[i]);
    jw_end_array(&w);
    jw_end_object(&w);
    *out = (struct answer){.status = 201, .body = buf_str(&text)};
    return audit_put_edit(
        r, s,
        &(struct audit_edit){"category.create", "category", c.id, c.name, STR_NULL, out->body});
}

enum err category_post(struct req *r)
{
    return catalogue_write(r, req_body_text(r), add_category, r->body);
}
