/* Making, changing and removing systems and roles, and who holds a role. */
#include <inttypes.h>

#include "api/admin_handlers.h"
#include "api/administer.h"
#include "api/audit.h"
#include "api/view.h"
#include "service.h"
#include "store/role.h"
#include "write_run.h"

/* What every change here has in common: a transaction with its audit event. */
struct edit {
    struct req *r;
    int64_t if_version;
    struct system_row system;
    struct role_row role;
};

static enum err CO_FN note(struct edit *e, struct db_session *s, const char *action,
                           const char *target, int64_t id, struct str name)
{
    struct audit_event event = audit_of(e->r, action, target, id);

    event.details = audit_detail(s->arena, "name", name);
    return audit_put(s, &event);
}

/* A refusal is noted in the trail. */
static enum err CO_FN end(struct edit *e, const char *action, enum err rc)
{
    struct audit_event event;

    if (rc != ERR_FORBIDDEN)
        return rc;
    event = audit_of(e->r, action, NULL, 0);
    return audit_refuse(e->r, &event, rc);
}

static enum err CO_FN run(struct edit *e, db_tx_fn fn, const char *action)
{
    struct db_session *s;
    enum err rc = user_if_match(e->r, &e->if_version);

    if (rc == ERR_OK)
        rc = req_db(e->r, &s);
    if (rc == ERR_OK)
        rc = db_transact(s, fn, e);
    return end(e, action, rc);
}

static enum err check_version(const struct edit *e, int64_t version)
{
    return e->if_version == JSON_NO_INT || e->if_version == version ? ERR_OK
                                                                    : ERR_PRECONDITION_FAILED;
}

static enum err reply(struct req *r, int status, const struct json_schema *schema,
                      const void *value, int64_t version)
{
    req_set_header(r, "ETag", etag_of_version(r->arena, version));
    return req_reply_json(r, status, schema, value);
}

/* ---- systems ------------------------------------------------------------------------------- */

static const struct json_field SYSTEM_BODY_FIELDS[] = {
    {"slug", JK_STR, offsetof(struct system_body, slug), JF_REQUIRED | JF_NON_EMPTY, 1, 40,
     .doc = "a to z, 0 to 9 and '-', beginning with a letter; never changes"},
    {"name", JK_STR, offsetof(struct system_body, name), JF_REQUIRED | JF_NON_EMPTY, 1, 100},
};
JSON_SCHEMA(SYSTEM_BODY, "SystemRequest", struct system_body, SYSTEM_BODY_FIELDS);

static const struct json_field SYSTEM_PATCH_FIELDS[] = {
    {"name", JK_STR, offsetof(struct system_body, name), JF_REQUIRED | JF_NON_EMPTY, 1, 100},
};
JSON_SCHEMA(SYSTEM_PATCH, "SystemPatch", struct system_body, SYSTEM_PATCH_FIELDS);

