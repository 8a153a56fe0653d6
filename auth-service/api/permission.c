/* The permission table, for people and programs to read. */
#include "actor.h"
#include "api/admin_handlers.h"

struct role_ref {
    struct str system, role;
};
static const struct json_field REF_FIELDS[] = {
    {"system", JK_STR, offsetof(struct role_ref, system)},
    {"role", JK_STR, offsetof(struct role_ref, role)},
};
static JSON_SCHEMA(REF_VIEW, "RoleRef", struct role_ref, REF_FIELDS);

struct permission_view {
    struct str name, description;
    int8_t everybody, programs;
    struct json_array roles; /* struct role_ref */
};
#define AT(member) offsetof(struct permission_view, member)
static const struct json_field PERMISSION_FIELDS[] = {
    {"name", JK_STR, AT(name), .doc = "also the scope of API tokens"},
    {"description", JK_STR, AT(description)},
    {"everybody", JK_BOOL, AT(everybody), .doc = "any person has it"},
    {"programs", JK_BOOL, AT(programs), .doc = "service tokens have it"},
    {"roles", JK_ARRAY, AT(roles), .sub = &REF_VIEW},
};
static JSON_SCHEMA(PERMISSION_VIEW, "Permission", struct permission_view, PERMISSION_FIELDS);

struct permission_list {
    int64_t count;
    struct json_array results;
};
static const struct json_field LIST_FIELDS[] = {
    {"count", JK_INT, offsetof(struct permission_list, count)},
    {"results", JK_ARRAY, offsetof(struct permission_list, results), .sub = &PERMISSION_VIEW},
};
JSON_SCHEMA(PERMISSION_LIST_VIEW, "PermissionList", struct permission_list, LIST_FIELDS);

#define ALTERNATIVES_MAX 8

static struct permission_view view_of(struct arena *a, int p)
{
    struct role_ref *refs = ARENA_ARRAY(a, struct role_ref, ALTERNATIVES_MAX);
    struct permission_view v = {
        .name = str_from(permission_name(p)),
        .description = str_from(permission_text(p)),
        .everybody = JSON_FALSE,
        .programs = JSON_FALSE,
        .roles = {refs, 0},
    };
    struct str rest = str_from(permission_roles(p)), one, system;

    while (str_next(&rest, '|', &one) && v.roles.count < ALTERNATIVES_MAX) {
        struct str role = one;
        if (str_eq(one, STR("*")))
            v.everybody = JSON_TRUE;
        else if (str_eq(one, STR("service")))
            v.programs = JSON_TRUE;
        else if (str_next(&role, ':', &system))
            refs[v.roles.count++] = (struct role_ref){system, role};
    }
    return v;
}

enum err permission_list_get(struct req *r)
{
    struct permission_view *views = ARENA_ARRAY(r->arena, struct permission_view, PERM_COUNT);
    size_t n = 0;

    for (int p = PERM_NONE + 1; p < PERM_COUNT; p++)
        views[n++] = view_of(r->arena, p);
    return req_reply_json(r, 200, &PERMISSION_LIST_VIEW,
                          &(struct permission_list){(int64_t)n, {views, n}});
}

struct own_permissions {
    int64_t user_id;
    struct json_array permissions;
};
static const struct json_field OWN_FIELDS[] = {
    {"user_id", JK_INT, offsetof(struct own_permissions, user_id)},
    {"permissions", JK_STR_ARRAY, offsetof(struct own_permissions, permissions),
     .doc = "what the token of the request allows"},
};
JSON_SCHEMA(OWN_PERMISSIONS_VIEW, "OwnPermissions", struct own_permissions, OWN_FIELDS);

enum err permission_own_get(struct req *r)
{
    struct str *names = ARENA_ARRAY(r->arena, struct str, PERM_COUNT);
    size_t n = 0;

    for (int p = PERM_NONE + 1; p < PERM_COUNT; p++)
        if (actor_may(r->actor, (enum permission)p))
            names[n++] = str_from(permission_name(p));
    return req_reply_json(r, 200, &OWN_PERMISSIONS_VIEW,
                          &(struct own_permissions){r->actor->user_id, {names, n}});
}
