/* The caller's own identity. */
#include "api/account.h"
#include "api/audit.h"
#include "api/caller.h"
#include "api/handlers.h"
#include "api/view.h"
#include "store/user.h"

struct profile_role {
    struct str system, role;
};
static const struct json_field ROLE_FIELDS[] = {
    {"system", JK_STR, offsetof(struct profile_role, system), .alias = "system_slug"},
    {"role", JK_STR, offsetof(struct profile_role, role), .alias = "role_name"},
};
static JSON_SCHEMA(PROFILE_ROLE, "ProfileRole", struct profile_role, ROLE_FIELDS);

#define AT(member) offsetof(struct profile_body, member)
static const struct json_field PROFILE_FIELDS[] = {
    {"first_name", JK_STR, AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, AT(full_name), 0, 0, 200, .alias = "name"},
    {"phone", JK_STR, AT(phone), 0, 0, 40, .alias = "phone_number"},
    {"role", JK_STR, AT(role), .doc = "as it is: a profile gives no roles"},
    {"roles", JK_ARRAY, AT(roles), .sub = &PROFILE_ROLE, .alias = "system_roles",
     .doc = "as they are"},
};
JSON_SCHEMA(PROFILE_BODY, "ProfileRequest", struct profile_body, PROFILE_FIELDS);

enum err me_claims(struct req *r)
{
    const struct actor *a = r->actor;
    struct me_view view = {{a->user_id, a->role, a->email, a->issued_s, a->expires_s}};

    return req_reply_json(r, 200, &ME_VIEW, &view);
}

enum err CO_FN profile_get(struct req *r)
{
    struct db_session *s;
    struct user user;
    enum err rc = req_db(r, &s);

    if (rc == ERR_OK)
        rc = user_store_by_id(s, r->actor->user_id, &user);
    return rc ? rc : user_reply(r, 200, &user);
}

static void edit_profile(struct arena *a, struct user *u, void *arg, bool *changed)
{
    const struct profile_body *body = arg;
    const struct user_names names = {body->first_name, body->last_name, body->full_name};

    user_rename(a, u, &names, changed);
    user_set_text(&u->phone, body->phone, changed);
}

/* Clients send back what they were given; more than that is an attempt at more. */
static bool asks_for_roles(const struct profile_body *body, const struct user *u)
{
    const struct profile_role *roles = body->roles.items;

    if (body->role.p && !str_ieq(body->role, user_role_summary(u)))
        return true;
    for (size_t i = 0; i < body->roles.count; i++)
        if (!user_has_role(u, roles[i].system, roles[i].role))
            return true;
    return false;
}

enum err CO_FN profile_put(struct req *r)
{
    const struct change_origin origin = account_origin(r);
    struct db_session *s;
    struct caller caller;
    struct user user;
    int64_t version;
    enum err rc = user_if_match(r, &version);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = caller_load(r, s, &caller);
    if (rc)
        return rc;
    if (asks_for_roles(r->body, &caller.user)) {
        const struct audit_event e = audit_of(r, "profile.update", "user", caller.user.id);
        return audit_refuse(r, &e, ERR_FORBIDDEN);
    }
    rc = account_update(s, caller.user.id, version, edit_profile, r->body, &origin, &user);
    return rc ? rc : user_reply(r, 200, &user);
}