static bool is_slug(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool is_letter = c >= 'a' && c <= 'z';
        if (!is_letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return s.len > 0;
}

static enum err CO_FN insert_system(struct req *r, struct db_session *s, void *arg,
                                    struct answer *out)
{
    struct edit *e = arg;
    enum err rc = administer_system(s, r->actor, e->system.slug);

    if (rc == ERR_OK)
        rc = system_store_insert(s, &e->system);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    *out = (struct answer){
        .status = 201,
        .body = answer_json(r->arena, &SYSTEM_VIEW, &e->system),
        .location = str_printf(r->arena, "/api/v1/systems/%" PRId64, e->system.id),
        .version = e->system.version,
    };
    return note(e, s, "system.create", "system", e->system.id, e->system.slug);
}

enum err CO_FN system_post(struct req *r)
{
    const struct system_body *body = r->body;
    struct edit e = {.r = r,
                     .system = {.slug = str_trim(body->slug),
                                .name = str_trim(body->name),
                                .is_custom = JSON_TRUE}};

    if (!is_slug(e.system.slug)) {
        req_field_error(r, "slug", "may have a to z, 0 to 9 and '-', beginning with a letter");
        return ERR_VALIDATION_ERROR;
    }
    return end(&e, "system.create", write_run(r, req_body_text(r), insert_system, &e));
}

enum err CO_FN system_get(struct req *r)
{
    struct system_row system;
    struct db_session *s;
    int64_t id;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = system_store_by_id(s, id, &system);
    return rc ? rc : reply(r, 200, &SYSTEM_VIEW, &system, system.version);
}

static enum err CO_FN lock_system(struct edit *e, struct db_session *s)
{
    int64_t id;
    enum err rc;

    if (!req_param_int(e->r, "id", &id))
        return ERR_NOT_FOUND;
    rc = system_store_lock(s, id, &e->system);
    if (rc == ERR_OK)
        rc = administer_system(s, e->r->actor, e->system.slug);
    return rc ? rc : check_version(e, e->system.version);
}

static enum err CO_FN save_system(struct db_session *s, void *arg)
{
    struct edit *e = arg;
    const struct system_body *body = e->r->body;
    enum err rc = lock_system(e, s);

    if (rc)
        return rc;
    e->system.name = str_trim(body->name);
    rc = system_store_save(s, &e->system);
    return rc ? rc : note(e, s, "system.update", "system", e->system.id, e->system.slug);
}

enum err CO_FN system_patch(struct req *r)
{
    struct edit e = {.r = r};
    enum err rc = run(&e, save_system, "system.update");

    return rc ? rc : reply(r, 200, &SYSTEM_VIEW, &e.system, e.system.version);
}

static enum err CO_FN delete_system(struct db_session *s, void *arg)
{
    struct edit *e = arg;
    enum err rc = lock_system(e, s);

    if (rc)
        return rc;
    if (e->system.is_custom != JSON_TRUE)
        return ERR_CONFLICT;
    rc = system_store_delete(s, e->system.id);
    return rc ? rc : note(e, s, "system.delete", "system", e->system.id, e->system.slug);
}

enum err CO_FN system_delete(struct req *r)
{
    struct edit e = {.r = r};
    enum err rc = run(&e, delete_system, "system.delete");

    return rc ? rc : req_reply_empty(r, 204);
}

/* ---- roles --------------------------------------------------------------------------------- */

static const struct json_field ROLE_BODY_FIELDS[] = {
    {"system", JK_STR, offsetof(struct role_body, system), JF_REQUIRED | JF_NON_EMPTY, 1, 100,
     .doc = "slug"},
    {"name", JK_STR, offsetof(struct role_body, name), JF_REQUIRED | JF_NON_EMPTY, 1, 100},
    {"description", JK_STR, offsetof(struct role_body, description), 0, 0, 1000},
};
JSON_SCHEMA(ROLE_BODY, "RoleRequest", struct role_body, ROLE_BODY_FIELDS);

static const struct json_field ROLE_PATCH_FIELDS[] = {
    {"name", JK_STR, offsetof(struct role_body, name), JF_NON_EMPTY, 1, 100,
     .doc = "only of a role nobody holds: tokens and other programs know it by name"},
    {"description", JK_STR, offsetof(struct role_body, description), 0, 0, 1000},
};
JSON_SCHEMA(ROLE_PATCH, "RolePatch", struct role_body, ROLE_PATCH_FIELDS);

/* The permission table writes "system:role|system:role". */
static bool is_role_name(struct req *r, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.p[i] >= ' ' && !strchr(":|,;", name.p[i]))
            continue;
        req_field_error(r, "name", "must not contain ':', '|', ',', ';' or control characters");
        return false;
    }
    return true;
}

static enum err CO_FN insert_role(struct req *r, struct db_session *s, void *arg,
                                  struct answer *out)
{
    struct edit *e = arg;
    enum err rc = system_store_by_slug(s, e->role.system, &e->system);

