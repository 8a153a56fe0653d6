/* Systems, roles, and who holds them. */
#include "store/role.h"

#include <inttypes.h>

#include "api/account.h"
#include "api/admin_handlers.h"
#include "api/audit.h"
#include "api/handlers.h"
#include "api/view.h"
#include "store/user.h"
#include "write_run.h"

/* ---- what exists --------------------------------------------------------------------------- */

static const struct json_field SYSTEM_FIELDS[] = {
    {"id", JK_INT, offsetof(struct system_row, id)},
    {"slug", JK_STR, offsetof(struct system_row, slug)},
    {"name", JK_STR, offsetof(struct system_row, name)},
    {"is_custom", JK_BOOL, offsetof(struct system_row, is_custom), .doc = "else built in"},
    {"version", JK_INT, offsetof(struct system_row, version)},
};
JSON_SCHEMA(SYSTEM_VIEW, "System", struct system_row, SYSTEM_FIELDS);

static const struct json_field ROLE_FIELDS[] = {
    {"id", JK_INT, offsetof(struct role_row, id), .doc = "system_role_id of tokens and events"},
    {"system_id", JK_INT, offsetof(struct role_row, system_id)},
    {"system", JK_STR, offsetof(struct role_row, system)},
    {"name", JK_STR, offsetof(struct role_row, name)},
    {"description", JK_STR, offsetof(struct role_row, description)},
    {"is_custom", JK_BOOL, offsetof(struct role_row, is_custom), .doc = "else built in"},
    {"version", JK_INT, offsetof(struct role_row, version)},
};
JSON_SCHEMA(ROLE_VIEW, "Role", struct role_row, ROLE_FIELDS);

struct list_view {
    int64_t count;
    struct json_array results;
};
static const struct json_field SYSTEM_LIST_FIELDS[] = {
    {"count", JK_INT, offsetof(struct list_view, count)},
    {"results", JK_ARRAY, offsetof(struct list_view, results), .sub = &SYSTEM_VIEW},
};
JSON_SCHEMA(SYSTEM_LIST_VIEW, "SystemList", struct list_view, SYSTEM_LIST_FIELDS);

static const struct json_field ROLE_LIST_FIELDS[] = {
    {"count", JK_INT, offsetof(struct list_view, count)},
    {"results", JK_ARRAY, offsetof(struct list_view, results), .sub = &ROLE_VIEW},
};
JSON_SCHEMA(ROLE_LIST_VIEW, "RoleList", struct list_view, ROLE_LIST_FIELDS);

static const struct json_field ROLE_QUERY_FIELDS[] = {
    {"system", JK_STR, offsetof(struct role_query, system), 0, 0, 100, .doc = "slug"},
};
JSON_SCHEMA(ROLE_QUERY, "RoleQuery", struct role_query, ROLE_QUERY_FIELDS);

enum err CO_FN system_list(struct req *r)
{
    struct system_row *rows;
    size_t n;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = system_store_list(s, &rows, &n);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &SYSTEM_LIST_VIEW, &(struct list_view){(int64_t)n, {rows, n}});
}

enum err CO_FN role_list(struct req *r)
{
    const struct role_query *q = r->query_args;
    struct role_row *rows;
    size_t n;
    struct db_session *s;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = role_store_list(s, str_is_empty(q->system) ? STR_NULL : q->system, &rows, &n);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &ROLE_LIST_VIEW, &(struct list_view){(int64_t)n, {rows, n}});
}

/* ---- who holds what ------------------------------------------------------------------------ */

enum err CO_FN user_role_list(struct req *r)
{
    struct user user;
    struct held_roles_view view;
    int64_t id;
    struct db_session *s;
    enum err rc;

    if (!req_param_int(r, "id", &id))
        return ERR_USER_NOT_FOUND;
    if (id != r->actor->user_id && !actor_may(r->actor, PERM_USER_READ))
        return ERR_FORBIDDEN;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = user_store_by_id(s, id, &user);
    if (rc)
        return rc;
    view = held_roles_view(r->arena, &user);
    return req_reply_json(r, 200, &HELD_ROLES_VIEW, &view);
}

static const struct json_field GRANT_FIELDS[] = {
    {"role_id", JK_INT, offsetof(struct grant_body, role_id), JF_COERCE, 1, INT64_C(1) << 53,
     .alias = "system_role_id"},
    {"system", JK_STR, offsetof(struct grant_body, system), 0, 0, 100,
     .doc = "with role, instead of role_id"},
    {"role", JK_STR, offsetof(struct grant_body, role), 0, 0, 100},
};
JSON_SCHEMA(GRANT_BODY, "GrantRequest", struct grant_body, GRANT_FIELDS);

/* The role the body names. A wrong one is a bad value, not a missing resource. */
static enum err CO_FN find_role(struct req *r, struct db_session *s, struct role_row *role)
{
    const struct grant_body *body = r->body;
    bool by_id = body->role_id != JSON_NO_INT;
    enum err rc;

    if (!by_id && (str_is_empty(body->system) || str_is_empty(body->role))) {
        req_field_error(r, "role_id", "is required, or system and role");
        return ERR_INVALID_INPUT;
    }
    rc = by_id ? role_store_by_id(s, body->role_id, role)
               : role_store_by_name(s, body->system, body->role, role);
    if (rc != ERR_NOT_FOUND)
        return rc;
    req_field_error(r, by_id ? "role_id" : "role", "no such role");
    return ERR_VALIDATION_ERROR;
}

/* A refusal is noted in the trail. */
static enum err CO_FN end(struct req *r, const struct role_change *change, enum err rc)
{
    struct audit_event e;

    if (rc != ERR_FORBIDDEN)
        return rc;
    e = audit_of(r, change->grant ? "role.grant" : "role.revoke", "user", change->user_id);
    e.details = str_printf(r->arena, "{\"role_id\":%" PRId64 "}", change->role_id);
    return audit_refuse(r, &e, rc);
}

static enum err CO_FN grant_role(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct change_origin origin = account_origin(r);
    struct role_change *change = arg;
    struct held_roles_view view;
    struct role_row role;
    struct user user;
    enum err rc = find_role(r, s, &role);

    if (rc)
        return rc;
    change->role_id = role.id;
    change->system = role.system;
    rc = account_change_role_in(s, change, &origin, &user);
    if (rc)
        return rc;
    view = held_roles_view(r->arena, &user);
    *out = (struct answer){.status = 201, .body = answer_json(r->arena, &HELD_ROLES_VIEW, &view)};
    return ERR_OK;
}

enum err CO_FN user_role_grant(struct req *r)
{
    struct role_change change = {.grant = true};

    if (!req_param_int(r, "id", &change.user_id))
        return ERR_USER_NOT_FOUND;
    return end(r, &change, write_run(r, req_body_text(r), grant_role, &change));
}

enum err CO_FN user_role_revoke(struct req *r)
{
    const struct change_origin origin = account_origin(r);
    struct role_change change = {.grant = false};
    struct held_roles_view view;
    struct role_row role;
    struct db_session *s;
    struct user user;
    enum err rc;

    if (!req_param_int(r, "id", &change.user_id))
        return ERR_USER_NOT_FOUND;
    if (!req_param_int(r, "role_id", &change.role_id))
        return ERR_NOT_FOUND;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = role_store_by_id(s, change.role_id, &role);
    if (rc)
        return rc;
    change.system = role.system;
    rc = account_change_role(s, &change, &origin, &user);
    if (rc)
        return end(r, &change, rc);
    view = held_roles_view(r->arena, &user);
    return req_reply_json(r, 200, &HELD_ROLES_VIEW, &view);
}
