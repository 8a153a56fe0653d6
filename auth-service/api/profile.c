/* The caller's own identity. */
#include "api/account.h"
#include "api/handlers.h"
#include "api/view.h"
#include "store/user.h"

#define AT(member) offsetof(struct profile_body, member)
static const struct json_field PROFILE_FIELDS[] = {
    {"first_name", JK_STR, AT(first_name), 0, 0, 100, .alias = "firstName"},
    {"last_name", JK_STR, AT(last_name), 0, 0, 100, .alias = "lastName"},
    {"full_name", JK_STR, AT(full_name), 0, 0, 200, .alias = "name"},
    {"phone", JK_STR, AT(phone), 0, 0, 40, .alias = "phone_number"},
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

enum err CO_FN profile_put(struct req *r)
{
    const struct change_origin origin = account_origin(r);
    struct db_session *s;
    struct user user;
    int64_t version;
    enum err rc = user_if_match(r, &version);

    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = account_update(s, r->actor->user_id, version, edit_profile, r->body, &origin, &user);
    return rc ? rc : user_reply(r, 200, &user);
}