    if (rc == ERR_NOT_FOUND) {
        req_field_error(r, "system", "no such system");
        return ERR_VALIDATION_ERROR;
    }
    if (rc == ERR_OK)
        rc = administer_system(s, r->actor, e->system.slug);
    if (rc)
        return rc;
    e->role.system_id = e->system.id;
    e->role.system = e->system.slug;
    rc = role_store_insert(s, &e->role);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    *out = (struct answer){
        .status = 201,
        .body = answer_json(r->arena, &ROLE_VIEW, &e->role),
        .location = str_printf(r->arena, "/api/v1/roles/%" PRId64, e->role.id),
        .version = e->role.version,
    };
    return note(e, s, "role.create", "role", e->role.id, e->role.name);
}

enum err CO_FN role_post(struct req *r)
{
    const struct role_body *body = r->body;
    struct edit e = {.r = r,
                     .role = {.system = str_trim(body->system),
                              .name = str_trim(body->name),
                              .description = body->description.p ? body->description : STR(""),
                              .is_custom = JSON_TRUE}};

    if (!is_role_name(r, e.role.name))
        return ERR_VALIDATION_ERROR;
    return end(&e, "role.create", write_run(r, req_body_text(r), insert_role, &e));
}

enum err CO_FN role_get(struct req *r)
{
    struct role_row role;
    struct db_session *s;
    int64_t id;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = role_store_by_id(s, id, &role);
    return rc ? rc : reply(r, 200, &ROLE_VIEW, &role, role.version);
}

static enum err CO_FN lock_role(struct edit *e, struct db_session *s, bool *held)
{
    int64_t id;
    enum err rc;

    if (!req_param_int(e->r, "id", &id))
        return ERR_NOT_FOUND;
    rc = role_store_lock(s, id, &e->role, held);
    if (rc == ERR_OK)
        rc = administer_system(s, e->r->actor, e->role.system);
    return rc ? rc : check_version(e, e->role.version);
}

static enum err CO_FN save_role(struct db_session *s, void *arg)
{
    struct edit *e = arg;
    const struct role_body *body = e->r->body;
    bool held, renamed;
    enum err rc = lock_role(e, s, &held);

    if (rc)
        return rc;
    renamed = body->name.p && !str_eq(str_trim(body->name), e->role.name);
    if (renamed && (held || e->role.is_custom != JSON_TRUE))
        return ERR_CONFLICT;
    if (renamed)
        e->role.name = str_trim(body->name);
    if (body->description.p)
        e->role.description = body->description;
    rc = role_store_save(s, &e->role);
    if (rc)
        return rc == ERR_CONFLICT ? ERR_DUPLICATE_RESOURCE : rc;
    return note(e, s, "role.update", "role", e->role.id, e->role.name);
}

enum err CO_FN role_patch(struct req *r)
{
    const struct role_body *body = r->body;
    struct edit e = {.r = r};
    enum err rc;

    if (!is_role_name(r, body->name))
        return ERR_VALIDATION_ERROR;
    rc = run(&e, save_role, "role.update");
    return rc ? rc : reply(r, 200, &ROLE_VIEW, &e.role, e.role.version);
}

static enum err CO_FN delete_role(struct db_session *s, void *arg)
{
    struct edit *e = arg;
    bool held;
    enum err rc = lock_role(e, s, &held);

    if (rc)
        return rc;
    if (held || e->role.is_custom != JSON_TRUE)
        return ERR_CONFLICT;
    rc = role_store_delete(s, e->role.id);
    return rc ? rc : note(e, s, "role.delete", "role", e->role.id, e->role.name);
}

enum err CO_FN role_delete(struct req *r)
{
    struct edit e = {.r = r};
    enum err rc = run(&e, delete_role, "role.delete");

    return rc ? rc : req_reply_empty(r, 204);
}
